use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::NormSettings;
use super::convolution::{convolution, convolve, max_pool, padding};
use super::operation::{add, batch_norm, global_average_pool, linear, relu};
use super::{BackboneConfig, ConvNorm, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{Filter, Labels, Preprocessing, SYMMETRIC};

/// A block: the channels that each of its convolutions gives, and whether it
/// halves the image.
type Plan = (&'static [usize], bool);

/// The blocks, first to last.
const BLOCKS: [Plan; 12] = [
    (&[128, 128], true),
    (&[256, 256], true),
    (&[728, 728], true),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 728, 728], false),
    (&[728, 1024], true),
];

/// Configuration to create an [`Xception`] with [`init`](XceptionConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct XceptionConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl XceptionConfig {
    /// Initialize a new [`Xception`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out), the
    /// linear layer uniformly from ±1/sqrt(inputs).
    pub fn init(&self, device: &Device) -> Xception {
        let settings = NormSettings::torch();
        let valid = |channels: [usize; 2], stride: usize| {
            let config = Conv2dConfig::new(channels, [3, 3]).with_stride([stride; 2]);
            settings.conv_norm(config, device)
        };
        let mut channels = 64;
        let blocks = BLOCKS.iter().enumerate().map(|(index, (widths, halves))| {
            let inputs = channels;
            let convolutions = widths.iter().map(|&width| {
                let convolution = separable(channels, width, device);
                channels = width;
                convolution
            });
            let convolutions = convolutions.collect();
            let projection = || convolution([inputs, channels], 1, 2);
            XceptionBlock {
                relu_first: index > 0,
                convolutions,
                pool: halves.then(|| {
                    MaxPool2dConfig::new([3, 3])
                        .with_strides([2, 2])
                        .with_padding(padding(1))
                        .init()
                }),
                skip: halves.then(|| settings.conv_norm(projection(), device)),
            }
        });
        let blocks = blocks.collect();
        Xception {
            conv1: valid([self.channels, 32], 2),
            conv2: valid([32, 64], 1),
            blocks,
            conv3: separable(channels, 1536, device),
            conv4: separable(1536, 2048, device),
            fc: LinearConfig::new(2048, self.num_classes).init(device),
        }
    }
}

fn separable(inputs: usize, outputs: usize, device: &Device) -> XceptionConvolution {
    let settings = NormSettings::torch();
    let depthwise = convolution([inputs, inputs], 3, 1).with_groups(inputs);
    XceptionConvolution {
        depthwise: settings.conv(depthwise, device),
        pointwise: settings.conv(convolution([inputs, outputs], 1, 1), device),
        norm: settings.norm(outputs, device),
    }
}

/// Xception: residual blocks of convolutions that filter each channel on its own
/// and then mix the channels pixel by pixel.
///
/// Source: Chollet, *Xception: Deep Learning with Depthwise Separable
/// Convolutions*, [arXiv 1610.02357](https://arxiv.org/abs/1610.02357), as timm has
/// it (`legacy_xception`). Keras pads the max-pools unevenly where a side is even
/// and has a batch norm of epsilon 0.001.
///
/// Should be created using [`XceptionConfig`].
#[derive(Module, Debug)]
pub struct Xception {
    /// The first convolution, of stride 2.
    pub conv1: ConvNorm,
    /// The second convolution.
    pub conv2: ConvNorm,
    /// The blocks, first to last.
    pub blocks: Vec<XceptionBlock>,
    /// The first convolution after the blocks.
    pub conv3: XceptionConvolution,
    /// The second convolution after the blocks.
    pub conv4: XceptionConvolution,
    /// The linear layer that gives the logits.
    pub fc: Linear,
}

/// A residual block of an [`Xception`].
#[derive(Module, Debug)]
pub struct XceptionBlock {
    /// Whether a ReLU comes before the first convolution, as in all blocks but the
    /// first.
    pub relu_first: bool,
    /// The convolutions, with ReLU between them.
    pub convolutions: Vec<XceptionConvolution>,
    /// The max-pool that halves the image.
    pub pool: Option<MaxPool2d>,
    /// The 1x1 projection of the input, where the image is halved.
    pub skip: Option<ConvNorm>,
}

/// A convolution in two steps and a batch norm.
#[derive(Module, Debug)]
pub struct XceptionConvolution {
    /// The 3x3 convolution of each channel by itself.
    pub depthwise: Conv2d,
    /// The 1x1 convolution over all channels.
    pub pointwise: Conv2d,
    /// The batch norm after both.
    pub norm: BatchNorm,
}

impl XceptionConvolution {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = convolve(&self.pointwise, convolve(&self.depthwise, x));
        batch_norm(&self.norm, x)
    }
}

impl XceptionBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mut y = x.clone();
        for (index, convolution) in self.convolutions.iter().enumerate() {
            if index > 0 || self.relu_first {
                y = relu(y);
            }
            y = convolution.forward(y);
        }
        if let Some(pool) = &self.pool {
            y = max_pool(pool, y);
        }
        let shortcut = match &self.skip {
            Some(skip) => skip.forward(x),
            None => x,
        };
        add(y, shortcut)
    }
}

impl Xception {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`, H and W at least 7
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or is smaller.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }
}

impl Network for Xception {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("act1", |x| relu(self.conv1.forward(x)));
        layers.push("act2", |x| relu(self.conv2.forward(x)));
        for (index, block) in (1..).zip(&self.blocks) {
            layers.push(format!("block{index}"), |x| block.forward(x));
        }
        layers.push("act3", |x| relu(self.conv3.forward(x)));
        layers.push("act4", |x| relu(self.conv4.forward(x)));
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(&self.fc, global_average_pool(x))
    }

    fn names(&self) -> Names {
        let mut names = Names::new("fc");
        for (index, block) in self.blocks.iter().enumerate() {
            let theirs = format!("block{}", index + 1);
            let ours = format!("blocks.{index}");
            // A convolution, its norm and a ReLU each.
            let first = usize::from(block.relu_first);
            for convolution in 0..block.convolutions.len() {
                let place = first + 3 * convolution;
                let ours = format!("{ours}.convolutions.{convolution}");
                let conv = format!("{theirs}.rep.{place}");
                names = names
                    .rename(format!("{conv}.conv1"), format!("{ours}.depthwise"))
                    .rename(format!("{conv}.pointwise"), format!("{ours}.pointwise"))
                    .rename(
                        format!("{theirs}.rep.{}", place + 1),
                        format!("{ours}.norm"),
                    );
            }
            names = names
                .rename(format!("{theirs}.skip"), format!("{ours}.skip.conv"))
                .rename(format!("{theirs}.skipbn"), format!("{ours}.skip.norm"));
        }
        for conv in ["conv3", "conv4"] {
            names = names.rename(format!("{conv}.conv1"), format!("{conv}.depthwise"));
        }
        names
            .rename("bn1", "conv1.norm")
            .rename("bn2", "conv2.norm")
            .rename("conv1.weight", "conv1.conv.weight")
            .rename("conv2.weight", "conv2.conv.weight")
            .rename("bn3", "conv3.norm")
            .rename("bn4", "conv4.norm")
    }
}

impl Family for XceptionConfig {
    fn name(&self) -> &'static str {
        "xception"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// Two convolutions without padding: 7 pixels leave 3 and 1.
    fn smallest_image(&self) -> usize {
        7
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "xception",
    config: |classes, channels, _| {
        BackboneConfig::Xception(XceptionConfig::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::Xception(XceptionConfig::new(classes)),
    image_size: 299,
    weights: XceptionWeights::ALL,
}];

weights! {
    /// Weights of Xception.
    XceptionWeights {
        /// Keras' of ImageNet, put into PyTorch's form by R. Cadene; timm has them as
        /// `legacy_xception.tf_in1k`.
        ImageNet1k = Weights {
            model: "xception",
            name: "ImageNet1k",
            server: Some(
                "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-cadene",
            ),
            file: "xception-43020ad28.pth",
            sha256: Some("43020ad28"),
            mebibytes: None,
            top1: None,
            labels: Labels::ImageNet,
            preprocessing: Preprocessing {
                resize: 333,
                crop: 299,
                filter: Filter::Bicubic,
                ..SYMMETRIC
            },
        },
    }
}
