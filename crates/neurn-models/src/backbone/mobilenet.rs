use burn::config::Config;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::conv_norm::NormSettings;
use super::convolution::same;
use super::operation::{Activation, global_average_pool, linear};
use super::{BackboneConfig, ConvNorm, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{Labels, SYMMETRIC};

/// Channels of the first convolution, at width 1.
const FIRST_WIDTH: usize = 32;

/// Channels that each block gives at width 1, and the stride of its depthwise
/// convolution.
const BLOCKS: [(usize, usize); 13] = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
];

/// How many channels a [`MobileNet`] has.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum MobileNetWidth {
    /// As published.
    One,
    /// Three quarters.
    ThreeQuarters,
    /// One half.
    Half,
    /// One quarter.
    Quarter,
}

impl MobileNetWidth {
    fn of(self, channels: usize) -> usize {
        match self {
            Self::One => channels,
            Self::ThreeQuarters => channels * 3 / 4,
            Self::Half => channels / 2,
            Self::Quarter => channels / 4,
        }
    }
}

/// Configuration to create a [`MobileNet`] with [`init`](MobileNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct MobileNetConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
    /// How many channels the layers have. Default: [`MobileNetWidth::One`]
    #[config(default = "MobileNetWidth::One")]
    pub width: MobileNetWidth,
}

impl MobileNetConfig {
    /// Initialize a new [`MobileNet`].
    ///
    /// Convolutions are drawn from a Kaiming normal distribution (fan out),
    /// the linear layer uniformly from ±1/sqrt(inputs).
    pub fn init(&self, device: &Device) -> MobileNet {
        let settings = NormSettings::keras();
        let first = self.width.of(FIRST_WIDTH);
        let mut channels = first;
        let blocks = BLOCKS
            .iter()
            .map(|&(width, stride)| {
                let width = self.width.of(width);
                let depthwise = same([channels, channels], 3, stride).with_groups(channels);
                let block = SeparableConvolution {
                    depthwise: settings.conv_norm(depthwise, device),
                    pointwise: settings.conv_norm(same([channels, width], 1, 1), device),
                };
                channels = width;
                block
            })
            .collect();
        MobileNet {
            conv1: settings.conv_norm(same([self.channels, first], 3, 2), device),
            blocks,
            fc: LinearConfig::new(channels, self.num_classes).init(device),
        }
    }
}

/// MobileNet V1: a convolution, and blocks that filter each channel
/// on its own before they mix the channels pixel by pixel.
///
/// Source: Howard et al., *MobileNets: Efficient Convolutional Neural Networks
/// for Mobile Vision Applications*,
/// [arXiv 1704.04861](https://arxiv.org/abs/1704.04861), with the batch norm,
/// the ReLU6 and the names of layers that Keras has. All padding is
/// TensorFlow's "same". Keras pads the depthwise convolutions of stride 2 by
/// hand and at the bottom and right only, which differs on maps of odd size;
/// images whose sides are multiples of 32 have none.
///
/// The published weights are for pixels in -1..=1. A
/// [`Normalization`](crate::Normalization) of mean 0.5 and standard deviation
/// 0.5, the default of a [`ClassifierConfig`](crate::ClassifierConfig), makes
/// them of pixels in 0..=1.
///
/// Should be created using [`MobileNetConfig`].
#[derive(Module, Debug)]
pub struct MobileNet {
    /// The first convolution, of stride 2.
    pub conv1: ConvNorm,
    /// The blocks, first to last.
    pub blocks: Vec<SeparableConvolution>,
    /// The linear layer that gives the logits.
    pub fc: Linear,
}

/// A convolution in two steps, each followed by batch norm and ReLU6.
#[derive(Module, Debug)]
pub struct SeparableConvolution {
    /// The 3x3 convolution of each channel by itself, which has the stride.
    pub depthwise: ConvNorm,
    /// The 1x1 convolution over all channels.
    pub pointwise: ConvNorm,
}

impl MobileNet {
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

impl Network for MobileNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("conv1", |x| self.conv1.activated(x, Activation::Relu6));
        for (index, block) in (1..).zip(&self.blocks) {
            layers.push(format!("conv_dw_{index}"), |x| {
                block.depthwise.activated(x, Activation::Relu6)
            });
            layers.push(format!("conv_pw_{index}"), |x| {
                block.pointwise.activated(x, Activation::Relu6)
            });
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        linear(&self.fc, global_average_pool(x))
    }

    /// Those of Keras.
    fn names(&self) -> Names {
        let mut names = Names::new("fc")
            .rename("conv_preds", "fc")
            .rename("conv1", "conv1.conv")
            .rename("conv1_bn", "conv1.norm");
        for index in 0..self.blocks.len() {
            for (theirs, ours) in [("dw", "depthwise"), ("pw", "pointwise")] {
                let name = format!("conv_{theirs}_{}", index + 1);
                let place = format!("blocks.{index}.{ours}");
                names = names
                    .rename(format!("{name}_bn"), format!("{place}.norm"))
                    .rename(name, format!("{place}.conv"));
            }
        }
        names
    }
}

impl Family for MobileNetConfig {
    fn name(&self) -> &'static str {
        match self.width {
            MobileNetWidth::One => "mobilenet-v1",
            MobileNetWidth::ThreeQuarters => "mobilenet-v1-0.75",
            MobileNetWidth::Half => "mobilenet-v1-0.5",
            MobileNetWidth::Quarter => "mobilenet-v1-0.25",
        }
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }
}

fn config(width: MobileNetWidth, num_classes: usize, channels: usize) -> BackboneConfig {
    BackboneConfig::MobileNet(
        MobileNetConfig::new(num_classes)
            .with_channels(channels)
            .with_width(width),
    )
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
    entry!("mobilenet-v1", MobileNetWidth::One, 224, &[]),
    entry!(
        "mobilenet-v1-0.75",
        MobileNetWidth::ThreeQuarters,
        224,
        MobileNetThreeQuartersWeights::ALL
    ),
    entry!("mobilenet-v1-0.5", MobileNetWidth::Half, 224, &[]),
    entry!("mobilenet-v1-0.25", MobileNetWidth::Quarter, 224, &[]),
];

weights! {
    /// Weights of MobileNet V1 of width 0.75.
    MobileNetThreeQuartersWeights {
        /// Google's of ImageNet, with Keras' names.
        ImageNet1k = Weights {
            model: "mobilenet-v1-0.75",
            name: "ImageNet1k",
            server: None,
            file: "mobilenet_v1_0.75_224_imagenet.safetensors",
            sha256: Some("7168ee9740206e5ef425e9d5a532969feec596b44e9604dec0b22f79b3e6a505"),
            mebibytes: None,
            top1: None,
            labels: Labels::ImageNet,
            preprocessing: SYMMETRIC,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::module::{Initializer, Param};
    use burn::nn::PaddingConfig2d;
    use burn::tensor::{Distribution, Tensor, ops::PadMode};

    /// What a 3x3 kernel of ones gives on an image of ones: how many pixels
    /// each window has inside the image.
    fn inside(height: usize, width: usize, stride: usize) -> Vec<Vec<f32>> {
        let device = Device::default();
        let conv = same([1, 1], 3, stride)
            .with_bias(false)
            .with_initializer(Initializer::Ones)
            .init(&device);
        let output = conv.forward(Tensor::ones([1, 1, height, width], &device));
        let columns = output.dims()[3];
        let values = output.into_data().try_into_vec::<f32>().unwrap();
        values.chunks(columns).map(<[f32]>::to_vec).collect()
    }

    #[test]
    fn at_stride_1_a_pixel_is_added_on_every_side() {
        let expected = [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]];
        assert_eq!(inside(3, 3, 1), expected);
        assert_eq!(inside(2, 2, 1), [[4.0, 4.0], [4.0, 4.0]]);
        assert_eq!(inside(1, 1, 1), [[1.0]]);
    }

    #[test]
    fn at_stride_2_an_even_size_is_padded_at_its_end_only() {
        assert_eq!(inside(4, 4, 2), [[9.0, 6.0], [6.0, 4.0]]);
        assert_eq!(inside(2, 2, 2), [[4.0]]);
    }

    #[test]
    fn at_stride_2_an_odd_size_is_padded_at_both_ends() {
        assert_eq!(inside(3, 3, 2), [[4.0, 4.0], [4.0, 4.0]]);
        let expected = [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]];
        assert_eq!(inside(5, 5, 2), expected);
        assert_eq!(inside(1, 1, 2), [[1.0]]);
    }

    #[test]
    fn height_and_width_are_padded_each_by_itself() {
        // 5 rows, padded above and below; 4 columns, padded to the right.
        assert_eq!(inside(5, 4, 2), [[6.0, 4.0], [9.0, 6.0], [6.0, 4.0]]);
    }

    /// Where the kernel lies on the image, by values that tell it apart.
    #[test]
    fn the_kernel_starts_at_the_first_pixel_of_an_even_size() {
        let device = Device::default();
        let mut conv = same([1, 1], 3, 2).with_bias(false).init(&device);
        let kernel = [[[[1.0, 10.0, 100.0], [0.0; 3], [0.0; 3]]]];
        conv.weight = Param::from_data(kernel, &device);
        let rows = [
            [1.0, 2.0, 3.0, 4.0],
            [0.0; 4],
            [5.0, 6.0, 7.0, 8.0],
            [0.0; 4],
        ];
        let output = conv.forward(Tensor::from_data([[rows]], &device));
        let values = output.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(values, [321.0, 43.0, 765.0, 87.0]);
    }

    /// The gradient through uneven padding is that through zeros added to the
    /// image.
    #[test]
    fn the_gradient_passes_the_padding() {
        let device = Device::default().autodiff();
        let config = same([3, 3], 3, 2).with_groups(3).with_bias(false);
        let conv = config.init(&device);
        let mut valid = conv.clone();
        valid.padding = PaddingConfig2d::Valid;
        let images = Tensor::<4>::random([2, 3, 4, 6], Distribution::Default, &device);
        let gradient = |by_hand: bool| {
            let x = images.clone().require_grad();
            let y = match by_hand {
                true => valid.forward(x.clone().pad([(0, 1), (0, 1)], PadMode::Constant(0.0))),
                false => conv.forward(x.clone()),
            };
            let gradients = (y.clone() * y).sum().backward();
            let weight = conv.weight.val().grad(&gradients).unwrap();
            (x.grad(&gradients).unwrap(), weight)
        };
        let (images, weight) = gradient(false);
        let (expected_images, expected_weight) = gradient(true);
        let difference = |a: Tensor<4>, b: Tensor<4>| (a - b).abs().max().into_scalar::<f32>();
        assert!(difference(images, expected_images) < 1e-5);
        assert!(difference(weight, expected_weight) < 1e-5);
    }

    /// ReLU6 and not ReLU, and the epsilon of Keras.
    #[test]
    fn a_layer_is_clamped_and_normalized_as_keras_does() {
        let device = Device::default();
        let mut network = MobileNetConfig::new(2).with_channels(1).init(&device);
        network.conv1.conv.weight = Initializer::Ones.init([32, 1, 3, 3], &device);
        let first = |value: f64| {
            let images = Tensor::full([1, 1, 4, 4], value, &device);
            let features = network
                .layers()
                .features_with(images, &["conv1"], &mut |_, x| x);
            let features = features.unwrap().remove(0).into_data();
            features.try_into_vec::<f32>().unwrap()[0]
        };
        assert_eq!(first(-1.0), 0.0);
        assert_eq!(first(1.0), 6.0);
        // Nine halves over the root of the variance 1 and epsilon.
        assert!((first(0.5) - 4.5 / 1.001_f32.sqrt()).abs() < 1e-5);
    }
}
