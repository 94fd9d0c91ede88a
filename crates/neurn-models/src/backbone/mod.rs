mod catalogue;
mod convolution;
mod digit_net;
mod head;
mod layers;
mod resnet;
mod resnet_v2;
mod stem;
mod vgg;

pub use catalogue::{MODELS, UnknownModel};
pub use digit_net::{DigitNet, DigitNetConfig, DigitNetSize};
pub use head::Head;
pub use layers::UnknownLayer;
pub use resnet::{ConvNorm, ResNet, ResNetConfig, ResNetDepth, ResidualBlock};
pub use resnet_v2::{PreActivationBlock, ResNetV2, ResNetV2Config};
pub use stem::Stem;
pub use vgg::{Vgg, VggConfig, VggConvolution, VggDepth, VggHead};

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use layers::Layers;

/// Configuration to create a [`Backbone`] with [`init`](BackboneConfig::init).
#[derive(Config, Debug, PartialEq)]
pub enum BackboneConfig {
    /// A network of the single-source digit protocol.
    DigitNet(DigitNetConfig),
    /// A VGG.
    Vgg(VggConfig),
    /// A ResNet.
    ResNet(ResNetConfig),
    /// A ResNet-50 V2.
    ResNetV2(ResNetV2Config),
}

impl BackboneConfig {
    /// Initialize a new [`Backbone`].
    ///
    /// # Panics
    ///
    /// As the `init` of the family.
    pub fn init(&self, device: &Device) -> Backbone {
        match self {
            Self::DigitNet(config) => Backbone::DigitNet(config.init(device)),
            Self::Vgg(config) => Backbone::Vgg(config.init(device)),
            Self::ResNet(config) => Backbone::ResNet(config.init(device)),
            Self::ResNetV2(config) => Backbone::ResNetV2(config.init(device)),
        }
    }

    /// Channels of the images that the backbone takes.
    pub fn channels(&self) -> usize {
        match self {
            Self::DigitNet(config) => config.channels,
            Self::Vgg(config) => config.channels,
            Self::ResNet(config) => config.channels,
            Self::ResNetV2(config) => config.channels,
        }
    }

    /// Classes that the backbone tells apart.
    pub fn num_classes(&self) -> usize {
        match self {
            Self::DigitNet(config) => config.num_classes,
            Self::Vgg(config) => config.num_classes,
            Self::ResNet(config) => config.num_classes,
            Self::ResNetV2(config) => config.num_classes,
        }
    }
}

/// A convolutional network from images to logits, of any family.
///
/// It is an ordered list of named layers and a head. The names are
///
/// - digit networks: `conv1`, `pool1`, `conv2`, ...
/// - VGG: `conv1_1` .. `conv5_4` and `pool1` .. `pool5`
/// - ResNet: `stem`, `layer1.0` .. `layer4.2`; `layer3` is the last block of
///   its stage
/// - ResNet V2: as ResNet, then `post`
///
/// A convolution's features are those after its ReLU.
///
/// Should be created using [`BackboneConfig`].
#[derive(Module, Debug)]
pub enum Backbone {
    /// A network of the single-source digit protocol.
    DigitNet(DigitNet),
    /// A VGG.
    Vgg(Vgg),
    /// A ResNet.
    ResNet(ResNet),
    /// A ResNet-50 V2.
    ResNetV2(ResNetV2),
}

impl Backbone {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input's channels or size do not suit the backbone.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Self::DigitNet(network) => network.forward(images),
            Self::Vgg(network) => network.forward(images),
            Self::ResNet(network) => network.forward(images),
            Self::ResNetV2(network) => network.forward(images),
        }
    }

    /// The output of the layer called `layer`.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, C, h, w]` with the layer's C, h and w
    ///
    /// # Errors
    ///
    /// If the backbone has no layer of this name.
    ///
    /// # Panics
    ///
    /// As [`forward`](Backbone::forward).
    pub fn features(&self, images: Tensor<4>, layer: &str) -> Result<Tensor<4>, UnknownLayer> {
        self.layers().features(images, layer)
    }

    /// The names of the layers, first to last.
    pub fn layer_names(&self) -> Vec<String> {
        self.layers().names()
    }

    fn layers(&self) -> Layers<'_> {
        match self {
            Self::DigitNet(network) => network.layers(),
            Self::Vgg(network) => network.layers(),
            Self::ResNet(network) => network.layers(),
            Self::ResNetV2(network) => network.layers(),
        }
    }
}
