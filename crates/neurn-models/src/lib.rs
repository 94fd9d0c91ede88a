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
//! let frontend = FrontendConfig::neurn(NeuRnConfig::new(3));
//! let classifier = ClassifierConfig::new(frontend, backbone).init(&device);
//!
//! let images = Tensor::<4>::ones([2, 3, 32, 32], &device); // pixels in 0..=1
//! assert_eq!(classifier.forward(images.clone()).dims(), [2, 10]);
//!
//! let features = classifier.features(images, &["layer2", "layer3"]).unwrap();
//! assert_eq!(features[1].dims(), [2, 256, 2, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Model::all`] lists the models, with their layers, parameters, multiply-adds
//! and published [`Weights`]; the configurations behind them ([`VggConfig`],
//! [`ResNetConfig`], ...) have the options. Parameters are drawn at the first
//! forward pass, so seed the device before it. [`WeightsFile`] reads pretrained
//! ones from the files of PyTorch and Keras, and [`ClassifierConfig::save`] keeps a
//! trained classifier with its frontend.

mod backbone;
mod classifier;
mod frontend;
mod kernels;
mod normalization;
mod parameters;
mod similarity;
mod weights;

pub use backbone::*;
pub use classifier::{Classifier, ClassifierConfig};
pub use frontend::{
    FRONTENDS, Frontend, FrontendConfig, Greyscale, InstanceNorm, LaplacianOfGaussian,
    LocalContrastNorm, LocalContrastNormConfig, Magnitude, Map, MapConfig, Scale, ScaleConfig,
    Sigma, SigmaConfig, Sobel, Standardize, UnknownFrontend,
};
pub use kernels::{Adam, AdamConfig, convolution};
pub use neurn_core::{NeuRn, NeuRnConfig};
pub use normalization::Normalization;
pub use parameters::trainable_parameters;
pub use similarity::{Merge, groups, similarity, tree};
#[cfg(feature = "fetch")]
pub use weights::{FetchError, WeightsFolder};
pub use weights::{Filter, Labels, Preprocessing, Weights, WeightsError, WeightsFile};

/// The example of the README, compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
