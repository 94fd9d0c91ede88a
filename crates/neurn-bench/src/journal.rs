//! The file of records, one JSON object a line, to which whole lines are
//! appended and nothing else is ever done.

use std::fs::{File, OpenOptions};
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
}

/// An open `results.jsonl`.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    records: Vec<Record>,
}

impl Journal {
    /// Opens the file, creating it and its folder if need be, and reads what it
    /// holds. A last line without its end, which a crash leaves, is cut off.
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
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let records = text[..whole]
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(i, line)| {
                serde_json::from_str(line).map_err(|found| JournalError::Line {
                    path: path.to_path_buf(),
                    line: i + 1,
                    found,
                })
            })
            .collect::<Result<_, _>>()?;
        if whole < text.len() {
            file.set_len(whole as u64).map_err(io)?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            records,
        })
    }

    /// All records, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The newest record of a run.
    pub fn find(&self, id: &str) -> Option<&Record> {
        self.records.iter().rev().find(|record| record.id == id)
    }

    /// Appends a record in one write and waits until it is on the disk.
    pub fn append(&mut self, record: Record) -> Result<(), JournalError> {
        let io = |source| JournalError::Io {
            path: self.path.clone(),
            source,
        };
        let mut line = serde_json::to_string(&record).map_err(|e| io(e.into()))?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(io)?;
        self.file.sync_data().map_err(io)?;
        self.records.push(record);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Backend;

    fn record(id: &str) -> Record {
        Record {
            id: id.to_string(),
            source: "mnist".to_string(),
            model: "digit-net".to_string(),
            frontend: "none".to_string(),
            k: None,
            seed: 0,
            device: Backend::Flex,
            epochs: 1,
            batch: 64,
            learning_rate: 1e-3,
            train_images: 10,
            select_images: 2,
            selected_epoch: 1,
            select_accuracy: 50.0,
            accuracy: [("usps".to_string(), 41.25)].into(),
            images: [("usps".to_string(), 80)].into(),
            majority: [("usps".to_string(), 17.5)].into(),
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
        let again = Journal::open(&path).unwrap();
        assert_eq!(again.records(), [record("a"), record("b")]);
        assert_eq!(again.find("b"), Some(&record("b")));
        assert_eq!(again.find("c"), None);
        let line = std::fs::read_to_string(&path).unwrap();
        assert!(
            line.contains(r#""k":null"#) && line.contains(r#""device":"flex""#),
            "{line}"
        );
    }

    /// Wherever a crash cuts the last line, the lines before it stay and the
    /// next append starts on a line of its own.
    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let line = serde_json::to_string(&record("a")).unwrap();
        for kept in 0..=line.len() {
            std::fs::write(&path, format!("{line}\n{}", &line[..kept])).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            assert_eq!(journal.records(), [record("a")], "{kept}");
            journal.append(record("b")).unwrap();
            assert_eq!(
                Journal::open(&path).unwrap().records(),
                [record("a"), record("b")]
            );
        }
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
