//! Eight strips of an image side by side, one a lane of a vector register.
//!
//! What is computed down a strip or along its rows is the same for every
//! strip, so with the strips in lanes no step ever looks across a register,
//! and running sums cost the same at any k.

use std::mem::MaybeUninit;

use super::isa::Portable;

/// How many strips are computed side by side.
pub(super) const LANES: usize = 8;

/// A pixel of each strip.
pub(super) type F32s = [f32; LANES];
/// A sum of each strip.
pub(super) type F64s = [f64; LANES];
/// A count of each strip.
pub(super) type U32s = [u32; LANES];

/// All ones where `condition` holds, which compiles to a comparison and no
/// branch.
#[inline(always)]
pub(super) fn mask(condition: bool) -> u32 {
    if condition { u32::MAX } else { 0 }
}

/// The one step that looks across registers.
pub(super) trait Transpose {
    fn transpose(block: [F32s; LANES]) -> [F32s; LANES];
}

impl Transpose for Portable<f32> {
    #[inline(always)]
    fn transpose(block: [F32s; LANES]) -> [F32s; LANES] {
        std::array::from_fn(|x| std::array::from_fn(|lane| block[lane][x]))
    }
}

/// `lanes[x][lane] = rows[lane][x]`.
#[inline(always)]
pub(super) fn rows_to_lanes<I: Transpose>(rows: [&[f32]; LANES], lanes: &mut [F32s]) {
    let count = lanes.len();
    let rows = rows.map(|row| &row[..count]);
    let (blocks, rest) = lanes.as_chunks_mut::<LANES>();
    for (i, block) in blocks.iter_mut().enumerate() {
        let first = i * LANES;
        *block = I::transpose(std::array::from_fn(|lane| {
            *rows[lane][first..].first_chunk().expect("a whole block")
        }));
    }
    let first = count - rest.len();
    for (x, pixel) in rest.iter_mut().enumerate() {
        *pixel = std::array::from_fn(|lane| rows[lane][first + x]);
    }
}

/// `rows[lane][x] = lanes[x][lane]`, for the lanes that have a row.
#[inline(always)]
pub(super) fn lanes_to_rows<I: Transpose>(
    lanes: &[F32s],
    mut row: impl FnMut(usize) -> Option<usize>,
    out: &mut [MaybeUninit<f32>],
) {
    let starts: [Option<usize>; LANES] = std::array::from_fn(&mut row);
    let (blocks, rest) = lanes.as_chunks::<LANES>();
    for (i, block) in blocks.iter().enumerate() {
        let block = I::transpose(*block);
        for (lane, start) in starts.iter().enumerate() {
            if let Some(start) = start {
                out[start + i * LANES..][..LANES].write_copy_of_slice(&block[lane]);
            }
        }
    }
    let first = lanes.len() - rest.len();
    for (x, pixel) in rest.iter().enumerate() {
        for (lane, start) in starts.iter().enumerate() {
            if let Some(start) = start {
                out[start + first + x].write(pixel[lane]);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(unsafe_code)]

    use std::arch::x86_64::*;

    use super::super::isa::{Avx2, Avx512};
    use super::{F32s, LANES, Transpose};

    impl Transpose for Avx512 {
        #[inline(always)]
        fn transpose(block: [F32s; LANES]) -> [F32s; LANES] {
            Avx2::transpose(block)
        }
    }

    impl Transpose for Avx2 {
        #[inline(always)]
        fn transpose(block: [F32s; LANES]) -> [F32s; LANES] {
            // SAFETY: only functions with its features enabled use `Avx2`.
            unsafe { transpose(block) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx")]
    fn transpose(block: [F32s; LANES]) -> [F32s; LANES] {
        // SAFETY: eight f32 and a __m256 have the same size, and every pattern
        // of bits is a value of both.
        let r: [__m256; LANES] = unsafe { std::mem::transmute(block) };
        let (lo, hi) = (
            |i: usize| _mm256_unpacklo_ps(r[i], r[i + 1]),
            |i: usize| _mm256_unpackhi_ps(r[i], r[i + 1]),
        );
        let pairs = [lo(0), hi(0), lo(2), hi(2), lo(4), hi(4), lo(6), hi(6)];
        let (lo, hi) = (
            |i: usize| _mm256_shuffle_ps::<0x44>(pairs[i], pairs[i + 2]),
            |i: usize| _mm256_shuffle_ps::<0xEE>(pairs[i], pairs[i + 2]),
        );
        let fours = [lo(0), hi(0), lo(1), hi(1), lo(4), hi(4), lo(5), hi(5)];
        let (lo, hi) = (
            |i: usize| _mm256_permute2f128_ps::<0x20>(fours[i], fours[i + 4]),
            |i: usize| _mm256_permute2f128_ps::<0x31>(fours[i], fours[i + 4]),
        );
        let eights = [lo(0), lo(1), lo(2), lo(3), hi(0), hi(1), hi(2), hi(3)];
        // SAFETY: as above.
        unsafe { std::mem::transmute(eights) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::local_std::cpu::isa::Portable;

        #[test]
        fn avx_transposes_as_the_definition_does() {
            if !is_x86_feature_detected!("avx") {
                return;
            }
            let block = std::array::from_fn(|i| std::array::from_fn(|j| (i * LANES + j) as f32));
            // SAFETY: AVX was detected.
            assert_eq!(
                unsafe { transpose(block) },
                Portable::<f32>::transpose(block)
            );
        }
    }
}
