//! The kernel for processors, behind Burn's `Flex` and `NdArray`.
//!
//! ```text
//! plane --tile--> rows of pixels --fold--> sigma --over the peak--> response
//! ```
//!
//! [`tile`] lays out pixels with their border, [`fold`] sums rows in the one way that
//! serves every k, and [`sigma`] and [`gradient`] say what is summed. Here is how the
//! planes are shared out over threads. What a plane is cut into does not depend on
//! their number, so neither does any bit of the result.

mod fold;
mod gradient;
mod lanes;
mod patch;
mod sigma;
#[cfg(test)]
mod tests;
mod tile;

use std::mem::MaybeUninit;
use std::ops::Range;

use burn::tensor::DType;
use macerator::{Simd, WithSimd};
use rayon::prelude::*;

use self::fold::{Results, known};
pub(crate) use self::gradient::gradient;
pub(crate) use self::lanes::Real;
use self::lanes::{as_new, lanes, load, mul_add, splat, store, sub_mul, values};
use self::sigma::Sigma;
use self::tile::Tile;
use super::windows::Windows;
use crate::MaxScope;

/// Whether images of this type are computed here.
pub(crate) fn serves(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64)
}

/// Sigma of every patch, and with a scope over the largest of its group.
pub(crate) fn local_std<T: Real>(
    images: &[T],
    [n, c]: [usize; 2],
    windows: &Windows,
    over: Option<MaxScope>,
) -> Vec<T> {
    let size: usize = windows.output().iter().product();
    let group = over.map_or(1, |scope| scope.planes(c));
    let planes = Planes {
        images,
        windows,
        over,
    };
    // SAFETY: bands and groups cover the planes, and each writes all of its values.
    #[allow(unsafe_code)]
    unsafe {
        filled(n * c * size, |out| {
            if n * c / group >= rayon::current_num_threads() {
                planes.by_group(out, group);
            } else {
                planes.by_band(out, group);
            }
        })
    }
}

struct Planes<'a, T> {
    images: &'a [T],
    windows: &'a Windows,
    over: Option<MaxScope>,
}

impl<T: Real> Planes<'_, T> {
    /// A task is a group of planes, which is finished while it is in the cache.
    fn by_group(&self, out: &mut [MaybeUninit<T>], group: usize) {
        let [height, width] = self.windows.output();
        let size = height * width;
        out.par_chunks_mut(group * size)
            .enumerate()
            .for_each_init(Tile::new, |tile, (g, out)| {
                let mut peak = T::default();
                for (i, out) in out.chunks_mut(size).enumerate() {
                    peak = peak.larger(self.band(g * group + i, 0..height, out, tile));
                }
                self.finish(out, peak);
            });
    }

    /// Fewer groups than threads: a task is a band of a plane.
    fn by_band(&self, out: &mut [MaybeUninit<T>], group: usize) {
        /// Values that are finished in one go.
        const PIECE: usize = 1 << 14;

        let [height, width] = self.windows.output();
        let size = height * width;
        let bands = bands(height, Results::group(self.windows.k, self.windows.stride));
        let peaks: Vec<T> = cut(out, size, width, &bands)
            .into_par_iter()
            .map_init(Tile::new, |tile, (plane, rows, out)| {
                self.band(plane, rows, out, tile)
            })
            .collect();
        let peaks = peaks.chunks(group * bands.len());
        for (peaks, out) in peaks.zip(out.chunks_mut(group * size)) {
            let peak = peaks.iter().copied().fold(T::default(), T::larger);
            out.par_chunks_mut(PIECE)
                .for_each(|out| self.finish(out, peak));
        }
    }

    /// Writes sigma of some rows of a plane and returns the peak of the group as far as
    /// they know it: NaN if a pixel is not finite, whether a patch sees it or a stride
    /// leaves it out.
    fn band(
        &self,
        plane: usize,
        rows: Range<usize>,
        out: &mut [MaybeUninit<T>],
        tile: &mut Tile<T>,
    ) -> T {
        let windows = self.windows;
        let [last, _] = windows.output();
        let size = windows.height * windows.width;
        let plane = &self.images[plane * size..][..size];
        let first = rows.start * windows.stride;
        let end = match rows.end == last {
            true => windows.height,
            false => rows.end * windows.stride,
        };
        let peak = known!(T, windows, sigma_of(plane, windows, rows, out, tile));
        // At stride 1 every pixel is in a patch, whose sigma tells.
        let unseen = windows.stride > 1 && self.over.is_some();
        if unseen
            && !lanes::run(AllFinite(
                &plane[first * windows.width..end * windows.width],
            ))
        {
            return T::NAN;
        }
        peak
    }

    /// Divides values that all have been written by the peak of their group, if one is
    /// asked for.
    fn finish(&self, out: &mut [MaybeUninit<T>], peak: T) {
        if self.over.is_some() {
            // SAFETY: the bands of the group, which cover it, are done.
            #[allow(unsafe_code)]
            let sigma = unsafe { out.assume_init_mut() };
            over_peak(sigma, peak);
        }
    }
}

/// Writes sigma of some rows of a plane and returns the largest, or NaN.
fn sigma_of<T: Real, const K: usize>(
    plane: &[T],
    windows: &Windows,
    rows: Range<usize>,
    out: &mut [MaybeUninit<T>],
    tile: &mut Tile<T>,
) -> T {
    lanes::run(Sigma::<T, K> {
        plane,
        windows,
        rows,
        out,
        tile,
    })
}

/// A flat group stays 0; one whose peak is not finite is NaN throughout.
fn over_peak<T: Real>(sigma: &mut [T], peak: T) {
    if !peak.is_finite() {
        sigma.fill(T::NAN);
    } else if peak > T::default() {
        lanes::run(Over { sigma, peak });
    }
}

/// `sigma / peak`, which is not 0. By way of the reciprocal, and of what that leaves
/// over: the same bits as a division, and less waiting (P. Markstein, IBM Journal of
/// Research and Development 34, 1990). Without a sum and product rounded once it is
/// a division.
struct Over<'a, T> {
    sigma: &'a mut [T],
    peak: T,
}

impl<T: Real> WithSimd for Over<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self) {
        let c = splat::<S, T>(self.peak.wide());
        let by_c = splat::<S, T>(1.0) / c;
        let (blocks, rest) = {
            let n = lanes::<S, T>();
            let whole = self.sigma.len() / n * n;
            self.sigma.split_at_mut(whole)
        };
        for block in blocks.chunks_exact_mut(lanes::<S, T>()) {
            // SAFETY: a block is as long as a register.
            #[allow(unsafe_code)]
            unsafe {
                let sigma = load::<S, T>(block, 0);
                let by_peak = match lanes::fused::<S, T>() {
                    true => {
                        let quotient = sigma * by_c;
                        mul_add(sub_mul(sigma, quotient, c), by_c, quotient)
                    }
                    false => sigma / c,
                };
                store(as_new(block), 0, by_peak);
            }
        }
        for sigma in rest {
            *sigma = *sigma / self.peak;
        }
    }
}

/// Whether all of some values are finite.
struct AllFinite<'a, T>(&'a [T]);

impl<T: Real> WithSimd for AllFinite<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self) -> bool {
        let blocks = self.0.chunks_exact(lanes::<S, T>());
        let rest = blocks.remainder().iter().all(|x| x.is_finite());
        // 0, and NaN from the first on that is not finite.
        let mut broken = splat::<S, T>(0.0);
        for block in blocks {
            // SAFETY: a block is as long as a register.
            #[allow(unsafe_code)]
            let block = unsafe { load::<S, T>(block, 0) };
            broken = mul_add(block, splat(0.0), broken);
        }
        rest && values(broken).iter().all(|x| x.is_finite())
    }
}

/// Cuts rows into bands, each of a multiple of `step` rows but for the last.
fn bands(rows: usize, step: usize) -> Vec<Range<usize>> {
    let tasks = 8 * rayon::current_num_threads();
    let length = rows.div_ceil(tasks).max(1).next_multiple_of(step);
    (0..rows)
        .step_by(length)
        .map(|first| first..rows.min(first + length))
        .collect()
}

/// The bands of each plane of `size` values, with the rows of `width` they are for.
fn cut<'a, V>(
    mut values: &'a mut [V],
    size: usize,
    width: usize,
    bands: &[Range<usize>],
) -> Vec<(usize, Range<usize>, &'a mut [V])> {
    let planes = values.len() / size;
    let mut parts = Vec::with_capacity(planes * bands.len());
    for plane in 0..planes {
        for rows in bands {
            let (own, rest) = values.split_at_mut(rows.len() * width);
            parts.push((plane, rows.clone(), own));
            values = rest;
        }
    }
    parts
}

/// `size` values that `fill` writes.
///
/// # Safety
///
/// It must write every one of them.
#[allow(unsafe_code)]
unsafe fn filled<T>(size: usize, fill: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut values = Vec::with_capacity(size);
    fill(&mut values.spare_capacity_mut()[..size]);
    // SAFETY: there is room for them, and all have been written.
    unsafe { values.set_len(size) };
    values
}
