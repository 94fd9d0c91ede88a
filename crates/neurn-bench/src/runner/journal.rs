//! The file of records, one JSON object a line, which several processes may
//! append to. Whole lines are appended, and of what is there only the half line
//! that a crash left is ever taken away.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::file::{self, FileError};

/// The longest line, in bytes. The record of a run takes some kilobytes.
pub const MOST_LINE: u64 = 4 << 20;

/// The largest file, in bytes. All its records are in memory.
pub const MOST_FILE: u64 = 256 << 20;

/// A line of a journal.
pub trait Line: Serialize + DeserializeOwned {
    /// The version of the format, which every line names as `schema`. A line that
    /// names none is of version 1.
    const SCHEMA: u32;

    /// The identity of the job that it answers.
    fn id(&self) -> &str;

    /// What is wrong with its values, if anything is.
    ///
    /// # Errors
    ///
    /// What was expected and what was found.
    fn check(&self) -> Result<(), String>;
}

/// Why records could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The file is larger than [`MOST_FILE`].
    #[error("{}: expected a file of at most {MOST_FILE} bytes, found {found}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many bytes it has, or would have.
        found: u64,
    },
    /// A line is not a record.
    #[error("{}, line {line}: expected one record as a JSON object, found {found}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        found: String,
    },
    /// A line is a record of another version of the program.
    #[error(
        "{}, line {line}: expected a record of schema {expected}, found {found}: it was written \
         by {} version; move the file away or run again in another folder",
        path.display(),
        if found < expected { "an older" } else { "a newer" }
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What this program reads.
        expected: u32,
        /// What the line names.
        found: u32,
    },
    /// A record with values that no run has.
    #[error("{}, line {line}: {wrong}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What was expected and what was found.
        wrong: String,
    },
    /// The file has become shorter while it was open.
    #[error("{}: expected at least the {read} bytes that were read before, found {found}", path.display())]
    Shrunk {
        /// The file.
        path: PathBuf,
        /// How much of it was read.
        read: u64,
        /// How long it is.
        found: u64,
    },
}

/// The records of `results.jsonl`, oldest first; none if there is no such file.
/// Changes nothing.
pub fn read<R: Line>(path: &Path) -> Result<Vec<R>, JournalError> {
    match file::open(path) {
        Ok(file) => Ok(parse(&file, path, 0)?.records),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(file::at(path)(error).into()),
    }
}

/// A `results.jsonl` that is open to append to. Every process that does so holds
/// the system's lock on the file for as long as it takes.
#[derive(Debug)]
pub struct Journal<R> {
    path: PathBuf,
    file: File,
    /// Bytes that are in `records`.
    read: u64,
    /// Lines that are in `records`, empty ones included.
    lines: usize,
    records: Vec<R>,
}

impl<R: Line> Journal<R> {
    /// Opens the file, creating it and its folder if need be, and reads what it
    /// holds.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(file::at(folder))?;
        }
        match file::check(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file::at(path)(error).into());
            }
            _ => {}
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(file::at(path))?;
        let mut journal = Self {
            path: path.to_path_buf(),
            file,
            read: 0,
            lines: 0,
            records: Vec::new(),
        };
        journal.refresh()?;
        Ok(journal)
    }

    /// All records that were there at the last [`open`](Journal::open),
    /// [`refresh`](Journal::refresh) or [`append`](Journal::append), oldest first.
    pub fn records(&self) -> &[R] {
        &self.records
    }

    /// Reads what other processes have appended.
    pub fn refresh(&mut self) -> Result<(), JournalError> {
        self.locked(|journal| journal.catch_up())
    }

    /// Appends a record in one write and waits until it is on the disk. Of a
    /// record that could not be written nothing stays, nor of one that a crash
    /// cut off before.
    pub fn append(&mut self, record: R) -> Result<(), JournalError> {
        self.append_all(vec![record])
    }

    /// Appends several records in one write, as [`append`](Journal::append) does
    /// one. A crash may cut that write short: what is there then are the first of
    /// them.
    pub fn append_all(&mut self, records: Vec<R>) -> Result<(), JournalError> {
        let mut text = String::new();
        for record in &records {
            let line = serde_json::to_string(record)
                .map_err(|error| file::at(&self.path)(error.into()))?;
            // One that could not be read again would take all others with it.
            let line_number = self.lines + 1;
            record_of::<R>(line.as_bytes()).map_err(|wrong| wrong.at(&self.path, line_number))?;
            text += &line;
            text.push('\n');
        }
        self.locked(|journal| {
            journal.catch_up()?;
            let found = journal.read + text.len() as u64;
            if found > MOST_FILE {
                let path = journal.path.clone();
                return Err(JournalError::TooLarge { path, found });
            }
            journal.write(&text)?;
            journal.lines += records.len();
            journal.records.extend(records);
            Ok(())
        })
    }

    fn locked(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.file.lock().map_err(file::at(&self.path))?;
        let done = work(self);
        // A process that ends gives its locks back, so nothing hangs on this.
        _ = self.file.unlock();
        done
    }

    /// Reads the lines that are new, cuts off the start of a record without its
    /// end, and ends the last line. Under the lock no writer is at work, so what
    /// has no end will never have one.
    fn catch_up(&mut self) -> Result<(), JournalError> {
        let found = self.file.metadata().map_err(file::at(&self.path))?.len();
        if found < self.read {
            return Err(JournalError::Shrunk {
                path: self.path.clone(),
                read: self.read,
                found,
            });
        }
        self.file
            .seek(SeekFrom::Start(self.read))
            .map_err(file::at(&self.path))?;
        let new: Part<R> = parse(&self.file, &self.path, self.lines)?;
        self.records.extend(new.records);
        self.lines += new.lines;
        self.read += new.whole;
        if self.read < found {
            let cut = self.file.set_len(self.read);
            cut.map_err(file::at(&self.path))?;
        }
        match new.open_end {
            true => self.write("\n"),
            false => Ok(()),
        }
    }

    fn write(&mut self, text: &str) -> Result<(), JournalError> {
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.read += text.len() as u64;
                Ok(())
            }
            Err(source) => {
                // A full disk still lets a file shrink.
                _ = self.file.set_len(self.read);
                Err(file::at(&self.path)(source).into())
            }
        }
    }
}

/// The records of a part of a journal.
struct Part<R> {
    records: Vec<R>,
    lines: usize,
    /// Up to where it is lines of records, in bytes.
    whole: u64,
    /// The last record lacks only the end of its line.
    open_end: bool,
}

/// Reads from where the file stands, `before` lines into it.
fn parse<R: Line>(file: &File, path: &Path, before: usize) -> Result<Part<R>, JournalError> {
    let io = file::at(path);
    let found = file.metadata().map_err(&io)?.len();
    if found > MOST_FILE {
        let path = path.to_path_buf();
        return Err(JournalError::TooLarge { path, found });
    }
    let mut part = Part {
        records: Vec::new(),
        lines: 0,
        whole: 0,
        open_end: false,
    };
    // No more than there is, however fast another process writes.
    let mut reader = BufReader::new(file.take(found));
    let mut line = Vec::new();
    loop {
        line.clear();
        // In bytes: a crash may have cut a character.
        let mut rest = (&mut reader).take(MOST_LINE + 1);
        if rest.read_until(b'\n', &mut line).map_err(&io)? == 0 {
            return Ok(part);
        }
        let ended = line.ends_with(b"\n");
        match record_of(&line) {
            _ if line.trim_ascii().is_empty() => {}
            Ok(record) => {
                part.records.push(record);
                part.open_end = !ended;
            }
            // The start of a record, cut off by a crash.
            Err(Wrong::Cut(_)) if !ended && line.starts_with(b"{") => return Ok(part),
            Err(wrong) => return Err(wrong.at(path, before + part.lines + 1)),
        }
        part.lines += 1;
        part.whole += line.len() as u64;
    }
}

/// Why a line is no record.
enum Wrong {
    /// It ends before the record does.
    Cut(String),
    Text(String),
    Schema {
        expected: u32,
        found: u32,
    },
    Value(String),
}

impl Wrong {
    fn at(self, path: &Path, line: usize) -> JournalError {
        let path = path.to_path_buf();
        match self {
            Self::Cut(found) | Self::Text(found) => JournalError::Line { path, line, found },
            Self::Schema { expected, found } => JournalError::Schema {
                path,
                line,
                expected,
                found,
            },
            Self::Value(wrong) => JournalError::Value { path, line, wrong },
        }
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        match error.is_eof() {
            true => Self::Cut(error.to_string()),
            false => Self::Text(error.to_string()),
        }
    }
}

fn record_of<R: Line>(line: &[u8]) -> Result<R, Wrong> {
    /// What every version of a record has.
    #[derive(Deserialize)]
    struct Version {
        #[serde(default = "first")]
        schema: u32,
    }

    fn first() -> u32 {
        1
    }

    if line.len() as u64 > MOST_LINE {
        let found = format!("a line of more than {MOST_LINE} bytes");
        return Err(Wrong::Text(found));
    }
    let (expected, found) = (R::SCHEMA, serde_json::from_slice(line));
    match found {
        Ok(Version { schema: found }) if found != expected => {
            return Err(Wrong::Schema { expected, found });
        }
        // Of a line that is cut off within a number, only the record's parser says so.
        _ => {}
    }
    let record: R = serde_json::from_slice(line)?;
    record.check().map_err(Wrong::Value)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        schema: u32,
        id: String,
        k: Option<usize>,
        accuracy: f64,
        confusion: Vec<Vec<u32>>,
    }

    impl Line for Record {
        const SCHEMA: u32 = 2;

        fn id(&self) -> &str {
            &self.id
        }

        fn check(&self) -> Result<(), String> {
            match (0.0..=100.0).contains(&self.accuracy) {
                true => Ok(()),
                false => Err(format!(
                    "expected an accuracy from 0 to 100, found {}",
                    self.accuracy
                )),
            }
        }
    }

    fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
        super::read(path)
    }

    /// With characters of two, three and four bytes.
    fn record(id: &str) -> Record {
        Record {
            schema: 2,
            id: format!("{id} \u{e9}\u{2265}\u{1f980}"),
            k: None,
            accuracy: 41.25,
            confusion: vec![vec![33, 47], vec![20, 60]],
        }
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/results.jsonl");
        let mut journal: Journal<Record> = Journal::open(&path).unwrap();
        journal.append(record("a")).unwrap();
        journal.append(record("b")).unwrap();
        assert_eq!(journal.records(), [record("a"), record("b")]);
        assert_eq!(read(&path).unwrap(), [record("a"), record("b")]);
        let line = std::fs::read_to_string(&path).unwrap();
        assert!(line.contains(r#""k":null"#), "{line}");
    }

    /// Wherever a crash cuts the last line, the lines before it stay, reading
    /// changes nothing, and the next append starts on a line of its own.
    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let line = serde_json::to_vec(&record("a")).unwrap();
        for kept in 0..=line.len() {
            let torn = [&line, &b"\n"[..], &line[..kept]].concat();
            std::fs::write(&path, &torn).unwrap();
            // Whole but for the end of its line, it is a record.
            let mut expected = vec![record("a"); if kept == line.len() { 2 } else { 1 }];
            assert_eq!(read(&path).unwrap(), expected, "{kept}");
            assert_eq!(std::fs::read(&path).unwrap(), torn);

            let mut journal: Journal<Record> = Journal::open(&path).unwrap();
            assert_eq!(journal.records(), expected, "{kept}");
            journal.append(record("b")).unwrap();
            expected.push(record("b"));
            assert_eq!(read(&path).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        for foreign in [
            "accuracy: 99",
            "{\"id\": 3}",
            "{\"schema\": 2}\n",
            "{\"schema\": 1, \"id\": \"a\"}",
            "\n\n[1, 2",
            "[2]\n",
        ] {
            std::fs::write(&path, foreign).unwrap();
            assert!(Journal::<Record>::open(&path).is_err(), "{foreign:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
    }

    /// Two that append in turn see each other's records and tear no line.
    #[test]
    fn several_may_append() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let each = 40;
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let mut journal: Journal<Record> = Journal::open(path).unwrap();
                    for i in 0..each {
                        journal.append(record(&format!("{writer} {i}"))).unwrap();
                    }
                });
            }
        });
        let records = read(&path).unwrap();
        assert_eq!(records.len(), 4 * each);
        for writer in 0..4 {
            let prefix = format!("{writer} ");
            let ids: Vec<&str> = records
                .iter()
                .filter_map(|record| record.id.strip_prefix(&prefix))
                .collect();
            let expected: Vec<_> = (0..each).map(|i| record(&i.to_string()).id).collect();
            assert_eq!(ids, expected);
        }
    }

    #[test]
    fn what_others_append_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let (mut ours, mut theirs): (Journal<Record>, Journal<Record>) =
            (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
        theirs.append(record("a")).unwrap();
        assert_eq!(ours.records(), []);
        ours.refresh().unwrap();
        assert_eq!(ours.records(), [record("a")]);
        // A crash of theirs leaves half a line, which ours cuts off.
        theirs.file.write_all(b"{\"id\": \"b").unwrap();
        ours.append(record("c")).unwrap();
        theirs.refresh().unwrap();
        assert_eq!(theirs.records(), [record("a"), record("c")]);
        assert_eq!(read(&path).unwrap(), ours.records());
    }

    #[test]
    fn a_file_that_shrank_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let mut journal: Journal<Record> = Journal::open(&path).unwrap();
        journal.append(record("a")).unwrap();
        std::fs::write(&path, "").unwrap();
        let error = journal.append(record("b")).unwrap_err().to_string();
        assert!(
            error.contains("results.jsonl: expected at least"),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        std::fs::write(&path, "{\"schema\": 2, \"id\": 3}\n").unwrap();
        let error = Journal::<Record>::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("results.jsonl, line 1: expected one record"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Journal::<Record>::open(&file.join("out/results.jsonl")).unwrap_err();
        assert!(error.to_string().contains("file/out"), "{error}");
    }

    fn told(path: &Path, line: &str) -> String {
        std::fs::write(path, format!("{line}\n")).unwrap();
        let error = read(path).unwrap_err().to_string();
        assert_eq!(
            Journal::<Record>::open(path).unwrap_err().to_string(),
            error
        );
        assert!(error.contains("results.jsonl, line "), "{error}");
        error
    }

    /// Also where the fields of the other version are those of this one.
    #[test]
    fn a_record_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let ours = serde_json::to_string(&record("a")).unwrap();
        let with = |schema: &str| format!("{ours}\n{}", ours.replace("\"schema\":2,", schema));
        let older = "an older version; move the file away or run again";
        for (schema, says) in [
            ("", [older, "found 1"]),
            ("\"schema\":1,", [older, "expected a record of schema 2"]),
            ("\"schema\":3,", ["a newer version", "found 3"]),
            (
                "\"schema\":\"2\",",
                ["expected one record", "invalid type: string"],
            ),
        ] {
            let error = told(&path, &with(schema));
            for says in says.iter().chain(&["line 2"]) {
                assert!(error.contains(says), "{error}");
            }
        }
    }

    #[test]
    fn values_that_no_run_has_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let ours = serde_json::to_string(&record("a")).unwrap();
        for (value, says) in [
            ("-5000", "found -5000"),
            ("100.5", "from 0 to 100"),
            ("1e999", "number out of range"),
        ] {
            let error = told(&path, &ours.replace("41.25", value));
            assert!(error.contains(says), "{error}");
        }
        // Nor are they written, which would make the whole file of no use.
        std::fs::write(&path, "").unwrap();
        let mut journal: Journal<Record> = Journal::open(&path).unwrap();
        for accuracy in [101.0, f64::NAN] {
            let bad = Record {
                accuracy,
                ..record("a")
            };
            journal.append(bad).unwrap_err();
        }
        journal.append(record("a")).unwrap();
        assert_eq!(read(&path).unwrap(), [record("a")]);
    }

    #[test]
    fn lines_and_files_have_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        // A record that lacks its end would be cut off, were it not so long.
        let long = format!("{{\"id\": \"{}", "a".repeat(MOST_LINE as usize));
        let error = told(&path, &long);
        assert!(error.contains("line 1") && error.contains("4194304"));
        let before = std::fs::metadata(&path).unwrap().len();
        assert_eq!(before, long.len() as u64 + 1);

        let file = File::create(&path).unwrap();
        file.set_len(MOST_FILE + 1).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("results.jsonl: expected a file of at most 268435456 bytes"));
    }

    /// Reading them would never end.
    #[cfg(target_os = "linux")]
    #[test]
    fn devices_and_pipes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let path = folder.path().join("results.jsonl");
        for device in [Path::new("/dev/zero"), Path::new("/dev/full"), &pipe] {
            std::os::unix::fs::symlink(device, &path).unwrap();
            for error in [
                read(&path).unwrap_err(),
                Journal::<Record>::open(&path).unwrap_err(),
            ] {
                let error = error.to_string();
                assert!(
                    error.contains("results.jsonl: expected a file, found a device"),
                    "{error}"
                );
            }
            std::fs::remove_file(&path).unwrap();
        }
    }
}
