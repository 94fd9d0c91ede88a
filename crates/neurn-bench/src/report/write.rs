//! Files that are there whole or not at all.

use std::path::Path;

use crate::error::Error;

/// Writes a file whole or not at all: beside its place first, then moved there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: path.to_path_buf(),
        source,
    };
    // Of this process, as others may write the same file.
    let beside = path.with_added_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
