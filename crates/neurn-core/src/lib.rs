//! NeuRN, Neural Response Normalization, as a [Burn](https://burn.dev) module.
//!
//! NeuRN is a layer without parameters that stands before the first
//! convolution. Each pixel of each channel becomes the standard deviation of
//! the k x k patch around it, over the largest such deviation in the image:
//! a map of local contrast in `0..=1` that no change of brightness or contrast
//! of the whole image alters.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use neurn_core::NeuRnConfig;
//!
//! let device = Device::default();
//! let images = Tensor::<4>::from_data(
//!     [[[
//!         [0.0, 0.0, 0.0, 9.0],
//!         [0.0, 0.0, 0.0, 9.0],
//!         [0.0, 0.0, 0.0, 9.0],
//!     ]]],
//!     &device,
//! );
//!
//! let neurn = NeuRnConfig::default().init(); // k = 3, as in the papers
//! let response = neurn.forward(images);
//!
//! // Flat ground is 0. Beside the edge every patch has three 9s among nine.
//! assert_eq!(
//!     response.into_data().try_into_vec::<f32>().unwrap(),
//!     [0.0, 0.0, 1.0, 1.0].repeat(3),
//! );
//! ```
//!
//! The same image seven times as bright, or in negative, has the same
//! response:
//!
//! ```
//! # use burn::tensor::{Device, Tensor};
//! # use neurn_core::NeuRnConfig;
//! # let image = Tensor::<3>::from_data([[[1.0, 2.0, 4.0], [8.0, 5.0, 7.0]]], &Device::default());
//! let neurn = NeuRnConfig::new(3).init();
//! let a = neurn.forward_image(image.clone());
//! let b = neurn.forward_image(image * -7.0 + 100.0);
//! assert!((a - b).abs().max().into_scalar::<f32>() < 1e-5);
//! ```
//!
//! # Backends
//!
//! A [`Device`](burn::tensor::Device) chosen at run time decides where NeuRN
//! runs. The features `flex` (a CPU, default), `ndarray`, `wgpu`, `cuda` and
//! `cpu` pass through to Burn, as do `fusion` and `autodiff`; with
//! `default-features = false` the backend is the one that your own `burn` brings.
//!
//! With `flex` and `ndarray`, f32 images are computed by a kernel of our own,
//! forward and backward, which uses what vector instructions the processor turns
//! out to have; with `wgpu`, `cuda` and `cpu`, images of any float type by one
//! written in CubeCL. Everything else is composed from Burn operations. The
//! results obey the same bounds.
//!
//! # Source
//!
//! *Mice to Machines: Neural Representations from Visual Cortex for Domain
//! Generalization*, [arXiv 2505.06886](https://arxiv.org/abs/2505.06886), and
//! *NeuRN: Neuro-inspired Domain Generalization for Image Classification*,
//! [arXiv 2505.06881](https://arxiv.org/abs/2505.06881). What they leave open
//! is settled in the documentation of each option.

mod border;
mod local_std;
mod neurn;
mod peak;
mod precision;
mod response;

/// The Burn that this crate was built with, for those who depend on nothing
/// else.
pub use burn;

pub use border::Border;
#[doc(hidden)]
pub use local_std::composed_local_std;
pub use local_std::{local_mean_std, local_std};
pub use neurn::{NeuRn, NeuRnConfig};
pub use peak::MaxScope;
pub use response::Response;

/// The example of the README, compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
