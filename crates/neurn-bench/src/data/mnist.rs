//! MNIST: handwritten digits, white on black, 28x28, 60000 and 10000 of them.
//!
//! Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten
//! digits". Four IDX files, `{train,t10k}-images-idx3-ubyte` and
//! `{train,t10k}-labels-idx1-ubyte`, each with or without `.gz`, and with a `-`
//! or a `.` before `idx`.

use std::path::Path;

use super::search::need;
use super::split::Split;
use super::{DataError, Domain, ImageSet, Values, idx};

const SIDE: usize = 28;

/// Reads MNIST from the folder with its four files.
pub fn read(folder: &Path) -> Result<Domain, DataError> {
    let train = split(folder, Split::Train)?;
    let test = split(folder, Split::Test)?;
    Ok(Domain::digits("mnist", train, test))
}

/// Reads one split of MNIST from the folder with its files. Images that are not
/// 28x28 are refused.
pub fn split(folder: &Path, split: Split) -> Result<ImageSet, DataError> {
    let images = need(folder, &names(split, "images", 3))?;
    let labels = need(folder, &names(split, "labels", 1))?;

    let digits = idx::read::<3>(&images)?;
    let [count, height, width] = digits.sizes;
    if [height, width] != [SIDE; 2] {
        let expected = format!("images of {SIDE}x{SIDE} pixels");
        let found = format!("{width}x{height}");
        return Err(DataError::format(&images, expected, found));
    }
    let labels = idx::labels(&labels, count, &images)?;
    Ok(ImageSet::new(
        Values::U8(digits.values),
        labels,
        [1, SIDE, SIDE],
    ))
}

fn names(split: Split, content: &str, dimensions: usize) -> [String; 4] {
    let split = match split {
        Split::Train => "train",
        Split::Test => "t10k",
    };
    [("-", ".gz"), ("-", ""), (".", ".gz"), (".", "")]
        .map(|(dot, gz)| format!("{split}-{content}{dot}idx{dimensions}-ubyte{gz}"))
}
