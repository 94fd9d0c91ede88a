//! The one operation behind NeuRN. Kernels live in this folder, and nothing
//! outside it knows which of them ran.

mod autodiff;
mod backend;
mod composed;
#[cfg(feature = "_cpu")]
mod cpu;
#[cfg(feature = "_cpu")]
mod cpu_backends;
#[cfg(feature = "_cubecl")]
mod cube;
mod dispatch;
mod windows;

use burn::tensor::Tensor;

/// What [`local_std`] does where no kernel serves, for the benchmarks to
/// compare with.
#[doc(hidden)]
pub use composed::local_std as composed_local_std;
pub(crate) use windows::Windows;

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
/// patches of `k` on an image of this size or its constant is not finite (see
/// [`Border`]), or the device does not compute in the tensor's dtype.
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
/// for sigma in sigma.try_into_vec::<f32>().unwrap() {
///     assert!((sigma - 2.0_f32.sqrt()).abs() < 1e-6);
/// }
/// ```
pub fn local_std(images: Tensor<4>, k: usize, border: Border, stride: usize) -> Tensor<4> {
    let windows = Windows::of(images.dims(), k, border, stride);
    if images.dims().contains(&0) {
        return empty(images, &windows);
    }
    at_least_f32(images, |images| {
        dispatch::by_kernel(&images, &windows, None)
            .unwrap_or_else(|| composed::local_std(images, k, border, stride))
    })
}

/// The mean and the standard deviation of the k x k patch around each pixel,
/// in this order.
///
/// The deviation is that of [`local_std`]. The mean is
///
/// ```text
/// mu(i, j) = 1/k^2 * sum of x over the patch
/// ```
///
/// taken relative to a pixel of the patch, like the deviation: a flat patch
/// gives exactly its value, and an offset of the image costs no more than the
/// rounding of the pixels themselves. With u the rounding unit (2^-24 in f32),
/// M the largest magnitude in the patch and R its range, the error is at most
/// `u (2 M + (2 k + 4) R)`.
///
/// Both have gradients. The mean is composed from Burn operations on every
/// backend, which takes 2 k passes over the image; the deviation alone is a
/// single pass where there is a kernel.
///
/// f16 and bf16 are computed in f32. NaN and infinity reach the patches that
/// hold them and no others; both results are then NaN or infinite.
///
/// # Shapes
///
/// - input: `[N, C, H, W]`
/// - outputs: both as of [`local_std`]
///
/// # Panics
///
/// As [`local_std`].
///
/// # Example
///
/// Local contrast normalization, `(x - mu) / (sigma + 0.01)`:
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use neurn_core::{Border, local_mean_std};
///
/// let images = Tensor::<4>::from_data([[[[0.0, 3.0, 0.0]]]], &Device::default());
/// let (mean, std) = local_mean_std(images.clone(), 3, Border::Replicate, 1);
/// assert_eq!(mean.clone().into_data().try_into_vec::<f32>().unwrap(), [1.0; 3]);
/// let normalized = (images - mean) / (std + 0.01);
/// assert_eq!(normalized.dims(), [1, 1, 1, 3]);
/// ```
pub fn local_mean_std(
    images: Tensor<4>,
    k: usize,
    border: Border,
    stride: usize,
) -> (Tensor<4>, Tensor<4>) {
    let std = local_std(images.clone(), k, border, stride);
    if std.dims().contains(&0) {
        return (std.clone(), std);
    }
    let mean = at_least_f32(images, |images| {
        composed::local_mean(images, k, border, stride)
    });
    (mean, std)
}

/// Sigma over the largest of its image or channel in one go, if a kernel does
/// that for these images.
///
/// What is not finite, a peak included, makes its image or channel NaN.
///
/// # Panics
///
/// As [`local_std`], but for the dtype.
pub(crate) fn contrast(
    images: &Tensor<4>,
    k: usize,
    border: Border,
    stride: usize,
    scope: MaxScope,
) -> Option<Tensor<4>> {
    let windows = Windows::of(images.dims(), k, border, stride);
    if images.dims().contains(&0) {
        return None;
    }
    dispatch::by_kernel(images, &windows, Some(scope))
}

/// The output for a batch without images or channels, which is a part of Burn's
/// graph as any other.
fn empty(images: Tensor<4>, windows: &Windows) -> Tensor<4> {
    let [n, c, _, _] = images.dims();
    let [height, width] = windows.output();
    // A slice would leave the graph.
    images.reshape([n, c, height, width])
}
