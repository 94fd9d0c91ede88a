use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// How many names of a list a message shows.
const SHOWN: usize = 8;

/// Why weights could not be loaded or saved.
#[derive(Debug)]
pub enum WeightsError {
    /// The operating system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not of a kind that is read, or it is cut off or damaged.
    File {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The file's tensors are not those of the network. Every one that does not
    /// suit is in one of the lists.
    Tensors {
        /// The file.
        path: PathBuf,
        /// Parameters that the file has not got, by their names in the network.
        missing: Vec<String>,
        /// Tensors that have no place in the network, by their names in the file.
        unused: Vec<String>,
        /// Tensors of another shape or type than the network's: name in the file,
        /// what was expected, what was found.
        misshapen: Vec<(String, String, String)>,
        /// Tensors with values that no training leaves: name in the file, and the
        /// first such value with its place.
        unusable: Vec<(String, String)>,
    },
}

impl WeightsError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn file(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::File {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// A list of a message, its first few entries.
fn list(f: &mut fmt::Formatter<'_>, what: &str, entries: &[String]) -> fmt::Result {
    if entries.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = entries
        .iter()
        .take(SHOWN)
        .map(|entry| short(entry))
        .collect();
    write!(f, "; {} {what}: {}", entries.len(), shown.join(", "))?;
    match entries.len() {
        count if count > SHOWN => write!(f, ", ..."),
        _ => Ok(()),
    }
}

/// Its first 120 characters.
fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::File {
                path,
                expected,
                found,
            } => write!(f, "{}: expected {expected}, found {found}", path.display()),
            Self::Tensors {
                path,
                missing,
                unused,
                misshapen,
                unusable,
            } => {
                write!(f, "{}: not weights of this network", path.display())?;
                list(f, "missing", missing)?;
                list(f, "without a place in it", unused)?;
                let shapes = misshapen.iter().map(|(name, expected, found)| {
                    format!("{name} (expected {expected}, found {found})")
                });
                list(f, "of another shape", &shapes.collect::<Vec<_>>())?;
                let values = unusable.iter();
                let values = values.map(|(name, found)| format!("{name} (found {found})"));
                list(f, "with unusable values", &values.collect::<Vec<_>>())
            }
        }
    }
}

impl Error for WeightsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::File { .. } | Self::Tensors { .. } => None,
        }
    }
}
