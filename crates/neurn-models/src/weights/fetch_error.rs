use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why published weights could not be had.
#[derive(Debug)]
pub enum FetchError {
    /// The system knows no folder for what can be had again.
    NoFolder,
    /// The operating system refused.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What stands in the place of the file is a link or a folder.
    NoFile {
        /// The place.
        path: PathBuf,
    },
    /// The weights are on no server in a form that is read, or no checksum of them
    /// is published.
    NotPublished {
        /// Where the file would be.
        path: PathBuf,
    },
    /// There is no way to the server.
    Offline {
        /// The address.
        address: String,
        /// Where the file would be.
        path: PathBuf,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server does not give the file.
    Status {
        /// The address.
        address: String,
        /// Where the file would be.
        path: PathBuf,
        /// The status that it answered with.
        status: u16,
    },
    /// The server closed before the end. What has come is kept for the next time.
    Interrupted {
        /// The address.
        address: String,
        /// Where the file would be.
        path: PathBuf,
        /// Bytes that have come.
        done: u64,
        /// Bytes that there are, if the server says.
        all: Option<u64>,
        /// What happened, if the system said.
        source: Option<io::Error>,
    },
    /// The server sends more than the file has.
    TooLong {
        /// The address.
        address: String,
        /// Bytes that the file has at most.
        most: u64,
    },
    /// The file is not the published one.
    Checksum {
        /// The file.
        path: PathBuf,
        /// The published SHA-256, or its first digits.
        expected: String,
        /// That of the file.
        found: String,
    },
}

impl FetchError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// What a user without a network can do.
fn advice(f: &mut fmt::Formatter<'_>, path: &Path) -> fmt::Result {
    write!(
        f,
        "; fetch it on another machine and put it at {}, or into a folder that NEURN_WEIGHTS names",
        path.display()
    )
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => write!(
                f,
                "there is no folder for weights; name one in NEURN_WEIGHTS"
            ),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::NoFile { path } => {
                let expected = "expected a file or nothing, found a link or a folder";
                write!(f, "{}: {expected}", path.display())
            }
            Self::NotPublished { path } => write!(
                f,
                "these weights cannot be fetched and checked; put the file at {}, or into a folder \
                 that NEURN_WEIGHTS names",
                path.display()
            ),
            Self::Offline {
                address,
                path,
                source,
            } => {
                write!(f, "{address} cannot be reached: {source}")?;
                advice(f, path)
            }
            Self::Status {
                address,
                path,
                status,
            } => {
                write!(f, "{address} answers with status {status}")?;
                advice(f, path)
            }
            Self::Interrupted {
                address,
                path,
                done,
                all,
                source,
            } => {
                write!(f, "{address} closed after {done} bytes")?;
                if let Some(all) = all {
                    write!(f, " of {all}")?;
                }
                if let Some(source) = source {
                    write!(f, ": {source}")?;
                }
                write!(
                    f,
                    "; the next try goes on from there, to {}",
                    path.display()
                )
            }
            Self::TooLong { address, most } => {
                write!(f, "{address} sends more than the {most} bytes of the file")
            }
            Self::Checksum {
                path,
                expected,
                found,
            } => write!(
                f,
                "{}: expected a file of SHA-256 {expected}, found {found}",
                path.display()
            ),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Offline { source, .. } => Some(&**source),
            Self::Interrupted { source, .. } => source.as_ref().map(|source| source as _),
            _ => None,
        }
    }
}
