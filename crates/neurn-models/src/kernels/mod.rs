//! Kernels for what convolutional networks compute most, on Burn's CPU backend Flex, in
//! f32 and f64, forward and backward. Everywhere else these are Burn's own operations.
//!
//! Every sum is made in an order that depends on the sizes alone, so results have the
//! same bits for any number of threads.

// The type parameter of `macerator::with_simd` chooses the instructions, also where the loop
// itself is plain code.
#![allow(clippy::extra_unused_type_parameters)]

mod activation;
mod adam;
mod batch_norm;
mod convolution;
#[cfg(feature = "flex")]
mod flex;
mod max_pool;

pub use adam::{Adam, AdamConfig};
pub use convolution::convolution;

pub(crate) use activation::Activation;
pub(crate) use batch_norm::{batch_norm, scale_and_shift};
pub(crate) use convolution::convolution_activated;
pub(crate) use max_pool::max_pool;
