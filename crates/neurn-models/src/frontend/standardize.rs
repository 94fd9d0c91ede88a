use burn::module::Module;
use burn::tensor::Tensor;

/// Per-image standardization: `y = (x - mean) / std`.
///
/// Mean and (population) standard deviation are those of all pixels of all
/// channels of the image. A flat image becomes 0. A change of brightness or
/// contrast of the whole image is undone, as NeuRN does, but by two global
/// numbers and without its locality.
#[derive(Module, Debug, Default)]
pub struct Standardize;

impl Standardize {
    /// Standardizes each image of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let shape = images.dims();
        let pixels: Tensor<2> = images.flatten(1, 3);
        // From the first pixel on, a flat image is exactly 0, which its mean
        // as rounded could miss.
        let first = pixels.clone().narrow(1, 0, 1);
        let pixels = pixels - first;
        let mean = pixels.clone().mean_dim(1);
        let centered = pixels - mean;
        let variance = centered.clone().square().mean_dim(1);
        let flat = variance.clone().equal_elem(0.0);
        // Filled before the root, whose gradient at 0 is infinite.
        let std = variance.mask_fill(flat, 1.0).sqrt();
        (centered / std).reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::{Device, Distribution};

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn known_values() {
        // mean 3, deviations -2 -1 0 3, variance 14 / 4
        let images = Tensor::from_data([[[[1.0, 2.0]], [[3.0, 6.0]]]], &Device::default());
        let std = 3.5_f32.sqrt();
        let expected = [-2.0 / std, -1.0 / std, 0.0, 3.0 / std];
        for (value, expected) in values(Standardize.forward(images)).iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
    }

    #[test]
    fn each_image_has_mean_0_and_std_1() {
        let device = Device::default();
        let images = Tensor::<4>::random([3, 3, 8, 8], Distribution::Uniform(0.2, 0.4), &device);
        let output: Tensor<2> = Standardize.forward(images).flatten(1, 3);
        for row in output
            .into_data()
            .try_into_vec::<f32>()
            .unwrap()
            .chunks(192)
        {
            let mean = row.iter().sum::<f32>() / 192.0;
            let variance = row.iter().map(|x| x * x).sum::<f32>() / 192.0;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_flat_image_is_0() {
        for value in [0.0, 0.1, 0.7, 1.0] {
            let images = Tensor::full([2, 3, 5, 7], value, &Device::default());
            assert_eq!(values(Standardize.forward(images)), [0.0; 210], "{value}");
        }
    }

    #[test]
    fn a_flat_image_has_a_finite_gradient() {
        let device = Device::default().autodiff();
        let images = Tensor::<4>::full([1, 1, 3, 3], 0.1, &device).require_grad();
        let gradients = Standardize.forward(images.clone()).sum().backward();
        let gradient = images.grad(&gradients).unwrap();
        assert!(values(gradient).iter().all(|g| g.is_finite()));
    }
}
