use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::convolve_normed;
use super::convolution::{
    convolution, convolve_activated, kaiming_fan_out, max_pool, normal, zeroed,
};
use super::operation::{Activation, Operation, linear, relu, traced};
use super::{BackboneConfig, Entry, Family, Head, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::IMAGENET;

/// Channels of the convolutions, block by block.
const WIDTHS: [usize; 5] = [64, 128, 256, 512, 512];

/// Number of layers with weights, the three of the published head included.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum VggDepth {
    /// Configuration A of the paper.
    Vgg11,
    /// Configuration B.
    Vgg13,
    /// Configuration D.
    Vgg16,
    /// Configuration E.
    Vgg19,
}

impl VggDepth {
    /// Convolutions, block by block.
    fn convolutions(self) -> [usize; 5] {
        match self {
            Self::Vgg11 => [1, 1, 2, 2, 2],
            Self::Vgg13 => [2, 2, 2, 2, 2],
            Self::Vgg16 => [2, 2, 3, 3, 3],
            Self::Vgg19 => [2, 2, 4, 4, 4],
        }
    }
}

/// Configuration to create a [`Vgg`] with [`init`](VggConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct VggConfig {
    /// Number of layers.
    pub depth: VggDepth,
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
    /// Batch norm between convolution and ReLU. Default: false
    #[config(default = false)]
    pub batch_norm: bool,
    /// What gives the logits. Default: [`Head::GlobalAverage`]
    #[config(default = "Head::GlobalAverage")]
    pub head: Head,
}

impl VggConfig {
    /// Initialize a new [`Vgg`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out),
    /// linear layers from N(0, 0.01²); biases are 0.
    pub fn init(&self, device: &Device) -> Vgg {
        let mut channels = self.channels;
        let blocks = WIDTHS
            .iter()
            .zip(self.depth.convolutions())
            .map(|(&width, convolutions)| {
                (0..convolutions)
                    .map(|_| {
                        let layer = self.convolution([channels, width], device);
                        channels = width;
                        layer
                    })
                    .collect()
            })
            .collect();
        Vgg {
            blocks,
            pool: MaxPool2dConfig::new([2, 2]).init(),
            head: self.head(device),
        }
    }

    fn convolution(&self, channels: [usize; 2], device: &Device) -> VggConvolution {
        let mut conv = convolution(channels, 3, 1)
            .with_initializer(kaiming_fan_out())
            .init(device);
        conv.bias = zeroed(conv.bias);
        let norm = self
            .batch_norm
            .then(|| BatchNormConfig::new(channels[1]).init(device));
        VggConvolution { conv, norm }
    }

    fn head(&self, device: &Device) -> VggHead {
        let (side, widths): (usize, &[usize]) = match self.head {
            Head::GlobalAverage => (1, &[]),
            Head::Published => (7, &[4096, 4096]),
        };
        let mut inputs = WIDTHS[WIDTHS.len() - 1] * side * side;
        let hidden = widths
            .iter()
            .map(|&width| {
                let layer = drawn(inputs, width, device);
                inputs = width;
                layer
            })
            .collect();
        VggHead {
            pool: AdaptiveAvgPool2dConfig::new([side; 2]).init(),
            hidden,
            dropout: DropoutConfig::new(0.5).init(),
            output: drawn(inputs, self.num_classes, device),
        }
    }
}

fn drawn(inputs: usize, outputs: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(inputs, outputs)
        .with_initializer(normal(0.01))
        .init(device);
    linear.bias = zeroed(linear.bias);
    linear
}

/// VGG: blocks of 3x3 convolutions, each block followed by a 2x2 max-pool.
///
/// Images are at least 32x32, as five pools halve them.
///
/// Source: Simonyan and Zisserman, *Very Deep Convolutional Networks for
/// Large-Scale Image Recognition*, [arXiv 1409.1556](https://arxiv.org/abs/1409.1556);
/// initialization, adaptive pool and batch norm as torchvision has them.
///
/// Should be created using [`VggConfig`].
#[derive(Module, Debug)]
pub struct Vgg {
    /// The convolutions, block by block.
    pub blocks: Vec<Vec<VggConvolution>>,
    /// The max-pool after each block.
    pub pool: MaxPool2d,
    /// What gives the logits.
    pub head: VggHead,
}

/// Convolution, batch norm if configured, ReLU.
#[derive(Module, Debug)]
pub struct VggConvolution {
    /// The 3x3 convolution.
    pub conv: Conv2d,
    /// The batch norm.
    pub norm: Option<BatchNorm>,
}

/// The head of a [`Vgg`]: an average pool to a fixed size, hidden linear layers
/// with ReLU and dropout, and the linear layer that gives the logits. See
/// [`Head`].
#[derive(Module, Debug)]
pub struct VggHead {
    /// The pool, to 7x7 as published or to 1x1.
    pub pool: AdaptiveAvgPool2d,
    /// The hidden linear layers, two as published or none.
    pub hidden: Vec<Linear>,
    /// The dropout after each hidden layer.
    pub dropout: Dropout,
    /// The linear layer that gives the logits.
    pub output: Linear,
}

impl Vgg {
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

    /// Where each convolution stands in torchvision's `features`: followed by its
    /// batch norm, if it has one, and its ReLU; a pool ends a block.
    fn places(&self) -> Vec<Vec<usize>> {
        let mut next = 0;
        let blocks = self.blocks.iter().map(|convolutions| {
            let places = convolutions.iter().map(|convolution| {
                let place = next;
                next += 2 + usize::from(convolution.norm.is_some());
                place
            });
            let places: Vec<_> = places.collect();
            next += 1;
            places
        });
        blocks.collect()
    }
}

impl Network for Vgg {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        for ((block, convolutions), places) in (1..).zip(&self.blocks).zip(self.places()) {
            let mut relu = 0;
            for ((index, convolution), place) in (1..).zip(convolutions).zip(places) {
                relu = place + 1 + usize::from(convolution.norm.is_some());
                layers.push(format!("conv{block}_{index}"), |x| convolution.forward(x));
                layers.alias(format!("features.{relu}"));
            }
            layers.push(format!("pool{block}"), |x| max_pool(&self.pool, x));
            layers.alias(format!("features.{}", relu + 1));
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        self.head.forward(x)
    }

    fn names(&self) -> Names {
        let published = !self.head.hidden.is_empty();
        let mut names = Names::new(if published { "head.output" } else { "head" });
        for (block, (convolutions, places)) in self.blocks.iter().zip(self.places()).enumerate() {
            for (index, (convolution, place)) in convolutions.iter().zip(places).enumerate() {
                let ours = format!("blocks.{block}.{index}");
                names = names.rename(format!("features.{place}"), format!("{ours}.conv"));
                if convolution.norm.is_some() {
                    names = names.rename(format!("features.{}", place + 1), format!("{ours}.norm"));
                }
            }
        }
        names
            .rename("classifier.0", "head.hidden.0")
            .rename("classifier.3", "head.hidden.1")
            .rename("classifier.6", "head.output")
    }
}

impl VggConvolution {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.norm {
            Some(norm) => convolve_normed(&self.conv, norm, x, Some(Activation::Relu)),
            None => convolve_activated(&self.conv, x, Activation::Relu),
        }
    }
}

impl VggHead {
    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        traced(|| Operation::GlobalAveragePool);
        let x = self.pool.forward(x).flatten(1, 3);
        let x = self
            .hidden
            .iter()
            .fold(x, |x, layer| self.dropout.forward(relu(linear(layer, x))));
        linear(&self.output, x)
    }
}

impl Family for VggConfig {
    fn name(&self) -> &'static str {
        match (self.depth, self.batch_norm) {
            (VggDepth::Vgg11, false) => "vgg11",
            (VggDepth::Vgg13, false) => "vgg13",
            (VggDepth::Vgg16, false) => "vgg16",
            (VggDepth::Vgg19, false) => "vgg19",
            (VggDepth::Vgg11, true) => "vgg11-bn",
            (VggDepth::Vgg13, true) => "vgg13-bn",
            (VggDepth::Vgg16, true) => "vgg16-bn",
            (VggDepth::Vgg19, true) => "vgg19-bn",
        }
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// Five pools halve the image.
    fn smallest_image(&self) -> usize {
        32
    }
}

/// A model of this family.
macro_rules! entry {
    ($name:literal, $depth:ident, $batch_norm:literal, $weights:ident) => {
        Entry {
            name: $name,
            config: |classes, channels, _| {
                BackboneConfig::Vgg(
                    VggConfig::new(VggDepth::$depth, classes)
                        .with_channels(channels)
                        .with_batch_norm($batch_norm),
                )
            },
            published: |classes| {
                BackboneConfig::Vgg(
                    VggConfig::new(VggDepth::$depth, classes)
                        .with_batch_norm($batch_norm)
                        .with_head(Head::Published),
                )
            },
            image_size: 224,
            weights: $weights::ALL,
        }
    };
}

pub(super) const MODELS: &[Entry] = &[
    entry!("vgg11", Vgg11, false, Vgg11Weights),
    entry!("vgg13", Vgg13, false, Vgg13Weights),
    entry!("vgg16", Vgg16, false, Vgg16Weights),
    entry!("vgg19", Vgg19, false, Vgg19Weights),
    entry!("vgg11-bn", Vgg11, true, Vgg11BnWeights),
    entry!("vgg13-bn", Vgg13, true, Vgg13BnWeights),
    entry!("vgg16-bn", Vgg16, true, Vgg16BnWeights),
    entry!("vgg19-bn", Vgg19, true, Vgg19BnWeights),
];

weights! {
    /// Weights of VGG-11.
    Vgg11Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg11",
            "ImageNet1kV1",
            "vgg11-8a719046.pth",
            506.84,
            69.02,
            IMAGENET,
        ),
    }
    /// Weights of VGG-13.
    Vgg13Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg13",
            "ImageNet1kV1",
            "vgg13-19584684.pth",
            507.545,
            69.928,
            IMAGENET,
        ),
    }
    /// Weights of VGG-16.
    Vgg16Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg16",
            "ImageNet1kV1",
            "vgg16-397923af.pth",
            527.796,
            71.592,
            IMAGENET,
        ),
    }
    /// Weights of VGG-19.
    Vgg19Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg19",
            "ImageNet1kV1",
            "vgg19-dcbb9e9d.pth",
            548.051,
            72.376,
            IMAGENET,
        ),
    }
    /// Weights of VGG-11 with batch norm.
    Vgg11BnWeights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg11-bn",
            "ImageNet1kV1",
            "vgg11_bn-6002323d.pth",
            506.881,
            70.37,
            IMAGENET,
        ),
    }
    /// Weights of VGG-13 with batch norm.
    Vgg13BnWeights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg13-bn",
            "ImageNet1kV1",
            "vgg13_bn-abd245e5.pth",
            507.59,
            71.586,
            IMAGENET,
        ),
    }
    /// Weights of VGG-16 with batch norm.
    Vgg16BnWeights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg16-bn",
            "ImageNet1kV1",
            "vgg16_bn-6c64b313.pth",
            527.866,
            73.36,
            IMAGENET,
        ),
    }
    /// Weights of VGG-19 with batch norm.
    Vgg19BnWeights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "vgg19-bn",
            "ImageNet1kV1",
            "vgg19_bn-c79401a0.pth",
            548.143,
            74.218,
            IMAGENET,
        ),
    }
}
