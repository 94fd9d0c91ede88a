use burn::serde::{Deserialize, Serialize};
use burn::tensor::{Int, Tensor};

/// What the largest deviation `c` is taken over.
///
/// The papers say "across all the patches". We read that as all channels of
/// one image, since their figure keeps the ratio between channels. It is never
/// the batch: an image's response must not depend on its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(crate = "burn::serde")]
pub enum MaxScope {
    /// One `c` for each image, over all its channels.
    #[default]
    Image,
    /// One `c` for each channel of each image.
    Channel,
}

impl MaxScope {
    /// How `[N, C, H, W]` falls into groups that share one `c`: the shape of
    /// `c`, one value a group.
    pub(crate) fn groups(self, [n, c, _, _]: [usize; 4]) -> [usize; 4] {
        match self {
            MaxScope::Image => [n, 1, 1, 1],
            MaxScope::Channel => [n, c, 1, 1],
        }
    }

    /// How many planes of an image share one `c`.
    #[cfg(any(feature = "_cpu", feature = "_cubecl"))]
    pub(crate) fn planes(self, channels: usize) -> usize {
        match self {
            MaxScope::Image => channels,
            MaxScope::Channel => 1,
        }
    }
}

/// The `quantile` of `sigma` in each group; the max where `quantile` is 1, and
/// where more than that share of the patches are flat.
///
/// The quantile is the value at rank `ceil(quantile * count)`, so it is always
/// one of the deviations. Its gradient goes to that one patch: of equal ones
/// to the first in channel, row, column order.
pub(crate) fn peak(sigma: Tensor<4>, scope: MaxScope, quantile: f64) -> Tensor<4> {
    let shape = scope.groups(sigma.dims());
    let count = sigma.shape().num_elements() / shape.iter().product::<usize>();
    let sigma = sigma.reshape([-1, count as i64]);

    let value = quantile_or_max(sigma.clone().detach(), quantile, count);
    let peak = if sigma.is_autodiff() {
        // Which of equal values a device's arg max names differs, so the first
        // is looked for.
        let place = Tensor::<1, Int>::arange(0..count as i64, &sigma.device())
            .reshape([1, count])
            .expand(sigma.dims());
        let elsewhere = sigma.clone().not_equal(value.expand(sigma.dims()));
        let first = place.mask_fill(elsewhere, count as i64 - 1).min_dim(1);
        sigma.gather(1, first)
    } else {
        value
    };
    peak.reshape(shape)
}

/// # Shapes
///
/// - input: `[groups, count]`
/// - output: `[groups, 1]`
fn quantile_or_max(sigma: Tensor<2>, quantile: f64, count: usize) -> Tensor<2> {
    let max = sigma.clone().max_dim(1);
    if quantile >= 1.0 {
        return max;
    }
    // Less the rounding of the product, or the ceiling may be one too high.
    let rank = (quantile * count as f64 * (1.0 - f64::EPSILON))
        .ceil()
        .max(1.0) as usize;
    let value = sigma.sort(1).narrow(1, rank - 1, 1);
    let flat = value.clone().equal_elem(0.0);
    value.mask_where(flat, max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn sigma() -> Tensor<4> {
        // One image of two channels of 2 x 2.
        Tensor::from_data(
            [[[[1.0, 4.0], [2.0, 3.0]], [[0.0, 7.0], [7.0, 0.0]]]],
            &Device::default(),
        )
    }

    fn values(scope: MaxScope, quantile: f64) -> Vec<f32> {
        peak(sigma(), scope, quantile)
            .into_data()
            .try_into_vec()
            .unwrap()
    }

    #[test]
    fn max_over_the_image_or_each_channel() {
        assert_eq!(values(MaxScope::Image, 1.0), [7.0]);
        assert_eq!(values(MaxScope::Channel, 1.0), [4.0, 7.0]);
    }

    #[test]
    fn a_quantile_is_the_value_at_its_rank() {
        // Ranks of 8: ceil(0.75 * 8) = 6 of 0 0 1 2 3 4 7 7.
        assert_eq!(values(MaxScope::Image, 0.75), [4.0]);
        // Ranks of 4: ceil(0.7 * 4) = 3.
        assert_eq!(values(MaxScope::Channel, 0.7), [3.0, 7.0]);
    }

    /// In floating point 0.55 * 100 is above 55.
    #[test]
    fn a_rank_is_not_rounded_up() {
        let sigma = Tensor::<1>::from_data([1.0_f32; 100], &Device::default()).cumsum(0);
        let value = peak(sigma.reshape([1, 1, 10, 10]), MaxScope::Image, 0.55);
        assert_eq!(value.into_scalar::<f32>(), 55.0);
    }

    #[test]
    fn a_quantile_among_flat_patches_is_the_max() {
        assert_eq!(values(MaxScope::Channel, 0.5), [2.0, 7.0]);
    }
}
