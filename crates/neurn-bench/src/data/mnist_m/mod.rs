//! MNIST-M: the digits of MNIST on patches of photographs, RGB.
//!
//! Y. Ganin, V. Lempitsky, "Unsupervised Domain Adaptation by
//! Backpropagation", ICML 2015. It is read ready-made, at 28x28 or
//! 32x32, from IDX files of four dimensions `[image, row, column, RGB]`
//! (`mnist_m_{train,test}-images-idx4-ubyte` with
//! `mnist_m_{train,test}-labels-idx1-ubyte`, each with or without `.gz`), or
//! else [made](Photographs::blend), at 28x28, from MNIST and BSDS500 as the
//! paper says.
//!
//! The set that goes about is not quite what that recipe gives: at grey edges of
//! digits it has mixtures of the patch and its negative. It is lighter by about
//! 0.03 (of 1) than one made here.

mod blend;
mod photographs;

use std::path::Path;

pub use photographs::Photographs;

use super::search::{find, listed, need};
use super::split::Split;
use super::{DataError, Domain, ImageSet, Values, idx, mnist};

/// What the images that are made for training are drawn from.
pub const TRAIN_SEED: u64 = 0;
/// What the images that are made for testing are drawn from.
pub const TEST_SEED: u64 = 1;

/// Reads MNIST-M from a data folder: each split from `mnist_m/` if it is there,
/// and otherwise made of that split of `mnist/` and of the photographs in
/// `bsds500/`.
pub fn read(root: &Path) -> Result<Domain, DataError> {
    let mut photographs = None;
    let mut split = |split| {
        let folder = root.join("mnist_m");
        if find(&folder, &names(split, "images", 4)).is_some() {
            return ready_made(&folder, split);
        }
        let seed = match split {
            Split::Train => TRAIN_SEED,
            Split::Test => TEST_SEED,
        };
        let digits = mnist::split(&root.join("mnist"), split).map_err(|e| or(e, split))?;
        let photographs = match &mut photographs {
            Some(photographs) => photographs,
            none => {
                none.insert(Photographs::read(&root.join("bsds500")).map_err(|e| or(e, split))?)
            }
        };
        photographs.blend(&digits, usize::MAX, seed)
    };
    let (train, test) = (split(Split::Train)?, split(Split::Test)?);
    Ok(Domain::digits("mnist-m", train, test))
}

/// Reads one ready-made split from the folder with its files. Images that are
/// not RGB of 28x28 or 32x32 are refused.
pub fn ready_made(folder: &Path, split: Split) -> Result<ImageSet, DataError> {
    let images = need(folder, &names(split, "images", 4))?;
    let labels = need(folder, &names(split, "labels", 1))?;

    let idx::Idx { sizes, values } = idx::read::<4>(&images)?;
    let [count, height, width, channels] = sizes;
    if channels != 3 {
        let found = format!("{channels} channels");
        return Err(DataError::format(&images, "3 channels, RGB", found));
    }
    if !matches!([height, width], [28, 28] | [32, 32]) {
        let expected = "images of 28x28 or 32x32 pixels";
        let found = format!("{width}x{height}");
        return Err(DataError::format(&images, expected, found));
    }
    let labels = idx::labels(&labels, count, &images)?;
    let pixels = values
        .chunks_exact(3 * height * width)
        .flat_map(|image| (0..3).flat_map(|channel| image.iter().skip(channel).step_by(3)))
        .copied()
        .collect();
    Ok(ImageSet::new(
        Values::U8(pixels),
        labels,
        [3, height, width],
    ))
}

fn names(split: Split, content: &str, dimensions: usize) -> [String; 2] {
    let split = match split {
        Split::Train => "train",
        Split::Test => "test",
    };
    ["-ubyte.gz", "-ubyte"].map(|end| format!("mnist_m_{split}-{content}-idx{dimensions}{end}"))
}

/// What is missing to make a split, and what would have served instead.
fn or(error: DataError, split: Split) -> DataError {
    match error {
        DataError::Missing { folder, expected } => {
            let ready_made = listed(&names(split, "images", 4));
            let expected = format!(
                "{expected}, to make MNIST-M of, or else {ready_made} in mnist_m beside it"
            );
            DataError::Missing { folder, expected }
        }
        other => other,
    }
}
