use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

use super::convolution::{convolve, kaiming_fan_out};
use super::operation::{Activation, batch_norm, batch_norm_activated};

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
        batch_norm(&self.norm, convolve(&self.conv, x))
    }

    pub(super) fn activated(&self, x: Tensor<4>, function: Activation) -> Tensor<4> {
        batch_norm_activated(&self.norm, convolve(&self.conv, x), function)
    }
}
