mod catalogue;
mod convolution;
mod digit_net;
mod head;
#[cfg(feature = "weights")]
mod keras;
mod layers;
mod mobilenet;
mod resnet;
mod resnet_v2;
mod stem;
mod vgg;

pub use catalogue::{MODELS, UnknownModel};
pub use digit_net::{DigitNet, DigitNetConfig, DigitNetSize};
pub use head::Head;
#[cfg(feature = "weights")]
pub use keras::{KerasError, LoadedLayers};
pub use layers::{AfterLayer, LayerName, UnknownLayer};
pub use mobilenet::{MobileNet, MobileNetConfig, SeparableConvolution};
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
    /// A MobileNet V1.
    MobileNet(MobileNetConfig),
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
            Self::MobileNet(config) => Backbone::MobileNet(config.init(device)),
        }
    }

    /// Channels of the images that the backbone takes.
    pub fn channels(&self) -> usize {
        match self {
            Self::DigitNet(config) => config.channels,
            Self::Vgg(config) => config.channels,
            Self::ResNet(config) => config.channels,
            Self::ResNetV2(config) => config.channels,
            Self::MobileNet(config) => config.channels,
        }
    }

    /// Side of the smallest square images that leave a pixel for the head.
    pub fn smallest_image(&self) -> usize {
        match self {
            Self::DigitNet(config) => config.size.smallest_image(),
            // Five pools halve the image.
            Self::Vgg(_) => 32,
            Self::ResNet(_) | Self::ResNetV2(_) | Self::MobileNet(_) => 1,
        }
    }

    /// Classes that the backbone tells apart.
    pub fn num_classes(&self) -> usize {
        match self {
            Self::DigitNet(config) => config.num_classes,
            Self::Vgg(config) => config.num_classes,
            Self::ResNet(config) => config.num_classes,
            Self::ResNetV2(config) => config.num_classes,
            Self::MobileNet(config) => config.num_classes,
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
/// - MobileNet: `conv1`, `conv_dw_1`, `conv_pw_1` .. `conv_dw_13`, `conv_pw_13`
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
    /// A MobileNet V1.
    MobileNet(MobileNet),
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
        self.forward_with(images, &mut |_, x| x)
    }

    /// The logits of a batch of images, where `after` takes the output of each
    /// layer and gives the input of the next.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use neurn_models::{BackboneConfig, NeuRnConfig};
    ///
    /// # fn main() -> Result<(), neurn_models::UnknownModel> {
    /// let device = Device::default();
    /// let backbone = BackboneConfig::from_name("resnet18", 10, 3, 32)?.init(&device);
    /// let neurn = NeuRnConfig::new(3).init();
    /// let images = Tensor::<4>::ones([2, 3, 32, 32], &device);
    /// let logits = backbone.forward_with(images, &mut |layer, x| match layer.is("layer1") {
    ///     true => neurn.forward(x),
    ///     false => x,
    /// });
    /// assert_eq!(logits.dims(), [2, 10]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Shapes
    ///
    /// As [`forward`](Backbone::forward).
    ///
    /// # Panics
    ///
    /// As [`forward`](Backbone::forward), or if what `after` gives does not suit
    /// the next layer.
    pub fn forward_with(&self, images: Tensor<4>, after: AfterLayer<'_>) -> Tensor<2> {
        let x = self.layers().forward_with(images, after);
        match self {
            Self::DigitNet(network) => network.head(x),
            Self::Vgg(network) => network.head.forward(x),
            Self::ResNet(network) => network.head(x),
            Self::ResNetV2(network) => network.head(x),
            Self::MobileNet(network) => network.head(x),
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
        self.features_with(images, layer, &mut |_, x| x)
    }

    /// The output of the layer called `layer`, where `after` takes the output of
    /// each layer, that one's too, and gives the input of the next.
    ///
    /// # Shapes
    ///
    /// As [`features`](Backbone::features).
    ///
    /// # Errors
    ///
    /// As [`features`](Backbone::features).
    ///
    /// # Panics
    ///
    /// As [`forward_with`](Backbone::forward_with).
    pub fn features_with(
        &self,
        images: Tensor<4>,
        layer: &str,
        after: AfterLayer<'_>,
    ) -> Result<Tensor<4>, UnknownLayer> {
        self.layers().features_with(images, layer, after)
    }

    /// The names of the layers, first to last.
    pub fn layer_names(&self) -> Vec<String> {
        self.layers().names()
    }

    /// Whether a layer is called `name`.
    pub fn has_layer(&self, name: &str) -> bool {
        self.layers().have(name)
    }

    fn layers(&self) -> Layers<'_> {
        match self {
            Self::DigitNet(network) => network.layers(),
            Self::Vgg(network) => network.layers(),
            Self::ResNet(network) => network.layers(),
            Self::ResNetV2(network) => network.layers(),
            Self::MobileNet(network) => network.layers(),
        }
    }
}
