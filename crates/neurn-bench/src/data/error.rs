//! What a reader answers to a file that is not what it should be.

use std::path::{Path, PathBuf};

use crate::file::FileError;

/// Why a domain could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The file is there but is not what it should be.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the format asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A file that the domain needs is not in its folder.
    #[error("{}: expected {expected}, found none of them", folder.display())]
    Missing {
        /// The folder that was searched.
        folder: PathBuf,
        /// The names that would have served.
        expected: String,
    },
    /// The classes of two domains are not the same.
    #[error("expected domains with the same classes, found that {0}")]
    Classes(String),
    /// A text that no domain can be read by.
    #[error("expected {expected}, found {found}")]
    Argument {
        /// What was asked for.
        expected: String,
        /// What stands there.
        found: String,
    },
}

impl DataError {
    pub(super) fn format(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Format {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn missing(folder: &Path, expected: impl Into<String>) -> Self {
        Self::Missing {
            folder: folder.to_owned(),
            expected: expected.into(),
        }
    }
}
