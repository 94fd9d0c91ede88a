use burn::config::Config;
use burn::module::Module;
use burn::tensor::module::conv2d;
use burn::tensor::ops::{ConvOptions, PadMode};
use burn::tensor::{Device, Tensor, TensorData};

use super::{gaussian, root};

/// Configuration to create a [`LocalContrastNorm`] with
/// [`init`](LocalContrastNormConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct LocalContrastNormConfig {
    /// The side of the window. Default: 9
    #[config(default = 9)]
    pub size: usize,
    /// Whether to divide by the local deviation, too. Default: true
    #[config(default = true)]
    pub divisive: bool,
}

impl LocalContrastNormConfig {
    /// Initialize a new [`LocalContrastNorm`].
    ///
    /// # Panics
    ///
    /// If the size is even.
    pub fn init(&self) -> LocalContrastNorm {
        assert!(
            self.size % 2 == 1,
            "a window needs a middle, so its size must be odd; got {}",
            self.size
        );
        LocalContrastNorm {
            size: self.size,
            divisive: self.divisive,
        }
    }
}

/// Local contrast normalization, subtractive and then divisive:
///
/// ```text
/// v = x - sum of w x            over a window and all channels
/// s = sqrt( sum of w v^2 )
/// y = v / max(s, mean of s)     the mean over the image
/// ```
///
/// w is a Gaussian that sums to 1, of a quarter of the window. The border is
/// replicated. A flat grey image becomes 0.
///
/// Jarrett, Kavukcuoglu, Ranzato & LeCun, "What is the best multi-stage
/// architecture for object recognition?", ICCV 2009, section 2; the width of the
/// Gaussian, which they leave open, is that of Torch7's `image.gaussian`.
///
/// Should be created using [`LocalContrastNormConfig`].
#[derive(Module, Debug)]
pub struct LocalContrastNorm {
    /// The side of the window.
    pub size: usize,
    /// Whether to divide by the local deviation, too.
    pub divisive: bool,
}

impl LocalContrastNorm {
    /// Normalizes each image of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let shape = images.dims();
        let [n, c, h, w] = shape;
        // From the first pixel on, a flat image is exactly 0.
        let first = images.clone().slice([0..n, 0..1, 0..1, 0..1]);
        let images = images - first;
        let window = self.window(c, &images.device()).cast(images.dtype());
        let centered = images.clone() - blur(images, window.clone()).expand(shape);
        if !self.divisive {
            return centered;
        }
        let deviation = root(blur(centered.clone().square(), window));
        let mean: Tensor<4> = deviation
            .clone()
            .reshape([n, h * w])
            .mean_dim(1)
            .reshape([n, 1, 1, 1]);
        let divisor = deviation.clone().max_pair(mean.expand(deviation.dims()));
        let nothing = divisor.clone().equal_elem(0.0);
        centered / divisor.mask_fill(nothing, 1.0).expand(shape)
    }

    /// `[1, C, size, size]`.
    fn window(&self, channels: usize, device: &Device) -> Tensor<4> {
        let side = gaussian(self.size, self.size as f64 / 4.0);
        let mut values = Vec::with_capacity(channels * self.size * self.size);
        for _ in 0..channels {
            for row in &side {
                values.extend(side.iter().map(|column| row * column / channels as f64));
            }
        }
        let shape = [1, channels, self.size, self.size];
        Tensor::from_data(TensorData::new(values, shape).convert::<f32>(), device)
    }
}

/// The sum over the window around each pixel, `[N, 1, H, W]`.
fn blur(images: Tensor<4>, window: Tensor<4>) -> Tensor<4> {
    let radius = window.dims()[2] / 2;
    let images = images.pad((radius, radius, radius, radius), PadMode::Edge);
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    conv2d(images, window, None, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [[f64; 4]; 4] = [
        [3., 1., 4., 1.],
        [5., 9., 2., 6.],
        [5., 3., 5., 8.],
        [9., 7., 9., 3.],
    ];

    /// The rows over 9, and their transpose as a second channel.
    fn images() -> Tensor<4> {
        let value = |i: usize, j: usize| (ROWS[i][j] / 9.0) as f32;
        let places = || (0..4).flat_map(|i| (0..4).map(move |j| (i, j)));
        let rows = places().map(|(i, j)| value(i, j));
        let columns = places().map(|(i, j)| value(j, i));
        let values: Vec<f32> = rows.chain(columns).collect();
        Tensor::from_data(TensorData::new(values, [1, 2, 4, 4]), &Device::default())
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// NumPy, with X the two channels:
    ///
    /// ```text
    /// r = np.arange(-4, 5); g = np.exp(-r*r / (2 * 2.25**2))
    /// w = np.outer(g, g); w /= 2 * w.sum()
    /// def blur(a):
    ///     q = np.pad(a, ((0, 0), (4, 4), (4, 4)), mode="edge")
    ///     return np.array([[(q[:, i:i+9, j:j+9] * w).sum() for j in range(4)]
    ///                      for i in range(4)])
    /// v = X - blur(X); s = np.sqrt(blur(v * v)); y = v / np.maximum(s, s.mean())
    /// ```
    #[test]
    fn known_values() {
        for (divisive, expected) in [
            (
                false,
                [
                    -0.1071756, -0.3656367, -0.0711113, -0.4396515, 0.0788078, 0.4911671,
                ],
            ),
            (
                true,
                [
                    -0.3594937, -1.2264368, -0.2361468, -1.3384776, 0.2643409, 1.6474974,
                ],
            ),
        ] {
            let norm = LocalContrastNormConfig::new()
                .with_divisive(divisive)
                .init();
            let found = values(norm.forward(images()));
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected as f32).abs() < 2e-6, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_flat_grey_image_is_0() {
        for divisive in [false, true] {
            let norm = LocalContrastNormConfig::new()
                .with_divisive(divisive)
                .init();
            let images = Tensor::full([2, 3, 12, 11], 0.7, &Device::default());
            assert!(values(norm.forward(images)).iter().all(|&y| y == 0.0));
        }
    }

    /// Brightness is subtracted and contrast divided out.
    #[test]
    fn brightness_and_contrast_are_undone() {
        let norm = LocalContrastNormConfig::new().init();
        let output = values(norm.forward(images()));
        let changed = values(norm.forward(images() * 3.0 + 5.0));
        for (a, b) in output.iter().zip(&changed) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
