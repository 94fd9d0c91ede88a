use burn::config::Config;
use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::NormSettings;
use super::convolution::{average_pool, convolution, convolve, max_pool, padding, zeroed};
use super::operation::{batch_norm, concatenate, global_average_pool, linear, relu};
use super::{BackboneConfig, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::IMAGENET;

/// Channels that each layer adds.
const GROWTH: usize = 32;

/// How many times as many channels the inside of a layer has.
const BOTTLENECK: usize = 4;

/// Channels that the first convolution gives.
const FIRST_WIDTH: usize = 64;

/// Layers, block by block.
const BLOCKS: [usize; 4] = [6, 12, 24, 16];

/// Configuration to create a [`DenseNet`] with [`init`](DenseNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct DenseNetConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl DenseNetConfig {
    /// Initialize a new [`DenseNet`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan in), the
    /// linear layer uniformly from ±1/sqrt(inputs), with a bias of 0.
    pub fn init(&self, device: &Device) -> DenseNet {
        let settings = NormSettings {
            initializer: Initializer::KaimingNormal {
                gain: std::f64::consts::SQRT_2,
                fan_out_only: false,
            },
            ..NormSettings::torch()
        };
        let conv = |config: Conv2dConfig| settings.conv(config, device);
        let mut channels = FIRST_WIDTH;
        let mut denseblocks = Vec::new();
        let mut transitions = Vec::new();
        for (block, layers) in BLOCKS.into_iter().enumerate() {
            let layer = |channels| DenseLayer {
                norm1: settings.norm(channels, device),
                conv1: conv(convolution([channels, BOTTLENECK * GROWTH], 1, 1)),
                norm2: settings.norm(BOTTLENECK * GROWTH, device),
                conv2: conv(convolution([BOTTLENECK * GROWTH, GROWTH], 3, 1)),
            };
            let layers = (0..layers).map(|index| layer(channels + index * GROWTH));
            denseblocks.push(layers.collect());
            channels += BLOCKS[block] * GROWTH;
            if block + 1 < BLOCKS.len() {
                transitions.push(Transition {
                    norm: settings.norm(channels, device),
                    conv: conv(convolution([channels, channels / 2], 1, 1)),
                    pool: AvgPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
                });
                channels /= 2;
            }
        }
        let mut classifier = LinearConfig::new(channels, self.num_classes).init(device);
        classifier.bias = zeroed(classifier.bias);
        DenseNet {
            conv0: conv(convolution([self.channels, FIRST_WIDTH], 7, 2)),
            norm0: settings.norm(FIRST_WIDTH, device),
            pool0: MaxPool2dConfig::new([3, 3])
                .with_strides([2, 2])
                .with_padding(padding(1))
                .init(),
            denseblocks,
            transitions,
            norm5: settings.norm(channels, device),
            classifier,
        }
    }
}

/// DenseNet-121: in each block, every layer takes what all layers before it gave.
///
/// Source: Huang et al., *Densely Connected Convolutional Networks*,
/// [arXiv 1608.06993](https://arxiv.org/abs/1608.06993), as torchvision has it.
///
/// Should be created using [`DenseNetConfig`].
#[derive(Module, Debug)]
pub struct DenseNet {
    /// The first convolution, of stride 2.
    pub conv0: Conv2d,
    /// The batch norm after it.
    pub norm0: BatchNorm,
    /// The max-pool after it.
    pub pool0: MaxPool2d,
    /// The layers, block by block.
    pub denseblocks: Vec<Vec<DenseLayer>>,
    /// What comes between the blocks.
    pub transitions: Vec<Transition>,
    /// The batch norm after the last block.
    pub norm5: BatchNorm,
    /// The linear layer that gives the logits.
    pub classifier: Linear,
}

/// A layer that adds channels to those it takes.
#[derive(Module, Debug)]
pub struct DenseLayer {
    /// The batch norm before the first convolution.
    pub norm1: BatchNorm,
    /// The 1x1 convolution.
    pub conv1: Conv2d,
    /// The batch norm before the second convolution.
    pub norm2: BatchNorm,
    /// The 3x3 convolution.
    pub conv2: Conv2d,
}

/// What halves the channels and the image.
#[derive(Module, Debug)]
pub struct Transition {
    /// The batch norm before the convolution.
    pub norm: BatchNorm,
    /// The 1x1 convolution.
    pub conv: Conv2d,
    /// The average pool.
    pub pool: AvgPool2d,
}

impl DenseLayer {
    /// The input, and the layer's own channels behind it.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = convolve(&self.conv1, relu(batch_norm(&self.norm1, x.clone())));
        let y = convolve(&self.conv2, relu(batch_norm(&self.norm2, y)));
        concatenate(vec![x, y])
    }
}

impl Transition {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = convolve(&self.conv, relu(batch_norm(&self.norm, x)));
        average_pool(&self.pool, x)
    }
}

impl DenseNet {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`, H and W at least 29
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or is smaller.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }

    fn stem(&self, images: Tensor<4>) -> Tensor<4> {
        let x = relu(batch_norm(&self.norm0, convolve(&self.conv0, images)));
        max_pool(&self.pool0, x)
    }
}

impl Network for DenseNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("features.pool0", |x| self.stem(x));
        for (index, block) in self.denseblocks.iter().enumerate() {
            layers.push(format!("features.denseblock{}", index + 1), |x| {
                block.iter().fold(x, |x, layer| layer.forward(x))
            });
            if let Some(transition) = self.transitions.get(index) {
                let name = format!("features.transition{}", index + 1);
                layers.push(name, |x| transition.forward(x));
            }
        }
        layers.push("features.norm5", |x| batch_norm(&self.norm5, x));
        layers.alias("features");
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(&self.classifier, global_average_pool(relu(x)))
    }

    fn names(&self) -> Names {
        let mut names = Names::new("classifier");
        for part in ["conv0", "norm0", "norm5"] {
            names = names.rename(format!("features.{part}"), part);
        }
        for (index, block) in self.denseblocks.iter().enumerate() {
            let number = index + 1;
            for layer in 0..block.len() {
                let theirs = format!("features.denseblock{number}.denselayer{}", layer + 1);
                let ours = format!("denseblocks.{index}.{layer}");
                names = names.rename(theirs, &ours);
                // The files of before 2018 have a dot in front of the number.
                for part in ["norm", "conv"] {
                    for number in 1..=2 {
                        let old = format!("{ours}.{part}.{number}");
                        names = names.rename(old, format!("{ours}.{part}{number}"));
                    }
                }
            }
            let theirs = format!("features.transition{number}");
            names = names.rename(theirs, format!("transitions.{index}"));
        }
        names
    }
}

impl Family for DenseNetConfig {
    fn name(&self) -> &'static str {
        "densenet121"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// A quarter in the stem, and three transitions that halve what is left,
    /// rounded down: 29 pixels leave 8, 4, 2, 1.
    fn smallest_image(&self) -> usize {
        29
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "densenet121",
    config: |classes, channels, _| {
        BackboneConfig::DenseNet(DenseNetConfig::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::DenseNet(DenseNetConfig::new(classes)),
    image_size: 224,
    weights: DenseNet121Weights::ALL,
}];

weights! {
    /// Weights of DenseNet-121.
    DenseNet121Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "densenet121",
            "ImageNet1kV1",
            "densenet121-a639ec97.pth",
            30.845,
            74.434,
            IMAGENET,
        ),
    }
}
