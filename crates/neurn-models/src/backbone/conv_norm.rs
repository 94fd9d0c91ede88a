use burn::module::{Initializer, Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

use super::convolution::{convolve, convolve_activated, kaiming_fan_out};
use super::operation::{Activation, batch_norm, batch_norm_activated, tracing};
use crate::kernels::scale_and_shift;

/// Convolution and batch norm.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution.
    pub conv: Conv2d,
    /// The batch norm.
    pub norm: BatchNorm,
}

/// The numbers of a batch norm, and how the convolution before it is drawn.
pub(super) struct NormSettings {
    /// What is added to the variance.
    pub epsilon: f64,
    /// Share of a batch in the running statistics.
    pub momentum: f64,
    /// What the convolution is drawn from.
    pub initializer: Initializer,
}

impl NormSettings {
    /// Those of PyTorch, with convolutions from a Kaiming normal distribution
    /// (fan out).
    pub fn torch() -> Self {
        Self {
            epsilon: 1e-5,
            momentum: 0.1,
            initializer: kaiming_fan_out(),
        }
    }

    /// Those of Keras, which writes the momentum as `1 - 0.01`.
    pub fn keras() -> Self {
        Self {
            epsilon: 1e-3,
            momentum: 0.01,
            ..Self::torch()
        }
    }

    pub fn norm(&self, channels: usize, device: &Device) -> BatchNorm {
        BatchNormConfig::new(channels)
            .with_epsilon(self.epsilon)
            .with_momentum(self.momentum)
            .init(device)
    }

    /// Without a bias, as the batch norm has one.
    pub fn conv(&self, config: Conv2dConfig, device: &Device) -> Conv2d {
        config
            .with_bias(false)
            .with_initializer(self.initializer.clone())
            .init(device)
    }

    pub fn conv_norm(&self, config: Conv2dConfig, device: &Device) -> ConvNorm {
        ConvNorm {
            norm: self.norm(config.channels[1], device),
            conv: self.conv(config, device),
        }
    }
}

impl ConvNorm {
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        convolve_normed(&self.conv, &self.norm, x, None)
    }

    pub(super) fn activated(&self, x: Tensor<4>, function: Activation) -> Tensor<4> {
        convolve_normed(&self.conv, &self.norm, x, Some(function))
    }
}

/// A convolution, the batch norm of what it gives, and a function of that.
pub(super) fn convolve_normed(
    conv: &Conv2d,
    norm: &BatchNorm,
    x: Tensor<4>,
    function: Option<Activation>,
) -> Tensor<4> {
    if x.device().is_autodiff() || tracing() {
        let x = convolve(conv, x);
        return match function {
            Some(function) => batch_norm_activated(norm, x, function),
            None => batch_norm(norm, x),
        };
    }
    let conv = folded(conv, norm);
    match function {
        Some(function) => convolve_activated(&conv, x, function),
        None => convolve(&conv, x),
    }
}

/// A convolution that gives what the batch norm would make of the other's output. With
/// running statistics that is a scale and a shift of each channel, which weight and bias
/// take on, so that the output is written once.
fn folded(conv: &Conv2d, norm: &BatchNorm) -> Conv2d {
    let weight = conv.weight.val();
    let bias = conv.bias.as_ref().map(Param::val);
    let (scale, shift) = scale_and_shift(norm, bias, &weight.device());
    Conv2d {
        weight: Param::from_tensor(weight * scale.reshape([-1, 1, 1, 1])),
        bias: Some(Param::from_tensor(shift)),
        ..conv.clone()
    }
}
