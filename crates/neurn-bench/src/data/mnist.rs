//! MNIST: handwritten digits, white on black, 28x28, 60000 and 10000 of them.
//!
//! Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten
//! digits". Four IDX files, `{train,t10k}-images-idx3-ubyte` and
//! `{train,t10k}-labels-idx1-ubyte`, each with or without `.gz`, and with a `-`
//! or a `.` before `idx`.

use std::path::Path;

use super::search::need;
use super::{DataError, Domain, ImageSet, Part, Pixels, idx};

const SIDE: usize = 28;

/// Reads MNIST from the folder with its four files.
pub fn read(folder: &Path) -> Result<Domain, DataError> {
    Ok(Domain {
        name: "mnist".to_owned(),
        train: part(folder, Part::Train)?,
        test: part(folder, Part::Test)?,
    })
}

/// Reads one part of MNIST from the folder with its files. Images that are not
/// 28x28 are refused.
pub fn part(folder: &Path, part: Part) -> Result<ImageSet, DataError> {
    let images = need(folder, &names(part, "images", 3))?;
    let labels = need(folder, &names(part, "labels", 1))?;

    let digits = idx::read::<3>(&images)?;
    let [count, height, width] = digits.sizes;
    if [height, width] != [SIDE; 2] {
        let expected = format!("images of {SIDE}x{SIDE} pixels");
        let found = format!("{width}x{height}");
        return Err(DataError::format(&images, expected, found));
    }
    let labels = idx::labels(&labels, count, &images)?;
    Ok(ImageSet::new(
        Pixels::U8(digits.values),
        labels,
        [1, SIDE, SIDE],
    ))
}

fn names(part: Part, content: &str, dimensions: usize) -> [String; 4] {
    let part = match part {
        Part::Train => "train",
        Part::Test => "t10k",
    };
    [("-", ".gz"), ("-", ""), (".", ".gz"), (".", "")]
        .map(|(dot, gz)| format!("{part}-{content}{dot}idx{dimensions}-ubyte{gz}"))
}
