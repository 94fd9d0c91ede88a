//! Sixteen f32 side by side, on the best instruction set that the processor
//! turns out to have.

use std::mem::MaybeUninit;

/// How many values are computed side by side.
pub(super) const BLOCK: usize = 16;

/// Sixteen f32. Written out, since a compiler that is left to find them in loops
/// now and then finds something else.
pub(super) trait Isa {
    /// Sixteen values.
    type Block: Copy;

    fn splat(value: f32) -> Self::Block;
    fn load(values: &[f32; BLOCK]) -> Self::Block;
    fn store(block: Self::Block, values: &mut [f32; BLOCK]);
    #[inline(always)]
    fn store_new(block: Self::Block, values: &mut [MaybeUninit<f32>; BLOCK]) {
        let mut array = [0.0; BLOCK];
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
}

/// By way of memory.
#[inline(always)]
fn window<I: Isa>(low: I::Block, high: I::Block, j: usize) -> I::Block {
    let mut values = [[0.0; BLOCK]; 2];
    I::store(low, &mut values[0]);
    I::store(high, &mut values[1]);
    I::load(values.as_flattened()[j..].first_chunk().expect("j <= 16"))
}

/// Any processor.
pub(super) struct Portable;

impl Portable {
    #[inline(always)]
    fn each(a: [f32; BLOCK], b: [f32; BLOCK], f: impl Fn(f32, f32) -> f32) -> [f32; BLOCK] {
        let mut values = a;
        for l in 0..BLOCK {
            values[l] = f(a[l], b[l]);
        }
        values
    }
}

impl Isa for Portable {
    type Block = [f32; BLOCK];

    #[inline(always)]
    fn splat(value: f32) -> Self::Block {
        [value; BLOCK]
    }
    #[inline(always)]
    fn load(values: &[f32; BLOCK]) -> Self::Block {
        *values
    }
    #[inline(always)]
    fn store(block: Self::Block, values: &mut [f32; BLOCK]) {
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
        let above = Self::each(y, limit, |y, limit| f32::from(u8::from(y > limit)));
        Self::each(above, a, |above, a| if above > 0.0 { a } else { 0.0 })
    }
    #[inline(always)]
    fn window(low: Self::Block, high: Self::Block, j: usize) -> Self::Block {
        window::<Self>(low, high, j)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use self::x86::{Avx2, Avx512};

/// Only functions with the features enabled, which run where they were
/// detected, may use these.
#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(unsafe_code)]

    use std::arch::x86_64::*;

    use super::{BLOCK, Isa};

    pub(in super::super) struct Avx512;
    pub(in super::super) struct Avx2;

    /// Of each operation what one register does with it.
    macro_rules! on_registers {
        ($($name:ident($($arg:ident),*) = $avx512:ident, $avx2:ident;)*) => {
            impl Isa for Avx512 {
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
        $visibility:vis fn $name:ident = $body:ident($($arg:ident: $type:ty),* $(,)?) -> $result:ty
    ) => {
        $(#[$doc])*
        $visibility fn $name($($arg: $type),*) -> $result {
            use crate::local_std::cpu::isa;

            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512($($arg: $type),*) -> $result {
                    $body::<isa::Avx512>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) -> $result {
                    $body::<isa::Avx2>($($arg),*)
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
            $body::<isa::Portable>($($arg),*)
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
