//! Convolution with a backward pass of its own on a CPU.

#[cfg(feature = "flex")]
mod autodiff;
#[cfg(feature = "flex")]
mod backend;
#[cfg(feature = "flex")]
mod dense;
#[cfg(feature = "flex")]
mod depthwise;
#[cfg(feature = "flex")]
mod geometry;

use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

use super::activation::Activation;

/// A 2D convolution, as [`conv2d`] computes it.
///
/// ```text
/// y[n, o, i, j] = bias[o] + sum over c, p, q of
///                 weight[o, c, p, q] * x[n, c, i * stride + p * dilation - padding, j * ...]
/// ```
///
/// On Burn's CPU backend Flex, in f32 and f64, it is a kernel of this crate, forward and
/// backward; everywhere else it is Burn's own. The two agree but for rounding. The kernel
/// gives the same bits for any number of threads.
///
/// # Shapes
///
/// - images: `[N, C, H, W]`
/// - weight: `[outputs, C / groups, kernel height, kernel width]`
/// - bias: `[outputs]`
/// - output: `[N, outputs, height, width]`, with
///   `height = (H + padding - dilation * (kernel height - 1) - 1) / stride + 1`, where
///   padding is that of both sides
///
/// # Panics
///
/// If the channels do not suit the weight and its groups, or the padded images are
/// smaller than the dilated kernel.
pub fn convolution(
    images: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
) -> Tensor<4> {
    convolution_activated(images, weight, bias, options, Activation::None)
}

/// A [`convolution`] and an activation, in one pass over the output.
pub(crate) fn convolution_activated(
    images: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
    activation: Activation,
) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if super::flex::serves(&images) {
        return backend::convolution(images, weight, bias, options, activation);
    }
    activation.forward(conv2d(images, weight, bias, options))
}
