//! NeuRN, Neural Response Normalization, as a [Burn](https://burn.dev) module.
//!
//! NeuRN is a layer without parameters that stands before the first
//! convolution. Each pixel of each channel becomes the standard deviation of
//! the k x k patch around it, over the largest such deviation in the image:
//! a map of local contrast in `0..=1` that no change of brightness or contrast
//! of the whole image alters.
//!
//! ```
//! use neurn_core::NeuRnConfig;
//! use neurn_core::burn::tensor::{Device, Tensor}; // or from your own burn
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
//! runs. A feature brings a backend, and the kernel that computes NeuRN on it,
//! forward and backward:
//!
//! | feature | Burn's backend | computed by |
//! |---|---|---|
//! | `flex` (default) | `Flex`, CPU | our CPU kernel, with the vector instructions that the processor has |
//! | `ndarray` | `NdArray`, CPU | the same |
//! | `wgpu`, `vulkan`, `metal`, `webgpu` | `Wgpu`, GPU | our kernel written in CubeCL |
//! | `cuda`, `rocm` | `Cuda`, `Rocm`, GPU | the same |
//! | `cpu` | CubeCL on a CPU | the same |
//! | `fusion` | Burn's fusion of operations, for all from `wgpu` on | |
//!
//! f32 and f64 are computed in their own precision, f16 and bf16 in f32.
//!
//! Everything else is composed from Burn operations: other backends, and on a GPU
//! patches too large for its shared memory. The results obey the same bounds, but
//! take longer: on a CPU more than 50 times as long.
//!
//! **A backend that only your own `burn` brings has no kernel here.** With
//! `default-features = false` name the backend for this crate, too:
//!
//! ```toml
//! burn = { version = "0.22", features = ["flex"] }
//! neurn-core = { version = "0.1", default-features = false, features = ["flex"] }
//! ```
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

/// `burn-core`, with which this crate was built: tensors, devices and modules,
/// for those who depend on nothing else. `burn` itself re-exports the same types.
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
