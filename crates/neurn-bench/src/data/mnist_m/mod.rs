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
use super::{DataError, Domain, ImageSet, Part, Pixels, idx, mnist};

/// What the images that are made for training are drawn from.
pub const TRAIN_SEED: u64 = 0;
/// What the images that are made for testing are drawn from.
pub const TEST_SEED: u64 = 1;

/// Reads MNIST-M from a data folder: each part from `mnist_m/` if it is there,
/// and otherwise made of that part of `mnist/` and of the photographs in
/// `bsds500/`.
pub fn read(root: &Path) -> Result<Domain, DataError> {
    let mut photographs = None;
    let mut part = |part| {
        let folder = root.join("mnist_m");
        if find(&folder, &names(part, "images", 4)).is_some() {
            return ready_made(&folder, part);
        }
        let seed = match part {
            Part::Train => TRAIN_SEED,
            Part::Test => TEST_SEED,
        };
        let digits = mnist::part(&root.join("mnist"), part).map_err(|e| or(e, part))?;
        let photographs = match &mut photographs {
            Some(photographs) => photographs,
            none => none.insert(Photographs::read(&root.join("bsds500")).map_err(|e| or(e, part))?),
        };
        photographs.blend(&digits, usize::MAX, seed)
    };
    Ok(Domain {
        name: "mnist-m".to_owned(),
        train: part(Part::Train)?,
        test: part(Part::Test)?,
    })
}

/// Reads one ready-made part from the folder with its files. Images that are
/// not RGB of 28x28 or 32x32 are refused.
pub fn ready_made(folder: &Path, part: Part) -> Result<ImageSet, DataError> {
    let images = need(folder, &names(part, "images", 4))?;
    let labels = need(folder, &names(part, "labels", 1))?;

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
        Pixels::U8(pixels),
        labels,
        [3, height, width],
    ))
}

fn names(part: Part, content: &str, dimensions: usize) -> [String; 2] {
    let part = match part {
        Part::Train => "train",
        Part::Test => "test",
    };
    ["-ubyte.gz", "-ubyte"].map(|end| format!("mnist_m_{part}-{content}-idx{dimensions}{end}"))
}

/// What is missing to make a part, and what would have served instead.
fn or(error: DataError, part: Part) -> DataError {
    match error {
        DataError::Missing { folder, expected } => {
            let ready_made = listed(&names(part, "images", 4));
            let expected = format!(
                "{expected}, to make MNIST-M of, or else {ready_made} in mnist_m beside it"
            );
            DataError::Missing { folder, expected }
        }
        other => other,
    }
}
