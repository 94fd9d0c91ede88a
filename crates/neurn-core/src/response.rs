use burn::serde::{Deserialize, Serialize};
use burn::tensor::Tensor;

/// What becomes of the local deviation `sigma` and its largest value `c`.
///
/// The paper on NeuRN (arXiv 2505.06881) divides, `sigma / c`, and so does its
/// figure. A summary of the sister paper in circulation prints `1 / (c sigma)`
/// and describes in words a pixel divided by its contrast; both are here so
/// that its readers find what it describes.
///
/// Wherever `c` is 0, in a flat image, all three are 0.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(crate = "burn::serde")]
pub enum Response {
    /// `sigma / c`, in `0..=1`; exactly 1 where `sigma = c`.
    #[default]
    Contrast,
    /// `1 / (c sigma + epsilon)`, at most `1 / epsilon`, which flat ground
    /// gets.
    InverseContrast {
        /// Added to `c sigma`. See [`Response::EPSILON`].
        epsilon: f64,
    },
    /// `x / (c sigma + epsilon)`, with x the pixel at the patch's centre.
    Divisive {
        /// Added to `c sigma`. See [`Response::EPSILON`].
        epsilon: f64,
    },
}

impl Response {
    /// An epsilon for images in `0..=1`: about the `c sigma` of the faintest
    /// mark an 8-bit image can hold, one pixel of nine one grey level off
    /// (sigma = sqrt(8)/9/255 = 1.2e-3), in an image of full contrast
    /// (c = 0.5). Contrast below that does not raise the response further.
    pub const EPSILON: f64 = 1e-3;

    /// [`InverseContrast`](Response::InverseContrast) with [`Response::EPSILON`].
    pub const fn inverse_contrast() -> Self {
        Response::InverseContrast {
            epsilon: Self::EPSILON,
        }
    }

    /// [`Divisive`](Response::Divisive) with [`Response::EPSILON`].
    pub const fn divisive() -> Self {
        Response::Divisive {
            epsilon: Self::EPSILON,
        }
    }

    /// # Panics
    ///
    /// If epsilon is not a positive number.
    pub(crate) fn check(self) {
        if let Response::InverseContrast { epsilon } | Response::Divisive { epsilon } = self {
            assert!(
                epsilon > 0.0 && epsilon.is_finite(),
                "epsilon must be positive and finite; got {epsilon}"
            );
        }
    }

    /// The response. `pixels` are the patches' centres; `peak` has one value a
    /// group and is broadcast.
    pub(crate) fn apply(self, pixels: Tensor<4>, sigma: Tensor<4>, peak: Tensor<4>) -> Tensor<4> {
        let peak = peak.expand(sigma.dims());
        let flat = peak.clone().equal_elem(0.0);
        let response = match self {
            Response::Contrast => contrast(sigma, peak.mask_fill(flat.clone(), 1.0)),
            Response::InverseContrast { epsilon } => (sigma * peak + epsilon).recip(),
            Response::Divisive { epsilon } => pixels / (sigma * peak + epsilon),
        };
        response.mask_fill(flat, 0.0)
    }
}

fn contrast(sigma: Tensor<4>, peak: Tensor<4>) -> Tensor<4> {
    // A quantile lets sigma exceed the peak: the response saturates there.
    let ratio = (sigma.clone() / peak.clone()).clamp_max(1.0);
    // A GPU's division may leave x / x a rounding beside 1. The correction is
    // exact and a constant, so the gradient is that of the quotient.
    let off = (ratio.clone().detach() - 1.0).neg();
    let at_peak = sigma.detach().equal(peak.detach());
    let correction = off.zeros_like().mask_where(at_peak, off);
    ratio + correction
}
