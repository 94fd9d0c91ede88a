//! Which backend has a kernel, and the way to it through Burn's dispatch.

// Deprecated upstream, supported here.
#![cfg_attr(feature = "ndarray", allow(deprecated))]
// Without a kernel nothing comes this way.
#![cfg_attr(not(any(feature = "_cpu", feature = "_cubecl")), allow(unused))]

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::Tensor;

use super::backend::LocalStdBackend;
use super::windows::Windows;
use crate::MaxScope;

/// Sigma, or with a scope sigma over the largest of its group, if a kernel
/// computes it for these images.
pub(super) fn by_kernel(
    images: &Tensor<4>,
    windows: &Windows,
    over: Option<MaxScope>,
) -> Option<Tensor<4>> {
    serves(images, windows).then(|| {
        let images = images.clone().into_dispatch();
        Tensor::from_dispatch(Dispatch::local_std(images, *windows, over))
    })
}

/// Asked before anything is dispatched: a backend without the extension would
/// panic.
#[cfg_attr(not(feature = "_cubecl"), allow(unused_variables))]
fn serves(images: &Tensor<4>, windows: &Windows) -> bool {
    match images.device().inner().as_dispatch() {
        #[cfg(feature = "flex")]
        DispatchDevice::Flex(_) => super::cpu::serves(images.dtype()),
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => super::cpu::serves(images.dtype()),
        #[cfg(feature = "_cubecl")]
        DispatchDevice::Cube(device) => super::cube::serves(images, device, windows),
        _ => false,
    }
}
