//! Who is at which run: a file a run, which the process that is at it holds the
//! system's lock on. A process that ends, however it ends, gives its locks back.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use crate::error::Error;
use crate::file;

/// The claims of a study's folder.
#[derive(Debug)]
pub struct Claims {
    folder: PathBuf,
}

/// The right to carry out one run, until it is dropped. The file stays, as whoever
/// has it open may be about to lock it.
#[derive(Debug)]
pub struct Claim {
    _locked: File,
}

impl Claims {
    /// The claims in this folder, which is made if need be.
    pub fn open(folder: PathBuf) -> Result<Self, Error> {
        std::fs::create_dir_all(&folder).map_err(file::at(&folder))?;
        Ok(Self { folder })
    }

    /// Claims a run; `None` if another worker is at it.
    ///
    /// Whether the run has a record must be asked after this and not before: the
    /// other worker may just have finished.
    pub fn claim(&self, id: &str) -> Result<Option<Claim>, Error> {
        let path = self.folder.join(id);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(file::at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim { _locked: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(file::at(&path)(source).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_claimed_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let claims = Claims::open(folder.path().join("claims")).unwrap();
        let others = Claims::open(folder.path().join("claims")).unwrap();
        let claim = claims.claim("a").unwrap().unwrap();
        assert!(others.claim("a").unwrap().is_none());
        assert!(others.claim("b").unwrap().is_some());
        drop(claim);
        assert!(others.claim("a").unwrap().is_some());
    }
}
