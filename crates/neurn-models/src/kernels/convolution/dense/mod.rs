//! A convolution with kernels over many channels, as one kind of product.
//!
//! - [`product`]: the arithmetic, over registers.
//! - [`axis`]: which pixels a tap sees, along one axis; the same for the output and, read
//!   backwards, for the gradient by the images.
//! - [`band`]: a tile of images with their border of zeros.
//! - [`correlate`]: the output and the gradient by the images.
//! - [`by_weight`]: the gradients by the weight and the bias.

mod axis;
mod band;
mod by_weight;
mod correlate;
mod product;

pub(super) use by_weight::by_weight;
pub(super) use correlate::{by_images, forward};
