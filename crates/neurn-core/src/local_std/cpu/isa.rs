//! Values side by side in a register, on the best instruction set that the
//! processor turns out to have.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

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

    /// Whether there are instructions for it here, and not only what the compiler
    /// finds. Code that is never called is not compiled.
    const IN_REGISTERS: bool;

    type Avx512: Isa<16, Value = Self>;
    type Avx2: Isa<8, Value = Self>;
    type Portable: Isa<8, Value = Self>;

    /// The nearest value.
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn is_finite(self) -> bool;
    /// `self * b + c`, rounded once where the processor does that in one step.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The larger of two values that are NaN or not below 0; NaN if one is.
    fn larger(self, other: Self) -> Self;
}

/// What f32 and f64 do by methods of the same name.
macro_rules! real {
    ($float:ty, flat: $flat:literal, $avx512:ty, $avx2:ty) => {
        impl Real for $float {
            const NAN: Self = Self::NAN;
            const FLAT: Self = $flat;

            const IN_REGISTERS: bool = <$avx2 as Isa<8>>::IN_REGISTERS;

            type Avx512 = $avx512;
            type Avx2 = $avx2;
            type Portable = Portable<$float>;

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
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // Elsewhere it would be a call. Tests compare instruction sets bit
                // by bit, and may wait for it.
                if cfg!(any(test, target_feature = "fma", target_arch = "aarch64")) {
                    self.mul_add(b, c)
                } else {
                    self * b + c
                }
            }
            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                // Their bits are in the order of the values, and NaN is above all.
                Self::from_bits(self.to_bits().max(other.to_bits()))
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
real!(f32, flat: 1e-37, Avx512, Avx2);
#[cfg(not(target_arch = "x86_64"))]
real!(f32, flat: 1e-37, Wide<f32>, Portable<f32>);
// Without instructions of its own: nobody trains in f64, but checks with it.
real!(f64, flat: 1e-300, Wide<f64>, Portable<f64>);

/// N values side by side. Written out, since a compiler that is left to find them
/// in loops now and then finds something else.
pub(crate) trait Isa<const N: usize> {
    type Value: Real;
    /// N values.
    type Block: Copy;
    /// The same instructions on eight values.
    type Eight: Isa<8, Value = Self::Value>;
    /// Whether a block is a register, so that it pays to unroll loops.
    const IN_REGISTERS: bool;

    fn splat(value: Self::Value) -> Self::Block;
    fn load(values: &[Self::Value; N]) -> Self::Block;
    fn store(block: Self::Block, values: &mut [Self::Value; N]);
    fn store_new(block: Self::Block, values: &mut [MaybeUninit<Self::Value>; N]);
    fn add(a: Self::Block, b: Self::Block) -> Self::Block;
    fn sub(a: Self::Block, b: Self::Block) -> Self::Block;
    fn mul(a: Self::Block, b: Self::Block) -> Self::Block;
    fn div(a: Self::Block, b: Self::Block) -> Self::Block;
    /// `a b + c`.
    fn mul_add(a: Self::Block, b: Self::Block, c: Self::Block) -> Self::Block;
    /// `c - a b`.
    fn sub_mul(c: Self::Block, a: Self::Block, b: Self::Block) -> Self::Block;
    /// `a / b`, with `1 / b` at hand. Neither may under- or overflow.
    fn quotient(a: Self::Block, b: Self::Block, reciprocal: Self::Block) -> Self::Block;
    /// Without the sign.
    fn abs(a: Self::Block) -> Self::Block;
    /// [`Real::larger`].
    fn larger(a: Self::Block, b: Self::Block) -> Self::Block;
    fn sqrt(a: Self::Block) -> Self::Block;
    /// `a` where `y` is larger than `limit`, and 0 elsewhere.
    fn where_above(y: Self::Block, limit: Self::Block, a: Self::Block) -> Self::Block;
    /// The values of `a` at these places, which are below N.
    fn permute(a: Self::Block, places: &[u32; N]) -> Self::Block;
    /// Of N rows the columns, or the other way round.
    fn transpose(rows: [Self::Block; N]) -> [Self::Block; N];
    /// The first in eight lanes, and the second in the next eight if there are more.
    fn eights(values: [Self::Value; 2]) -> Self::Block;

    #[inline(always)]
    fn zero() -> Self::Block {
        Self::splat(Self::Value::default())
    }
    /// The values of a block.
    #[inline(always)]
    fn values(block: Self::Block) -> [Self::Value; N] {
        let mut values = [Self::Value::default(); N];
        Self::store(block, &mut values);
        values
    }
    /// The N values of a row from `x` on.
    #[inline(always)]
    fn at(row: &[Self::Value], x: usize) -> Self::Block {
        Self::load(row[x..].first_chunk().expect("a block from x on"))
    }
}

/// Any processor.
pub(crate) struct Portable<T>(PhantomData<T>);

/// [`Portable`] with blocks of sixteen.
pub(crate) struct Wide<T>(PhantomData<T>);

macro_rules! portable {
    ($name:ident, $n:literal) => {
        impl<T: Real> Isa<$n> for $name<T> {
            type Value = T;
            type Block = [T; $n];
            type Eight = Portable<T>;
            const IN_REGISTERS: bool = false;

            #[inline(always)]
            fn splat(value: T) -> Self::Block {
                [value; $n]
            }
            #[inline(always)]
            fn load(values: &[T; $n]) -> Self::Block {
                *values
            }
            #[inline(always)]
            fn store(block: Self::Block, values: &mut [T; $n]) {
                *values = block;
            }
            #[inline(always)]
            fn store_new(block: Self::Block, values: &mut [MaybeUninit<T>; $n]) {
                *values = block.map(MaybeUninit::new);
            }
            #[inline(always)]
            fn add(a: Self::Block, b: Self::Block) -> Self::Block {
                each(a, b, a, |a, b, _| a + b)
            }
            #[inline(always)]
            fn sub(a: Self::Block, b: Self::Block) -> Self::Block {
                each(a, b, a, |a, b, _| a - b)
            }
            #[inline(always)]
            fn mul(a: Self::Block, b: Self::Block) -> Self::Block {
                each(a, b, a, |a, b, _| a * b)
            }
            #[inline(always)]
            fn div(a: Self::Block, b: Self::Block) -> Self::Block {
                each(a, b, a, |a, b, _| a / b)
            }
            #[inline(always)]
            fn quotient(a: Self::Block, b: Self::Block, _: Self::Block) -> Self::Block {
                Self::div(a, b)
            }
            #[inline(always)]
            fn mul_add(a: Self::Block, b: Self::Block, c: Self::Block) -> Self::Block {
                each(a, b, c, |a, b, c| a.mul_add(b, c))
            }
            #[inline(always)]
            fn sub_mul(c: Self::Block, a: Self::Block, b: Self::Block) -> Self::Block {
                let zero = T::default();
                each(a, b, c, |a, b, c| (zero - a).mul_add(b, c))
            }
            #[inline(always)]
            fn abs(a: Self::Block) -> Self::Block {
                each(a, a, a, |a, _, _| a.abs())
            }
            #[inline(always)]
            fn larger(a: Self::Block, b: Self::Block) -> Self::Block {
                each(a, b, a, |a, b, _| a.larger(b))
            }
            #[inline(always)]
            fn sqrt(a: Self::Block) -> Self::Block {
                each(a, a, a, |a, _, _| a.sqrt())
            }
            #[inline(always)]
            fn where_above(y: Self::Block, limit: Self::Block, a: Self::Block) -> Self::Block {
                each(
                    y,
                    limit,
                    a,
                    |y, limit, a| {
                        if y > limit { a } else { T::default() }
                    },
                )
            }
            #[inline(always)]
            fn permute(a: Self::Block, places: &[u32; $n]) -> Self::Block {
                places.map(|place| a[place as usize % $n])
            }
            #[inline(always)]
            fn transpose(rows: [Self::Block; $n]) -> [Self::Block; $n] {
                let mut columns = rows;
                for (lane, row) in rows.iter().enumerate() {
                    for (column, value) in columns.iter_mut().zip(row) {
                        column[lane] = *value;
                    }
                }
                columns
            }
            #[inline(always)]
            fn eights(values: [T; 2]) -> Self::Block {
                let mut block = [values[0]; $n];
                block[8..].fill(values[1]);
                block
            }
        }
    };
}
portable!(Portable, 8);
portable!(Wide, 16);

#[inline(always)]
fn each<T: Real, const N: usize>(
    a: [T; N],
    b: [T; N],
    c: [T; N],
    f: impl Fn(T, T, T) -> T,
) -> [T; N] {
    let mut values = a;
    for l in 0..N {
        values[l] = f(a[l], b[l], c[l]);
    }
    values
}

#[cfg(target_arch = "x86_64")]
pub(crate) use self::x86::{Avx2, Avx512};

/// Only functions with the features enabled, which run where they were
/// detected, may use these.
#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(unsafe_code)]

    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use super::Isa;

    /// Sixteen values of f32 in a register.
    pub(crate) struct Avx512;
    /// Eight values of f32 in a register.
    pub(crate) struct Avx2;

    /// Of each operation what one register does with it.
    macro_rules! on_registers {
        ($isa:ident, $n:literal, $block:ty, $splat:ident, $integers:ty;
            permute($a:ident, $places:ident) = $permute:expr;
            transpose($rows:ident) = $transpose:expr;
            eights($first:ident, $second:ident) = $eights:expr;
            $($name:ident($($arg:ident),*) = $of:expr;)*) => {
            impl Isa<$n> for $isa {
                type Value = f32;
                type Block = $block;
                type Eight = Avx2;
                const IN_REGISTERS: bool = true;

                #[inline(always)]
                fn load(values: &[f32; $n]) -> $block {
                    // SAFETY: a block of f32 is an array of as many, and not aligned.
                    unsafe { std::ptr::from_ref(values).cast::<$block>().read_unaligned() }
                }
                #[inline(always)]
                fn store(block: $block, values: &mut [f32; $n]) {
                    // SAFETY: as above.
                    unsafe { std::ptr::from_mut(values).cast::<$block>().write_unaligned(block) }
                }
                #[inline(always)]
                fn store_new(block: $block, values: &mut [MaybeUninit<f32>; $n]) {
                    // SAFETY: as above.
                    unsafe { std::ptr::from_mut(values).cast::<$block>().write_unaligned(block) }
                }
                #[inline(always)]
                fn splat(value: f32) -> $block {
                    // SAFETY: see the module.
                    unsafe { $splat(value) }
                }
                #[inline(always)]
                fn permute($a: $block, $places: &[u32; $n]) -> $block {
                    // SAFETY: as with `load`, and see the module.
                    unsafe {
                        let $places = std::ptr::from_ref($places).cast::<$integers>();
                        let $places = $places.read_unaligned();
                        $permute
                    }
                }
                #[inline(always)]
                fn transpose($rows: [$block; $n]) -> [$block; $n] {
                    // SAFETY: see the module.
                    unsafe { $transpose }
                }
                #[inline(always)]
                fn eights([$first, $second]: [f32; 2]) -> $block {
                    // SAFETY: see the module.
                    unsafe { $eights }
                }
                /// By way of the reciprocal, and of what that leaves over: the same bits
                /// as a division, and less waiting (P. Markstein, IBM Journal of
                /// Research and Development 34, 1990).
                #[inline(always)]
                fn quotient(a: $block, b: $block, reciprocal: $block) -> $block {
                    let quotient = Self::mul(a, reciprocal);
                    let rest = Self::sub_mul(a, quotient, b);
                    Self::mul_add(rest, reciprocal, quotient)
                }
                $(
                    #[inline(always)]
                    fn $name($($arg: $block),*) -> $block {
                        // SAFETY: see the module.
                        unsafe { $of }
                    }
                )*
            }
        };
    }

    on_registers! {
        Avx512, 16, __m512, _mm512_set1_ps, __m512i;
        permute(a, places) = _mm512_permutexvar_ps(places, a);
        transpose(rows) = transpose_sixteen(rows);
        eights(first, second) =
            _mm512_insertf32x8::<1>(_mm512_set1_ps(first), _mm256_set1_ps(second));
        add(a, b) = _mm512_add_ps(a, b);
        sub(a, b) = _mm512_sub_ps(a, b);
        mul(a, b) = _mm512_mul_ps(a, b);
        div(a, b) = _mm512_div_ps(a, b);
        mul_add(a, b, c) = _mm512_fmadd_ps(a, b, c);
        sub_mul(c, a, b) = _mm512_fnmadd_ps(a, b, c);
        abs(a) = _mm512_abs_ps(a);
        larger(a, b) = _mm512_castsi512_ps(_mm512_max_epu32(
            _mm512_castps_si512(a),
            _mm512_castps_si512(b),
        ));
        sqrt(a) = _mm512_sqrt_ps(a);
        where_above(y, limit, a) =
            _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(y, limit), a);
    }

    on_registers! {
        Avx2, 8, __m256, _mm256_set1_ps, __m256i;
        permute(a, places) = _mm256_permutevar8x32_ps(a, places);
        transpose(rows) = transpose_eight(rows);
        eights(first, _second) = _mm256_set1_ps(first);
        add(a, b) = _mm256_add_ps(a, b);
        sub(a, b) = _mm256_sub_ps(a, b);
        mul(a, b) = _mm256_mul_ps(a, b);
        div(a, b) = _mm256_div_ps(a, b);
        mul_add(a, b, c) = _mm256_fmadd_ps(a, b, c);
        sub_mul(c, a, b) = _mm256_fnmadd_ps(a, b, c);
        abs(a) = _mm256_andnot_ps(_mm256_set1_ps(-0.0), a);
        larger(a, b) = _mm256_castsi256_ps(_mm256_max_epu32(
            _mm256_castps_si256(a),
            _mm256_castps_si256(b),
        ));
        sqrt(a) = _mm256_sqrt_ps(a);
        where_above(y, limit, a) = _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(y, limit), a);
    }

    /// Pairs of values, pairs of pairs, and halves of the register.
    ///
    /// # Safety
    ///
    /// See the module.
    #[inline(always)]
    unsafe fn transpose_eight(rows: [__m256; 8]) -> [__m256; 8] {
        // SAFETY: the caller's.
        unsafe {
            let low = |i: usize| _mm256_unpacklo_ps(rows[i], rows[i + 1]);
            let high = |i: usize| _mm256_unpackhi_ps(rows[i], rows[i + 1]);
            let first = |a, b| _mm256_shuffle_ps::<0b01_00_01_00>(a, b);
            let second = |a, b| _mm256_shuffle_ps::<0b11_10_11_10>(a, b);
            let fours = |i: usize| {
                let (a, b) = (low(i), low(i + 2));
                let (c, d) = (high(i), high(i + 2));
                [first(a, b), second(a, b), first(c, d), second(c, d)]
            };
            let (top, bottom) = (fours(0), fours(4));
            let left = |i: usize| _mm256_permute2f128_ps::<0x20>(top[i], bottom[i]);
            let right = |i: usize| _mm256_permute2f128_ps::<0x31>(top[i], bottom[i]);
            [
                left(0),
                left(1),
                left(2),
                left(3),
                right(0),
                right(1),
                right(2),
                right(3),
            ]
        }
    }

    /// Pairs of values, pairs of pairs, and then quarters of the register.
    ///
    /// # Safety
    ///
    /// See the module.
    #[inline(always)]
    unsafe fn transpose_sixteen(rows: [__m512; 16]) -> [__m512; 16] {
        // SAFETY: the caller's.
        unsafe {
            let a = fours(rows[0], rows[1], rows[2], rows[3]);
            let b = fours(rows[4], rows[5], rows[6], rows[7]);
            let c = fours(rows[8], rows[9], rows[10], rows[11]);
            let d = fours(rows[12], rows[13], rows[14], rows[15]);
            let columns = [
                quarters(a[0], b[0], c[0], d[0]),
                quarters(a[1], b[1], c[1], d[1]),
                quarters(a[2], b[2], c[2], d[2]),
                quarters(a[3], b[3], c[3], d[3]),
            ];
            std::array::from_fn(|column| columns[column % 4][column / 4])
        }
    }

    /// Of four rows the columns i, i + 4, i + 8, i + 12, behind each other, for i from
    /// 0 to 3.
    ///
    /// # Safety
    ///
    /// See the module.
    #[inline(always)]
    unsafe fn fours(a: __m512, b: __m512, c: __m512, d: __m512) -> [__m512; 4] {
        // SAFETY: the caller's.
        unsafe {
            let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
            let (ab_high, cd_high) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
            [
                _mm512_shuffle_ps::<0b01_00_01_00>(ab, cd),
                _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd),
                _mm512_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
                _mm512_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
            ]
        }
    }

    /// The first quarters of four registers, the second, ...
    ///
    /// # Safety
    ///
    /// See the module.
    #[inline(always)]
    unsafe fn quarters(a: __m512, b: __m512, c: __m512, d: __m512) -> [__m512; 4] {
        // SAFETY: the caller's.
        unsafe {
            let ab = _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b);
            let cd = _mm512_shuffle_f32x4::<0b01_00_01_00>(c, d);
            let ab_high = _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b);
            let cd_high = _mm512_shuffle_f32x4::<0b11_10_11_10>(c, d);
            [
                _mm512_shuffle_f32x4::<0b10_00_10_00>(ab, cd),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(ab, cd),
                _mm512_shuffle_f32x4::<0b10_00_10_00>(ab_high, cd_high),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(ab_high, cd_high),
            ]
        }
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
            #[cfg(target_arch = "x86_64")]
            use crate::local_std::cpu::isa;

            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512<$value: isa::Real>($($arg: $type),*) -> $result {
                    $body::<$value::Avx512, 16>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$value: isa::Real>($($arg: $type),*) -> $result {
                    $body::<$value::Avx2, 8>($($arg),*)
                }
                if <$value as isa::Real>::IN_REGISTERS && isa::has_avx512() {
                    // SAFETY: the features were detected.
                    return unsafe { avx512($($arg),*) };
                }
                if <$value as isa::Real>::IN_REGISTERS && isa::has_avx2() {
                    // SAFETY: the features were detected.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $body::<$value::Portable, 8>($($arg),*)
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

/// Whether it can be used: without optimization every step of unrolled code has a
/// place of its own on the stack, megabytes together.
#[cfg(target_arch = "x86_64")]
pub(super) fn has_avx2() -> bool {
    cfg!(not(unoptimized)) && is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
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

/// For tests: `f` with the features of [`Avx512`].
#[cfg(all(test, target_arch = "x86_64"))]
#[allow(unsafe_code)]
fn on_avx512<T>(f: impl FnOnce() -> T) -> T {
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    fn call<T>(f: impl FnOnce() -> T) -> T {
        f()
    }
    assert!(has_avx512());
    // SAFETY: the features were detected.
    unsafe { call(f) }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn transposed<I: Isa<N, Value = f32>, const N: usize>() -> [[f32; N]; N] {
        let rows = std::array::from_fn(|i| std::array::from_fn(|j| (i * N + j) as f32));
        I::transpose(rows.map(|row| I::load(&row))).map(I::values)
    }

    #[test]
    fn what_is_not_arithmetic_is_as_in_plain_code() {
        if has_avx2() {
            let columns = on_avx2(transposed::<Avx2, 8>);
            assert_eq!(columns, transposed::<Portable<f32>, 8>());
            assert_eq!(columns[3][5], 43.0);
        }
        if has_avx512() {
            let columns = on_avx512(transposed::<Avx512, 16>);
            assert_eq!(columns, transposed::<Wide<f32>, 16>());
            let eights = on_avx512(|| Avx512::values(Avx512::eights([1.0, 2.0])));
            assert_eq!(eights, Wide::eights([1.0, 2.0]));
        }
    }
}
