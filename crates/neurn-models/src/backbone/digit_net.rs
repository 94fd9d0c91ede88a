use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::convolution::{convolve_activated, max_pool, padding};
use super::operation::{Activation, linear, relu};
use super::{BackboneConfig, Entry, Family, Layers, Names, Network};

/// Which of the digit networks.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum DigitNetSize {
    /// That of the single-source digit protocol: 5x5 convolutions without
    /// padding of 64 and 128 channels, linear layers of 1024 and 1024.
    Published,
    /// A smaller one for a laptop's CPU: padded 3x3 convolutions of 16, 32 and
    /// 64 channels, a linear layer of 128.
    Small,
}

/// The numbers behind a [`DigitNetSize`].
struct Architecture {
    kernel: usize,
    padding: usize,
    convolutions: &'static [usize],
    hidden: &'static [usize],
}

impl DigitNetSize {
    fn architecture(self) -> Architecture {
        match self {
            Self::Published => Architecture {
                kernel: 5,
                padding: 0,
                convolutions: &[64, 128],
                hidden: &[1024, 1024],
            },
            Self::Small => Architecture {
                kernel: 3,
                padding: 1,
                convolutions: &[16, 32, 64],
                hidden: &[128],
            },
        }
    }
}

impl DigitNetSize {
    /// Side of the smallest images that leave a pixel.
    pub(super) fn smallest_image(self) -> usize {
        let architecture = self.architecture();
        let leaves_none = |side: &usize| architecture.feature_side(*side) == 0;
        (1..).take_while(leaves_none).count() + 1
    }
}

impl Architecture {
    /// Side of the last feature map, 0 where the image is too small for one.
    fn feature_side(&self, image_size: usize) -> usize {
        self.convolutions.iter().fold(image_size, |side, _| {
            (side + 2 * self.padding + 1).saturating_sub(self.kernel) / 2
        })
    }
}

/// Configuration to create a [`DigitNet`] with [`init`](DigitNetConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct DigitNetConfig {
    /// Which of the digit networks.
    pub size: DigitNetSize,
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
    /// Height and width of the images. Default: 32
    #[config(default = 32)]
    pub image_size: usize,
}

impl DigitNetConfig {
    /// Initialize a new [`DigitNet`].
    ///
    /// Weights and biases are drawn uniformly from ±1/sqrt(fan in).
    ///
    /// # Panics
    ///
    /// If images of `image_size` are too small to leave a pixel for the linear
    /// layers.
    pub fn init(&self, device: &Device) -> DigitNet {
        let architecture = self.size.architecture();
        let side = architecture.feature_side(self.image_size);
        assert!(
            side > 0,
            "images of {0}x{0} are too small: nothing is left after the convolutions of {1:?}",
            self.image_size,
            self.size
        );

        let mut channels = self.channels;
        let convolutions = architecture
            .convolutions
            .iter()
            .map(|&width| {
                let conv = Conv2dConfig::new([channels, width], [architecture.kernel; 2])
                    .with_padding(padding(architecture.padding))
                    .init(device);
                channels = width;
                conv
            })
            .collect();

        let mut inputs = channels * side * side;
        let hidden = architecture
            .hidden
            .iter()
            .map(|&width| {
                let linear = LinearConfig::new(inputs, width).init(device);
                inputs = width;
                linear
            })
            .collect();

        DigitNet {
            convolutions,
            pool: MaxPool2dConfig::new([2, 2]).init(),
            hidden,
            output: LinearConfig::new(inputs, self.num_classes).init(device),
            image_size: self.image_size,
        }
    }
}

/// The digit network: convolutions, each followed by ReLU and a 2x2 max-pool,
/// and linear layers with ReLU between them.
///
/// Source: Volpi et al., *Generalizing to Unseen Domains via Adversarial Data
/// Augmentation*, [arXiv 1805.12018](https://arxiv.org/abs/1805.12018), and
/// the methods compared on the same protocol since (M-ADA, RandConv, PDEN,
/// L2D). [`DigitNetSize::Small`] is our own.
///
/// Should be created using [`DigitNetConfig`].
#[derive(Module, Debug)]
pub struct DigitNet {
    /// The convolutions.
    pub convolutions: Vec<Conv2d>,
    /// The max-pool after each convolution.
    pub pool: MaxPool2d,
    /// The hidden linear layers.
    pub hidden: Vec<Linear>,
    /// The linear layer that gives the logits.
    pub output: Linear,
    /// Height and width of the images.
    pub image_size: usize,
}

impl DigitNet {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, image_size, image_size]`
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or another size.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }

    fn check_size(&self, images: &Tensor<4>) {
        let [_, _, height, width] = images.dims();
        assert!(
            [height, width] == [self.image_size; 2],
            "this digit network takes images of {0}x{0}, as configured by `image_size`; got \
             {height}x{width}",
            self.image_size
        );
    }
}

impl Network for DigitNet {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        for (index, conv) in self.convolutions.iter().enumerate() {
            layers.push(format!("conv{}", index + 1), move |x| {
                if index == 0 {
                    self.check_size(&x);
                }
                convolve_activated(conv, x, Activation::Relu)
            });
            layers.push(format!("pool{}", index + 1), |x| max_pool(&self.pool, x));
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self
            .hidden
            .iter()
            .fold(x.flatten(1, 3), |x, layer| relu(linear(layer, x)));
        linear(&self.output, x)
    }

    fn names(&self) -> Names {
        Names::new("output")
    }
}

impl Family for DigitNetConfig {
    fn name(&self) -> &'static str {
        match self.size {
            DigitNetSize::Published => "digit-net",
            DigitNetSize::Small => "digit-net-small",
        }
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    fn smallest_image(&self) -> usize {
        self.size.smallest_image()
    }
}

fn config(
    size: DigitNetSize,
    num_classes: usize,
    channels: usize,
    image_size: usize,
) -> BackboneConfig {
    BackboneConfig::DigitNet(
        DigitNetConfig::new(size, num_classes)
            .with_channels(channels)
            .with_image_size(image_size),
    )
}

pub(super) const MODELS: &[Entry] = &[
    Entry {
        name: "digit-net",
        config: |classes, channels, image_size| {
            config(DigitNetSize::Published, classes, channels, image_size)
        },
        published: |classes| config(DigitNetSize::Published, classes, 3, 32),
        image_size: 32,
        weights: &[],
    },
    Entry {
        name: "digit-net-small",
        config: |classes, channels, image_size| {
            config(DigitNetSize::Small, classes, channels, image_size)
        },
        published: |classes| config(DigitNetSize::Small, classes, 3, 32),
        image_size: 32,
        weights: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feature_side_of_32_pixels() {
        // (32 - 4) / 2 = 14, (14 - 4) / 2 = 5
        assert_eq!(DigitNetSize::Published.architecture().feature_side(32), 5);
        // 32 / 2 / 2 / 2
        assert_eq!(DigitNetSize::Small.architecture().feature_side(32), 4);
    }

    #[test]
    fn feature_side_of_odd_sizes() {
        // (28 - 4) / 2 = 12, (12 - 4) / 2 = 4
        assert_eq!(DigitNetSize::Published.architecture().feature_side(28), 4);
        // 15 - 4 = 11, of which the pool keeps 5, 5 - 4 = 1 which it drops
        assert_eq!(DigitNetSize::Published.architecture().feature_side(15), 0);
        assert_eq!(DigitNetSize::Small.architecture().feature_side(7), 0);
    }

    #[test]
    fn smallest_images() {
        // ((16 - 4) / 2 - 4) / 2 = 1, and 8 / 2 / 2 / 2
        assert_eq!(DigitNetSize::Published.smallest_image(), 16);
        assert_eq!(DigitNetSize::Small.smallest_image(), 8);
    }

    #[test]
    #[should_panic(expected = "images of 15x15 are too small")]
    fn too_small_an_image_size_is_rejected() {
        DigitNetConfig::new(DigitNetSize::Published, 10)
            .with_image_size(15)
            .init(&Device::default());
    }

    #[test]
    #[should_panic(expected = "takes images of 32x32, as configured by `image_size`; got 28x28")]
    fn another_size_than_configured_is_rejected() {
        let device = Device::default();
        DigitNetConfig::new(DigitNetSize::Small, 10)
            .init(&device)
            .forward(Tensor::zeros([1, 3, 28, 28], &device));
    }
}
