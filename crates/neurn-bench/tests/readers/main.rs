//! The readers of the real domains: round trips of files written here, files
//! that are not what they should be, and the real ones where they are at hand.

mod files;
mod folder;
mod missing;
mod mnist;
mod mnist_m;
mod pictures;
mod real_data;
mod svhn;
mod usps;
mod wrong_bytes;

use std::fs;
use std::path::Path;

use neurn_bench::data::{DataError, ImageSet, Values};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The error has to name the file and say all of these.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, says: &[&str]) {
    let error = result
        .expect_err("this is not what it should be")
        .to_string();
    for part in says.iter().chain(&["expected ", "found "]) {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}

fn bytes(set: &ImageSet) -> &[u8] {
    match set.values().unwrap() {
        Values::U8(bytes) => bytes,
        Values::F32(_) => panic!("floats"),
    }
}

fn floats(set: &ImageSet) -> &[f32] {
    match set.values().unwrap() {
        Values::F32(floats) => floats,
        Values::U8(_) => panic!("bytes"),
    }
}
