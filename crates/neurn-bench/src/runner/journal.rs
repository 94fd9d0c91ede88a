//! The file of records, one JSON object a line, which several processes may
//! append to. Whole lines are appended, and of what is there only the half line
//! that a crash left is ever taken away.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why records could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not a record.
    #[error("{}, line {line}: expected one record as a JSON object, found {found}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        found: serde_json::Error,
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
pub fn read<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, JournalError> {
    match File::open(path) {
        Ok(mut file) => Ok(parse(&mut file, path, 0)?.records),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(JournalError::Io {
            path: path.to_path_buf(),
            source,
        }),
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

impl<R: Serialize + DeserializeOwned> Journal<R> {
    /// Opens the file, creating it and its folder if need be, and reads what it
    /// holds.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io {
            path: path.to_path_buf(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| JournalError::Io {
                path: folder.to_path_buf(),
                source,
            })?;
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io)?;
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
            text += &serde_json::to_string(record).map_err(|error| self.io(error.into()))?;
            text.push('\n');
        }
        self.locked(|journal| {
            journal.catch_up()?;
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
        self.file.lock().map_err(|error| self.io(error))?;
        let done = work(self);
        // A process that ends gives its locks back, so nothing hangs on this.
        _ = self.file.unlock();
        done
    }

    /// Reads the lines that are new, cuts off the start of a record without its
    /// end, and ends the last line. Under the lock no writer is at work, so what
    /// has no end will never have one.
    fn catch_up(&mut self) -> Result<(), JournalError> {
        let found = self.file.metadata().map_err(|error| self.io(error))?.len();
        if found < self.read {
            return Err(JournalError::Shrunk {
                path: self.path.clone(),
                read: self.read,
                found,
            });
        }
        self.file
            .seek(SeekFrom::Start(self.read))
            .map_err(|error| self.io(error))?;
        let new: Part<R> = parse(&mut self.file, &self.path, self.lines)?;
        self.records.extend(new.records);
        self.lines += new.lines;
        self.read += new.whole;
        if self.read < found {
            let cut = self.file.set_len(self.read);
            cut.map_err(|error| self.io(error))?;
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
                Err(self.io(source))
            }
        }
    }

    fn io(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            source,
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
fn parse<R: DeserializeOwned>(
    file: &mut File,
    path: &Path,
    before: usize,
) -> Result<Part<R>, JournalError> {
    let mut text = String::new();
    file.read_to_string(&mut text)
        .map_err(|source| JournalError::Io {
            path: path.to_path_buf(),
            source,
        })?;
    let mut part = Part {
        records: Vec::new(),
        lines: 0,
        whole: 0,
        open_end: false,
    };
    for line in text.split_inclusive('\n') {
        let ended = line.ends_with('\n');
        match serde_json::from_str(line) {
            Ok(record) => {
                part.records.push(record);
                part.open_end = !ended;
            }
            Err(_) if line.trim().is_empty() => {}
            // The start of a record, cut off by a crash.
            Err(error) if !ended && error.is_eof() && line.starts_with('{') => break,
            Err(found) => {
                return Err(JournalError::Line {
                    path: path.to_path_buf(),
                    line: before + part.lines + 1,
                    found,
                });
            }
        }
        part.lines += 1;
        part.whole += line.len() as u64;
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Backend;
    use crate::train::Epoch;

    fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
        super::read(path)
    }

    fn record(id: &str) -> Record {
        Record {
            id: id.to_string(),
            source: "mnist".to_string(),
            model: "digit-net".to_string(),
            frontend: "none".to_string(),
            k: None,
            stride: None,
            after: None,
            seed: 0,
            device: Backend::Flex,
            epochs: 1,
            batch: 64,
            learning_rate: 1e-3,
            train_images: 10,
            select_images: 2,
            selected_epoch: 1,
            select_accuracy: 50.0,
            learning: vec![Epoch {
                epoch: 1,
                loss: 0.5,
                select_accuracy: 50.0,
            }],
            accuracy: [("usps".to_string(), 41.25)].into(),
            images: [("usps".to_string(), 80)].into(),
            majority: [("usps".to_string(), 17.5)].into(),
            confusion: [("usps".to_string(), vec![vec![33, 47]])].into(),
            data: [("mnist".to_string(), "0f".to_string())].into(),
            synthetic: false,
            images_per_second: 100.0,
            seconds: 0.5,
            finished: 1,
            versions: crate::studies::transfer::record::versions(),
        }
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/results.jsonl");
        let mut journal: Journal = Journal::open(&path).unwrap();
        journal.append(record("a")).unwrap();
        journal.append(record("b")).unwrap();
        assert_eq!(journal.records(), [record("a"), record("b")]);
        assert_eq!(read(&path).unwrap(), [record("a"), record("b")]);
        let line = std::fs::read_to_string(&path).unwrap();
        assert!(
            line.contains(r#""k":null"#) && line.contains(r#""device":"flex""#),
            "{line}"
        );
    }

    /// Wherever a crash cuts the last line, the lines before it stay, reading
    /// changes nothing, and the next append starts on a line of its own.
    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let line = serde_json::to_string(&record("a")).unwrap();
        for kept in 0..=line.len() {
            let torn = format!("{line}\n{}", &line[..kept]);
            std::fs::write(&path, &torn).unwrap();
            // Whole but for the end of its line, it is a record.
            let mut expected = vec![record("a"); if kept == line.len() { 2 } else { 1 }];
            assert_eq!(read(&path).unwrap(), expected, "{kept}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), torn);

            let mut journal: Journal = Journal::open(&path).unwrap();
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
        for foreign in ["accuracy: 99", "{\"id\": 3}", "{\"id\": 3}\n", "\n\n[1, 2"] {
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
                    let mut journal: Journal = Journal::open(path).unwrap();
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
            assert_eq!(ids, (0..each).map(|i| i.to_string()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_others_append_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let (mut ours, mut theirs): (Journal, Journal) =
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
        let mut journal: Journal = Journal::open(&path).unwrap();
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
        std::fs::write(&path, "{\"id\": 3}\n").unwrap();
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
}
