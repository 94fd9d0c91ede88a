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
    /// `x / (c sigma + epsilon)`, with x the pixel at the patch's centre. In f16
    /// it overflows where x is over 65504 epsilon on flat ground.
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
    /// If epsilon is not a positive number, also in f32.
    pub(crate) fn check(self) {
        if let Response::InverseContrast { epsilon } | Response::Divisive { epsilon } = self {
            assert!(
                epsilon as f32 >= f32::MIN_POSITIVE && (epsilon as f32).is_finite(),
                "epsilon must be positive and finite in f32; got {epsilon}"
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
    let (level, top) = (sigma.clone().detach(), peak.clone().detach());
    let ratio = sigma / peak;
    // A GPU's division may leave x / x a rounding beside 1, or put x / y above
    // it. The correction is exact and a constant, so the gradient stays that of
    // the quotient.
    let found = ratio.clone().detach();
    let exact = found
        .clone()
        .clamp_max(1.0)
        .mask_fill(level.clone().equal(top.clone()), 1.0);
    // Above a quantile the response saturates, and has no gradient.
    (ratio + (exact - found)).mask_fill(level.greater(top), 1.0)
}
