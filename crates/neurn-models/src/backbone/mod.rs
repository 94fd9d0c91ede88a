mod catalogue;
mod cifar_resnet;
mod conv_norm;
mod convnext;
mod convolution;
mod densenet;
mod digit_net;
mod efficientnet;
mod head;
mod inception;
mod layers;
mod mobilenet;
mod mobilenet_v2;
mod operation;
mod resnet;
mod resnet_v2;
mod squeezenet;
mod stem;
mod vgg;
mod vit;
mod xception;

pub use catalogue::{MODELS, Model, UnknownModel};
pub use cifar_resnet::{
    CifarBlock, CifarResNet, CifarResNet20Weights, CifarResNet56Weights, CifarResNetConfig,
    CifarResNetDepth,
};
pub use conv_norm::ConvNorm;
pub use convnext::{ConvNeXt, ConvNeXtBlock, ConvNeXtConfig, ConvNeXtTinyWeights, Downsample};
pub use densenet::{DenseLayer, DenseNet, DenseNet121Weights, DenseNetConfig, Transition};
pub use digit_net::{DigitNet, DigitNetConfig, DigitNetSize};
pub use efficientnet::{
    EfficientNet, EfficientNetB0Weights, EfficientNetConfig, EfficientNetLite0Weights,
    EfficientNetVariant, Excitation, MobileBlock,
};
pub use head::Head;
pub use inception::{Inception, InceptionBranch, InceptionConfig, InceptionV3Weights};
pub use layers::{AfterLayer, LayerName, UnknownLayer};
pub use mobilenet::{
    MobileNet, MobileNetConfig, MobileNetThreeQuartersWeights, MobileNetWidth, SeparableConvolution,
};
pub use mobilenet_v2::{InvertedResidual, MobileNetV2, MobileNetV2Config, MobileNetV2Weights};
pub use operation::{Activation, Operation};
pub use resnet::{
    ResNet, ResNet18Weights, ResNet34Weights, ResNet50Weights, ResNet101Weights, ResNet152Weights,
    ResNetConfig, ResNetDepth, ResidualBlock,
};
pub use resnet_v2::{PreActivationBlock, ResNetV2, ResNetV2Config};
pub use squeezenet::{Fire, SqueezeNet, SqueezeNet11Weights, SqueezeNetConfig};
pub use stem::Stem;
pub use vgg::{
    Vgg, Vgg11BnWeights, Vgg11Weights, Vgg13BnWeights, Vgg13Weights, Vgg16BnWeights, Vgg16Weights,
    Vgg19BnWeights, Vgg19Weights, VggConfig, VggConvolution, VggDepth, VggHead,
};
pub use vit::{Vit, VitBlock, VitConfig, VitS16Weights};
pub use xception::{Xception, XceptionBlock, XceptionConfig, XceptionConvolution, XceptionWeights};

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::weights::{Names, weights};
use catalogue::Entry;
use layers::Layers;

/// What the configuration of every family gives.
trait Family {
    /// The name of the model, one of [`MODELS`].
    fn name(&self) -> &'static str;

    /// Channels of the images.
    fn channels(&self) -> usize;

    /// Classes to tell apart.
    fn num_classes(&self) -> usize;

    /// Side of the smallest square images.
    fn smallest_image(&self) -> usize {
        1
    }
}

/// What the network of every family gives.
trait Network {
    /// What it does to images up to its head.
    fn layers(&self) -> Layers<'_>;

    /// The logits from the output of the last layer.
    fn head(&self, x: Tensor<4>) -> Tensor<2>;

    /// How the files of published weights name its parameters.
    fn names(&self) -> Names;
}

/// The enums over all families. A new family is a line below.
macro_rules! families {
    ($($(#[$doc:meta])* $family:ident($config:ident, $network:ident),)+) => {
        /// Configuration to create a [`Backbone`] with
        /// [`init`](BackboneConfig::init).
        #[derive(Config, Debug, PartialEq)]
        pub enum BackboneConfig {
            $($(#[$doc])* $family($config),)+
        }

        /// A network from images to logits, of any family.
        ///
        /// It is an ordered list of named layers and a head.
        /// [`layer_names`](Backbone::layer_names) lists the layers.
        ///
        /// The names are those of torchvision's modules (Keras' for MobileNet V1,
        /// timm's for Xception and ViT), where a convolution's features are those
        /// after its activation. VGG has `conv1_1` .. `conv5_4` and `pool1` ..
        /// `pool5` too; a residual network's `layer3` is the last block of its
        /// stage, and what comes before the first stage is `stem`.
        ///
        /// Should be created using [`BackboneConfig`] or
        /// [`Model::config`](crate::Model::config).
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant)] // There is one of them, not a list.
        pub enum Backbone {
            $($(#[$doc])* $family($network),)+
        }

        impl BackboneConfig {
            /// Initialize a new [`Backbone`].
            ///
            /// # Panics
            ///
            /// As the `init` of the family.
            pub fn init(&self, device: &Device) -> Backbone {
                match self {
                    $(Self::$family(config) => Backbone::$family(config.init(device)),)+
                }
            }

            /// The name of the model, one of [`MODELS`].
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$family(config) => Family::name(config),)+
                }
            }

            /// Channels of the images that the backbone takes.
            pub fn channels(&self) -> usize {
                match self {
                    $(Self::$family(config) => Family::channels(config),)+
                }
            }

            /// Side of the smallest square images that leave a pixel for the head.
            pub fn smallest_image(&self) -> usize {
                match self {
                    $(Self::$family(config) => Family::smallest_image(config),)+
                }
            }

            /// Classes that the backbone tells apart.
            pub fn num_classes(&self) -> usize {
                match self {
                    $(Self::$family(config) => Family::num_classes(config),)+
                }
            }
        }

        impl Network for Backbone {
            fn layers(&self) -> Layers<'_> {
                match self {
                    $(Self::$family(network) => network.layers(),)+
                }
            }

            fn head(&self, x: Tensor<4>) -> Tensor<2> {
                match self {
                    $(Self::$family(network) => Network::head(network, x),)+
                }
            }

            fn names(&self) -> Names {
                match self {
                    $(Self::$family(network) => network.names(),)+
                }
            }
        }
    };
}

families! {
    /// A network of the single-source digit protocol.
    DigitNet(DigitNetConfig, DigitNet),
    /// A VGG.
    Vgg(VggConfig, Vgg),
    /// A ResNet.
    ResNet(ResNetConfig, ResNet),
    /// A ResNet-50 V2.
    ResNetV2(ResNetV2Config, ResNetV2),
    /// A ResNet for images of 32x32.
    CifarResNet(CifarResNetConfig, CifarResNet),
    /// A MobileNet V1.
    MobileNet(MobileNetConfig, MobileNet),
    /// A MobileNet V2.
    MobileNetV2(MobileNetV2Config, MobileNetV2),
    /// An EfficientNet.
    EfficientNet(EfficientNetConfig, EfficientNet),
    /// A DenseNet-121.
    DenseNet(DenseNetConfig, DenseNet),
    /// A SqueezeNet 1.1.
    SqueezeNet(SqueezeNetConfig, SqueezeNet),
    /// An Inception V3.
    Inception(InceptionConfig, Inception),
    /// An Xception.
    Xception(XceptionConfig, Xception),
    /// A ConvNeXt-Tiny.
    ConvNeXt(ConvNeXtConfig, ConvNeXt),
    /// A ViT-S/16.
    Vit(VitConfig, Vit),
}

impl BackboneConfig {
    /// The operations for an image of this height and width, first to last. None
    /// of them is carried out.
    ///
    /// # Panics
    ///
    /// As [`init`](BackboneConfig::init), or if the image is too small.
    pub fn operations(&self, height: usize, width: usize) -> Vec<Operation> {
        let device = Device::default();
        let backbone = self.init(&device);
        operation::trace(|| {
            let image = Tensor::zeros([1, self.channels(), height, width], &device);
            backbone.forward(image);
        })
    }
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
        self.head(self.layers().forward_with(images, after))
    }

    /// The outputs of the layers called `layers`, in the order of `layers`. The
    /// network runs once, up to the last of them.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use neurn_models::Model;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let device = Device::default();
    /// let backbone = "vgg16".parse::<Model>()?.config(10, 3, 64).init(&device);
    /// let images = Tensor::<4>::ones([2, 3, 64, 64], &device);
    /// let features = backbone.features(images, &["conv2_1", "conv3_1"])?;
    /// assert_eq!(features[0].dims(), [2, 128, 32, 32]);
    /// assert_eq!(features[1].dims(), [2, 256, 16, 16]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, C, h, w]` with each layer's C, h and w
    ///
    /// # Errors
    ///
    /// If the backbone has no layer of one of these names.
    ///
    /// # Panics
    ///
    /// As [`forward`](Backbone::forward).
    pub fn features(
        &self,
        images: Tensor<4>,
        layers: &[&str],
    ) -> Result<Vec<Tensor<4>>, UnknownLayer> {
        self.features_with(images, layers, &mut |_, x| x)
    }

    /// The outputs of the layers called `layers`, where `after` takes the output
    /// of each layer, those too, and gives the input of the next.
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
        layers: &[&str],
        after: AfterLayer<'_>,
    ) -> Result<Vec<Tensor<4>>, UnknownLayer> {
        self.layers().features_with(images, layers, after)
    }

    /// The names of the layers, first to last.
    pub fn layer_names(&self) -> Vec<String> {
        self.layers().names()
    }

    /// Whether a layer is called `name`.
    pub fn has_layer(&self, name: &str) -> bool {
        self.layers().have(name)
    }

    /// How the files of published weights name the parameters.
    pub(crate) fn weight_names(&self) -> Names {
        self.names()
    }
}
