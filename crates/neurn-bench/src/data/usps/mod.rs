//! USPS: handwritten digits of postal codes, white on black, 16x16, 7291 and
//! 2007 of them.
//!
//! J. J. Hull, "A Database for Handwritten Text Recognition Research", IEEE
//! TPAMI 16(5), 1994. It goes about in three containers, read here in this
//! order of preference:
//!
//! - `zip.train`, `zip.test`: text, from the site of "The Elements of
//!   Statistical Learning"; with or without `.gz`
//! - `usps`, `usps.t`: sparse text, from the LIBSVM site; with or without
//!   `.bz2`
//! - `usps.h5`: HDF5
//!
//! Values are -1..=1 in the texts and 0..=1 in HDF5; they come out as 0..=1.

mod h5;
mod libsvm;
mod lines;
mod zip;

use std::path::Path;

use super::search::{find, listed};
use super::split::Split;
use super::{DataError, Domain, ImageSet, Values};

const SIDE: usize = 16;
const PIXELS: usize = SIDE * SIDE;

/// The most images a split may have; USPS has 7291.
const MAX_IMAGES: usize = 100_000;

const ZIP: [[&str; 2]; 2] = [["zip.train.gz", "zip.train"], ["zip.test.gz", "zip.test"]];
const LIBSVM: [[&str; 2]; 2] = [["usps.bz2", "usps"], ["usps.t.bz2", "usps.t"]];
const H5: &str = "usps.h5";

/// Reads USPS from the folder with the files of one of its containers.
pub fn read(folder: &Path) -> Result<Domain, DataError> {
    let train = split(folder, Split::Train)?;
    let test = split(folder, Split::Test)?;
    Ok(Domain::digits("usps", train, test))
}

/// Reads one split of USPS. Both splits come from the same container, which is
/// the first that the folder has both of.
pub fn split(folder: &Path, split: Split) -> Result<ImageSet, DataError> {
    let of = |names: [[&str; 2]; 2]| -> Option<_> {
        let train = find(folder, &names[0])?;
        let test = find(folder, &names[1])?;
        Some(match split {
            Split::Train => train,
            Split::Test => test,
        })
    };
    if let Some(path) = of(ZIP) {
        zip::read(&path)
    } else if let Some(path) = of(LIBSVM) {
        libsvm::read(&path)
    } else if let Some(path) = find(folder, &[H5]) {
        h5::read(&path, split)
    } else {
        let pairs =
            [ZIP, LIBSVM].map(|[train, test]| format!("{} with {}", listed(&train), listed(&test)));
        Err(DataError::missing(
            folder,
            format!("{}; or {H5}", pairs.join("; or ")),
        ))
    }
}

/// What the texts and HDF5 fill, image by image.
#[derive(Default)]
struct Images {
    pixels: Vec<f32>,
    labels: Vec<u8>,
}

impl Images {
    /// The images, of which there has to be at least one.
    fn finish(self, path: &Path) -> Result<ImageSet, DataError> {
        if self.labels.is_empty() {
            return Err(DataError::format(path, "at least one image", "none"));
        }
        Ok(ImageSet::new(
            Values::F32(self.pixels),
            self.labels,
            [1, SIDE, SIDE],
        ))
    }
}

/// How far beyond its range a value may lie and is taken for its end: the
/// texts are rounded.
const EXCESS: f32 = 1e-3;

/// A value of -1..=1 as one of 0..=1; what the value is if it is neither.
fn unit(value: f32) -> Result<f32, f32> {
    if value.abs() <= 1.0 + EXCESS {
        Ok((0.5 * (value + 1.0)).clamp(0.0, 1.0))
    } else {
        Err(value)
    }
}
