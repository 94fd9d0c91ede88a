use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use neurn_core::{Border, local_std};

/// Configuration to create a [`Sigma`] with [`init`](SigmaConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct SigmaConfig {
    /// The side of a patch.
    pub k: usize,
}

impl SigmaConfig {
    /// Initialize a new [`Sigma`].
    ///
    /// # Panics
    ///
    /// If k is even.
    pub fn init(&self) -> Sigma {
        assert!(self.k % 2 == 1, "k must be odd; got {}", self.k);
        Sigma { k: self.k }
    }
}

/// The standard deviation of the patch around each pixel: NeuRN without its
/// division by the largest.
///
/// What of NeuRN's effect is local deviation and what is its scale is the
/// difference between the two.
///
/// Should be created using [`SigmaConfig`].
#[derive(Module, Debug)]
pub struct Sigma {
    /// The side of a patch.
    pub k: usize,
}

impl Sigma {
    /// The deviations of a batch, with NeuRN's default border.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    ///
    /// # Panics
    ///
    /// As [`local_std`].
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        local_std(images, self.k, Border::default(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::{Device, Distribution};
    use neurn_core::NeuRnConfig;

    #[test]
    fn neurn_is_this_over_its_largest() {
        let device = Device::default();
        let images = Tensor::<4>::random([1, 3, 8, 8], Distribution::Uniform(0.0, 1.0), &device);
        let sigma = SigmaConfig::new(3).init().forward(images.clone());
        let neurn = NeuRnConfig::new(3).init().forward(images);
        let over = sigma.clone() / sigma.max().reshape([1, 1, 1, 1]);
        assert!((over - neurn).abs().max().into_scalar::<f32>() < 1e-6);
    }
}
