//! Sixteen values side by side, on the best instruction set that the processor
//! turns out to have.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use super::super::windows::Windows;
use super::lanes::LANES;
use super::strip::{self, Strip};

/// How many values are computed side by side.
pub(super) const BLOCK: usize = 16;

/// What images are made of.
pub(crate) trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + 'static
{
    const NAN: Self;
    /// Below this y, which pixels within the range that [`local_std`] names never
    /// have, a patch counts as flat: what is divided by it would overflow.
    ///
    /// [`local_std`]: crate::local_std
    const FLAT: Self;

    type Avx512: Isa<Value = Self>;
    type Avx2: Isa<Value = Self>;
    type Portable: Isa<Value = Self>;

    /// The nearest value.
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn sqrt(self) -> Self;
    fn is_finite(self) -> bool;

    /// [`strip`](super::strip), which sums f32 in f64.
    fn strips(
        images: &[Self],
        windows: &Windows,
        strips: &[Strip],
        out: &mut [MaybeUninit<Self>],
        scratch: &mut strip::Scratch,
    ) -> [Self; LANES];
}

/// What f32 and f64 do by methods of the same name.
macro_rules! float_methods {
    () => {
        #[inline(always)]
        fn of(value: f64) -> Self {
            value as Self
        }
        #[inline(always)]
        fn wide(self) -> f64 {
            self as f64
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            self.sqrt()
        }
        #[inline(always)]
        fn is_finite(self) -> bool {
            self.is_finite()
        }
    };
}

impl Real for f32 {
    const NAN: Self = Self::NAN;
    const FLAT: Self = 1e-37;

    #[cfg(target_arch = "x86_64")]
    type Avx512 = Avx512;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Avx2;
    #[cfg(not(target_arch = "x86_64"))]
    type Avx512 = Portable<f32>;
    #[cfg(not(target_arch = "x86_64"))]
    type Avx2 = Portable<f32>;
    type Portable = Portable<f32>;

    float_methods!();

    fn strips(
        images: &[Self],
        windows: &Windows,
        strips: &[Strip],
        out: &mut [MaybeUninit<Self>],
        scratch: &mut strip::Scratch,
    ) -> [Self; LANES] {
        strip::local_std(images, windows, strips, out, scratch)
    }
}

/// Without instructions of its own: nobody trains in f64, but checks with it.
impl Real for f64 {
    const NAN: Self = Self::NAN;
    const FLAT: Self = 1e-300;

    type Avx512 = Portable<f64>;
    type Avx2 = Portable<f64>;
    type Portable = Portable<f64>;

    float_methods!();

    fn strips(
        _images: &[Self],
        windows: &Windows,
        _strips: &[Strip],
        _out: &mut [MaybeUninit<Self>],
        _scratch: &mut strip::Scratch,
    ) -> [Self; LANES] {
        unreachable!("`serves` does not name f64 with k = {}", windows.k)
    }
}

/// Sixteen values. Written out, since a compiler that is left to find them in
/// loops now and then finds something else.
pub(crate) trait Isa {
    type Value: Real;
    /// Sixteen values.
    type Block: Copy;

    fn splat(value: Self::Value) -> Self::Block;
    fn load(values: &[Self::Value; BLOCK]) -> Self::Block;
    fn store(block: Self::Block, values: &mut [Self::Value; BLOCK]);
    #[inline(always)]
    fn store_new(block: Self::Block, values: &mut [MaybeUninit<Self::Value>; BLOCK]) {
        let mut array = [Self::Value::default(); BLOCK];
        Self::store(block, &mut array);
        *values = array.map(MaybeUninit::new);
    }
    fn add(a: Self::Block, b: Self::Block) -> Self::Block;
    fn sub(a: Self::Block, b: Self::Block) -> Self::Block;
    fn mul(a: Self::Block, b: Self::Block) -> Self::Block;
    fn div(a: Self::Block, b: Self::Block) -> Self::Block;
    /// `a` where it is larger, and `b` elsewhere, also where one is NaN.
    fn max(a: Self::Block, b: Self::Block) -> Self::Block;
    fn sqrt(a: Self::Block) -> Self::Block;
    /// `a` where `y` is larger than `limit`, and 0 elsewhere.
    fn where_above(y: Self::Block, limit: Self::Block, a: Self::Block) -> Self::Block;
    /// Sixteen of the thirty-two values of `low` and `high`, from `j` on.
    fn window(low: Self::Block, high: Self::Block, j: usize) -> Self::Block;
    /// The values of a block.
    #[inline(always)]
    fn values(block: Self::Block) -> [Self::Value; BLOCK] {
        let mut values = [Self::Value::default(); BLOCK];
        Self::store(block, &mut values);
        values
    }
}

/// By way of memory.
#[inline(always)]
fn window<I: Isa>(low: I::Block, high: I::Block, j: usize) -> I::Block {
    let values = [I::values(low), I::values(high)];
    I::load(values.as_flattened()[j..].first_chunk().expect("j <= 16"))
}

/// Any processor.
pub(crate) struct Portable<T>(PhantomData<T>);

impl<T: Real> Portable<T> {
    #[inline(always)]
    fn each(a: [T; BLOCK], b: [T; BLOCK], f: impl Fn(T, T) -> T) -> [T; BLOCK] {
        let mut values = a;
        for l in 0..BLOCK {
            values[l] = f(a[l], b[l]);
        }
        values
    }
}

impl<T: Real> Isa for Portable<T> {
    type Value = T;
    type Block = [T; BLOCK];

    #[inline(always)]
    fn splat(value: T) -> Self::Block {
        [value; BLOCK]
    }
    #[inline(always)]
    fn load(values: &[T; BLOCK]) -> Self::Block {
        *values
    }
    #[inline(always)]
    fn store(block: Self::Block, values: &mut [T; BLOCK]) {
        *values = block;
    }
    #[inline(always)]
    fn add(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::each(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::each(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::each(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::each(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn max(a: Self::Block, b: Self::Block) -> Self::Block {
        Self::each(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn sqrt(a: Self::Block) -> Self::Block {
        Self::each(a, a, |a, _| a.sqrt())
    }
    #[inline(always)]
    fn where_above(y: Self::Block, limit: Self::Block, a: Self::Block) -> Self::Block {
        let mut values = a;
        for l in 0..BLOCK {
            values[l] = if y[l] > limit[l] { a[l] } else { T::default() };
        }
        values
    }
    #[inline(always)]
    fn window(low: Self::Block, high: Self::Block, j: usize) -> Self::Block {
        window::<Self>(low, high, j)
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use self::x86::{Avx2, Avx512};

/// Only functions with the features enabled, which run where they were
/// detected, may use these.
#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(unsafe_code)]

    use std::arch::x86_64::*;

    use super::{BLOCK, Isa};

    pub(crate) struct Avx512;
    pub(crate) struct Avx2;

    /// Of each operation what one register does with it.
    macro_rules! on_registers {
        ($($name:ident($($arg:ident),*) = $avx512:ident, $avx2:ident;)*) => {
            impl Isa for Avx512 {
                type Value = f32;
                type Block = __m512;

                #[inline(always)]
                fn splat(value: f32) -> __m512 {
                    // SAFETY: see the module.
                    unsafe { _mm512_set1_ps(value) }
                }
                #[inline(always)]
                fn load(values: &[f32; BLOCK]) -> __m512 {
                    // SAFETY: as above, and there are sixteen values.
                    unsafe { _mm512_loadu_ps(values.as_ptr()) }
                }
                #[inline(always)]
                fn store(block: __m512, values: &mut [f32; BLOCK]) {
                    // SAFETY: as above.
                    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), block) }
                }
                #[inline(always)]
                fn where_above(y: __m512, limit: __m512, a: __m512) -> __m512 {
                    // SAFETY: as above.
                    unsafe {
                        _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(y, limit), a)
                    }
                }
                #[inline(always)]
                fn window(low: __m512, high: __m512, j: usize) -> __m512 {
                    let places: [i32; BLOCK] = std::array::from_fn(|l| (l + j) as i32);
                    // SAFETY: as above.
                    unsafe {
                        let places = _mm512_loadu_si512(places.as_ptr().cast());
                        _mm512_permutex2var_ps(low, places, high)
                    }
                }
                $(
                    #[inline(always)]
                    fn $name($($arg: __m512),*) -> __m512 {
                        // SAFETY: as above.
                        unsafe { $avx512($($arg),*) }
                    }
                )*
            }

            impl Isa for Avx2 {
                type Value = f32;
                type Block = [__m256; 2];

                #[inline(always)]
                fn splat(value: f32) -> [__m256; 2] {
                    // SAFETY: as above.
                    unsafe { [_mm256_set1_ps(value); 2] }
                }
                #[inline(always)]
                fn load(values: &[f32; BLOCK]) -> [__m256; 2] {
                    let (halves, _) = values.as_chunks::<8>();
                    // SAFETY: as above, and a half has eight values.
                    unsafe {
                        [_mm256_loadu_ps(halves[0].as_ptr()), _mm256_loadu_ps(halves[1].as_ptr())]
                    }
                }
                #[inline(always)]
                fn store(block: [__m256; 2], values: &mut [f32; BLOCK]) {
                    let (halves, _) = values.as_chunks_mut::<8>();
                    // SAFETY: as above.
                    unsafe {
                        _mm256_storeu_ps(halves[0].as_mut_ptr(), block[0]);
                        _mm256_storeu_ps(halves[1].as_mut_ptr(), block[1]);
                    }
                }
                #[inline(always)]
                fn where_above(
                    y: [__m256; 2],
                    limit: [__m256; 2],
                    a: [__m256; 2],
                ) -> [__m256; 2] {
                    // SAFETY: as above.
                    let half = |h: usize| unsafe {
                        _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(y[h], limit[h]), a[h])
                    };
                    [half(0), half(1)]
                }
                #[inline(always)]
                fn window(low: [__m256; 2], high: [__m256; 2], j: usize) -> [__m256; 2] {
                    super::window::<Self>(low, high, j)
                }
                $(
                    #[inline(always)]
                    fn $name($($arg: [__m256; 2]),*) -> [__m256; 2] {
                        // SAFETY: as above.
                        unsafe { [$avx2($($arg[0]),*), $avx2($($arg[1]),*)] }
                    }
                )*
            }
        };
    }

    on_registers! {
        add(a, b) = _mm512_add_ps, _mm256_add_ps;
        sub(a, b) = _mm512_sub_ps, _mm256_sub_ps;
        mul(a, b) = _mm512_mul_ps, _mm256_mul_ps;
        div(a, b) = _mm512_div_ps, _mm256_div_ps;
        max(a, b) = _mm512_max_ps, _mm256_max_ps;
        sqrt(a) = _mm512_sqrt_ps, _mm256_sqrt_ps;
    }
}

/// A function `$name` that calls `$body`, generic in its [`Isa`] and
/// `#[inline(always)]`, on the best one.
macro_rules! on_best_isa {
    (
        $(#[$doc:meta])*
        $visibility:vis fn $name:ident<$value:ident> = $body:ident($($arg:ident: $type:ty),* $(,)?)
            -> $result:ty
    ) => {
        $(#[$doc])*
        $visibility fn $name<$value: crate::local_std::cpu::isa::Real>($($arg: $type),*) -> $result {

            use crate::local_std::cpu::isa;

            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512<$value: isa::Real>($($arg: $type),*) -> $result {
                    $body::<$value::Avx512>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$value: isa::Real>($($arg: $type),*) -> $result {
                    $body::<$value::Avx2>($($arg),*)
                }
                if isa::has_avx512() {
                    // SAFETY: the features were detected.
                    return unsafe { avx512($($arg),*) };
                }
                if isa::has_avx2() {
                    // SAFETY: the features were detected.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $body::<$value::Portable>($($arg),*)
        }
    };
}
pub(super) use on_best_isa;

#[cfg(target_arch = "x86_64")]
pub(super) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && has_avx2()
}

#[cfg(target_arch = "x86_64")]
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// For tests: `f` with the features of [`Avx2`].
#[cfg(all(test, target_arch = "x86_64"))]
#[allow(unsafe_code)]
pub(super) fn on_avx2<T>(f: impl FnOnce() -> T) -> T {
    #[target_feature(enable = "avx2,fma")]
    fn call<T>(f: impl FnOnce() -> T) -> T {
        f()
    }
    assert!(has_avx2());
    // SAFETY: the features were detected.
    unsafe { call(f) }
}
