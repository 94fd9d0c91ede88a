//! The CPU kernel behind Burn's `Flex` and `NdArray`, which lend it their values.

use std::borrow::Cow;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{DType, Element, TensorData};
use bytemuck::Pod;

use super::backend::LocalStdBackend;
use super::cpu::{self, Real};
use super::windows::Windows;
use crate::MaxScope;

/// A value that both the kernel and a backend know.
trait Value: Real + Element + Pod {}
impl<T: Real + Element + Pod> Value for T {}

/// A backend whose values lie in this machine's memory.
trait CpuBackend: Backend {
    /// The values of a tensor row by row, copied only if they do not lie so.
    fn values<T: Value>(tensor: &FloatTensor<Self>) -> Cow<'_, [T]>;
}

impl<B: CpuBackend> LocalStdBackend for B {
    fn local_std(
        images: FloatTensor<B>,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> FloatTensor<B> {
        match images.dtype() {
            DType::F64 => forward::<B, f64>(images, &windows, over),
            _ => forward::<B, f32>(images, &windows, over),
        }
    }

    fn local_std_gradient(
        images: FloatTensor<B>,
        response: FloatTensor<B>,
        by_response: FloatTensor<B>,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> FloatTensor<B> {
        match images.dtype() {
            DType::F64 => backward::<B, f64>(images, response, by_response, &windows, over),
            _ => backward::<B, f32>(images, response, by_response, &windows, over),
        }
    }
}

fn forward<B: CpuBackend, T: Value>(
    images: FloatTensor<B>,
    windows: &Windows,
    over: Option<MaxScope>,
) -> FloatTensor<B> {
    let [n, c, _, _] = images.shape().dims();
    let response = cpu::local_std(&B::values::<T>(&images), [n, c], windows, over);
    let data = TensorData::new(response, windows.output_shape(&images.shape()));
    B::float_from_data(data, &images.device())
}

fn backward<B: CpuBackend, T: Value>(
    images: FloatTensor<B>,
    response: FloatTensor<B>,
    by_response: FloatTensor<B>,
    windows: &Windows,
    over: Option<MaxScope>,
) -> FloatTensor<B> {
    let [n, c, _, _] = images.shape().dims();
    let gradient = cpu::gradient(
        &B::values::<T>(&images),
        &B::values::<T>(&response),
        &B::values::<T>(&by_response),
        [n, c],
        windows,
        over,
    );
    let data = TensorData::new(gradient, images.shape());
    B::float_from_data(data, &images.device())
}

#[cfg(feature = "flex")]
impl CpuBackend for burn::backend::Flex {
    fn values<T: Value>(tensor: &FloatTensor<Self>) -> Cow<'_, [T]> {
        match tensor.as_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(tensor.to_contiguous().storage().to_vec()),
        }
    }
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)]
impl CpuBackend for burn::backend::NdArray {
    fn values<T: Value>(tensor: &FloatTensor<Self>) -> Cow<'_, [T]> {
        use burn::backend::ndarray::NdArrayTensor::{F32, F64};

        match tensor {
            F64(x) => as_own(x.view().to_slice(), || x.view().iter().copied().collect()),
            F32(x) => as_own(x.view().to_slice(), || x.view().iter().copied().collect()),
            _ => unreachable!("`serves` has seen the dtype"),
        }
    }
}

/// Values of the type `T`, which the compiler knows as `E`: a slice, or a copy if
/// there is none.
#[cfg(feature = "ndarray")]
fn as_own<T: Value, E: Pod>(slice: Option<&[E]>, copy: impl FnOnce() -> Vec<E>) -> Cow<'_, [T]> {
    match slice {
        Some(values) => Cow::Borrowed(bytemuck::cast_slice(values)),
        None => Cow::Owned(copy().into_iter().map(bytemuck::cast).collect()),
    }
}
