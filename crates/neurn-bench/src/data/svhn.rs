//! SVHN: house numbers of Google Street View cut to single digits, RGB, 32x32,
//! 73257 and 26032 of them.
//!
//! Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu, A. Y. Ng, "Reading Digits
//! in Natural Images with Unsupervised Feature Learning", NIPS workshop 2011;
//! "format 2", `train_32x32.mat` and `test_32x32.mat`: `X` of sizes
//! `[row, column, RGB, image]`, `y` of sizes `[image, 1]` where 10 is the
//! digit 0.

use std::path::Path;

use rayon::prelude::*;

use super::search::need;
use super::split::Split;
use super::{DataError, Domain, ImageSet, Values, mat};

const SIDE: usize = 32;

/// Reads SVHN from the folder with its two files.
pub fn read(folder: &Path) -> Result<Domain, DataError> {
    let train = split(folder, Split::Train)?;
    let test = split(folder, Split::Test)?;
    Ok(Domain::digits("svhn", train, test))
}

/// Reads one split of SVHN from the folder with its file. Images that are not
/// RGB of 32x32 are refused.
pub fn split(folder: &Path, split: Split) -> Result<ImageSet, DataError> {
    let name = match split {
        Split::Train => "train_32x32.mat",
        Split::Test => "test_32x32.mat",
    };
    file(&need(folder, &[name])?)
}

fn file(path: &Path) -> Result<ImageSet, DataError> {
    let [images, labels] = mat::read(path, ["X", "y"])?;
    let count = match images.sizes[..] {
        [SIDE, SIDE, 3, count] => count,
        // MATLAB drops last sizes of 1.
        [SIDE, SIDE, 3] => 1,
        _ => {
            let expected = format!("X of sizes [{SIDE}, {SIDE}, 3, images]");
            let found = format!("{:?}", images.sizes);
            return Err(DataError::format(path, expected, found));
        }
    };
    if labels.values.len() != count {
        let expected = format!("{count} labels in y, as X has images");
        return Err(DataError::format(
            path,
            expected,
            labels.values.len().to_string(),
        ));
    }
    let mut digits = labels.values;
    for (index, digit) in digits.iter_mut().enumerate() {
        *digit = match *digit {
            1..=9 => *digit,
            10 => 0,
            other => {
                let found = format!("{other} for image {index}");
                return Err(DataError::format(path, "labels from 1 to 10 in y", found));
            }
        };
    }
    let mut values = images.values;
    rows_first(&mut values);
    Ok(ImageSet::new(Values::U8(values), digits, [3, SIDE, SIDE]))
}

/// Turns every channel of every image from `[column, row]` to `[row, column]`
/// where it lies.
fn rows_first(values: &mut [u8]) {
    values
        .par_chunks_exact_mut(SIDE * SIDE)
        .for_each(|channel| {
            for row in 0..SIDE {
                for column in 0..row {
                    channel.swap(row * SIDE + column, column * SIDE + row);
                }
            }
        });
}
