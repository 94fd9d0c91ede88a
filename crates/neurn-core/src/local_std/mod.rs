//! The one operation behind NeuRN. Kernels live in this folder, and nothing
//! outside it knows which of them ran.

#[cfg(all(
    feature = "autodiff",
    any(feature = "flex", feature = "ndarray", feature = "cubecl")
))]
mod autodiff;
mod composed;
#[cfg(any(feature = "flex", feature = "ndarray"))]
mod cpu;
#[cfg(feature = "cubecl")]
mod cube;
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cubecl"))]
mod kernel;
#[cfg(any(feature = "flex", feature = "ndarray", feature = "cubecl"))]
mod windows;

/// What [`local_std`] does where no kernel serves, for the benchmarks to
/// compare with.
#[doc(hidden)]
pub use composed::local_std as composed_local_std;

use burn::tensor::Tensor;

use crate::precision::at_least_f32;
use crate::{Border, MaxScope};

/// The standard deviation of the k x k patch around each pixel.
///
/// ```text
/// mu(i, j)    = 1/k^2 * sum of x over the patch
/// sigma(i, j) = sqrt( 1/k^2 * sum of (x - mu)^2 )
/// ```
///
/// This is the population standard deviation, per channel. With a stride only
/// every `stride`-th patch is kept, the first one always.
///
/// A flat patch gives exactly 0, and the gradient there is 0. The relative
/// error is at most `3 k^2 + 10 k + 10` rounding units (2^-24 in f32), whatever
/// the image's offset: values are taken relative to a pixel nearby before
/// anything is summed. Differences inside a patch may range from about 1e-18 to
/// 1e18 in f32, beyond which their squares under- or overflow.
///
/// f16 and bf16 are computed in f32. NaN and infinity reach the patches that
/// hold them and no others.
///
/// # Shapes
///
/// - input: `[N, C, H, W]`
/// - output: `[N, C, ceil(H / stride), ceil(W / stride)]`, and with
///   [`Border::Valid`] `H - k + 1` and `W - k + 1` in the place of H and W
///
/// # Panics
///
/// If `k` is even or 0, `stride` is 0, H or W is 0, the border cannot serve
/// patches of `k` on an image of this size (see [`Border`]), or the device does
/// not compute in the tensor's dtype.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use neurn_core::{Border, local_std};
///
/// let image = Tensor::<4>::from_data([[[[0.0, 3.0, 0.0]]]], &Device::default());
/// // Three rows of 0 3 0 under each patch once the border is replicated:
/// // the left patch holds 0 0 3, the middle one 0 3 0, the right one 3 0 0.
/// let sigma = local_std(image, 3, Border::Replicate, 1).into_data();
/// assert_eq!(sigma.try_into_vec::<f32>().unwrap(), [2.0_f32.sqrt(); 3]);
/// ```
pub fn local_std(images: Tensor<4>, k: usize, border: Border, stride: usize) -> Tensor<4> {
    check_patch(k, stride);
    let [n, c, h, w] = images.dims();
    let output = [
        n,
        c,
        border.output_side(h, k, stride),
        border.output_side(w, k, stride),
    ];
    if output.contains(&0) {
        return Tensor::empty(output, (&images.device(), images.dtype()));
    }
    // The seam: a kernel that knows the tensor's device and dtype is asked
    // here; the composed form serves every other backend.
    at_least_f32(images, |images| {
        #[cfg(any(feature = "flex", feature = "ndarray", feature = "cubecl"))]
        if kernel::serves(&images, k, border, stride) {
            return kernel::local_std(images, k, border, stride, None);
        }
        composed::local_std(images, k, border, stride)
    })
}

/// Sigma over the largest of its image or channel in one go, where a kernel
/// does that.
///
/// What is not finite, a peak included, makes its image or channel NaN.
pub(crate) fn contrast(
    images: &Tensor<4>,
    k: usize,
    border: Border,
    stride: usize,
    scope: MaxScope,
) -> Option<Tensor<4>> {
    #[cfg(any(feature = "flex", feature = "ndarray", feature = "cubecl"))]
    if kernel::serves(images, k, border, stride) {
        let images = images.clone();
        return Some(kernel::local_std(images, k, border, stride, Some(scope)));
    }
    let _ = (images, k, border, stride, scope);
    None
}

/// # Panics
///
/// If `k` is even or 0, or `stride` is 0.
pub(crate) fn check_patch(k: usize, stride: usize) {
    assert!(
        k % 2 == 1,
        "a patch needs a centre pixel, so k must be odd (1, 3, 5, ...); got k = {k}"
    );
    assert!(stride > 0, "the stride must be at least 1; got 0");
}
