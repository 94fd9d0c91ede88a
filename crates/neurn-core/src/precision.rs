//! Half-precision images are computed in f32.

use burn::tensor::{DType, FloatDType, Tensor};

/// Applies `f` in f32 to images of f16 or bf16, and in their own dtype to
/// others. The result has the dtype of the images.
///
/// # Panics
///
/// If the device does not compute in the dtype of the images.
pub(crate) fn at_least_f32(images: Tensor<4>, f: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
    let dtype = images.dtype();
    assert!(
        images.device().supports_dtype(dtype),
        "{:?} does not compute in {dtype:?}; cast the images to a dtype that it supports",
        images.device()
    );
    match dtype {
        DType::F16 => f(images.cast(FloatDType::F32)).cast(FloatDType::F16),
        DType::BF16 => f(images.cast(FloatDType::F32)).cast(FloatDType::BF16),
        _ => f(images),
    }
}
