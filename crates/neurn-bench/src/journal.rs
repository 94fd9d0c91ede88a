//! The file of records, one JSON object a line. Whole lines are appended, and
//! of what is there only the half line that a crash left is ever taken away.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::record::Record;

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
    #[error("{}, line {line}: expected one run as a JSON object, found {found}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser said.
        found: serde_json::Error,
    },
    /// Another process has the file open to append to it.
    #[error("{}: another study is writing to it; wait for its end or take another folder", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

/// The records of `results.jsonl`, oldest first; none if there is no such file.
/// Changes nothing.
pub fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
    match File::open(path) {
        Ok(mut file) => Ok(parse(&mut file, path)?.0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(JournalError::Io {
            path: path.to_path_buf(),
            source,
        }),
    }
}

/// A `results.jsonl` that is open to append to, for one process at a time.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
    records: Vec<Record>,
}

impl Journal {
    /// Opens the file, creating it and its folder if need be, and reads what it
    /// holds. The start of a record without its end, which a crash leaves, is
    /// cut off.
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
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Busy {
                    path: path.to_path_buf(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let (records, text) = parse(&mut file, path)?;
        let mut journal = Self {
            path: path.to_path_buf(),
            file,
            length: text.whole as u64,
            records,
        };
        if text.whole < text.length {
            journal.file.set_len(journal.length).map_err(io)?;
        }
        if text.open_end {
            journal.write("\n")?;
        }
        Ok(journal)
    }

    /// All records, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Appends a record in one write and waits until it is on the disk. Of a
    /// record that could not be written nothing stays.
    pub fn append(&mut self, record: Record) -> Result<(), JournalError> {
        let line = serde_json::to_string(&record).map_err(|error| JournalError::Io {
            path: self.path.clone(),
            source: error.into(),
        })?;
        self.write(&format!("{line}\n"))?;
        self.records.push(record);
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), JournalError> {
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(source) => {
                // A full disk still lets a file shrink.
                _ = self.file.set_len(self.length);
                Err(JournalError::Io {
                    path: self.path.clone(),
                    source,
                })
            }
        }
    }
}

/// How much of a journal's text is lines of records.
struct Text {
    length: usize,
    /// Up to where it is records.
    whole: usize,
    /// The last record lacks only the end of its line.
    open_end: bool,
}

fn parse(file: &mut File, path: &Path) -> Result<(Vec<Record>, Text), JournalError> {
    let mut text = String::new();
    file.read_to_string(&mut text)
        .map_err(|source| JournalError::Io {
            path: path.to_path_buf(),
            source,
        })?;
    let mut read = Text {
        length: text.len(),
        whole: 0,
        open_end: false,
    };
    let mut records = Vec::new();
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let ended = line.ends_with('\n');
        match serde_json::from_str(line) {
            Ok(record) => {
                records.push(record);
                read.open_end = !ended;
            }
            Err(_) if line.trim().is_empty() => {}
            // The start of a record, cut off by a crash.
            Err(error) if !ended && error.is_eof() && line.starts_with('{') => break,
            Err(found) => {
                return Err(JournalError::Line {
                    path: path.to_path_buf(),
                    line: i + 1,
                    found,
                });
            }
        }
        read.whole += line.len();
    }
    Ok((records, read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Backend;
    use crate::record::Epoch;

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
            versions: crate::record::versions(),
        }
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/results.jsonl");
        let mut journal = Journal::open(&path).unwrap();
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

            let mut journal = Journal::open(&path).unwrap();
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
            assert!(Journal::open(&path).is_err(), "{foreign:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
        }
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let journal = Journal::open(&path).unwrap();
        let error = Journal::open(&path).unwrap_err().to_string();
        assert!(error.contains("another study"), "{error}");
        drop(journal);
        Journal::open(&path).unwrap();
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        std::fs::write(&path, "{\"id\": 3}\n").unwrap();
        let error = Journal::open(&path).unwrap_err().to_string();
        assert!(
            error.contains("results.jsonl, line 1: expected one run"),
            "{error}"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Journal::open(&file.join("out/results.jsonl")).unwrap_err();
        assert!(error.to_string().contains("file/out"), "{error}");
    }
}
