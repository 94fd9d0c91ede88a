use burn::module::Module;
use burn::tensor::Tensor;

/// Instance normalization without parameters, `y = (x - mean) / sqrt(var + 1e-5)`,
/// with mean and population variance of each channel of each image.
///
/// Ulyanov, Vedaldi & Lempitsky 2016, [arXiv 1607.08022](https://arxiv.org/abs/1607.08022);
/// epsilon as in PyTorch.
#[derive(Module, Debug, Default)]
pub struct InstanceNorm;

impl InstanceNorm {
    /// Normalizes each channel of each image of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        const EPSILON: f64 = 1e-5;
        let shape = images.dims();
        let pixels: Tensor<3> = images.flatten(2, 3);
        let centered = pixels.clone() - pixels.mean_dim(2);
        let variance = centered.clone().square().mean_dim(2);
        (centered / (variance + EPSILON).sqrt()).reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    /// NumPy: `(x - x.mean()) / np.sqrt(x.var() + 1e-5)` of each channel.
    #[test]
    fn known_values() {
        let device = Device::default();
        let images = Tensor::<4>::from_data([[[[0.25, 0.75]], [[0.5, 0.5]]]], &device);
        let expected = [-0.999_92, 0.999_92, 0.0, 0.0];
        let found: Vec<f32> = InstanceNorm
            .forward(images)
            .into_data()
            .try_into_vec()
            .unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
