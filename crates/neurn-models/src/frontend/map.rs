use burn::config::Config;
use burn::module::Module;
use burn::nn::{Identity, LocalResponseNorm, LocalResponseNormConfig};
use burn::tensor::Tensor;
use neurn_core::{NeuRn, NeuRnConfig};

use super::{
    Greyscale, LaplacianOfGaussian, LocalContrastNorm, LocalContrastNormConfig, Sigma, SigmaConfig,
    Sobel,
};

/// Configuration to create a [`Map`] with [`init`](MapConfig::init).
#[derive(Config, Debug, PartialEq)]
pub enum MapConfig {
    /// The images as they are.
    Identity,
    /// Neural Response Normalization, which brings its scale with it.
    NeuRn(NeuRnConfig),
    /// The images, and their NeuRN maps as further channels.
    WithNeuRn(NeuRnConfig),
    /// The local standard deviation.
    Sigma(SigmaConfig),
    /// The magnitude of the Sobel gradient.
    Sobel,
    /// The Laplacian of a Gaussian.
    LaplacianOfGaussian,
    /// Luma in every channel.
    Greyscale,
    /// Local contrast normalization.
    LocalContrastNorm(LocalContrastNormConfig),
    /// Local response normalization over five channels as in AlexNet:
    /// `y = x / (2 + 1e-4 sum of x^2)^0.75`.
    ///
    /// It was made for activations in the tens. It does little more than scale
    /// pixels in `0..=1`.
    ///
    /// Krizhevsky, Sutskever & Hinton 2012, section 3.3.
    LocalResponseNorm,
}

impl MapConfig {
    /// Initialize a new [`Map`].
    ///
    /// # Panics
    ///
    /// As the `init` of the configuration inside.
    pub fn init(&self) -> Map {
        match self {
            Self::Identity => Map::Identity(Identity::new()),
            Self::NeuRn(config) => Map::NeuRn(config.init()),
            Self::WithNeuRn(config) => Map::WithNeuRn(config.init()),
            Self::Sigma(config) => Map::Sigma(config.init()),
            Self::Sobel => Map::Sobel(Sobel),
            Self::LaplacianOfGaussian => Map::LaplacianOfGaussian(LaplacianOfGaussian),
            Self::Greyscale => Map::Greyscale(Greyscale),
            Self::LocalContrastNorm(config) => Map::LocalContrastNorm(config.init()),
            // Burn divides alpha by the size.
            Self::LocalResponseNorm => Map::LocalResponseNorm(
                LocalResponseNormConfig::new(5)
                    .with_alpha(5e-4)
                    .with_beta(0.75)
                    .with_k(2.0)
                    .init(),
            ),
        }
    }
}

/// The first half of a [`Frontend`](super::Frontend): what is computed from the
/// pixels. It has no parameters.
///
/// Should be created using [`MapConfig`].
#[derive(Module, Debug)]
pub enum Map {
    /// The images as they are.
    Identity(Identity),
    /// Neural Response Normalization.
    NeuRn(NeuRn),
    /// The images, and their NeuRN maps as further channels.
    WithNeuRn(NeuRn),
    /// The local standard deviation.
    Sigma(Sigma),
    /// The magnitude of the Sobel gradient.
    Sobel(Sobel),
    /// The Laplacian of a Gaussian.
    LaplacianOfGaussian(LaplacianOfGaussian),
    /// Luma in every channel.
    Greyscale(Greyscale),
    /// Local contrast normalization.
    LocalContrastNorm(LocalContrastNorm),
    /// Local response normalization.
    LocalResponseNorm(LocalResponseNorm),
}

impl Map {
    /// Maps a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input; `[N, 2 C, H, W]` of [`WithNeuRn`](Map::WithNeuRn);
    ///   smaller if NeuRN has a stride
    ///
    /// # Panics
    ///
    /// As the `forward` of the module inside, or if NeuRN beside the images does
    /// not keep their size.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Identity(identity) => identity.forward(images),
            Self::NeuRn(neurn) => neurn.forward(images),
            Self::WithNeuRn(neurn) => Tensor::cat(vec![images.clone(), neurn.forward(images)], 1),
            Self::Sigma(sigma) => sigma.forward(images),
            Self::Sobel(sobel) => sobel.forward(images),
            Self::LaplacianOfGaussian(laplacian) => laplacian.forward(images),
            Self::Greyscale(greyscale) => greyscale.forward(images),
            Self::LocalContrastNorm(norm) => norm.forward(images),
            Self::LocalResponseNorm(norm) => norm.forward(images),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::{Device, Distribution};

    fn images() -> Tensor<4> {
        let uniform = Distribution::Uniform(0.0, 1.0);
        Tensor::random([2, 3, 8, 8], uniform, &Device::default())
    }

    /// AlexNet's formula, written out.
    #[test]
    fn local_response_norm_is_that_of_alexnet() {
        let images = images();
        let output = MapConfig::LocalResponseNorm.init().forward(images.clone());
        // Five channels about each of three are all of them.
        let sum = images.clone().square().sum_dim(1);
        let divisor = (sum * 1e-4 + 2.0).powf_scalar(0.75).expand(images.dims());
        let largest = (output - images / divisor).abs().max();
        assert!(largest.into_scalar::<f32>() < 1e-6);
    }

    #[test]
    fn neurn_stands_beside_the_image() {
        let images = images();
        let neurn = NeuRnConfig::new(3);
        let output = MapConfig::WithNeuRn(neurn.clone())
            .init()
            .forward(images.clone());
        assert_eq!(output.dims(), [2, 6, 8, 8]);
        let [image, map] = [output.clone().narrow(1, 0, 3), output.narrow(1, 3, 3)];
        assert_eq!(image.into_data(), images.clone().into_data());
        assert_eq!(map.into_data(), neurn.init().forward(images).into_data());
    }
}
