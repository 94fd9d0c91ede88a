//! What stands in the way of neural data.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::file::{self, FileError};
use crate::value::WrongValue;

/// Why neural data could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CortexError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
    /// A file that is needed is not in its folder.
    #[error("{}: expected {expected}, found none of them", folder.display())]
    Missing {
        /// The folder that was searched.
        folder: PathBuf,
        /// The names that would have served.
        expected: String,
    },
    /// The file is there but is not what it should be.
    #[error("{}: {wrong}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What part of it is wrong: a data set, a column, a header.
        wrong: WrongValue,
    },
    /// Values that do not make up what they were given for, and come from no
    /// file.
    #[error(transparent)]
    Values(#[from] WrongValue),
}

/// A name that is none of those it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no {what}: expected {expected}")]
pub struct UnknownName {
    /// What it should have named, such as `area`.
    pub what: &'static str,
    /// The names there are.
    pub expected: String,
    /// The name that was given, its first 40 characters.
    pub name: String,
}

impl CortexError {
    /// The same, said of a file that the values came from.
    #[must_use]
    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Values(wrong) => Self::File {
                path: path.to_owned(),
                wrong,
            },
            other => other,
        }
    }

    pub(super) fn missing(folder: &Path, expected: impl Into<String>) -> Self {
        Self::Missing {
            folder: folder.to_owned(),
            expected: expected.into(),
        }
    }

    pub(super) fn file(
        path: &Path,
        field: impl AsRef<str>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::values(field, expected, found).in_file(path)
    }

    pub(super) fn values(
        field: impl AsRef<str>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        WrongValue::new(field.as_ref(), expected, found).into()
    }
}

impl UnknownName {
    pub(super) fn new(what: &'static str, expected: impl Into<String>, name: &str) -> Self {
        Self {
            what,
            expected: expected.into(),
            name: name.chars().take(40).collect(),
        }
    }
}

/// The most values of an array that is read. Each takes 8 bytes of memory, so the
/// bound is 256 MiB; a study holds about four times as much at once. (The natural
/// scenes of the Allen Brain Observatory to 2,000 cells with 50 repeats are 12
/// million responses.)
pub(super) const MOST_VALUES: usize = 1 << 25;

/// A file and its length, if it is a regular one and not longer than `most` bytes.
pub(super) fn open(path: &Path, most: u64) -> Result<(File, u64), CortexError> {
    let file = file::open(path).map_err(file::at(path))?;
    let length = file.metadata().map_err(file::at(path))?.len();
    if length > most {
        let expected = format!("at most {most} bytes");
        return Err(CortexError::file(path, "length", expected, length));
    }
    Ok((file, length))
}
