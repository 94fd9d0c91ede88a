//! What is to be done, as a person writes it: a TOML file.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::file::{self, FileError};
use crate::train::MethodError;
use crate::value::WrongValue;

/// Why settings or a plan cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read, or is too large to be one.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The text is not what it should be.
    #[error("{}: {source}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What the parser said, with the place.
        source: Box<toml::de::Error>,
    },
    /// A value that nothing can be run with.
    #[error(transparent)]
    Value(#[from] WrongValue),
    /// No network can be made of a combination.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// Something that a file holds.
    #[error("{}: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<SettingsError>,
    },
}

impl SettingsError {
    /// The same, said of the file that it is in, if it is in one.
    pub(super) fn of(self, file: Option<&Path>) -> Self {
        match file {
            None => self,
            Some(path) => Self::In {
                path: path.to_path_buf(),
                source: Box::new(self),
            },
        }
    }
}

/// The largest file: a megabyte.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a TOML file of at most a megabyte.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, SettingsError> {
    let text = file::read_text(path, MOST_BYTES).map_err(file::at(path))?;
    toml::from_str(&text).map_err(|source| SettingsError::Toml {
        path: path.to_path_buf(),
        source: Box::new(source),
    })
}
