//! The photographs that MNIST-M is made of.

use std::fmt;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use image::{ImageFormat, ImageReader, Limits, RgbImage};
use rayon::prelude::*;

use crate::data::{DataError, container};

/// The longest side a photograph may have. Those of BSDS500 have 481.
const MAX_SIDE: u32 = 8192;

/// The most bytes the file of a photograph may have: 64 MiB.
const MAX_FILE: u64 = 1 << 26;

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
            let decoded: Vec<_> = paths.par_iter().map(|path| decode(path)).collect();
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
    let failed = |source| DataError::io(folder, source);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
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

fn decode(path: &Path) -> Result<RgbImage, DataError> {
    let expected = "a JPEG photograph";
    let mut bytes = Vec::new();
    container::plain(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| DataError::io(path, source))?;
    if bytes.len() as u64 > MAX_FILE {
        let found = format!("more than {MAX_FILE} bytes");
        return Err(DataError::format(path, expected, found));
    }
    // The decoder fills up with grey what a file that was cut off lacks.
    let padding = bytes.iter().rev().take_while(|&&byte| byte == 0).count();
    if !bytes[..bytes.len() - padding].ends_with(&[0xff, 0xd9]) {
        return Err(DataError::format(path, expected, "no end mark (ff d9)"));
    }

    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES as u64);
    reader.limits(limits);
    let photograph = reader
        .decode()
        .map_err(|error| DataError::format(path, expected, error.to_string()))?;
    Ok(photograph.into_rgb8())
}
