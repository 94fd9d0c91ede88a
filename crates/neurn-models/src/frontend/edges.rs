use burn::module::Module;
use burn::tensor::module::conv2d;
use burn::tensor::ops::{ConvOptions, PadMode};
use burn::tensor::{Tensor, TensorData};

use super::{gaussian, root};

/// The magnitude of the Sobel gradient of each channel, `sqrt(gx^2 + gy^2)`.
///
/// ```text
/// gx = 1/8 ( -1 0 1 )       gy = its transpose
///          ( -2 0 2 )
///          ( -1 0 1 )
/// ```
///
/// A plain edge map over three pixels. The border is replicated. Sobel & Feldman
/// 1968; scaled as in kornia, so a step of 1 gives 1/2.
#[derive(Module, Debug, Default)]
pub struct Sobel;

impl Sobel {
    /// The edges of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let across = [-1., 0., 1., -2., 0., 2., -1., 0., 1.].map(|w| w / 8.0);
        let down = [-1., -2., -1., 0., 0., 0., 1., 2., 1.].map(|w| w / 8.0);
        root(filter(images.clone(), &across).square() + filter(images, &down).square())
    }
}

/// The Laplacian of a Gaussian of one pixel, of each channel, over 9 x 9 pixels.
///
/// Marr & Hildreth 1980. The weights are less their mean, so that flat ground
/// gives 0. The border is replicated.
#[derive(Module, Debug, Default)]
pub struct LaplacianOfGaussian;

impl LaplacianOfGaussian {
    /// The edges of a batch, dark ones and bright ones of opposite sign.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let smooth = gaussian(9, 1.0);
        let curved: Vec<f64> = (-4..=4)
            .zip(&smooth)
            .map(|(r, g)| f64::from(r * r - 1) * g)
            .collect();
        let mut weights = Vec::new();
        for i in 0..9 {
            for j in 0..9 {
                weights.push(curved[i] * smooth[j] + smooth[i] * curved[j]);
            }
        }
        let mean = weights.iter().sum::<f64>() / 81.0;
        for weight in &mut weights {
            *weight -= mean;
        }
        filter(images, &weights)
    }
}

/// Each channel correlated with a square of weights.
fn filter(images: Tensor<4>, weights: &[f64]) -> Tensor<4> {
    let [n, c, h, w] = images.dims();
    let side = weights.len().isqrt();
    let radius = side / 2;
    let weights = TensorData::new(weights.to_vec(), [1, 1, side, side]).convert::<f32>();
    let weights = Tensor::<4>::from_data(weights, &images.device()).cast(images.dtype());
    let images = images
        .reshape([n * c, 1, h, w])
        .pad((radius, radius, radius, radius), PadMode::Edge);
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    conv2d(images, weights, None, options).reshape([n, c, h, w])
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    fn image() -> Tensor<4> {
        let rows = [
            3., 1., 4., 1., 5., 9., 2., 6., 5., 3., 5., 8., 9., 7., 9., 3.,
        ];
        let data = TensorData::new(rows.map(|x: f32| x / 9.0).to_vec(), [1, 1, 4, 4]);
        Tensor::from_data(data, &Device::default())
    }

    fn assert_close(found: Tensor<4>, expected: [f32; 16]) {
        let found: Vec<f32> = found.into_data().try_into_vec().unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    /// SciPy: `np.hypot(sobel(x, 0, mode="nearest"), sobel(x, 1, mode="nearest")) / 8`.
    #[test]
    fn sobel_of_known_values() {
        assert_close(
            Sobel.forward(image()),
            [
                0.1964186, 0.2222222, 0.1317616, 0.1934498, 0.124226, 0.1194767, 0.1534078,
                0.3251306, 0.1416394, 0.1057746, 0.1317616, 0.062113, 0.248452, 0.2222222,
                0.137493, 0.2583483,
            ],
        );
    }

    /// NumPy, within 1e-4 of SciPy's `gaussian_laplace(x, 1, mode="nearest")`,
    /// whose weights sum to -1.4e-4:
    ///
    /// ```text
    /// r = np.arange(-4, 5); g = np.exp(-r*r / 2); g /= g.sum(); g2 = (r*r - 1) * g
    /// k = np.outer(g, g2) + np.outer(g2, g); k -= k.mean()
    /// p = np.pad(x, 4, mode="edge")
    /// [[(p[i:i+9, j:j+9] * k).sum() for j in range(4)] for i in range(4)]
    /// ```
    #[test]
    fn laplacian_of_known_values() {
        assert_close(
            LaplacianOfGaussian.forward(image()),
            [
                0.0553937, 0.0615606, 0.0526971, 0.1197153, -0.0280817, -0.0508486, 0.0188045,
                -0.0842574, 0.0300846, 0.0451405, -0.021179, -0.1665455, -0.0900035, -0.0592518,
                -0.1168254, 0.0423346,
            ],
        );
    }

    #[test]
    fn flat_ground_has_no_edges() {
        let images = Tensor::full([2, 3, 12, 11], 0.7, &Device::default());
        for output in [
            Sobel.forward(images.clone()),
            LaplacianOfGaussian.forward(images),
        ] {
            assert!(output.abs().max().into_scalar::<f32>() < 1e-6);
        }
    }
}
