//! What stands before everything with parameters: NeuRN, and the baselines that it
//! is compared with. A frontend is a map of the pixels and a scale for each image.

mod edges;
mod greyscale;
mod instance_norm;
mod local_contrast;
mod map;
mod names;
mod scale;
mod sigma;
mod standardize;

pub use edges::{LaplacianOfGaussian, Sobel};
pub use greyscale::Greyscale;
pub use instance_norm::InstanceNorm;
pub use local_contrast::{LocalContrastNorm, LocalContrastNormConfig};
pub use map::{Map, MapConfig};
pub use names::{FRONTENDS, UnknownFrontend};
pub use scale::{Magnitude, Scale, ScaleConfig};
pub use sigma::{Sigma, SigmaConfig};
pub use standardize::Standardize;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use neurn_core::NeuRnConfig;

/// Configuration to create a [`Frontend`] with [`init`](FrontendConfig::init).
///
/// ```
/// use neurn_core::NeuRnConfig;
/// use neurn_models::{FrontendConfig, MapConfig, ScaleConfig};
///
/// let neurn = FrontendConfig::neurn(NeuRnConfig::new(5));
/// let sobel = FrontendConfig::new(MapConfig::Sobel).with_scale(ScaleConfig::Max);
/// assert_eq!("sobel-max".parse(), Ok(sobel));
/// assert_eq!(neurn.label(), "neurn (k = 5)");
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct FrontendConfig {
    /// What is computed from the pixels.
    pub map: MapConfig,
    /// How each image of it is scaled. Default: not
    #[config(default = "ScaleConfig::None")]
    pub scale: ScaleConfig,
}

impl FrontendConfig {
    /// The images as they are.
    pub fn none() -> Self {
        Self::new(MapConfig::Identity)
    }

    /// NeuRN.
    pub fn neurn(config: NeuRnConfig) -> Self {
        Self::new(MapConfig::NeuRn(config))
    }

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// How many channels come out of `channels`.
    pub fn channels(&self, channels: usize) -> usize {
        match self.map {
            MapConfig::WithNeuRn(_) => 2 * channels,
            _ => channels,
        }
    }

    /// The side of its patch, if it has one.
    pub fn patch(&self) -> Option<usize> {
        match &self.map {
            MapConfig::NeuRn(config) | MapConfig::WithNeuRn(config) => Some(config.k),
            MapConfig::Sigma(config) => Some(config.k),
            _ => None,
        }
    }

    /// The side of its patch, to be changed.
    pub fn patch_mut(&mut self) -> Option<&mut usize> {
        match &mut self.map {
            MapConfig::NeuRn(config) | MapConfig::WithNeuRn(config) => Some(&mut config.k),
            MapConfig::Sigma(config) => Some(&mut config.k),
            _ => None,
        }
    }

    /// Every how many-th pixel of a row or column comes out.
    pub fn stride(&self) -> usize {
        match &self.map {
            MapConfig::NeuRn(config) | MapConfig::WithNeuRn(config) => config.stride,
            _ => 1,
        }
    }

    /// Initialize a new [`Frontend`]. It has no parameters, so it needs no
    /// device.
    ///
    /// # Panics
    ///
    /// As [`MapConfig::init`] and [`ScaleConfig::init`].
    pub fn init(&self) -> Frontend {
        Frontend {
            map: self.map.init(),
            scale: self.scale.init(),
        }
    }
}

/// What stands before everything with parameters: a map of images with pixels in
/// `0..=1`, and the scale that it is brought to.
///
/// Having no parameters, it can be applied to a data set once instead of in
/// every epoch; see
/// [`Classifier::forward_from_frontend`](crate::Classifier::forward_from_frontend).
///
/// Should be created using [`FrontendConfig`].
#[derive(Module, Debug)]
pub struct Frontend {
    /// What is computed from the pixels.
    pub map: Map,
    /// How each image of it is scaled.
    pub scale: Scale,
}

impl Frontend {
    /// Transforms a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input, but for what [`Map::forward`] says
    ///
    /// # Panics
    ///
    /// As [`Map::forward`].
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.scale.forward(self.map.forward(images))
    }
}

/// The square root, with a gradient of 0 at 0, where it is infinite.
fn root(squares: Tensor<4>) -> Tensor<4> {
    let nothing = squares.clone().equal_elem(0.0);
    squares
        .mask_fill(nothing.clone(), 1.0)
        .sqrt()
        .mask_fill(nothing, 0.0)
}

/// A Gaussian of `width` pixels at `size` places about its middle, which sums to
/// 1.
fn gaussian(size: usize, width: f64) -> Vec<f64> {
    let middle = (size / 2) as f64;
    let values: Vec<f64> = (0..size)
        .map(|i| (-0.5 * ((i as f64 - middle) / width).powi(2)).exp())
        .collect();
    let sum: f64 = values.iter().sum();
    values.into_iter().map(|value| value / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::{Device, Distribution};

    fn images() -> Tensor<4> {
        let uniform = Distribution::Uniform(0.0, 1.0);
        Tensor::random([2, 3, 8, 8], uniform, &Device::default())
    }

    fn all() -> Vec<FrontendConfig> {
        FRONTENDS.map(|name| name.parse().unwrap()).to_vec()
    }

    #[test]
    fn each_applies_its_map_and_then_its_scale() {
        let images = images();
        for config in all() {
            let output = config.init().forward(images.clone());
            let map = config.map.init().forward(images.clone());
            let expected = config.scale.init().forward(map);
            assert_eq!(output.into_data(), expected.into_data(), "{config:?}");
        }
    }

    /// With the largest magnitude, and with a quantile of them.
    #[test]
    fn neurn_is_sigma_and_a_scale() {
        let images = images();
        for (neurn, scale) in [
            (NeuRnConfig::new(5), ScaleConfig::Max),
            (
                NeuRnConfig::new(5).with_quantile(0.9),
                ScaleConfig::Quantile(0.9),
            ),
        ] {
            let sigma = FrontendConfig::new(MapConfig::Sigma(SigmaConfig::new(5)));
            let sigma = sigma.with_scale(scale).init().forward(images.clone());
            let neurn = FrontendConfig::neurn(neurn).init().forward(images.clone());
            // Two roundings of numbers up to 1.
            let largest = (sigma - neurn).abs().max().into_scalar::<f32>();
            assert!(largest <= 2.0 * f32::EPSILON, "{largest}");
        }
    }

    #[test]
    fn none_has_parameters_and_shapes_are_as_said() {
        for config in all() {
            let frontend = config.init();
            assert_eq!(frontend.num_params(), 0, "{config:?}");
            let dims = frontend.forward(images()).dims();
            assert_eq!(dims, [2, config.channels(3), 8, 8], "{config:?}");
        }
    }
}
