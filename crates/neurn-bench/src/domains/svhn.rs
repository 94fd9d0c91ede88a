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
use super::{DataError, Domain, ImageSet, Part, Pixels, mat};

/// Reads SVHN from the folder with its two files.
pub fn read(folder: &Path) -> Result<Domain, DataError> {
    Ok(Domain {
        name: "svhn".to_owned(),
        train: part(folder, Part::Train)?,
        test: part(folder, Part::Test)?,
    })
}

/// Reads one part of SVHN from the folder with its file.
pub fn part(folder: &Path, part: Part) -> Result<ImageSet, DataError> {
    let name = match part {
        Part::Train => "train_32x32.mat",
        Part::Test => "test_32x32.mat",
    };
    file(&need(folder, &[name])?)
}

fn file(path: &Path) -> Result<ImageSet, DataError> {
    let [images, labels] = mat::read(path, ["X", "y"])?;
    let (height, width, count) = match images.sizes[..] {
        [height, width, 3, count] => (height, width, count),
        // MATLAB drops last sizes of 1.
        [height, width, 3] => (height, width, 1),
        _ => {
            let found = format!("{:?}", images.sizes);
            return Err(DataError::format(
                path,
                "X of sizes [32, 32, 3, images]",
                found,
            ));
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
    rows_first(&mut values, height, width);
    Ok(ImageSet::new(
        Pixels::U8(values),
        digits,
        [3, height, width],
    ))
}

/// Turns every channel of every image from `[column, row]` to `[row, column]`
/// where it lies.
fn rows_first(values: &mut [u8], height: usize, width: usize) {
    values.par_chunks_mut(height * width).for_each_init(
        || vec![0; height * width],
        |columns, channel| {
            columns.copy_from_slice(channel);
            for (row, values) in channel.chunks_exact_mut(width).enumerate() {
                for (value, column) in values.iter_mut().zip(columns.chunks_exact(height)) {
                    *value = column[row];
                }
            }
        },
    );
}
