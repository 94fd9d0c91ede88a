use burn::module::Module;
use burn::tensor::Tensor;

/// Luma, `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601), in every channel.
///
/// What is left of a rival that only drops colour. An image of one channel is
/// its own luma.
#[derive(Module, Debug, Default)]
pub struct Greyscale;

impl Greyscale {
    /// Drops the colour of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    ///
    /// # Panics
    ///
    /// If C is neither 1 nor 3.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let shape = images.dims();
        match shape[1] {
            1 => images,
            3 => {
                let weights: Tensor<4> = Tensor::<1>::from_data(
                    [0.299, 0.587, 0.114],
                    (&images.device(), images.dtype()),
                )
                .reshape([1, 3, 1, 1]);
                (images * weights).sum_dim(1).expand(shape)
            }
            channels => panic!("luma is of images of 1 or 3 channels; got {channels}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    #[test]
    fn known_values() {
        let device = Device::default();
        let images = Tensor::<4>::from_data([[[[1.0, 0.0]], [[0.0, 0.5]], [[0.0, 1.0]]]], &device);
        let expected = [0.299, 0.4075, 0.299, 0.4075, 0.299, 0.4075];
        let found: Vec<f32> = Greyscale
            .forward(images)
            .into_data()
            .try_into_vec()
            .unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn one_channel_stays() {
        let images = Tensor::<4>::from_data([[[[0.25, 0.5]]]], &Device::default());
        let output = Greyscale.forward(images.clone());
        assert_eq!(output.into_data(), images.into_data());
    }

    #[test]
    #[should_panic(expected = "1 or 3 channels; got 2")]
    fn two_channels_have_no_luma() {
        Greyscale.forward(Tensor::zeros([1, 2, 4, 4], &Device::default()));
    }
}
