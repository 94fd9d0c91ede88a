use burn::config::Config;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::NormSettings;
use super::convolution::{convolution, normal, zeroed};
use super::operation::{Activation, activate, add, global_average_pool, linear};
use super::{BackboneConfig, ConvNorm, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{IMAGENET, Preprocessing};

/// Channels that the first convolution gives.
const FIRST_WIDTH: usize = 32;

/// Channels that the last convolution gives.
const LAST_WIDTH: usize = 1280;

/// How much wider the blocks of a stage are inside, the channels that they give,
/// how many there are and the stride of the first.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// Configuration to create a [`MobileNetV2`] with
/// [`init`](MobileNetV2Config::init).
#[derive(Config, Debug, PartialEq)]
pub struct MobileNetV2Config {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl MobileNetV2Config {
    /// Initialize a new [`MobileNetV2`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out), the
    /// linear layer from N(0, 0.01²), with a bias of 0.
    pub fn init(&self, device: &Device) -> MobileNetV2 {
        let settings = NormSettings::torch();
        let mut channels = FIRST_WIDTH;
        let mut blocks = Vec::new();
        for (expansion, width, count, first_stride) in STAGES {
            for index in 0..count {
                let stride = if index == 0 { first_stride } else { 1 };
                let inner = channels * expansion;
                let expand = convolution([channels, inner], 1, 1);
                let depthwise = convolution([inner, inner], 3, stride).with_groups(inner);
                blocks.push(InvertedResidual {
                    expand: (expansion > 1).then(|| settings.conv_norm(expand, device)),
                    depthwise: settings.conv_norm(depthwise, device),
                    project: settings.conv_norm(convolution([inner, width], 1, 1), device),
                    residual: stride == 1 && channels == width,
                });
                channels = width;
            }
        }
        let mut classifier = LinearConfig::new(LAST_WIDTH, self.num_classes)
            .with_initializer(normal(0.01))
            .init(device);
        classifier.bias = zeroed(classifier.bias);
        MobileNetV2 {
            first: settings.conv_norm(convolution([self.channels, FIRST_WIDTH], 3, 2), device),
            blocks,
            last: settings.conv_norm(convolution([channels, LAST_WIDTH], 1, 1), device),
            dropout: DropoutConfig::new(0.2).init(),
            classifier,
        }
    }
}

/// MobileNet V2: blocks that widen, filter each channel on its own, narrow
/// without an activation, and are added to what they took.
///
/// Source: Sandler et al., *MobileNetV2: Inverted Residuals and Linear
/// Bottlenecks*, [arXiv 1801.04381](https://arxiv.org/abs/1801.04381), width 1, as
/// torchvision has it.
///
/// Should be created using [`MobileNetV2Config`].
#[derive(Module, Debug)]
pub struct MobileNetV2 {
    /// The first convolution, of stride 2.
    pub first: ConvNorm,
    /// The blocks, first to last.
    pub blocks: Vec<InvertedResidual>,
    /// The 1x1 convolution after the blocks.
    pub last: ConvNorm,
    /// The dropout before the logits.
    pub dropout: Dropout,
    /// The linear layer that gives the logits.
    pub classifier: Linear,
}

/// A block that is wider inside than outside.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// The 1x1 convolution that widens, in all blocks but the first.
    pub expand: Option<ConvNorm>,
    /// The 3x3 convolution of each channel by itself, which has the stride.
    pub depthwise: ConvNorm,
    /// The 1x1 convolution that narrows.
    pub project: ConvNorm,
    /// Whether the input is added.
    pub residual: bool,
}

fn relu6(x: Tensor<4>) -> Tensor<4> {
    activate(Activation::Relu6, x)
}

impl InvertedResidual {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = match &self.expand {
            Some(expand) => relu6(expand.forward(x.clone())),
            None => x.clone(),
        };
        let y = self.project.forward(relu6(self.depthwise.forward(y)));
        if self.residual { add(y, x) } else { y }
    }
}

impl MobileNetV2 {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }
}

impl Network for MobileNetV2 {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("features.0", |x| relu6(self.first.forward(x)));
        for (index, block) in (1..).zip(&self.blocks) {
            layers.push(format!("features.{index}"), |x| block.forward(x));
        }
        let last = format!("features.{}", self.blocks.len() + 1);
        layers.push(last, |x| relu6(self.last.forward(x)));
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.dropout.forward(global_average_pool(x));
        linear(&self.classifier, x)
    }

    fn names(&self) -> Names {
        let mut names = Names::new("classifier")
            .conv_norm("features.0", "first")
            .conv_norm(format!("features.{}", self.blocks.len() + 1), "last")
            .rename("classifier.1", "classifier");
        for (index, block) in self.blocks.iter().enumerate() {
            let theirs = |part| format!("features.{}.conv.{part}", index + 1);
            let ours = |part| format!("blocks.{index}.{part}");
            let depthwise = usize::from(block.expand.is_some());
            if block.expand.is_some() {
                names = names.conv_norm(theirs(0), ours("expand"));
            }
            names = names
                .conv_norm(theirs(depthwise), ours("depthwise"))
                .rename(theirs(depthwise + 1), ours("project.conv"))
                .rename(theirs(depthwise + 2), ours("project.norm"));
        }
        names
    }
}

impl Family for MobileNetV2Config {
    fn name(&self) -> &'static str {
        "mobilenet-v2"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "mobilenet-v2",
    config: |classes, channels, _| {
        BackboneConfig::MobileNetV2(MobileNetV2Config::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::MobileNetV2(MobileNetV2Config::new(classes)),
    image_size: 224,
    weights: MobileNetV2Weights::ALL,
}];

weights! {
    /// Weights of MobileNet V2.
    MobileNetV2Weights {
        /// Of torchvision, trained on ImageNet with its newer recipe.
        ImageNet1kV2 = Weights::torchvision(
            "mobilenet-v2",
            "ImageNet1kV2",
            "mobilenet_v2-7ebf99e0.pth",
            13.598,
            72.154,
            Preprocessing {
                resize: 232,
                ..IMAGENET
            },
        ),
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "mobilenet-v2",
            "ImageNet1kV1",
            "mobilenet_v2-b0353104.pth",
            13.555,
            71.878,
            IMAGENET,
        ),
    }
}
