//! What stands before everything with parameters: NeuRN, and the rivals that it
//! is compared with.

mod edges;
mod greyscale;
mod instance_norm;
mod local_contrast;
mod sigma;
mod standardize;

pub use edges::{LaplacianOfGaussian, Sobel};
pub use greyscale::Greyscale;
pub use instance_norm::InstanceNorm;
pub use local_contrast::{LocalContrastNorm, LocalContrastNormConfig};
pub use sigma::{Sigma, SigmaConfig};
pub use standardize::Standardize;

use burn::config::Config;
use burn::module::Module;
use burn::nn::{Identity, LocalResponseNorm, LocalResponseNormConfig};
use burn::tensor::Tensor;
use neurn_core::{NeuRn, NeuRnConfig};

/// Configuration to create a [`Frontend`] with [`init`](FrontendConfig::init).
#[derive(Config, Debug, PartialEq)]
pub enum FrontendConfig {
    /// The images as they are.
    None,
    /// Neural Response Normalization.
    NeuRn(NeuRnConfig),
    /// Per-image standardization.
    Standardize,
    /// Luma in every channel.
    Greyscale,
    /// Each channel of each image less its mean over its deviation.
    InstanceNorm,
    /// Local response normalization over five channels as in AlexNet:
    /// `y = x / (2 + 1e-4 sum of x^2)^0.75`.
    ///
    /// It was made for activations in the tens. Pixels in `0..=1` it hardly does
    /// more to than scale.
    ///
    /// Krizhevsky, Sutskever & Hinton 2012, section 3.3.
    LocalResponseNorm,
    /// Local contrast normalization.
    LocalContrastNorm(LocalContrastNormConfig),
    /// The magnitude of the Sobel gradient.
    Sobel,
    /// The Laplacian of a Gaussian.
    LaplacianOfGaussian,
    /// The local standard deviation, not divided by its largest.
    Sigma(SigmaConfig),
}

impl FrontendConfig {
    /// Initialize a new [`Frontend`]. It has no parameters, so it needs no
    /// device.
    ///
    /// # Panics
    ///
    /// As the `init` of the configuration inside.
    pub fn init(&self) -> Frontend {
        match self {
            Self::None => Frontend::None(Identity::new()),
            Self::NeuRn(config) => Frontend::NeuRn(config.init()),
            Self::Standardize => Frontend::Standardize(Standardize),
            Self::Greyscale => Frontend::Greyscale(Greyscale),
            Self::InstanceNorm => Frontend::InstanceNorm(InstanceNorm),
            // Burn divides alpha by the size.
            Self::LocalResponseNorm => Frontend::LocalResponseNorm(
                LocalResponseNormConfig::new(5)
                    .with_alpha(5e-4)
                    .with_beta(0.75)
                    .with_k(2.0)
                    .init(),
            ),
            Self::LocalContrastNorm(config) => Frontend::LocalContrastNorm(config.init()),
            Self::Sobel => Frontend::Sobel(Sobel),
            Self::LaplacianOfGaussian => Frontend::LaplacianOfGaussian(LaplacianOfGaussian),
            Self::Sigma(config) => Frontend::Sigma(config.init()),
        }
    }
}

/// What stands before everything with parameters: a transform of images with
/// pixels in `0..=1`.
///
/// Having no parameters, it can be applied to a data set once instead of in
/// every epoch; see
/// [`Classifier::forward_from_frontend`](crate::Classifier::forward_from_frontend).
///
/// Should be created using [`FrontendConfig`].
#[derive(Module, Debug)]
pub enum Frontend {
    /// The images as they are.
    None(Identity),
    /// Neural Response Normalization.
    NeuRn(NeuRn),
    /// Per-image standardization.
    Standardize(Standardize),
    /// Luma in every channel.
    Greyscale(Greyscale),
    /// Each channel of each image less its mean over its deviation.
    InstanceNorm(InstanceNorm),
    /// Local response normalization.
    LocalResponseNorm(LocalResponseNorm),
    /// Local contrast normalization.
    LocalContrastNorm(LocalContrastNorm),
    /// The magnitude of the Sobel gradient.
    Sobel(Sobel),
    /// The Laplacian of a Gaussian.
    LaplacianOfGaussian(LaplacianOfGaussian),
    /// The local standard deviation.
    Sigma(Sigma),
}

impl Frontend {
    /// Transforms a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input, unless NeuRN is configured to another
    ///
    /// # Panics
    ///
    /// As the `forward` of the module inside.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::None(identity) => identity.forward(images),
            Self::NeuRn(neurn) => neurn.forward(images),
            Self::Standardize(standardize) => standardize.forward(images),
            Self::Greyscale(greyscale) => greyscale.forward(images),
            Self::InstanceNorm(norm) => norm.forward(images),
            Self::LocalResponseNorm(norm) => norm.forward(images),
            Self::LocalContrastNorm(norm) => norm.forward(images),
            Self::Sobel(sobel) => sobel.forward(images),
            Self::LaplacianOfGaussian(laplacian) => laplacian.forward(images),
            Self::Sigma(sigma) => sigma.forward(images),
        }
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
        Tensor::random(
            [2, 3, 8, 8],
            Distribution::Uniform(0.0, 1.0),
            &Device::default(),
        )
    }

    #[test]
    fn each_applies_its_transform() {
        let images = images();
        for (config, expected) in [
            (FrontendConfig::None, images.clone()),
            (
                FrontendConfig::NeuRn(NeuRnConfig::new(3)),
                NeuRnConfig::new(3).init().forward(images.clone()),
            ),
            (
                FrontendConfig::Standardize,
                Standardize.forward(images.clone()),
            ),
            (FrontendConfig::Greyscale, Greyscale.forward(images.clone())),
            (
                FrontendConfig::InstanceNorm,
                InstanceNorm.forward(images.clone()),
            ),
            (
                FrontendConfig::LocalContrastNorm(LocalContrastNormConfig::new()),
                LocalContrastNormConfig::new()
                    .init()
                    .forward(images.clone()),
            ),
            (FrontendConfig::Sobel, Sobel.forward(images.clone())),
            (
                FrontendConfig::LaplacianOfGaussian,
                LaplacianOfGaussian.forward(images.clone()),
            ),
            (
                FrontendConfig::Sigma(SigmaConfig::new(5)),
                SigmaConfig::new(5).init().forward(images.clone()),
            ),
        ] {
            let output = config.init().forward(images.clone());
            assert_eq!(output.into_data(), expected.into_data(), "{config:?}");
        }
    }

    /// AlexNet's formula, written out.
    #[test]
    fn local_response_norm_is_that_of_alexnet() {
        let images = images();
        let output = FrontendConfig::LocalResponseNorm
            .init()
            .forward(images.clone());
        // Five channels about each of three are all of them.
        let sum = images.clone().square().sum_dim(1);
        let divisor = (sum * 1e-4 + 2.0).powf_scalar(0.75).expand(images.dims());
        let largest = (output - images / divisor).abs().max();
        assert!(largest.into_scalar::<f32>() < 1e-6);
    }

    #[test]
    fn none_has_parameters_and_all_keep_the_shape() {
        for config in [
            FrontendConfig::None,
            FrontendConfig::NeuRn(NeuRnConfig::new(3)),
            FrontendConfig::Standardize,
            FrontendConfig::Greyscale,
            FrontendConfig::InstanceNorm,
            FrontendConfig::LocalResponseNorm,
            FrontendConfig::LocalContrastNorm(LocalContrastNormConfig::new()),
            FrontendConfig::Sobel,
            FrontendConfig::LaplacianOfGaussian,
            FrontendConfig::Sigma(SigmaConfig::new(3)),
        ] {
            let frontend = config.init();
            assert_eq!(frontend.num_params(), 0, "{config:?}");
            let images = images();
            assert_eq!(frontend.forward(images.clone()).dims(), images.dims());
        }
    }
}
