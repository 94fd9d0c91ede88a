//! From records to what a person reads.

mod samples;
mod tables;

use std::path::Path;

pub use samples::Samples;
pub use tables::TransferTables;

use crate::error::Error;

/// Writes a file whole or not at all: beside its place first, then moved there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: path.to_path_buf(),
        source,
    };
    let beside = path.with_added_extension("partial");
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
