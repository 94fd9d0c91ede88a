use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::Stem;
use super::convolution::{convolution, convolve, kaiming_fan_out, padding};
use super::head::global_average_pool;
use super::layers::Layers;
use super::stem::STEM_CHANNELS;
use crate::kernels::{Activation, batch_norm, max_pool};

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
        let mut channels = STEM_CHANNELS;
        let stages = WIDTHS
            .iter()
            .zip(self.depth.blocks())
            .enumerate()
            .map(|(stage, (&width, blocks))| {
                (0..blocks)
                    .map(|block| {
                        // The first block of a stage halves the image, except
                        // that of the first stage, where the stem has done so.
                        let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                        let layer = self.block(channels, width, stride, device);
                        channels = self.outer(width);
                        layer
                    })
                    .collect()
            })
            .collect();
        ResNet {
            stem: conv_norm(self.stem.convolution(self.channels), device),
            pool: self.stem.pools().then(|| {
                MaxPool2dConfig::new([3, 3])
                    .with_strides([2, 2])
                    .with_padding(padding(1))
                    .init()
            }),
            stages,
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
        let outer = self.outer(width);
        let convolutions = if self.depth.has_bottlenecks() {
            vec![
                convolution([channels, width], 1, 1),
                convolution([width, width], 3, stride),
                convolution([width, outer], 1, 1),
            ]
        } else {
            vec![
                convolution([channels, width], 3, stride),
                convolution([width, width], 3, 1),
            ]
        };
        let reshapes = stride != 1 || channels != outer;
        ResidualBlock {
            convolutions: convolutions
                .into_iter()
                .map(|config| conv_norm(config, device))
                .collect(),
            shortcut: reshapes
                .then(|| conv_norm(convolution([channels, outer], 1, stride), device)),
        }
    }
}

/// No bias, as the batch norm has one.
fn conv_norm(config: Conv2dConfig, device: &Device) -> ConvNorm {
    ConvNorm {
        norm: BatchNormConfig::new(config.channels[1]).init(device),
        conv: config
            .with_bias(false)
            .with_initializer(kaiming_fan_out())
            .init(device),
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
    pub stem: ConvNorm,
    /// The max-pool of the stem, if it has one.
    pub pool: Option<MaxPool2d>,
    /// The residual blocks, stage by stage.
    pub stages: Vec<Vec<ResidualBlock>>,
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
    /// The convolutions, first to last.
    pub convolutions: Vec<ConvNorm>,
    /// The 1x1 projection of the input, where the output has another shape.
    pub shortcut: Option<ConvNorm>,
}

/// Convolution and batch norm.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution.
    pub conv: Conv2d,
    /// The batch norm.
    pub norm: BatchNorm,
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

    pub(super) fn head(&self, x: Tensor<4>) -> Tensor<2> {
        self.fc.forward(global_average_pool(x))
    }

    pub(super) fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("stem", |x| self.forward_stem(x));
        for (stage, blocks) in (1..).zip(&self.stages) {
            for (index, block) in blocks.iter().enumerate() {
                layers.push(format!("layer{stage}.{index}"), |x| block.forward(x));
            }
            layers.alias(format!("layer{stage}"));
        }
        layers
    }

    fn forward_stem(&self, images: Tensor<4>) -> Tensor<4> {
        let x = self.stem.forward(images, Activation::Relu);
        match &self.pool {
            Some(pool) => max_pool(pool, x),
            None => x,
        }
    }
}

impl ResidualBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.shortcut {
            Some(projection) => projection.forward(x.clone(), Activation::None),
            None => x.clone(),
        };
        let last = self.convolutions.len() - 1;
        let convolutions = self.convolutions.iter().enumerate();
        let residual = convolutions.fold(x, |x, (index, convolution)| {
            convolution.forward(
                x,
                if index == last {
                    Activation::None
                } else {
                    Activation::Relu
                },
            )
        });
        relu(residual + shortcut)
    }
}

impl ConvNorm {
    pub(super) fn forward(&self, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        batch_norm(&self.norm, convolve(&self.conv, x), activation)
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
        let strides = |block: &ResidualBlock| -> Vec<usize> {
            block
                .convolutions
                .iter()
                .map(|c| c.conv.stride[0])
                .collect()
        };
        assert_eq!(strides(&network.stages[0][0]), [1, 1, 1]);
        for stage in &network.stages[1..] {
            assert_eq!(strides(&stage[0]), [1, 2, 1]);
            assert_eq!(strides(&stage[1]), [1, 1, 1]);
            assert!(stage[0].shortcut.is_some() && stage[1].shortcut.is_none());
        }
    }

    #[test]
    fn without_a_residual_a_block_is_the_relu_of_its_input() {
        let device = Device::default();
        let network = ResNetConfig::new(ResNetDepth::ResNet18, 10).init(&device);
        let mut block = network.stages[0][0].clone();
        block.convolutions[1].norm.gamma = Initializer::Zeros.init([64], &device);
        let x = Tensor::random([1, 64, 4, 4], Distribution::Normal(0.0, 1.0), &device);
        assert_eq!(block.forward(x.clone()).into_data(), relu(x).into_data());
    }
}
