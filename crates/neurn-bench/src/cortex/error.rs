//! What stands in the way of neural data.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::file;

/// Why neural data could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CortexError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is needed is not in its folder.
    #[error("{}: expected {expected}, found none of them", folder.display())]
    Missing {
        /// The folder that was searched.
        folder: PathBuf,
        /// The names that would have served.
        expected: String,
    },
    /// The file is there but is not what it should be.
    #[error("{}: {field}: expected {expected}, found {found}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The part of it: a data set, a column, a header.
        field: String,
        /// What the format asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Values that do not make up what they were given for, and come from no
    /// file.
    #[error("{field}: expected {expected}, found {found}")]
    Values {
        /// Which of the values.
        field: String,
        /// What was asked for.
        expected: String,
        /// What was given.
        found: String,
    },
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
            Self::Values {
                field,
                expected,
                found,
            } => Self::file(path, field, expected, found),
            other => other,
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
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
        field: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::File {
            path: path.to_owned(),
            field: field.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn values(
        field: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Values {
            field: field.into(),
            expected: expected.into(),
            found: found.into(),
        }
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
    let file = file::open(path).map_err(|source| CortexError::io(path, source))?;
    let metadata = file.metadata();
    let length = metadata
        .map_err(|source| CortexError::io(path, source))?
        .len();
    if length > most {
        let expected = format!("at most {most} bytes");
        return Err(CortexError::file(
            path,
            "length",
            expected,
            length.to_string(),
        ));
    }
    Ok((file, length))
}
