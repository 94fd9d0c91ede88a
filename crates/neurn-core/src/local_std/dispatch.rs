//! Which backend has a kernel, and the way to it through Burn's dispatch.

// Deprecated upstream, supported here.
#![cfg_attr(feature = "ndarray", allow(deprecated))]
// Without a kernel nothing comes this way.
#![cfg_attr(not(any(feature = "_cpu", feature = "_cubecl")), allow(unused))]

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::Tensor;

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

/// What a backend with a kernel computes.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "_cubecl"),
    Fusion: cfg(feature = "_cubecl"),
    Autodiff,
)]
pub(super) trait LocalStdBackend: Backend {
    /// The standard deviation of every patch, and with a scope over the largest of
    /// its group.
    #[fusion(dtype = images, shape = windows.output_shape(images))]
    fn local_std(
        images: FloatTensor<Self>,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> FloatTensor<Self>;

    /// The gradient by the images, of a `response` with the gradient
    /// `by_response`.
    #[fusion(dtype = images, shape = images)]
    fn local_std_gradient(
        images: FloatTensor<Self>,
        response: FloatTensor<Self>,
        by_response: FloatTensor<Self>,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> FloatTensor<Self>;
}

// Where burn's own feature fusion is off, the macro's paths to it lead here; the
// implementation for a fused backend is then compiled and not used.
#[cfg(feature = "_cubecl")]
mod burn {
    pub(super) use ::burn::*;

    pub(super) mod backend {
        pub(in super::super) use ::burn::backend::*;
        pub(in super::super) use burn_fusion as fusion;
    }
}
