use burn::config::Config;
use burn::nn::conv::Conv2dConfig;

use super::convolution::convolution;

/// Channels that the stem of every ResNet gives.
pub(super) const STEM_CHANNELS: usize = 64;

/// What a residual network does before its first stage.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Stem {
    /// A 7x7 convolution of stride 2 and a 3x3 max-pool of stride 2, for
    /// images of 224x224: a quarter of the height and width is left.
    ImageNet,
    /// A 3x3 convolution of stride 1 and no pool, for images of 32x32: the
    /// height and width stay.
    Cifar,
}

impl Stem {
    /// Its convolution.
    pub(super) fn convolution(self, channels: usize) -> Conv2dConfig {
        match self {
            Self::ImageNet => convolution([channels, STEM_CHANNELS], 7, 2),
            Self::Cifar => convolution([channels, STEM_CHANNELS], 3, 1),
        }
    }

    /// Whether a max-pool follows.
    pub(super) fn pools(self) -> bool {
        self == Self::ImageNet
    }
}
