use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear, LinearConfig};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor, s};

use super::conv_norm::{NormSettings, convolve_normed};
use super::convolution::convolution;
use super::operation::{Activation, add, global_average_pool, linear, relu};
use super::{BackboneConfig, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{IMAGENET, Labels, Preprocessing};

/// Channels, stage by stage.
const WIDTHS: [usize; 3] = [16, 32, 64];

/// Number of layers with weights.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum CifarResNetDepth {
    /// 3 blocks a stage.
    ResNet20,
    /// 9 blocks a stage.
    ResNet56,
}

/// Configuration to create a [`CifarResNet`] with
/// [`init`](CifarResNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct CifarResNetConfig {
    /// Number of layers.
    pub depth: CifarResNetDepth,
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl CifarResNetConfig {
    /// Initialize a new [`CifarResNet`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out),
    /// the linear layer uniformly from ±1/sqrt(inputs).
    pub fn init(&self, device: &Device) -> CifarResNet {
        let settings = NormSettings::torch();
        let blocks = match self.depth {
            CifarResNetDepth::ResNet20 => 3,
            CifarResNetDepth::ResNet56 => 9,
        };
        let mut channels = WIDTHS[0];
        let mut stage = |index: usize| {
            let width = WIDTHS[index];
            let blocks = (0..blocks).map(|block| {
                let stride = if index > 0 && block == 0 { 2 } else { 1 };
                let first = convolution([channels, width], 3, stride);
                channels = width;
                CifarBlock {
                    conv1: settings.conv(first, device),
                    bn1: settings.norm(width, device),
                    conv2: settings.conv(convolution([width, width], 3, 1), device),
                    bn2: settings.norm(width, device),
                }
            });
            blocks.collect()
        };
        let [layer1, layer2, layer3] = [stage(0), stage(1), stage(2)];
        CifarResNet {
            conv1: settings.conv(convolution([self.channels, WIDTHS[0]], 3, 1), device),
            bn1: settings.norm(WIDTHS[0], device),
            layer1,
            layer2,
            layer3,
            linear: LinearConfig::new(channels, self.num_classes).init(device),
        }
    }
}

/// ResNet for images of 32x32: three stages of basic blocks on 16, 32 and 64
/// channels, whose shortcuts have no parameters. Where a block halves the
/// image, its shortcut takes every second pixel and adds channels of zeros, half
/// of them before and half after those that it has (option A of the paper).
///
/// Source: He et al., *Deep Residual Learning for Image Recognition*,
/// [arXiv 1512.03385](https://arxiv.org/abs/1512.03385), section 4.2, with the
/// names of
/// [akamaster/pytorch_resnet_cifar10](https://github.com/akamaster/pytorch_resnet_cifar10).
///
/// Should be created using [`CifarResNetConfig`].
#[derive(Module, Debug)]
pub struct CifarResNet {
    /// The first convolution.
    pub conv1: Conv2d,
    /// The batch norm after it.
    pub bn1: BatchNorm,
    /// The residual blocks of the first stage.
    pub layer1: Vec<CifarBlock>,
    /// Those of the second stage.
    pub layer2: Vec<CifarBlock>,
    /// Those of the third stage.
    pub layer3: Vec<CifarBlock>,
    /// The linear layer that gives the logits.
    pub linear: Linear,
}

/// Two 3x3 convolutions added to a shortcut without parameters.
#[derive(Module, Debug)]
pub struct CifarBlock {
    /// The first convolution, which has the stride.
    pub conv1: Conv2d,
    /// The batch norm after it.
    pub bn1: BatchNorm,
    /// The second convolution.
    pub conv2: Conv2d,
    /// The batch norm after it.
    pub bn2: BatchNorm,
}

impl CifarResNet {
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

impl Network for CifarResNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("stem", |x| {
            convolve_normed(&self.conv1, &self.bn1, x, Some(Activation::Relu))
        });
        for (stage, blocks) in (1..).zip([&self.layer1, &self.layer2, &self.layer3]) {
            for (index, block) in blocks.iter().enumerate() {
                layers.push(format!("layer{stage}.{index}"), |x| block.forward(x));
            }
            layers.alias(format!("layer{stage}"));
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(&self.linear, global_average_pool(x))
    }

    fn names(&self) -> Names {
        Names::new("linear")
    }
}

impl CifarBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = self.shortcut(x.clone());
        let x = convolve_normed(&self.conv1, &self.bn1, x, Some(Activation::Relu));
        let x = convolve_normed(&self.conv2, &self.bn2, x, None);
        relu(add(x, shortcut))
    }

    fn shortcut(&self, x: Tensor<4>) -> Tensor<4> {
        let [outputs, inputs, ..] = self.conv1.weight.lazy_shape().dims::<4>();
        if outputs == inputs {
            return x;
        }
        let thinned = x.slice([s![..], s![..], s![0..;2], s![0..;2]]);
        let added = (outputs - inputs) / 2;
        let channels = [(0, 0), (added, added), (0, 0), (0, 0)];
        thinned.pad(channels, PadMode::Constant(0.0))
    }
}

impl Family for CifarResNetConfig {
    fn name(&self) -> &'static str {
        match self.depth {
            CifarResNetDepth::ResNet20 => "cifar-resnet20",
            CifarResNetDepth::ResNet56 => "cifar-resnet56",
        }
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }
}

fn config(depth: CifarResNetDepth, num_classes: usize, channels: usize) -> BackboneConfig {
    BackboneConfig::CifarResNet(CifarResNetConfig::new(depth, num_classes).with_channels(channels))
}

/// Weights of the repository whose names the network has. Images were normalized
/// with ImageNet's numbers.
const fn akamaster(model: &'static str, file: &'static str, top1: f64) -> Weights {
    Weights {
        model,
        name: "Cifar10",
        server: Some(
            "https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/pretrained_models",
        ),
        file,
        sha256: None,
        mebibytes: None,
        top1: Some(top1),
        labels: Labels::Cifar10,
        preprocessing: Preprocessing {
            resize: 32,
            crop: 32,
            ..IMAGENET
        },
    }
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
        "cifar-resnet20",
        CifarResNetDepth::ResNet20,
        32,
        CifarResNet20Weights::ALL
    ),
    entry!(
        "cifar-resnet56",
        CifarResNetDepth::ResNet56,
        32,
        CifarResNet56Weights::ALL
    ),
];

weights! {
    /// Weights of the ResNet-20 for images of 32x32.
    CifarResNet20Weights {
        /// Of akamaster/pytorch_resnet_cifar10, trained on CIFAR-10.
        Cifar10 = Weights {
            sha256: Some("12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8"),
            ..akamaster("cifar-resnet20", "resnet20-12fca82f.th", 91.73)
        },
    }
    /// Weights of the ResNet-56 for images of 32x32.
    CifarResNet56Weights {
        /// Of akamaster/pytorch_resnet_cifar10, trained on CIFAR-10.
        Cifar10 = Weights {
            sha256: Some("4bfd9763"),
            ..akamaster("cifar-resnet56", "resnet56-4bfd9763.th", 93.39)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_takes_every_second_pixel_and_adds_zeros() {
        let device = Device::default();
        let network = CifarResNetConfig::new(CifarResNetDepth::ResNet20, 10).init(&device);
        let x = Tensor::<1>::from_data(
            (0..16 * 15)
                .map(|x| x as f32)
                .collect::<Vec<_>>()
                .as_slice(),
            &device,
        );
        let x = x.reshape([1, 16, 3, 5]);
        let shortcut = network.layer2[0].shortcut(x.clone());
        assert_eq!(shortcut.dims(), [1, 32, 2, 3]);
        let values = shortcut.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(values[..8 * 6], [0.0; 48]);
        assert_eq!(values[8 * 6..9 * 6], [0.0, 2.0, 4.0, 10.0, 12.0, 14.0]);
        assert_eq!(values[24 * 6..], [0.0; 48]);
        let same = network.layer2[1].shortcut(x.clone().repeat_dim(1, 2));
        assert_eq!(same.dims(), [1, 32, 3, 5]);
    }
}
