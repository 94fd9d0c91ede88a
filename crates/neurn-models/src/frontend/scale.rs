use burn::config::Config;
use burn::module::Module;
use burn::nn::Identity;
use burn::tensor::Tensor;

use super::{InstanceNorm, Standardize};

/// Configuration to create a [`Scale`] with [`init`](ScaleConfig::init).
#[derive(Config, Debug, PartialEq)]
pub enum ScaleConfig {
    /// Values stay as they are.
    None,
    /// Over the image's largest magnitude.
    Max,
    /// Over this quantile of the image's magnitudes, in `(0, 1]`.
    Quantile(f64),
    /// Mean 0 and deviation 1 in each image: [`Standardize`].
    Image,
    /// Mean 0 and deviation 1 in each channel of each image: [`InstanceNorm`].
    Channel,
}

impl ScaleConfig {
    /// Initialize a new [`Scale`].
    ///
    /// # Panics
    ///
    /// If a quantile is not in `(0, 1]`.
    pub fn init(&self) -> Scale {
        match *self {
            Self::None => Scale::None(Identity::new()),
            Self::Max => Scale::Magnitude(Magnitude { quantile: 1.0 }),
            Self::Quantile(quantile) => {
                assert!(
                    quantile > 0.0 && quantile <= 1.0,
                    "a quantile must be in (0, 1]; got {quantile}"
                );
                Scale::Magnitude(Magnitude { quantile })
            }
            Self::Image => Scale::Image(Standardize),
            Self::Channel => Scale::Channel(InstanceNorm),
        }
    }
}

/// The second half of a [`Frontend`](super::Frontend): each image brought to a
/// scale of its own. It has no parameters.
///
/// Should be created using [`ScaleConfig`].
#[derive(Module, Debug)]
pub enum Scale {
    /// Values stay as they are.
    None(Identity),
    /// Over the largest magnitude, or a quantile.
    Magnitude(Magnitude),
    /// Mean 0 and deviation 1 in each image.
    Image(Standardize),
    /// Mean 0 and deviation 1 in each channel of each image.
    Channel(InstanceNorm),
}

impl Scale {
    /// Scales each image of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        match self {
            Self::None(identity) => identity.forward(maps),
            Self::Magnitude(magnitude) => magnitude.forward(maps),
            Self::Image(standardize) => standardize.forward(maps),
            Self::Channel(norm) => norm.forward(maps),
        }
    }
}

/// `y = x / q(|x|)`, with the quantile `q` of the magnitudes of all channels of the
/// image; 1 is their largest.
///
/// The quantile is the magnitude at rank `ceil(quantile * count)`, so it is always
/// one of them, as in NeuRN. Where it is 0 although the image is not, as of a map that
/// is 0 almost everywhere, the largest magnitude stands in for it. An image of zeros
/// stays so. Values beyond -1..1 become -1 and 1, as those of NeuRN's quantile do.
#[derive(Module, Debug)]
pub struct Magnitude {
    /// Which quantile, in `(0, 1]`.
    pub quantile: f64,
}

impl Magnitude {
    /// Scales each image of a batch.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    pub fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let shape = maps.dims();
        let values: Tensor<2> = maps.flatten(1, 3);
        let divisor = self.divisor(values.clone().abs());
        let zero = divisor.clone().equal_elem(0.0);
        let scaled = values / divisor.mask_fill(zero, 1.0);
        match self.quantile < 1.0 {
            true => scaled.clamp(-1.0, 1.0).reshape(shape),
            false => scaled.reshape(shape),
        }
    }

    /// `[N, 1]` of magnitudes `[N, C H W]`.
    fn divisor(&self, magnitudes: Tensor<2>) -> Tensor<2> {
        let largest = magnitudes.clone().max_dim(1);
        if self.quantile == 1.0 {
            return largest;
        }
        let count = magnitudes.dims()[1];
        // A product that should be whole may come out a rounding above it.
        let rank = (self.quantile * count as f64 * (1.0 - f64::EPSILON)).ceil();
        let place = (rank as usize).clamp(1, count) - 1;
        let quantile = magnitudes.sort(1).narrow(1, place, 1);
        let zero = quantile.clone().equal_elem(0.0);
        quantile.mask_where(zero, largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::{Device, TensorData};

    fn scaled(config: ScaleConfig, values: &[f32]) -> Vec<f32> {
        let data = TensorData::new(values.to_vec(), [1, 1, 1, values.len()]);
        let maps = Tensor::<4>::from_data(data, &Device::default());
        let output = config.init().forward(maps).into_data();
        output.try_into_vec().unwrap()
    }

    #[test]
    fn the_largest_magnitude_becomes_one() {
        assert_eq!(
            scaled(ScaleConfig::Max, &[1.0, -4.0, 2.0, 0.0]),
            [0.25, -1.0, 0.5, 0.0]
        );
        assert_eq!(scaled(ScaleConfig::Max, &[0.0; 3]), [0.0; 3]);
    }

    /// Of 0, 1, 2, 4 the second is the median, and what is larger saturates.
    #[test]
    fn a_quantile_is_one_of_the_magnitudes() {
        let output = scaled(ScaleConfig::Quantile(0.5), &[1.0, -4.0, 2.0, 0.0]);
        assert_eq!(output, [1.0, -1.0, 1.0, 0.0]);
        let one = scaled(ScaleConfig::Quantile(1.0), &[1.0, -4.0, 2.0, 0.0]);
        assert_eq!(one, scaled(ScaleConfig::Max, &[1.0, -4.0, 2.0, 0.0]));
    }

    #[test]
    fn a_quantile_of_zero_gives_way_to_the_largest() {
        let output = scaled(ScaleConfig::Quantile(0.5), &[0.0, 0.0, 0.0, 3.0]);
        assert_eq!(output, [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn every_image_has_its_own_scale() {
        let data = TensorData::from([[[[2.0_f32, 1.0]]], [[[0.5, 0.25]]]]);
        let maps = Tensor::<4>::from_data(data, &Device::default());
        let output: Vec<f32> = ScaleConfig::Max
            .init()
            .forward(maps)
            .into_data()
            .try_into_vec()
            .unwrap();
        assert_eq!(output, [1.0, 0.5, 1.0, 0.5]);
    }

    #[test]
    #[should_panic(expected = "a quantile must be in (0, 1]; got 1.5")]
    fn a_quantile_beyond_one_is_rejected() {
        ScaleConfig::Quantile(1.5).init();
    }
}
