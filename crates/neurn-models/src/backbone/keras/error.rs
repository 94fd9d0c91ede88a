use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why weights could not be loaded.
#[derive(Debug)]
pub enum KerasError {
    /// The operating system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no safetensors file of this size there, or it is cut off or
    /// damaged.
    File {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A tensor is not what the network has in its place, is missing, or has no
    /// place in it.
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name, its first 80 characters.
        tensor: String,
        /// What was asked for.
        expected: String,
        /// What the file has.
        found: String,
    },
}

impl KerasError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn file(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::File {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn tensor(
        path: &Path,
        tensor: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Tensor {
            path: path.to_owned(),
            tensor: tensor.chars().take(80).collect(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for KerasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::File {
                path,
                expected,
                found,
            } => write!(f, "{}: expected {expected}, found {found}", path.display()),
            Self::Tensor {
                path,
                tensor,
                expected,
                found,
            } => write!(
                f,
                "{}: {tensor}: expected {expected}, found {found}",
                path.display()
            ),
        }
    }
}

impl Error for KerasError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::File { .. } | Self::Tensor { .. } => None,
        }
    }
}
