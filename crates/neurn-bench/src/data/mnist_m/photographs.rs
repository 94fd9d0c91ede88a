//! The photographs that MNIST-M is made of.

use std::fmt;
use std::path::{Path, PathBuf};

use image::RgbImage;
use rayon::prelude::*;

use crate::data::DataError;
use crate::data::photograph::{decode, with_bytes};
use crate::file;

/// The most bytes all photographs together may have, unpacked: 1 GiB. Those of
/// BSDS500 have 221 MiB.
const MAX_BYTES: usize = 1 << 30;

/// Photographs in memory, at least one; their order does not depend on the
/// file system.
#[derive(Clone)]
pub struct Photographs {
    pub(super) all: Vec<(PathBuf, RgbImage)>,
}

impl Photographs {
    /// Reads every `*.jpg` in a folder and the folders in it, in the order of
    /// their names.
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let mut paths = Vec::new();
        if folder.exists() {
            collect(folder, &mut paths)?;
        }
        paths.sort_by(|a, b| (a.file_name(), a).cmp(&(b.file_name(), b)));
        if paths.is_empty() {
            return Err(DataError::missing(folder, "photographs (*.jpg)"));
        }

        let mut all: Vec<(PathBuf, RgbImage)> = Vec::new();
        let mut bytes = 0;
        for paths in paths.chunks(rayon::current_num_threads()) {
            let decode = |path: &PathBuf| with_bytes(path, |bytes| decode(path, bytes));
            let decoded: Vec<_> = paths.par_iter().map(decode).collect();
            for (path, photograph) in paths.iter().zip(decoded) {
                let photograph = photograph?;
                bytes += photograph.as_raw().len();
                if bytes > MAX_BYTES {
                    let expected = format!("photographs of at most {MAX_BYTES} bytes unpacked");
                    return Err(DataError::format(folder, expected, "more"));
                }
                all.push((path.clone(), photograph));
            }
        }
        Ok(Self { all })
    }
}

impl fmt::Debug for Photographs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.all.iter().map(|(path, _)| path);
        f.debug_list().entries(paths).finish()
    }
}

/// Links to folders are not followed, so that there is an end.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), DataError> {
    let failed = file::at(folder);
    for entry in std::fs::read_dir(folder).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let path = entry.path();
        if entry.file_type().map_err(&failed)?.is_dir() {
            collect(&path, paths)?;
        } else if path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("jpg"))
        {
            paths.push(path);
        }
    }
    Ok(())
}
