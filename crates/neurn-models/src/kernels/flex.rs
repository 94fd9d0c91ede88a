//! How kernels reach the numbers of Flex's tensors.

use std::mem::MaybeUninit;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use burn::backend::DispatchDevice;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Element, Tensor, TensorData};
use macerator::VMulAdd;
use rayon::prelude::*;

/// Whether the kernels compute a tensor. Asked before anything is dispatched, since no
/// other backend has their operations.
pub(super) fn serves<const D: usize>(tensor: &Tensor<D>) -> bool {
    matches!(
        tensor.device().inner().as_dispatch(),
        DispatchDevice::Flex(_)
    ) && matches!(tensor.dtype(), DType::F32 | DType::F64)
}

/// A number that kernels compute with.
pub(super) trait Real:
    Element
    + Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + VMulAdd
{
    const ZERO: Self;
    const ONE: Self;

    fn root(self) -> Self;

    /// Rounded to the nearest.
    fn of(value: f64) -> Self;

    /// The numbers of a contiguous tensor.
    fn values(tensor: &FlexTensor) -> &[Self];

    /// Those of a contiguous tensor, to be written; a copy, if another tensor shares them.
    fn own_values(tensor: &mut FlexTensor) -> &mut [Self];
}

macro_rules! real {
    ($number:ty) => {
        impl Real for $number {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            fn root(self) -> Self {
                self.sqrt()
            }

            fn of(value: f64) -> Self {
                value as $number
            }

            fn values(tensor: &FlexTensor) -> &[Self] {
                tensor.as_slice().expect("contiguous, and of this dtype")
            }

            fn own_values(tensor: &mut FlexTensor) -> &mut [Self] {
                let range = tensor.layout().contiguous_offsets().expect("contiguous");
                &mut tensor.storage_mut()[range.0..range.1]
            }
        }
    };
}
real!(f32);
real!(f64);

/// The tensor itself, if it is contiguous already: so that numbers that no other tensor
/// shares can still be changed in place.
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    match tensor.is_contiguous() {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

/// A contiguous tensor of its own.
pub(super) fn tensor<T: Element, const D: usize>(values: Vec<T>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

/// Cuts a slice into pieces and calls `f` with the index of each and the piece, on all
/// threads if `parallel`.
pub(super) fn each<T: Send>(
    parallel: bool,
    slice: &mut [T],
    size: usize,
    f: impl Fn(usize, &mut [T]) + Send + Sync,
) {
    match parallel {
        true => slice
            .par_chunks_mut(size)
            .enumerate()
            .for_each(|(i, x)| f(i, x)),
        false => slice
            .chunks_mut(size)
            .enumerate()
            .for_each(|(i, x)| f(i, x)),
    }
}

/// A vector of so many numbers, of which `write` writes each. Saves filling it with zeros
/// first.
///
/// # Safety
///
/// `write` has to write every number.
#[allow(unsafe_code)]
pub(super) unsafe fn written<T>(size: usize, write: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut numbers = Vec::with_capacity(size);
    write(&mut numbers.spare_capacity_mut()[..size]);
    // SAFETY: as many are allocated, and the caller says that `write` wrote them.
    #[allow(unsafe_code)]
    unsafe {
        numbers.set_len(size);
    }
    numbers
}

/// Calls a function that is generic over the number for a tensor's dtype.
macro_rules! for_dtype {
    ($tensor:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match burn::backend::TensorMetadata::dtype(&$tensor) {
            burn::tensor::DType::F64 => $function::<f64>($($argument),*),
            _ => $function::<f32>($($argument),*),
        }
    };
}
pub(super) use for_dtype;
