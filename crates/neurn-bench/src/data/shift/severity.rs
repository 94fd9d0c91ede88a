//! What each severity means, the first to the fifth.
//!
//! "MNIST-C" and "ImageNet-C" are the published programs that make them.
//! MNIST-C's has five severities, of which the published images are one, and
//! kinds that were left out of those.

/// Radians that the image turns by: 11, 23, 34, 46 and 57 degrees, as in
/// MNIST-C.
pub const ROTATION: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];

/// The new size over the old, as in MNIST-C. The image shrinks, so nothing of it
/// is lost.
pub const SCALE: [f64; 5] = [0.9, 0.8, 0.7, 0.6, 0.5];

/// The way along either axis over the side: 1 to 5 pixels of 28, as in MNIST-C.
/// It is rounded to whole pixels (1, 2, 3, 5 and 6 of 32), so that nothing but
/// the place changes; a fraction of a pixel would blur as well.
pub const TRANSLATION: [f64; 5] = [1.0 / 28.0, 2.0 / 28.0, 3.0 / 28.0, 4.0 / 28.0, 5.0 / 28.0];

/// The side of the square over the image's shorter one, rounded to whole pixels.
/// Ours; neither set has it. The fourth is the square that T. DeVries and
/// G. Taylor cut out of CIFAR-10 ("Improved Regularization of Convolutional
/// Neural Networks with Cutout", 2017, arXiv 1708.04552).
pub const OCCLUSION: [f64; 5] = [0.2, 0.3, 0.4, 0.5, 0.6];

/// Columns that a row moves by for every row it lies above the centre. Ours: the
/// numbers are those of MNIST-C, which gives them to scikit-image as angles.
pub const SHEAR: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];

/// Standard deviation of the Gaussian, in pixels of an image of side
/// [`BLUR_SIDE`]. Ours: those of ImageNet-C for CIFAR-10, 0.4 to 1, hardly change
/// a stroke three pixels wide, and those of MNIST-C's program, 1 to 6 of 28
/// pixels, leave no digit.
pub const BLUR: [f32; 5] = [0.5, 1.0, 1.5, 2.0, 2.5];

/// The side, in pixels, that [`BLUR`] is for; it grows with the shorter side.
pub const BLUR_SIDE: f32 = 32.0;

/// Standard deviation of the numbers added, as in ImageNet-C and MNIST-C. Every
/// channel has its own, so a grey image becomes coloured.
pub const NOISE: [f32; 5] = [0.08, 0.12, 0.18, 0.26, 0.38];

/// The share of the columns that are inverted, half of it at either side.
///
/// A blend `(1 - t) x + t (1 - x)` would be no inversion on the way: it is
/// `x` at less contrast below `t = 1/2` and flat grey there. So it is the area
/// that grows, and what is inverted is so entirely. Ours between two of MNIST-C
/// that have no severities: its `stripe`, half of the columns, and its
/// `inverse`, all of them.
pub const INVERSION: [f32; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];

/// What is left of every value's distance from its channel's mean, as in
/// ImageNet-C and MNIST-C.
pub const CONTRAST: [f32; 5] = [0.4, 0.3, 0.2, 0.1, 0.05];

/// What is added to every value, as in ImageNet-C and MNIST-C; but these add it
/// to the value of HSV, which keeps the hue of a coloured image and is the same
/// in a grey one.
pub const BRIGHTNESS: [f32; 5] = [0.1, 0.2, 0.3, 0.4, 0.5];
