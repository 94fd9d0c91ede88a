use burn::config::Config;
use burn::module::Module;
use burn::nn::Identity;
use burn::tensor::Tensor;
use neurn_core::{NeuRn, NeuRnConfig};

use crate::Standardize;

/// Configuration to create a [`Frontend`] with [`init`](FrontendConfig::init).
#[derive(Config, Debug, PartialEq)]
pub enum FrontendConfig {
    /// The images as they are.
    None,
    /// Neural Response Normalization.
    NeuRn(NeuRnConfig),
    /// Per-image standardization.
    Standardize,
}

impl FrontendConfig {
    /// Initialize a new [`Frontend`]. It has no parameters, so it needs no
    /// device.
    ///
    /// # Panics
    ///
    /// As [`NeuRnConfig::init`].
    pub fn init(&self) -> Frontend {
        match self {
            Self::None => Frontend::None(Identity::new()),
            Self::NeuRn(config) => Frontend::NeuRn(config.init()),
            Self::Standardize => Frontend::Standardize(Standardize),
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
    /// As [`NeuRn::forward`].
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self {
            Self::None(identity) => identity.forward(images),
            Self::NeuRn(neurn) => neurn.forward(images),
            Self::Standardize(standardize) => standardize.forward(images),
        }
    }
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
        ] {
            let output = config.init().forward(images.clone());
            assert_eq!(output.into_data(), expected.into_data(), "{config:?}");
        }
    }

    #[test]
    fn none_has_parameters() {
        for config in [
            FrontendConfig::None,
            FrontendConfig::NeuRn(NeuRnConfig::new(3)),
            FrontendConfig::Standardize,
        ] {
            assert_eq!(config.init().num_params(), 0, "{config:?}");
        }
    }
}
