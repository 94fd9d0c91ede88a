use burn::config::Config;
use burn::module::{Initializer, Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::convolution::{convolution, convolve, normal, zeroed};
use super::operation::{Activation, activate, add, global_average_pool, layer_norm, linear, scale};
use super::{BackboneConfig, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{IMAGENET, Preprocessing};

/// Channels, stage by stage.
const WIDTHS: [usize; 4] = [96, 192, 384, 768];

/// Blocks, stage by stage.
const BLOCKS: [usize; 4] = [3, 3, 9, 3];

/// What is added to a variance.
const EPSILON: f64 = 1e-6;

/// What a block's output is multiplied by at first.
const LAYER_SCALE: f64 = 1e-6;

/// Configuration to create a [`ConvNeXt`] with [`init`](ConvNeXtConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct ConvNeXtConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl ConvNeXtConfig {
    /// Initialize a new [`ConvNeXt`].
    ///
    /// Weights are drawn from N(0, 0.02²); biases are 0.
    pub fn init(&self, device: &Device) -> ConvNeXt {
        let conv = |config: Conv2dConfig| {
            let mut conv = config.with_initializer(normal(0.02)).init(device);
            conv.bias = zeroed(conv.bias);
            conv
        };
        let norm = |width| {
            LayerNormConfig::new(width)
                .with_epsilon(EPSILON)
                .init(device)
        };
        let patches = |channels: [usize; 2], size: usize| {
            Conv2dConfig::new(channels, [size; 2]).with_stride([size; 2])
        };
        let block = |width: usize| ConvNeXtBlock {
            depthwise: conv(convolution([width, width], 7, 1).with_groups(width)),
            norm: norm(width),
            widen: drawn(width, 4 * width, device),
            narrow: drawn(4 * width, width, device),
            layer_scale: Initializer::Constant { value: LAYER_SCALE }.init([width, 1, 1], device),
        };
        let stages = WIDTHS.iter().zip(BLOCKS);
        let downsamples = WIDTHS.windows(2).map(|widths| Downsample {
            norm: norm(widths[0]),
            conv: conv(patches([widths[0], widths[1]], 2)),
        });
        let last = WIDTHS[WIDTHS.len() - 1];
        ConvNeXt {
            stem: conv(patches([self.channels, WIDTHS[0]], 4)),
            stem_norm: norm(WIDTHS[0]),
            stages: stages
                .map(|(&width, blocks)| (0..blocks).map(|_| block(width)).collect())
                .collect(),
            downsamples: downsamples.collect(),
            norm: norm(last),
            classifier: drawn(last, self.num_classes, device),
        }
    }
}

fn drawn(inputs: usize, outputs: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(inputs, outputs)
        .with_initializer(normal(0.02))
        .init(device);
    linear.bias = zeroed(linear.bias);
    linear
}

/// ConvNeXt-Tiny: a convolutional network with the numbers of a transformer.
///
/// Source: Liu et al., *A ConvNet for the 2020s*,
/// [arXiv 2201.03545](https://arxiv.org/abs/2201.03545), as torchvision has it.
/// Blocks are not dropped at random while it is trained, as torchvision does with
/// a probability of up to 0.1.
///
/// Should be created using [`ConvNeXtConfig`].
#[derive(Module, Debug)]
pub struct ConvNeXt {
    /// The convolution of patches of 4x4.
    pub stem: Conv2d,
    /// The layer norm after it.
    pub stem_norm: LayerNorm,
    /// The blocks, stage by stage.
    pub stages: Vec<Vec<ConvNeXtBlock>>,
    /// What comes between the stages.
    pub downsamples: Vec<Downsample>,
    /// The layer norm before the logits.
    pub norm: LayerNorm,
    /// The linear layer that gives the logits.
    pub classifier: Linear,
}

/// A block of a [`ConvNeXt`].
#[derive(Module, Debug)]
pub struct ConvNeXtBlock {
    /// The 7x7 convolution of each channel by itself.
    pub depthwise: Conv2d,
    /// The layer norm after it.
    pub norm: LayerNorm,
    /// The linear layer to four times the channels.
    pub widen: Linear,
    /// The linear layer back.
    pub narrow: Linear,
    /// What each channel is multiplied by, `[C, 1, 1]`.
    pub layer_scale: Param<Tensor<3>>,
}

/// What halves the image and doubles the channels.
#[derive(Module, Debug)]
pub struct Downsample {
    /// The layer norm before the convolution.
    pub norm: LayerNorm,
    /// The convolution of patches of 2x2.
    pub conv: Conv2d,
}

/// The layer norm of each pixel over its channels.
fn norm_channels(norm: &LayerNorm, x: Tensor<4>) -> Tensor<4> {
    let x = layer_norm(norm, x.permute([0, 2, 3, 1]));
    x.permute([0, 3, 1, 2])
}

impl ConvNeXtBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = convolve(&self.depthwise, x.clone()).permute([0, 2, 3, 1]);
        let y = layer_norm(&self.norm, y);
        let y = activate(Activation::Gelu, linear(&self.widen, y));
        let y = linear(&self.narrow, y).permute([0, 3, 1, 2]);
        add(scale(y, self.layer_scale.val().unsqueeze_dim(0)), x)
    }
}

impl Downsample {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        convolve(&self.conv, norm_channels(&self.norm, x))
    }
}

impl ConvNeXt {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`, H and W at least 32
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or is smaller.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }
}

impl Network for ConvNeXt {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("features.0", |x| {
            norm_channels(&self.stem_norm, convolve(&self.stem, x))
        });
        for (stage, blocks) in self.stages.iter().enumerate() {
            if stage > 0 {
                let downsample = &self.downsamples[stage - 1];
                layers.push(format!("features.{}", 2 * stage), |x| downsample.forward(x));
            }
            let place = 2 * stage + 1;
            for (index, block) in blocks.iter().enumerate() {
                layers.push(format!("features.{place}.{index}"), |x| block.forward(x));
            }
            layers.alias(format!("features.{place}"));
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(
            &self.classifier,
            layer_norm(&self.norm, global_average_pool(x)),
        )
    }

    fn names(&self) -> Names {
        let mut names = Names::new("classifier")
            .rename("features.0.0", "stem")
            .rename("features.0.1", "stem_norm")
            .rename("classifier.0", "norm")
            .rename("classifier.2", "classifier");
        for index in 0..self.downsamples.len() {
            let theirs = format!("features.{}", 2 * index + 2);
            let ours = format!("downsamples.{index}");
            names = names
                .rename(format!("{theirs}.0"), format!("{ours}.norm"))
                .rename(format!("{theirs}.1"), format!("{ours}.conv"));
        }
        for (stage, blocks) in self.stages.iter().enumerate() {
            for index in 0..blocks.len() {
                let theirs = format!("features.{}.{index}", 2 * stage + 1);
                let ours = format!("stages.{stage}.{index}");
                names = names
                    .rename(
                        format!("{theirs}.layer_scale"),
                        format!("{ours}.layer_scale"),
                    )
                    .rename(format!("{theirs}.block.0"), format!("{ours}.depthwise"))
                    .rename(format!("{theirs}.block.2"), format!("{ours}.norm"))
                    .rename(format!("{theirs}.block.3"), format!("{ours}.widen"))
                    .rename(format!("{theirs}.block.5"), format!("{ours}.narrow"));
            }
        }
        names
    }
}

impl Family for ConvNeXtConfig {
    fn name(&self) -> &'static str {
        "convnext-tiny"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// Patches of 4x4, and three convolutions that halve.
    fn smallest_image(&self) -> usize {
        32
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "convnext-tiny",
    config: |classes, channels, _| {
        BackboneConfig::ConvNeXt(ConvNeXtConfig::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::ConvNeXt(ConvNeXtConfig::new(classes)),
    image_size: 224,
    weights: ConvNeXtTinyWeights::ALL,
}];

weights! {
    /// Weights of ConvNeXt-Tiny.
    ConvNeXtTinyWeights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "convnext-tiny",
            "ImageNet1kV1",
            "convnext_tiny-983f1562.pth",
            109.119,
            82.52,
            Preprocessing {
                resize: 236,
                ..IMAGENET
            },
        ),
    }
}
