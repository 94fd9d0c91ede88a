use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::{NormSettings, convolve_normed};
use super::convolution::{convolution, max_pool, padding};
use super::operation::{Activation, add, global_average_pool, linear, relu};
use super::stem::STEM_CHANNELS;
use super::{BackboneConfig, ConvNorm, Entry, Family, Layers, Names, Network, Stem, weights};
use crate::Weights;
use crate::weights::{IMAGENET, Preprocessing};

/// Channels inside the blocks, stage by stage.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

/// How much wider a bottleneck is outside than inside.
const EXPANSION: usize = 4;

/// Number of layers with weights.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum ResNetDepth {
    /// 2, 2, 2, 2 basic blocks.
    ResNet18,
    /// 3, 4, 6, 3 basic blocks.
    ResNet34,
    /// 3, 4, 6, 3 bottlenecks.
    ResNet50,
    /// 3, 4, 23, 3 bottlenecks.
    ResNet101,
    /// 3, 8, 36, 3 bottlenecks.
    ResNet152,
}

impl ResNetDepth {
    /// Blocks, stage by stage.
    fn blocks(self) -> [usize; 4] {
        match self {
            Self::ResNet18 => [2, 2, 2, 2],
            Self::ResNet34 | Self::ResNet50 => [3, 4, 6, 3],
            Self::ResNet101 => [3, 4, 23, 3],
            Self::ResNet152 => [3, 8, 36, 3],
        }
    }

    fn has_bottlenecks(self) -> bool {
        !matches!(self, Self::ResNet18 | Self::ResNet34)
    }
}

/// Configuration to create a [`ResNet`] with [`init`](ResNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct ResNetConfig {
    /// Number of layers.
    pub depth: ResNetDepth,
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
    /// What comes before the first stage. Default: [`Stem::ImageNet`]
    #[config(default = "Stem::ImageNet")]
    pub stem: Stem,
}

impl ResNetConfig {
    /// Initialize a new [`ResNet`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out),
    /// the linear layer uniformly from ±1/sqrt(inputs).
    pub fn init(&self, device: &Device) -> ResNet {
        let settings = NormSettings::torch();
        let mut channels = STEM_CHANNELS;
        let mut stage = |index: usize| {
            let width = WIDTHS[index];
            let outer = self.outer(width);
            let blocks = (0..self.depth.blocks()[index]).map(|block| {
                // The first block of a stage halves the image, except that of the
                // first stage, where the stem has done so.
                let stride = if index > 0 && block == 0 { 2 } else { 1 };
                let block = self.block(channels, width, stride, device);
                channels = outer;
                block
            });
            blocks.collect()
        };
        let [layer1, layer2, layer3, layer4] = [stage(0), stage(1), stage(2), stage(3)];
        ResNet {
            conv1: settings.conv(self.stem.convolution(self.channels), device),
            bn1: settings.norm(STEM_CHANNELS, device),
            maxpool: self.stem.pools().then(|| {
                MaxPool2dConfig::new([3, 3])
                    .with_strides([2, 2])
                    .with_padding(padding(1))
                    .init()
            }),
            layer1,
            layer2,
            layer3,
            layer4,
            fc: LinearConfig::new(channels, self.num_classes).init(device),
        }
    }

    /// Channels outside the blocks of inner width `width`.
    fn outer(&self, width: usize) -> usize {
        if self.depth.has_bottlenecks() {
            width * EXPANSION
        } else {
            width
        }
    }

    fn block(
        &self,
        channels: usize,
        width: usize,
        stride: usize,
        device: &Device,
    ) -> ResidualBlock {
        let settings = NormSettings::torch();
        let outer = self.outer(width);
        let bottleneck = self.depth.has_bottlenecks();
        let [first, second] = if bottleneck {
            [
                convolution([channels, width], 1, 1),
                convolution([width, width], 3, stride),
            ]
        } else {
            [
                convolution([channels, width], 3, stride),
                convolution([width, width], 3, 1),
            ]
        };
        let third = || settings.conv(convolution([width, outer], 1, 1), device);
        let reshapes = stride != 1 || channels != outer;
        let projection = || convolution([channels, outer], 1, stride);
        ResidualBlock {
            conv1: settings.conv(first, device),
            bn1: settings.norm(width, device),
            conv2: settings.conv(second, device),
            bn2: settings.norm(width, device),
            conv3: bottleneck.then(third),
            bn3: bottleneck.then(|| settings.norm(outer, device)),
            downsample: reshapes.then(|| settings.conv_norm(projection(), device)),
        }
    }
}

/// ResNet: stages of residual blocks, `y = relu(f(x) + shortcut(x))`.
///
/// Source: He et al., *Deep Residual Learning for Image Recognition*,
/// [arXiv 1512.03385](https://arxiv.org/abs/1512.03385), in the variant of
/// torchvision, often called v1.5: a bottleneck has its stride on the 3x3
/// convolution.
///
/// Should be created using [`ResNetConfig`].
#[derive(Module, Debug)]
pub struct ResNet {
    /// The convolution of the stem.
    pub conv1: Conv2d,
    /// The batch norm after it.
    pub bn1: BatchNorm,
    /// The max-pool of the stem, if it has one.
    pub maxpool: Option<MaxPool2d>,
    /// The residual blocks of the first stage.
    pub layer1: Vec<ResidualBlock>,
    /// Those of the second stage.
    pub layer2: Vec<ResidualBlock>,
    /// Those of the third stage.
    pub layer3: Vec<ResidualBlock>,
    /// Those of the fourth stage.
    pub layer4: Vec<ResidualBlock>,
    /// The linear layer that gives the logits.
    pub fc: Linear,
}

/// Convolutions with ReLU between them, added to a shortcut, and ReLU.
///
/// A basic block has two 3x3 convolutions. A bottleneck has a 1x1 convolution
/// to a quarter of the channels, a 3x3 convolution there and a 1x1 convolution
/// back.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// The first convolution.
    pub conv1: Conv2d,
    /// The batch norm after it.
    pub bn1: BatchNorm,
    /// The second convolution.
    pub conv2: Conv2d,
    /// The batch norm after it.
    pub bn2: BatchNorm,
    /// The third convolution of a bottleneck.
    pub conv3: Option<Conv2d>,
    /// The batch norm after it.
    pub bn3: Option<BatchNorm>,
    /// The 1x1 projection of the input, where the output has another shape.
    pub downsample: Option<ConvNorm>,
}

impl ResNet {
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

    fn stages(&self) -> [&Vec<ResidualBlock>; 4] {
        [&self.layer1, &self.layer2, &self.layer3, &self.layer4]
    }

    fn stem(&self, images: Tensor<4>) -> Tensor<4> {
        let x = convolve_normed(&self.conv1, &self.bn1, images, Some(Activation::Relu));
        match &self.maxpool {
            Some(pool) => max_pool(pool, x),
            None => x,
        }
    }
}

impl Network for ResNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("stem", |x| self.stem(x));
        layers.alias("maxpool");
        for (stage, blocks) in (1..).zip(self.stages()) {
            for (index, block) in blocks.iter().enumerate() {
                layers.push(format!("layer{stage}.{index}"), |x| block.forward(x));
            }
            layers.alias(format!("layer{stage}"));
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(&self.fc, global_average_pool(x))
    }

    fn names(&self) -> Names {
        Names::new("fc")
            .rename("layer{}.{}.downsample.0", "layer{}.{}.downsample.conv")
            .rename("layer{}.{}.downsample.1", "layer{}.{}.downsample.norm")
    }
}

impl ResidualBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some(projection) => projection.forward(x.clone()),
            None => x.clone(),
        };
        let x = convolve_normed(&self.conv1, &self.bn1, x, Some(Activation::Relu));
        let x = match (&self.conv3, &self.bn3) {
            (Some(conv), Some(norm)) => {
                let x = convolve_normed(&self.conv2, &self.bn2, x, Some(Activation::Relu));
                convolve_normed(conv, norm, x, None)
            }
            _ => convolve_normed(&self.conv2, &self.bn2, x, None),
        };
        relu(add(x, shortcut))
    }
}

impl Family for ResNetConfig {
    fn name(&self) -> &'static str {
        match self.depth {
            ResNetDepth::ResNet18 => "resnet18",
            ResNetDepth::ResNet34 => "resnet34",
            ResNetDepth::ResNet50 => "resnet50",
            ResNetDepth::ResNet101 => "resnet101",
            ResNetDepth::ResNet152 => "resnet152",
        }
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }
}

fn config(depth: ResNetDepth, num_classes: usize, channels: usize) -> BackboneConfig {
    BackboneConfig::ResNet(ResNetConfig::new(depth, num_classes).with_channels(channels))
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
    entry!("resnet18", ResNetDepth::ResNet18, 224, ResNet18Weights::ALL),
    entry!("resnet34", ResNetDepth::ResNet34, 224, ResNet34Weights::ALL),
    entry!("resnet50", ResNetDepth::ResNet50, 224, ResNet50Weights::ALL),
    entry!(
        "resnet101",
        ResNetDepth::ResNet101,
        224,
        ResNet101Weights::ALL
    ),
    entry!(
        "resnet152",
        ResNetDepth::ResNet152,
        224,
        ResNet152Weights::ALL
    ),
];

weights! {
    /// Weights of ResNet-18.
    ResNet18Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "resnet18",
            "ImageNet1kV1",
            "resnet18-f37072fd.pth",
            44.661,
            69.758,
            IMAGENET,
        ),
    }
    /// Weights of ResNet-34.
    ResNet34Weights {
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "resnet34",
            "ImageNet1kV1",
            "resnet34-b627a593.pth",
            83.275,
            73.314,
            IMAGENET,
        ),
    }
    /// Weights of ResNet-50.
    ResNet50Weights {
        /// Of torchvision, trained on ImageNet with its newer recipe.
        ImageNet1kV2 = Weights::torchvision(
            "resnet50",
            "ImageNet1kV2",
            "resnet50-11ad3fa6.pth",
            97.79,
            80.858,
            Preprocessing {
                resize: 232,
                ..IMAGENET
            },
        ),
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "resnet50",
            "ImageNet1kV1",
            "resnet50-0676ba61.pth",
            97.781,
            76.13,
            IMAGENET,
        ),
    }
    /// Weights of ResNet-101.
    ResNet101Weights {
        /// Of torchvision, trained on ImageNet with its newer recipe.
        ImageNet1kV2 = Weights::torchvision(
            "resnet101",
            "ImageNet1kV2",
            "resnet101-cd907fc2.pth",
            170.53,
            81.886,
            Preprocessing {
                resize: 232,
                ..IMAGENET
            },
        ),
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "resnet101",
            "ImageNet1kV1",
            "resnet101-63fe2227.pth",
            170.511,
            77.374,
            IMAGENET,
        ),
    }
    /// Weights of ResNet-152.
    ResNet152Weights {
        /// Of torchvision, trained on ImageNet with its newer recipe.
        ImageNet1kV2 = Weights::torchvision(
            "resnet152",
            "ImageNet1kV2",
            "resnet152-f82ba261.pth",
            230.474,
            82.284,
            Preprocessing {
                resize: 232,
                ..IMAGENET
            },
        ),
        /// Of torchvision, trained on ImageNet.
        ImageNet1kV1 = Weights::torchvision(
            "resnet152",
            "ImageNet1kV1",
            "resnet152-394f9c45.pth",
            230.434,
            78.312,
            IMAGENET,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::module::Initializer;
    use burn::tensor::Distribution;

    /// Neither the shapes nor the number of parameters tell where it is.
    #[test]
    fn a_bottleneck_has_its_stride_on_the_3x3_convolution() {
        let device = Device::default();
        let network = ResNetConfig::new(ResNetDepth::ResNet50, 10).init(&device);
        let strides = |block: &ResidualBlock| {
            let third = block.conv3.as_ref().unwrap();
            [&block.conv1, &block.conv2, third].map(|conv| conv.stride[0])
        };
        assert_eq!(strides(&network.layer1[0]), [1, 1, 1]);
        for stage in &network.stages()[1..] {
            assert_eq!(strides(&stage[0]), [1, 2, 1]);
            assert_eq!(strides(&stage[1]), [1, 1, 1]);
            assert!(stage[0].downsample.is_some() && stage[1].downsample.is_none());
        }
    }

    #[test]
    fn without_a_residual_a_block_is_the_relu_of_its_input() {
        let device = Device::default();
        let network = ResNetConfig::new(ResNetDepth::ResNet18, 10).init(&device);
        let mut block = network.layer1[0].clone();
        block.bn2.gamma = Initializer::Zeros.init([64], &device);
        let x = Tensor::random([1, 64, 4, 4], Distribution::Normal(0.0, 1.0), &device);
        assert_eq!(block.forward(x.clone()).into_data(), relu(x).into_data());
    }
}
