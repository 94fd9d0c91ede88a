use burn::config::Config;
use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};

use super::convolution::{convolution, convolve, max_pool, normal, zeroed};
use super::operation::{concatenate, global_average_pool, relu};
use super::{BackboneConfig, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::IMAGENET;

/// Where the fire modules stand in torchvision's `features`, and their channels
/// inside and of each of their two parts.
const FIRES: [(usize, usize, usize); 8] = [
    (3, 16, 64),
    (4, 16, 64),
    (6, 32, 128),
    (7, 32, 128),
    (9, 48, 192),
    (10, 48, 192),
    (11, 64, 256),
    (12, 64, 256),
];

/// Where the max-pools stand.
const POOLS: [usize; 3] = [2, 5, 8];

/// Channels that the first convolution gives.
const FIRST_WIDTH: usize = 64;

/// Configuration to create a [`SqueezeNet`] with [`init`](SqueezeNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct SqueezeNetConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl SqueezeNetConfig {
    /// Initialize a new [`SqueezeNet`].
    ///
    /// Convolutions are drawn from a Kaiming uniform distribution (fan in), the
    /// last one from N(0, 0.01²); biases are 0.
    pub fn init(&self, device: &Device) -> SqueezeNet {
        let drawn = |config: Conv2dConfig, initializer: Initializer| {
            let mut conv = config.with_initializer(initializer).init(device);
            conv.bias = zeroed(conv.bias);
            conv
        };
        let kaiming = || Initializer::KaimingUniform {
            gain: std::f64::consts::SQRT_2,
            fan_out_only: false,
        };
        let mut channels = FIRST_WIDTH;
        let fires = FIRES.iter().map(|&(_, narrow, wide)| {
            let fire = Fire {
                squeeze: drawn(convolution([channels, narrow], 1, 1), kaiming()),
                expand1x1: drawn(convolution([narrow, wide], 1, 1), kaiming()),
                expand3x3: drawn(convolution([narrow, wide], 3, 1), kaiming()),
            };
            channels = 2 * wide;
            fire
        });
        let fires = fires.collect();
        let first = Conv2dConfig::new([self.channels, FIRST_WIDTH], [3, 3]).with_stride([2, 2]);
        SqueezeNet {
            first: drawn(first, kaiming()),
            fires,
            pool: MaxPool2dConfig::new([3, 3])
                .with_strides([2, 2])
                .with_ceil_mode(true)
                .init(),
            dropout: DropoutConfig::new(0.5).init(),
            classifier: drawn(
                convolution([channels, self.num_classes], 1, 1),
                normal(0.01),
            ),
        }
    }
}

/// SqueezeNet 1.1: modules that narrow by a 1x1 convolution and widen by a 1x1
/// and a 3x3 convolution beside each other.
///
/// Source: Iandola et al., *SqueezeNet: AlexNet-level accuracy with 50x fewer
/// parameters*, [arXiv 1602.07360](https://arxiv.org/abs/1602.07360), version 1.1
/// as torchvision has it.
///
/// Should be created using [`SqueezeNetConfig`].
#[derive(Module, Debug)]
pub struct SqueezeNet {
    /// The first convolution, of stride 2.
    pub first: Conv2d,
    /// The fire modules, first to last.
    pub fires: Vec<Fire>,
    /// The max-pool, which comes three times.
    pub pool: MaxPool2d,
    /// The dropout before the classifier.
    pub dropout: Dropout,
    /// The 1x1 convolution to as many channels as there are classes.
    pub classifier: Conv2d,
}

/// A fire module.
#[derive(Module, Debug)]
pub struct Fire {
    /// The 1x1 convolution that narrows.
    pub squeeze: Conv2d,
    /// The 1x1 convolution that widens.
    pub expand1x1: Conv2d,
    /// The 3x3 convolution that widens.
    pub expand3x3: Conv2d,
}

impl Fire {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = relu(convolve(&self.squeeze, x));
        let one = relu(convolve(&self.expand1x1, x.clone()));
        concatenate(vec![one, relu(convolve(&self.expand3x3, x))])
    }
}

impl SqueezeNet {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`, H and W at least 17
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or is smaller.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }
}

impl Network for SqueezeNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("features.1", |x| relu(convolve(&self.first, x)));
        let mut fires = FIRES.iter().zip(&self.fires).peekable();
        for place in 2..=FIRES[FIRES.len() - 1].0 {
            let name = format!("features.{place}");
            match fires.next_if(|((at, ..), _)| *at == place) {
                Some((_, fire)) => layers.push(name, |x| fire.forward(x)),
                None => {
                    debug_assert!(POOLS.contains(&place));
                    layers.push(name, |x| max_pool(&self.pool, x));
                }
            }
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        let x = convolve(&self.classifier, self.dropout.forward(x));
        global_average_pool(relu(x))
    }

    fn names(&self) -> Names {
        let mut names = Names::new("classifier")
            .rename("features.0", "first")
            .rename("classifier.1", "classifier");
        for (index, (place, ..)) in FIRES.iter().enumerate() {
            names = names.rename(format!("features.{place}"), format!("fires.{index}"));
        }
        names
    }
}

impl Family for SqueezeNetConfig {
    fn name(&self) -> &'static str {
        "squeezenet1.1"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// 17 pixels leave 8, 4, 2, 1.
    fn smallest_image(&self) -> usize {
        17
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "squeezenet1.1",
    config: |classes, channels, _| {
        BackboneConfig::SqueezeNet(SqueezeNetConfig::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::SqueezeNet(SqueezeNetConfig::new(classes)),
    image_size: 224,
    weights: SqueezeNet11Weights::ALL,
}];

weights! {
    /// Weights of SqueezeNet 1.1.
    SqueezeNet11Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "squeezenet1.1",
            "ImageNet1kV1",
            "squeezenet1_1-b8a52dc0.pth",
            4.729,
            58.178,
            IMAGENET,
        ),
    }
}
