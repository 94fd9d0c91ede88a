//! Values side by side in a register, as many as the processor at hand holds.
//!
//! ```text
//! op: impl WithSimd  --run-->  AVX-512 | AVX2 | SSE4.2 | NEON | wasm | plain code
//! ```
//!
//! `macerator` finds out what there is and compiles each operation once for each.
//! A sum of a product is rounded once where the processor does that in one step, and
//! twice elsewhere; apart from that all of them give the same bits.

use std::mem::MaybeUninit;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use macerator::{
    AutoArch, Scalar, Simd, VAbs, VAdd, VDiv, VMul, VMulAdd, VOrd, VSelect, VSqrt, VSub, Vector,
    WithSimd,
};

/// What images are made of.
pub(crate) trait Real:
    VAdd
    + VSub
    + VMul
    + VDiv
    + VMulAdd
    + VSqrt
    + VAbs
    + VOrd
    + VSelect
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + Send
    + Sync
    + 'static
{
    /// Unsigned integers of the same size.
    type Bits: VOrd;

    const NAN: Self;
    /// Below this y, which pixels within the range that [`local_std`] names never
    /// have, a patch counts as flat: what is divided by it would overflow.
    ///
    /// [`local_std`]: crate::local_std
    const FLAT: Self;

    /// The nearest value.
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn sqrt(self) -> Self;
    fn is_finite(self) -> bool;
    /// The larger of two values that are NaN or not below 0; NaN if one is.
    fn larger(self, other: Self) -> Self;
}

macro_rules! real {
    ($float:ty, $bits:ty, flat: $flat:literal) => {
        impl Real for $float {
            type Bits = $bits;

            const NAN: Self = Self::NAN;
            const FLAT: Self = $flat;

            fn of(value: f64) -> Self {
                value as Self
            }
            fn wide(self) -> f64 {
                self as f64
            }
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            fn larger(self, other: Self) -> Self {
                // Their bits are in the order of the values, and NaN is above all.
                Self::from_bits(self.to_bits().max(other.to_bits()))
            }
        }
    };
}
real!(f32, u32, flat: 1e-37);
real!(f64, u64, flat: 1e-300);

/// Runs an operation with the best instructions that the processor has.
pub(super) fn run<Op: WithSimd>(op: Op) -> Op::Output {
    AutoArch::new().dispatch(op)
}

/// Values in a register, at most.
pub(super) const MOST: usize = 16;

/// Values in a register.
#[inline(always)]
pub(super) fn lanes<S: Simd, T: Scalar>() -> usize {
    const { assert!(size_of::<T>() >= 4) };
    let lanes = T::lanes::<S>();
    debug_assert!(lanes <= MOST);
    lanes
}

#[inline(always)]
pub(super) fn splat<S: Simd, T: Real>(value: f64) -> Vector<S, T> {
    T::of(value).splat()
}

/// The values from `from` on.
///
/// # Safety
///
/// There must be a register full of them.
#[inline(always)]
pub(super) unsafe fn load<S: Simd, T: Real>(values: &[T], from: usize) -> Vector<S, T> {
    debug_assert!(from + lanes::<S, T>() <= values.len());
    // SAFETY: the caller's condition; the load needs no alignment.
    unsafe { T::vload_unaligned(values.as_ptr().add(from)) }
}

/// Writes the values from `from` on.
///
/// # Safety
///
/// There must be room for a register full of them.
#[inline(always)]
pub(super) unsafe fn store<S: Simd, T: Real>(
    values: &mut [MaybeUninit<T>],
    from: usize,
    lanes_of: Vector<S, T>,
) {
    debug_assert!(from + lanes::<S, T>() <= values.len());
    // SAFETY: the caller's condition; the store needs no alignment, and what has been
    // written is a value.
    unsafe { T::vstore_unaligned(values.as_mut_ptr().add(from).cast(), lanes_of) }
}

/// Values that may also be written as if there were none yet.
pub(super) fn as_new<T: Real>(values: &mut [T]) -> &mut [MaybeUninit<T>] {
    // SAFETY: of the same layout, and nobody writes anything but values: `store`, and
    // the safe `MaybeUninit::write`, are all that this module's users call on them.
    unsafe { &mut *(std::ptr::from_mut(values) as *mut [MaybeUninit<T>]) }
}

/// The values of a register, and zeros behind them.
#[inline(always)]
pub(super) fn values<S: Simd, T: Real>(of: Vector<S, T>) -> [T; MOST] {
    let mut values = [T::default(); MOST];
    // SAFETY: no register holds more than MOST values.
    unsafe {
        store(as_new(&mut values), 0, of);
    }
    values
}

/// `a b + c`.
#[inline(always)]
pub(super) fn mul_add<S: Simd, T: Real>(
    a: Vector<S, T>,
    b: Vector<S, T>,
    c: Vector<S, T>,
) -> Vector<S, T> {
    // Without instructions for it macerator would call a function for each value.
    match fused::<S, T>() {
        true => a.mul_add(b, c),
        false => a * b + c,
    }
}

#[inline(always)]
pub(super) fn fused<S: Simd, T: Real>() -> bool {
    <T as VMulAdd>::is_accelerated::<S>()
}

/// `c - a b`.
#[inline(always)]
pub(super) fn sub_mul<S: Simd, T: Real>(
    c: Vector<S, T>,
    a: Vector<S, T>,
    b: Vector<S, T>,
) -> Vector<S, T> {
    // The compiler makes one instruction of it.
    mul_add(a * splat(-1.0), b, c)
}

/// [`Real::larger`].
#[inline(always)]
pub(super) fn larger<S: Simd, T: Real>(a: Vector<S, T>, b: Vector<S, T>) -> Vector<S, T> {
    let bits = |a: Vector<S, T>| a.reinterpret::<T::Bits>();
    bits(a).max(bits(b)).reinterpret()
}
