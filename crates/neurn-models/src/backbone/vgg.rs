use burn::config::Config;
use burn::module::{Initializer, Module};
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::Head;
use super::convolution::{convolution, convolve, convolve_activated, kaiming_fan_out, zeroed};
use super::layers::Layers;
use crate::kernels::{Activation, batch_norm, max_pool};

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
                let layer = linear(inputs, width, device);
                inputs = width;
                layer
            })
            .collect();
        VggHead {
            pool: AdaptiveAvgPool2dConfig::new([side; 2]).init(),
            hidden,
            dropout: DropoutConfig::new(0.5).init(),
            output: linear(inputs, self.num_classes, device),
        }
    }
}

fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(inputs, outputs)
        .with_initializer(Initializer::Normal {
            mean: 0.0,
            std: 0.01,
        })
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
        self.head.forward(self.layers().forward(images))
    }

    pub(super) fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        for (block, convolutions) in (1..).zip(&self.blocks) {
            for (index, convolution) in (1..).zip(convolutions) {
                layers.push(format!("conv{block}_{index}"), |x| convolution.forward(x));
            }
            layers.push(format!("pool{block}"), |x| max_pool(&self.pool, x));
        }
        layers
    }
}

impl VggConvolution {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.norm {
            Some(norm) => batch_norm(norm, convolve(&self.conv, x), Activation::Relu),
            None => convolve_activated(&self.conv, x, Activation::Relu),
        }
    }
}

impl VggHead {
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(x).flatten(1, 3);
        let x = self
            .hidden
            .iter()
            .fold(x, |x, linear| self.dropout.forward(relu(linear.forward(x))));
        self.output.forward(x)
    }
}
