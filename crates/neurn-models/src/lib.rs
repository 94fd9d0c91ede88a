//! Image classifiers for [Burn](https://burn.dev), with or without
//! [NeuRN](neurn_core) in front.
//!
//! A [`Classifier`] is a [`Frontend`] without parameters, a [`Normalization`]
//! by mean and standard deviation and a [`Backbone`], in this order:
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use neurn_models::{BackboneConfig, ClassifierConfig, FrontendConfig, NeuRnConfig};
//!
//! # fn main() -> Result<(), neurn_models::UnknownModel> {
//! let device = Device::default();
//! let backbone = BackboneConfig::from_name("resnet18", 10, 3, 32)?;
//! let frontend = FrontendConfig::NeuRn(NeuRnConfig::new(3));
//! let classifier = ClassifierConfig::new(frontend, backbone).init(&device);
//!
//! let images = Tensor::<4>::ones([2, 3, 32, 32], &device); // pixels in 0..=1
//! assert_eq!(classifier.forward(images.clone()).dims(), [2, 10]);
//!
//! let features = classifier.features(images, "layer3").unwrap();
//! assert_eq!(features.dims(), [2, 256, 2, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! [`MODELS`] lists the names; the configurations behind them
//! ([`VggConfig`], [`ResNetConfig`], [`ResNetV2Config`], [`MobileNetConfig`],
//! [`DigitNetConfig`]) have the options. Parameters are drawn at the first
//! forward pass, so seed the device before it. With the feature `weights`,
//! `MobileNet::load_keras` reads pretrained ones from a file.

mod backbone;
mod classifier;
mod frontend;
mod kernels;
mod normalization;
mod parameters;

pub use backbone::{
    AfterLayer, Backbone, BackboneConfig, ConvNorm, DigitNet, DigitNetConfig, DigitNetSize, Head,
    LayerName, MODELS, MobileNet, MobileNetConfig, PreActivationBlock, ResNet, ResNetConfig,
    ResNetDepth, ResNetV2, ResNetV2Config, ResidualBlock, SeparableConvolution, Stem, UnknownLayer,
    UnknownModel, Vgg, VggConfig, VggConvolution, VggDepth, VggHead,
};
#[cfg(feature = "weights")]
pub use backbone::{KerasError, LoadedLayers};
pub use classifier::{Classifier, ClassifierConfig};
pub use frontend::{
    Frontend, FrontendConfig, Greyscale, InstanceNorm, LaplacianOfGaussian, LocalContrastNorm,
    LocalContrastNormConfig, Sigma, SigmaConfig, Sobel, Standardize,
};
pub use kernels::{Adam, AdamConfig, convolution};
pub use neurn_core::{NeuRn, NeuRnConfig};
pub use normalization::Normalization;
pub use parameters::trainable_parameters;

/// The example of the README, compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
