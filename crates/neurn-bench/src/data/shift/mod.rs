//! Shifts of an image, which make a new target of the test images of any
//! domain.
//!
//! The kinds and their severities follow MNIST-C (N. Mu, J. Gilmer, "MNIST-C: A
//! Robustness Benchmark for Computer Vision", 2019, arXiv 1906.02337) and
//! ImageNet-C (D. Hendrycks, T. Dietterich, "Benchmarking Neural Network
//! Robustness to Common Corruptions and Perturbations", ICLR 2019, arXiv
//! 1903.12261) where these have them; [`severity`] says what is theirs and what
//! is ours.
//!
//! | Kind | What becomes of the image | At random |
//! |---|---|---|
//! | `rotation` | turned about its centre | direction |
//! | `scale` | shrunk towards its centre | |
//! | `translation` | moved along both axes | direction on each |
//! | `occlusion` | a square of its mean colour laid over it | place |
//! | `shear` | rows moved in proportion to their height | direction |
//! | `blur` | convolved with a Gaussian | |
//! | `noise` | a Gaussian number added to every value | the numbers |
//! | `inversion` | `1 - x` in stripes at its sides, at last everywhere | |
//! | `contrast` | every channel drawn towards its mean | |
//! | `brightness` | the same added to every value | |
//!
//! A shift wants images already at the size a network takes them
//! ([`resize`](super::resize())): then a severity is as hard on a domain of 16 x 16
//! pixels as on one of 32 x 32.

mod kind;
mod name;
mod occlusion;
pub mod severity;
mod tone;
mod warp;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::kind::ShiftKind;
pub use self::name::UnknownShift;
use self::warp::Warp;
use super::LabelledImage;
use super::blur::blur;
use super::rng::Rng;

/// The third word of the key of every shift's random numbers. The synthetic
/// domains have 0 to 3 there.
const PART: u64 = 4;

/// What happens to one channel.
type Change = Box<dyn FnMut(&mut [f32])>;

/// A kind of shift at a severity. Its name, which serde writes too, is
/// `rotation-3`.
///
/// ```
/// use neurn_bench::data::{LabelledImage, Shift, ShiftKind};
///
/// let pixels = vec![0.0, 0.25, 0.5, 0.75];
/// let image = LabelledImage { pixels, channels: 1, height: 2, width: 2, label: 7 };
///
/// let shift: Shift = "inversion-5".parse()?;
/// assert_eq!(shift, Shift::new(ShiftKind::Inversion, 5)?);
/// assert_eq!(shift.apply(&image, 0).pixels, [1.0, 0.75, 0.5, 0.25]);
/// # Ok::<(), neurn_bench::data::UnknownShift>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub struct Shift {
    /// What is changed.
    pub kind: ShiftKind,
    /// How much, 1 to 5.
    pub severity: u8,
}

impl Shift {
    /// The highest severity; the lowest is 1.
    pub const SEVEREST: u8 = 5;

    /// This kind at every severity, the lowest first.
    pub fn severities(kind: ShiftKind) -> impl Iterator<Item = Self> {
        (1..=Self::SEVEREST).map(move |severity| Self { kind, severity })
    }

    /// This kind at this severity.
    ///
    /// # Errors
    ///
    /// If the severity is not 1 to 5.
    pub fn new(kind: ShiftKind, severity: u8) -> Result<Self, UnknownShift> {
        if (1..=Self::SEVEREST).contains(&severity) {
            Ok(Self { kind, severity })
        } else {
            Err(UnknownShift::Severity(severity.to_string()))
        }
    }

    /// The image shifted, its size and label kept, its values in 0..=1.
    ///
    /// What is random depends on the kind and on `index`, the image's
    /// place in its set, and on nothing else: image 7 turns the same way at
    /// every severity, in every domain and whatever else is computed.
    ///
    /// # Panics
    ///
    /// If the image has no pixels, or not `channels * height * width` of them.
    pub fn apply(&self, image: &LabelledImage, index: usize) -> LabelledImage {
        let size @ [height, width] = [image.height, image.width];
        let values = image.channels * height * width;
        assert!(
            values > 0 && values == image.pixels.len(),
            "{} values of {}x{height}x{width}",
            image.pixels.len(),
            image.channels
        );
        let rng = Rng::new([0, self.kind as u64, PART, index as u64]);
        let mut change = self.change(size, rng);
        let mut shifted = image.clone();
        for plane in shifted.pixels.chunks_exact_mut(height * width) {
            change(plane);
            for value in plane {
                *value = value.clamp(0.0, 1.0);
            }
        }
        shifted
    }

    /// What happens to one channel after the other of an image of `[height,
    /// width]`. Only noise is another in each.
    fn change(&self, size: [usize; 2], mut rng: Rng) -> Change {
        let side = size[0].min(size[1]);
        let warp = match self.kind {
            ShiftKind::Rotation => Warp::rotation(rng.sign() * self.of(severity::ROTATION)),
            ShiftKind::Scale => Warp::scale(self.of(severity::SCALE)),
            ShiftKind::Translation => Warp::translation(size.map(|extent| {
                rng.sign() * (self.of(severity::TRANSLATION) * extent as f64).round()
            })),
            ShiftKind::Shear => Warp::shear(rng.sign() * self.of(severity::SHEAR)),
            ShiftKind::Occlusion => {
                let place = [rng.within(0.0, 1.0), rng.within(0.0, 1.0)];
                let square = occlusion::square(self.of(severity::OCCLUSION), place, size);
                return Box::new(move |plane| occlusion::cover(plane, size[1], &square));
            }
            ShiftKind::Blur => {
                let deviation = self.of(severity::BLUR) * side as f32 / severity::BLUR_SIDE;
                return Box::new(move |plane| blur(plane, size, deviation));
            }
            ShiftKind::Noise => {
                let deviation = self.of(severity::NOISE);
                return Box::new(move |plane| {
                    for value in plane {
                        *value += deviation * rng.normal();
                    }
                });
            }
            ShiftKind::Inversion => {
                let share = self.of(severity::INVERSION);
                return Box::new(move |plane| tone::invert_sides(plane, size[1], share));
            }
            ShiftKind::Contrast => {
                let factor = self.of(severity::CONTRAST);
                return Box::new(move |plane| tone::contrast(plane, factor));
            }
            ShiftKind::Brightness => {
                let offset = self.of(severity::BRIGHTNESS);
                return Box::new(move |plane| tone::brighten(plane, offset));
            }
        };
        Box::new(move |plane| warp.apply(plane, size))
    }

    /// The number of this severity.
    fn of<T: Copy>(&self, severities: [T; Self::SEVEREST as usize]) -> T {
        severities[usize::from(self.severity) - 1]
    }
}
