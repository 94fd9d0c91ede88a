use std::f64::consts::SQRT_2;

use burn::module::{Initializer, Param};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

use super::operation::{Activation, Operation, activate, traced, tracing};
use crate::kernels;

/// The convolution of `x`.
pub(super) fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let [batch, inputs, height, width] = x.dims();
    let [outputs, ..] = conv.weight.lazy_shape().dims::<4>();
    let size = output_size(conv, [height, width]);
    let operation = || Operation::Convolution {
        kernel: conv.kernel_size,
        stride: conv.stride,
        groups: conv.groups,
        channels: [inputs, outputs],
        size,
    };
    match traced(operation) {
        true => Tensor::zeros([batch, outputs, size[0], size[1]], &x.device()),
        false => compute(conv, x, kernels::Activation::None),
    }
}

/// The convolution of `x` and a function of what it gives, in one pass.
pub(super) fn convolve_activated(conv: &Conv2d, x: Tensor<4>, function: Activation) -> Tensor<4> {
    match function.fused().filter(|_| !tracing()) {
        Some(fused) => compute(conv, x, fused),
        None => activate(function, convolve(conv, x)),
    }
}

fn compute(conv: &Conv2d, x: Tensor<4>, activation: kernels::Activation) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let padding = padding_of(conv, [height, width]);
    let options = ConvOptions::new_with_padding(conv.stride, padding, conv.dilation, conv.groups);
    let bias = conv.bias.as_ref().map(Param::val);
    kernels::convolution_activated(x, conv.weight.val(), bias, options, activation)
}

/// The zeros before and after the image that a convolution adds, down and across.
fn padding_of(conv: &Conv2d, [height, width]: [usize; 2]) -> [(usize, usize); 2] {
    match conv.padding {
        PaddingConfig2d::Valid => [(0, 0); 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(top, bottom), (left, right)],
        PaddingConfig2d::Same => [same_padding(conv, 0, height), same_padding(conv, 1, width)],
    }
}

/// The padding that keeps the size but for the stride, as Burn and TensorFlow have it: an
/// odd pixel more at the end.
fn same_padding(conv: &Conv2d, axis: usize, size: usize) -> (usize, usize) {
    let (kernel, stride) = (conv.kernel_size[axis], conv.stride[axis]);
    let reach = (size.div_ceil(stride) - 1) * stride + kernel;
    let padding = reach.saturating_sub(size);
    (padding / 2, padding.div_ceil(2))
}

/// Height and width of what a convolution gives.
fn output_size(conv: &Conv2d, [height, width]: [usize; 2]) -> [usize; 2] {
    let [down, across] = padding_of(conv, [height, width]);
    let steps = |axis: usize, length: usize| {
        let reach = conv.dilation[axis] * (conv.kernel_size[axis] - 1);
        (length - reach - 1) / conv.stride[axis] + 1
    };
    [
        steps(0, height + down.0 + down.1),
        steps(1, width + across.0 + across.1),
    ]
}

/// The largest value of each window of `x`.
pub(super) fn max_pool(pool: &MaxPool2d, x: Tensor<4>) -> Tensor<4> {
    traced(|| Operation::MaxPool {
        kernel: pool.kernel_size,
        stride: pool.stride,
    });
    kernels::max_pool(pool, x)
}

/// The mean of each window of `x`.
pub(super) fn average_pool(pool: &AvgPool2d, x: Tensor<4>) -> Tensor<4> {
    traced(|| Operation::AveragePool {
        kernel: pool.kernel_size,
        stride: pool.stride,
    });
    pool.forward(x)
}

/// A square convolution padded by half its kernel, which keeps the size of
/// the image at stride 1.
pub(super) fn convolution(channels: [usize; 2], kernel: usize, stride: usize) -> Conv2dConfig {
    Conv2dConfig::new(channels, [kernel; 2])
        .with_stride([stride; 2])
        .with_padding(padding(kernel / 2))
}

/// A square convolution with TensorFlow's padding "same": as many windows as
/// there are steps of `stride` in the image. What padding they need goes half
/// to either side, and what cannot be halved to the bottom and the right.
pub(super) fn same(channels: [usize; 2], kernel: usize, stride: usize) -> Conv2dConfig {
    Conv2dConfig::new(channels, [kernel; 2])
        .with_stride([stride; 2])
        .with_padding(PaddingConfig2d::Same)
}

/// The same padding on every side.
pub(super) fn padding(pixels: usize) -> PaddingConfig2d {
    match pixels {
        0 => PaddingConfig2d::Valid,
        _ => PaddingConfig2d::Explicit(pixels, pixels, pixels, pixels),
    }
}

/// A normal distribution of variance `2 / fan_out`, which keeps the variance
/// of the gradient through convolution and ReLU
/// ([He et al., 2015](https://arxiv.org/abs/1502.01852)).
pub(super) fn kaiming_fan_out() -> Initializer {
    Initializer::KaimingNormal {
        gain: SQRT_2,
        fan_out_only: true,
    }
}

/// A normal distribution around 0.
pub(super) fn normal(std: f64) -> Initializer {
    Initializer::Normal { mean: 0.0, std }
}

/// The bias at 0, as Burn's layers draw it like the weight.
pub(super) fn zeroed(bias: Option<Param<Tensor<1>>>) -> Option<Param<Tensor<1>>> {
    bias.map(|bias| Initializer::Zeros.init(bias.lazy_shape(), &bias.lazy_device()))
}
#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    #[test]
    fn stride_1_keeps_the_size() {
        let device = Device::default();
        for kernel in [1, 3, 5, 7] {
            let conv = convolution([1, 2], kernel, 1).init(&device);
            let output = conv.forward(Tensor::ones([1, 1, 9, 8], &device));
            assert_eq!(output.dims(), [1, 2, 9, 8], "kernel {kernel}");
        }
    }

    /// A trace says what a convolution gives without its being carried out.
    #[test]
    fn the_size_is_known_beforehand() {
        let device = Device::default();
        let paddings = [
            PaddingConfig2d::Same,
            PaddingConfig2d::Valid,
            PaddingConfig2d::Explicit(1, 0, 2, 3),
        ];
        for (kernel, stride) in [(1, 1), (3, 1), (3, 2), (5, 2), (7, 3)] {
            for padding in &paddings {
                let conv = Conv2dConfig::new([1, 2], [kernel, kernel])
                    .with_stride([stride; 2])
                    .with_padding(padding.clone())
                    .init(&device);
                for [height, width] in [[9, 12], [10, 7]] {
                    let output = conv.forward(Tensor::ones([1, 1, height, width], &device));
                    let size = output_size(&conv, [height, width]);
                    assert_eq!(output.dims()[2..], size, "{kernel} {stride} {padding:?}");
                }
            }
        }
    }

    #[test]
    fn kaiming_fan_out_has_its_variance() {
        let device = Device::default();
        device.seed(7);
        let conv = convolution([16, 64], 3, 1)
            .with_initializer(kaiming_fan_out())
            .init(&device);
        let expected = (2.0 / (64.0 * 9.0_f32)).sqrt();
        let std = conv.weight.val().powi_scalar(2).mean().sqrt();
        // 9216 draws estimate a standard deviation within 0.7 %.
        let ratio = std.into_scalar::<f32>() / expected;
        assert!((ratio - 1.0).abs() < 0.04, "{ratio}");
    }

    #[test]
    fn zeroed_bias_is_0_and_trainable() {
        let device = Device::default().autodiff();
        let conv = convolution([1, 4], 3, 1).init(&device);
        let bias = zeroed(conv.bias).unwrap();
        assert!(bias.is_require_grad());
        assert_eq!(bias.val().abs().max().into_scalar::<f32>(), 0.0);
    }
}
