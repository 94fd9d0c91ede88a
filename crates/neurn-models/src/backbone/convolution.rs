use std::f64::consts::SQRT_2;

use burn::module::{Initializer, Param};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

use crate::kernels::{Activation, convolution_activated};

/// A square convolution padded by half its kernel, which keeps the size of
/// the image at stride 1.
pub(super) fn convolution(channels: [usize; 2], kernel: usize, stride: usize) -> Conv2dConfig {
    Conv2dConfig::new(channels, [kernel; 2])
        .with_stride([stride; 2])
        .with_padding(padding(kernel / 2))
}

/// What a [`Conv2d`] computes, by the kernels of this crate.
pub(super) fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    convolve_activated(conv, x, Activation::None)
}

/// What a [`Conv2d`] and then an activation compute.
pub(super) fn convolve_activated(conv: &Conv2d, x: Tensor<4>, activation: Activation) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let padding = match conv.padding {
        PaddingConfig2d::Valid => [(0, 0); 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(top, bottom), (left, right)],
        PaddingConfig2d::Same => [same(conv, 0, height), same(conv, 1, width)],
    };
    let options = ConvOptions::new_with_padding(conv.stride, padding, conv.dilation, conv.groups);
    let bias = conv.bias.as_ref().map(Param::val);
    convolution_activated(x, conv.weight.val(), bias, options, activation)
}

/// The padding that keeps the size but for the stride, as Burn and TensorFlow have it: an
/// odd pixel more at the end.
fn same(conv: &Conv2d, axis: usize, size: usize) -> (usize, usize) {
    let (kernel, stride) = (conv.kernel_size[axis], conv.stride[axis]);
    let reach = (size.div_ceil(stride) - 1) * stride + kernel;
    let padding = reach.saturating_sub(size);
    (padding / 2, padding.div_ceil(2))
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
