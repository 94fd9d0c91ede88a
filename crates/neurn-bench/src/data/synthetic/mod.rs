//! Four synthetic domains of digits, for those who have no data at hand.
//!
//! No image here is real, and a result on them says nothing about the real
//! data. The strokes, the textures and the colours are made up from random
//! numbers so that the four differ from each other in the same *kinds* of ways
//! as the real four do:
//!
//! | Name | Imitates | Image |
//! |---|---|---|
//! | `synthetic-mnist` | MNIST | 28 x 28 grey; handwriting, white on black |
//! | `synthetic-svhn` | SVHN | 32 x 32 RGB; printed house numbers in any two colours, with neighbours, blur and noise |
//! | `synthetic-usps` | USPS | 16 x 16 grey; handwriting in a coarse scan that the digit fills |
//! | `synthetic-mnist-m` | MNIST-M | 28 x 28 RGB; the difference of a handwritten digit and a textured patch |
//!
//! An image depends on the seed, its domain, its split (train or test) and its
//! index, and on nothing else: asking for more images does not change the
//! first ones. The same seed gives the same images on the same platform;
//! another platform's `sin` may round differently, and with it a pixel.

mod canvas;
mod glyph;
mod handwriting;
mod street;
mod strokes;
mod texture;

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::rng::Rng;
use super::split::{CLASSES, Split};
use super::{Domain, ImageSet, Values};

/// The names of the four synthetic domains.
pub const NAMES: [&str; 4] = [
    Kind::Mnist.name(),
    Kind::Svhn.name(),
    Kind::Usps.name(),
    Kind::MnistM.name(),
];

/// Makes `train` and `test` images of a synthetic domain from `seed`; `None`
/// if `name` is not one of [`NAMES`].
///
/// Every ten images from the first on hold each digit once, in random order.
pub fn domain(name: &str, train: usize, test: usize, seed: u64) -> Option<Domain> {
    Some(Kind::from_name(name)?.domain(train, test, seed))
}

/// A synthetic domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Like MNIST: handwriting of varied slant and width, white on black,
    /// centred by mass in 28 x 28 pixels.
    Mnist,
    /// Like SVHN: printed digits in 32 x 32 RGB, paint and wall of random colours
    /// with either one the brighter, neighbours cut off at the sides, uneven light,
    /// shadows, blur and sensor noise.
    Svhn,
    /// Like USPS: handwriting, white on black, cropped to the ink and scanned
    /// at 16 x 16 pixels.
    Usps,
    /// Like MNIST-M: `|patch - digit|` in each channel, of a digit as in
    /// [`Kind::Mnist`] and a textured patch of 28 x 28 RGB.
    MnistM,
}

impl Kind {
    /// All of them, in the order of [`NAMES`].
    pub const ALL: [Self; 4] = [Self::Mnist, Self::Svhn, Self::Usps, Self::MnistM];

    /// The name of the domain.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mnist => "synthetic-mnist",
            Self::Svhn => "synthetic-svhn",
            Self::Usps => "synthetic-usps",
            Self::MnistM => "synthetic-mnist-m",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// `[channels, height, width]` of every image.
    pub const fn shape(self) -> [usize; 3] {
        match self {
            Self::Mnist => [1, 28, 28],
            Self::Svhn => [3, 32, 32],
            Self::Usps => [1, 16, 16],
            Self::MnistM => [3, 28, 28],
        }
    }

    /// Makes `train` and `test` images from `seed`, on all threads of the
    /// current rayon pool.
    pub fn domain(self, train: usize, test: usize, seed: u64) -> Domain {
        let train = self.split(Split::Train, train, seed);
        let test = self.split(Split::Test, test, seed);
        Domain::drawn_digits(self.name(), train, test)
    }

    fn split(self, split: Split, count: usize, seed: u64) -> ImageSet {
        let [channels, height, width] = self.shape();
        let place = |index: usize| [seed, self as u64, split as u64, index as u64];
        let labels: Vec<u8> = (0..count).map(|index| label(place(index))).collect();
        let mut pixels = vec![0; count * channels * height * width];
        pixels
            .par_chunks_exact_mut(channels * height * width)
            .zip(&labels)
            .enumerate()
            .for_each(|(index, (image, &label))| {
                let values = self.image(usize::from(label), &mut Rng::new(place(index)));
                for (byte, value) in image.iter_mut().zip(values) {
                    *byte = (255.0 * value.clamp(0.0, 1.0)).round() as u8;
                }
            });
        ImageSet::new(Values::U8(pixels), labels, self.shape())
    }

    /// One image, about 0..=1, in `[channel, row, column]` order.
    fn image(self, digit: usize, rng: &mut Rng) -> Vec<f32> {
        match self {
            Self::Mnist => handwriting::mnist(digit, rng),
            Self::Svhn => street::svhn(digit, rng),
            Self::Usps => handwriting::usps(digit, rng),
            Self::MnistM => {
                let ink = handwriting::mnist(digit, rng);
                let patch = texture::patch(28, rng);
                (0..3)
                    .flat_map(|channel| {
                        patch
                            .iter()
                            .zip(&ink)
                            .map(move |(p, ink)| (p[channel] - ink).abs())
                    })
                    .collect()
            }
        }
    }
}

/// The digit at a place. Each block of ten is a random order of the ten
/// digits, so that every prefix is balanced and no stride through the images
/// meets only some of the digits.
fn label([seed, kind, split, index]: [u64; 4]) -> u8 {
    let (block, within) = (index / CLASSES as u64, (index % CLASSES as u64) as usize);
    // 2 and 3 are the orders of splits 0 and 1: images use other numbers.
    let mut rng = Rng::new([seed, kind, split + 2, block]);
    let mut digits: [u8; CLASSES] = std::array::from_fn(|digit| digit as u8);
    for last in (1..CLASSES).rev() {
        digits.swap(last, rng.below(last + 1));
    }
    digits[within]
}
