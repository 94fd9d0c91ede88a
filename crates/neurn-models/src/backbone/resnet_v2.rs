use burn::config::Config;
use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};

use super::convolution::{convolution, convolve, max_pool, zeroed};
use super::operation::{Activation, add, batch_norm_activated, global_average_pool, linear};
use super::stem::STEM_CHANNELS;
use super::{BackboneConfig, Entry, Family, Layers, Names, Network, Stem};

/// Channels inside the blocks, stage by stage.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

/// Blocks, stage by stage.
const BLOCKS: [usize; 4] = [3, 4, 6, 3];

/// How much wider a block is outside than inside.
const EXPANSION: usize = 4;

/// Configuration to create a [`ResNetV2`] with [`init`](ResNetV2Config::init).
#[derive(Config, Debug, PartialEq)]
pub struct ResNetV2Config {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
    /// What comes before the first stage. Default: [`Stem::ImageNet`]
    #[config(default = "Stem::ImageNet")]
    pub stem: Stem,
}

impl ResNetV2Config {
    /// Initialize a new [`ResNetV2`].
    ///
    /// Weights are drawn from a Glorot uniform distribution; biases are 0.
    pub fn init(&self, device: &Device) -> ResNetV2 {
        let mut channels = STEM_CHANNELS;
        let stages = (0..WIDTHS.len())
            .map(|stage| {
                (0..BLOCKS[stage])
                    .map(|block| {
                        let last = block == BLOCKS[stage] - 1;
                        // The last stage keeps the size.
                        let stride = if last && stage < WIDTHS.len() - 1 {
                            2
                        } else {
                            1
                        };
                        let layer = pre_activation_block(
                            channels,
                            WIDTHS[stage],
                            stride,
                            block == 0,
                            device,
                        );
                        channels = WIDTHS[stage] * EXPANSION;
                        layer
                    })
                    .collect()
            })
            .collect();
        let mut fc = LinearConfig::new(channels, self.num_classes)
            .with_initializer(glorot())
            .init(device);
        fc.bias = zeroed(fc.bias);
        ResNetV2 {
            conv: drawn(self.stem.convolution(self.channels), device),
            pool: self
                .stem
                .pools()
                .then(|| MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).init()),
            stages,
            norm: norm(channels, device),
            fc,
        }
    }
}

fn pre_activation_block(
    channels: usize,
    width: usize,
    stride: usize,
    projects: bool,
    device: &Device,
) -> PreActivationBlock {
    let outer = width * EXPANSION;
    PreActivationBlock {
        norm: norm(channels, device),
        projection: projects.then(|| drawn(convolution([channels, outer], 1, stride), device)),
        subsample: (!projects && stride > 1).then(|| {
            MaxPool2dConfig::new([1, 1])
                .with_strides([stride; 2])
                .init()
        }),
        conv1: drawn(
            convolution([channels, width], 1, 1).with_bias(false),
            device,
        ),
        norm1: norm(width, device),
        conv2: drawn(
            convolution([width, width], 3, stride).with_bias(false),
            device,
        ),
        norm2: norm(width, device),
        conv3: drawn(convolution([width, outer], 1, 1), device),
    }
}

/// Keras writes the momentum of the running statistics as `1 - 0.01`.
fn norm(channels: usize, device: &Device) -> BatchNorm {
    BatchNormConfig::new(channels)
        .with_epsilon(1.001e-5)
        .with_momentum(0.01)
        .init(device)
}

fn glorot() -> Initializer {
    Initializer::XavierUniform { gain: 1.0 }
}

fn drawn(config: Conv2dConfig, device: &Device) -> Conv2d {
    let mut conv = config.with_initializer(glorot()).init(device);
    conv.bias = zeroed(conv.bias);
    conv
}

/// ResNet-50 V2: residual blocks that normalize and activate before they
/// convolve, `y = f(relu(norm(x))) + shortcut`.
///
/// Source: He et al., *Identity Mappings in Deep Residual Networks*,
/// [arXiv 1603.05027](https://arxiv.org/abs/1603.05027), as Keras has it: the
/// last block of a stage has the stride, and nothing follows the convolution
/// of the stem but its max-pool.
///
/// Should be created using [`ResNetV2Config`].
#[derive(Module, Debug)]
pub struct ResNetV2 {
    /// The convolution of the stem.
    pub conv: Conv2d,
    /// The max-pool of the stem, if it has one.
    pub pool: Option<MaxPool2d>,
    /// The residual blocks, stage by stage.
    pub stages: Vec<Vec<PreActivationBlock>>,
    /// The batch norm after the last stage.
    pub norm: BatchNorm,
    /// The linear layer that gives the logits.
    pub fc: Linear,
}

/// A bottleneck that normalizes and activates first.
#[derive(Module, Debug)]
pub struct PreActivationBlock {
    /// The batch norm before everything.
    pub norm: BatchNorm,
    /// The 1x1 convolution of the activated input to the output's channels, in
    /// the first block of a stage.
    pub projection: Option<Conv2d>,
    /// What thins out the input for the shortcut, in a block with a stride.
    pub subsample: Option<MaxPool2d>,
    /// The 1x1 convolution that narrows.
    pub conv1: Conv2d,
    /// The batch norm after `conv1`.
    pub norm1: BatchNorm,
    /// The 3x3 convolution, which has the stride.
    pub conv2: Conv2d,
    /// The batch norm after `conv2`.
    pub norm2: BatchNorm,
    /// The 1x1 convolution that widens.
    pub conv3: Conv2d,
}

impl ResNetV2 {
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

    fn stem(&self, images: Tensor<4>) -> Tensor<4> {
        let x = convolve(&self.conv, images);
        match &self.pool {
            // Not the pool's own padding: no ReLU comes before, so a border of
            // zeros can win where one of -inf cannot.
            Some(pool) => max_pool(pool, x.pad([(1, 1), (1, 1)], PadMode::Constant(0.0))),
            None => x,
        }
    }
}

impl Network for ResNetV2 {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("stem", |x| self.stem(x));
        layers.alias("pool1_pool");
        for (stage, blocks) in (1..).zip(&self.stages) {
            for (index, block) in blocks.iter().enumerate() {
                layers.push(format!("layer{stage}.{index}"), |x| block.forward(x));
            }
            layers.alias(format!("layer{stage}"));
        }
        layers.push("post", |x| {
            batch_norm_activated(&self.norm, x, Activation::Relu)
        });
        layers.alias("post_relu");
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(&self.fc, global_average_pool(x))
    }

    /// Those of Keras.
    fn names(&self) -> Names {
        let mut names = Names::new("fc")
            .rename("conv1_conv", "conv")
            .rename("post_bn", "norm")
            .rename("predictions", "fc");
        for (stage, blocks) in self.stages.iter().enumerate() {
            for index in 0..blocks.len() {
                let theirs = |part| format!("conv{}_block{}_{part}", stage + 2, index + 1);
                let ours = |part| format!("stages.{stage}.{index}.{part}");
                for (their, our) in [
                    ("preact_bn", "norm"),
                    ("0_conv", "projection"),
                    ("1_conv", "conv1"),
                    ("1_bn", "norm1"),
                    ("2_conv", "conv2"),
                    ("2_bn", "norm2"),
                    ("3_conv", "conv3"),
                ] {
                    names = names.rename(theirs(their), ours(our));
                }
            }
        }
        names
    }
}

impl PreActivationBlock {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let activated = batch_norm_activated(&self.norm, x.clone(), Activation::Relu);
        let shortcut = match (&self.projection, &self.subsample) {
            (Some(projection), _) => convolve(projection, activated.clone()),
            (None, Some(subsample)) => max_pool(subsample, x),
            (None, None) => x,
        };
        let x = convolve(&self.conv1, activated);
        let x = convolve(
            &self.conv2,
            batch_norm_activated(&self.norm1, x, Activation::Relu),
        );
        let x = convolve(
            &self.conv3,
            batch_norm_activated(&self.norm2, x, Activation::Relu),
        );
        add(x, shortcut)
    }
}

impl Family for ResNetV2Config {
    fn name(&self) -> &'static str {
        "resnet50v2"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "resnet50v2",
    config: |classes, channels, _| {
        BackboneConfig::ResNetV2(ResNetV2Config::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::ResNetV2(ResNetV2Config::new(classes)),
    image_size: 224,
    weights: &[],
}];

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::{Distribution, s};

    #[test]
    fn the_pool_of_the_stem_sees_zeros_beyond_the_border() {
        let device = Device::default();
        let mut network = ResNetV2Config::new(2).with_channels(1).init(&device);
        network.conv.weight = Initializer::Constant { value: -1.0 }.init([64, 1, 7, 7], &device);
        let x = network.stem(Tensor::ones([1, 1, 8, 8], &device));
        // The convolution is negative throughout; windows 0 and 0 reach over
        // the top and the left border, window (1, 1) stays inside.
        assert_eq!(x.dims(), [1, 64, 2, 2]);
        let x = x.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(x[..3], [0.0; 3]);
        assert!(x[3] < 0.0);
    }

    /// Neither the shapes nor the number of parameters tell what it is taken
    /// of.
    #[test]
    fn without_a_residual_a_block_is_its_shortcut() {
        let device = Device::default();
        let network = ResNetV2Config::new(2).init(&device);
        let silent = |block: &PreActivationBlock, channels| {
            let mut block = block.clone();
            block.conv3.weight = Initializer::Zeros.init([256, 64, 1, 1], &device);
            let distribution = Distribution::Normal(0.0, 1.0);
            let x = Tensor::<4>::random([1, channels, 5, 5], distribution, &device);
            (block.forward(x.clone()).into_data(), block, x)
        };

        let (y, block, x) = silent(&network.stages[0][0], 64);
        let activated = batch_norm_activated(&block.norm, x, Activation::Relu);
        let projected = block.projection.unwrap().forward(activated);
        assert_eq!(y, projected.into_data());

        let (y, _, x) = silent(&network.stages[0][1], 256);
        assert_eq!(y, x.into_data());

        let (y, _, x) = silent(&network.stages[0][2], 256);
        let thinned = x.slice([s![..], s![..], s![0..;2], s![0..;2]]);
        assert_eq!(y, thinned.into_data());
    }
}
