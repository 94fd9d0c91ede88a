//! What a backend with a kernel computes, as an extension of Burn's dispatch.
//!
//! ```text
//! Dispatch --> Flex, NdArray    cpu_backends
//!          --> Cube, Fusion     cube
//!          --> Autodiff         autodiff, and then one of the others
//! ```

// Deprecated upstream, supported here.
#![cfg_attr(feature = "ndarray", allow(deprecated))]
// Without a kernel nothing comes this way.
#![cfg_attr(not(any(feature = "_cpu", feature = "_cubecl")), allow(unused))]

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

use super::windows::Windows;
use crate::MaxScope;

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
