//! Which backends have a kernel, and the way to it.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, TensorMetadata, backend_extension};
#[cfg(feature = "cubecl")]
use burn::tensor::Shape;
use burn::tensor::{DType, Tensor};

#[cfg(any(feature = "flex", feature = "ndarray"))]
use super::cpu;
use super::windows::Windows;
use crate::{Border, MaxScope};

/// Whether a kernel computes these images, and the gradient where one is asked
/// for.
pub(super) fn serves(images: &Tensor<4>, k: usize, border: Border, stride: usize) -> bool {
    has_kernel(images, k, border, stride) && (cfg!(feature = "autodiff") || !needs_gradient(images))
}

#[cfg_attr(not(feature = "cubecl"), allow(unused_variables))]
fn has_kernel(images: &Tensor<4>, k: usize, border: Border, stride: usize) -> bool {
    // Asked before anything is dispatched: a backend without the extension
    // would panic.
    let device = images.device().inner();
    let dtype = images.dtype();
    match device.as_dispatch() {
        #[cfg(feature = "flex")]
        DispatchDevice::Flex(_) => cpu::serves(dtype),
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => cpu::serves(dtype),
        #[cfg(feature = "cubecl")]
        DispatchDevice::Cube(cube) => {
            let [n, c, _, _] = images.dims();
            // Of a response in half precision not even the peak could be told
            // again, so a gradient asks for the images in f32.
            let half = matches!(dtype, DType::F16 | DType::BF16);
            (matches!(dtype, DType::F32 | DType::F64) || half && !needs_gradient(images))
                && device.supports_dtype(dtype)
                && super::cube::serves(cube, dtype, n * c, &windows(images, k, border, stride))
        }
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

#[cfg(feature = "autodiff")]
fn needs_gradient(images: &Tensor<4>) -> bool {
    images.is_tracked()
}

/// Whether a tensor is tracked can only be asked with the feature, which may be
/// on in the user's Burn all the same.
#[cfg(not(feature = "autodiff"))]
fn needs_gradient(images: &Tensor<4>) -> bool {
    images.is_autodiff()
}

/// Sigma, or with a scope sigma over the largest of its group.
pub(super) fn local_std(
    images: Tensor<4>,
    k: usize,
    border: Border,
    stride: usize,
    over: Option<MaxScope>,
) -> Tensor<4> {
    let windows = windows(&images, k, border, stride);
    Tensor::from_dispatch(Dispatch::local_std(images.into_dispatch(), windows, over))
}

fn windows(images: &Tensor<4>, k: usize, border: Border, stride: usize) -> Windows {
    let [_, _, height, width] = images.dims();
    Windows {
        k,
        border,
        stride,
        height,
        width,
    }
}

// Where burn's own feature fusion is off, the macro's paths to it lead here; the
// implementation for a fused backend is then compiled and not used.
#[cfg(feature = "cubecl")]
mod burn {
    pub(super) use ::burn::*;

    pub(super) mod backend {
        pub(in super::super) use ::burn::backend::*;
        pub(in super::super) use burn_fusion as fusion;
    }
}

/// What a backend with a kernel computes, on the dtypes that [`serves`] names.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cubecl"),
    Fusion: cfg(feature = "cubecl"),
    Autodiff: cfg(feature = "autodiff"),
)]
pub(super) trait LocalStdBackend: Backend {
    /// The standard deviation of every patch, and with a scope over the largest of
    /// its group.
    #[fusion(dtype = images, shape = output(images, windows))]
    fn local_std(
        images: FloatTensor<Self>,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> FloatTensor<Self>;
}

/// The way back, which is not differentiated itself; see
/// [`autodiff`](super::autodiff).
#[cfg_attr(not(feature = "autodiff"), allow(dead_code))]
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    Cube: cfg(feature = "cubecl"),
    Fusion: cfg(feature = "cubecl"),
)]
pub(super) trait LocalStdGradient: Backend {
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

/// The shape of the output for images of a shape.
#[cfg(feature = "cubecl")]
fn output(images: &Shape, windows: &Windows) -> Shape {
    let [height, width] = windows.output();
    Shape::new([images[0], images[1], height, width])
}

#[cfg(feature = "cubecl")]
mod cube {
    use burn_cubecl::CubeBackend;
    use burn_cubecl::tensor::CubeTensor;

    use super::super::cube;
    use super::*;

    impl LocalStdBackend for CubeBackend {
        fn local_std(images: CubeTensor, windows: Windows, over: Option<MaxScope>) -> CubeTensor {
            cube::local_std(images, &windows, over)
        }
    }

    impl LocalStdGradient for CubeBackend {
        fn local_std_gradient(
            images: CubeTensor,
            response: CubeTensor,
            by_response: CubeTensor,
            windows: Windows,
            over: Option<MaxScope>,
        ) -> CubeTensor {
            cube::gradient(images, response, by_response, &windows, over)
        }
    }
}

/// `[N, C]`, and the shape of the output.
#[cfg(any(feature = "flex", feature = "ndarray"))]
fn dims(images: &impl TensorMetadata, windows: &Windows) -> ([usize; 2], [usize; 4]) {
    let [n, c, _, _] = images.shape().dims();
    let [height, width] = windows.output();
    ([n, c], [n, c, height, width])
}

/// Both traits for a backend whose tensors lend their values, by a trait `Values`
/// of their elements beside.
#[cfg(any(feature = "flex", feature = "ndarray"))]
macro_rules! compute_on_cpu {
    ($backend:ty, $tensor:ident) => {
        impl LocalStdBackend for $backend {
            fn local_std(images: $tensor, windows: Windows, over: Option<MaxScope>) -> $tensor {
                match images.dtype() {
                    DType::F64 => forward::<f64>(images, windows, over),
                    _ => forward::<f32>(images, windows, over),
                }
            }
        }

        impl LocalStdGradient for $backend {
            fn local_std_gradient(
                images: $tensor,
                response: $tensor,
                by_response: $tensor,
                windows: Windows,
                over: Option<MaxScope>,
            ) -> $tensor {
                match images.dtype() {
                    DType::F64 => backward::<f64>(images, response, by_response, windows, over),
                    _ => backward::<f32>(images, response, by_response, windows, over),
                }
            }
        }

        fn forward<T: Values>(
            images: $tensor,
            windows: Windows,
            over: Option<MaxScope>,
        ) -> $tensor {
            let (planes, output) = dims(&images, &windows);
            let response = T::lend(images, |images| {
                cpu::local_std(images, planes, &windows, over)
            });
            $tensor::from_data(TensorData::new(response, output))
        }

        fn backward<T: Values>(
            images: $tensor,
            response: $tensor,
            by_response: $tensor,
            windows: Windows,
            over: Option<MaxScope>,
        ) -> $tensor {
            let shape = images.shape();
            let (planes, _) = dims(&images, &windows);
            let gradient = T::lend(images, |images| {
                T::lend(response, |response| {
                    T::lend(by_response, |by_response| {
                        cpu::gradient(images, response, by_response, planes, &windows, over)
                    })
                })
            });
            $tensor::from_data(TensorData::new(gradient, shape))
        }
    };
}

#[cfg(feature = "flex")]
mod flex {
    use ::burn::backend::Flex;
    use ::burn::backend::flex::FlexTensor;
    use ::burn::tensor::{Element, TensorData};

    use super::cpu::Real;
    use super::*;

    compute_on_cpu!(Flex, FlexTensor);

    trait Values: Real + Element {
        fn lend(tensor: FlexTensor, f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self>;
    }

    macro_rules! lend {
        ($element:ty) => {
            impl Values for $element {
                fn lend(tensor: FlexTensor, f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self> {
                    match tensor.as_slice() {
                        Some(values) => f(values),
                        None => f(tensor.to_contiguous().storage()),
                    }
                }
            }
        };
    }
    lend!(f32);
    lend!(f64);
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)]
mod ndarray {
    use ::burn::backend::NdArray;
    use ::burn::backend::ndarray::NdArrayTensor;
    use ::burn::tensor::{Element, TensorData};

    use super::cpu::Real;
    use super::*;

    compute_on_cpu!(NdArray, NdArrayTensor);

    trait Values: Real + Element {
        fn lend(tensor: NdArrayTensor, f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self>;
    }

    macro_rules! lend {
        ($element:ty, $variant:ident) => {
            impl Values for $element {
                fn lend(tensor: NdArrayTensor, f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self> {
                    let NdArrayTensor::$variant(values) = tensor else {
                        unreachable!("chosen by dtype");
                    };
                    let view = values.view();
                    match view.as_slice() {
                        Some(values) => f(values),
                        None => f(&view.iter().copied().collect::<Vec<_>>()),
                    }
                }
            }
        };
    }
    lend!(f32, F32);
    lend!(f64, F64);
}
