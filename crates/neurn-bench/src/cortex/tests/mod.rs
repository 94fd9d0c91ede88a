//! Tests of the readers, by reader, and of the simulated population.

mod antolik;
mod arrays;
mod npy;
mod nwb;
mod random;
mod real_data;
mod simulated;
mod types;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::CortexError;
use super::npy::Array;

/// A folder that is gone after the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn parse(bytes: &[u8]) -> Result<Array, CortexError> {
    super::npy::parse(bytes, bytes.len() as u64)
}

/// A `.npy` file of format version 1.
fn npy_bytes(descr: &str, fortran_order: bool, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({sides}), }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [
        &b"\x93NUMPY\x01\x00"[..],
        &length,
        header.as_bytes(),
        values,
    ]
    .concat()
}

/// The same of 64-bit floats in C order.
fn floats(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    npy_bytes("<f8", false, shape, &bytes)
}

/// Whether an error says that `field` of `path` is not what it should be.
#[track_caller]
fn refused<T>(result: Result<T, CortexError>, path: &Path, field: &str) {
    match result {
        Err(error @ CortexError::File { .. }) => {
            let text = error.to_string();
            let start = format!("{}: {field}", path.display());
            assert!(text.starts_with(&start), "{text}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{field} is not refused"),
    }
}
