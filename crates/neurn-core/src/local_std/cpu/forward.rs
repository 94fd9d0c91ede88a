//! Forward: sigma of all planes, over the peak of their group if there is one.
//!
//! ```text
//! pixels --sigma--> sigma of a band --larger--> peak of a group --over--> response
//! ```

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, WithSimd};
use rayon::prelude::*;

use super::super::windows::Windows;
use super::fold::{Results, known};
use super::lanes::{self, Real, as_new, lanes, load, mul_add, splat, store, sub_mul, values};
use super::share::{bands, filled, in_groups};
use super::sigma::Sigma;
use super::tile::Tile;
use crate::{Border, MaxScope};

/// Sigma of every patch, and with a scope over the largest of its group.
pub(crate) fn local_std<T: Real>(
    images: &[T],
    [n, c]: [usize; 2],
    windows: &Windows,
    over: Option<MaxScope>,
) -> Vec<T> {
    let [height, width] = windows.output();
    let planes = Planes {
        images,
        windows,
        group: over.map_or(1, |scope| scope.planes(c)),
        divided: over.is_some(),
    };
    let step = Results::group(windows.k, windows.stride);
    let bands = bands(n * c / planes.group, height, step);
    // SAFETY: the bands cover the planes, and each writes all of its values.
    unsafe { filled(n * c * height * width, |out| planes.compute(out, &bands)) }
}

pub(super) struct Planes<'a, T> {
    pub(super) images: &'a [T],
    pub(super) windows: &'a Windows,
    /// Planes that share a peak.
    pub(super) group: usize,
    pub(super) divided: bool,
}

impl<T: Real> Planes<'_, T> {
    pub(super) fn compute(&self, out: &mut [MaybeUninit<T>], bands: &[Range<usize>]) {
        /// Values that are finished in one go, if not a whole group.
        const PIECE: usize = 1 << 14;

        let [_, width] = self.windows.output();
        in_groups(
            out,
            [self.group, width],
            bands,
            Tile::new,
            |_| (),
            |(), plane, rows, out, tile| self.band(plane, rows, out, tile),
            |_, (), peaks, out| {
                let peak = peaks.iter().copied().fold(T::default(), T::larger);
                let piece = match bands.len() {
                    1 => out.len(),
                    _ => PIECE,
                };
                out.par_chunks_mut(piece)
                    .for_each(|out| self.finish(out, peak));
            },
        );
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
        let peak = known!(
            T,
            windows.k,
            windows.stride,
            sigma_of(plane, windows, rows, out, tile)
        );
        let pixels = &plane[first * windows.width..end * windows.width];
        match self.divided && leaves_out(windows) && !lanes::run(AllFinite(pixels)) {
            true => T::NAN,
            false => peak,
        }
    }

    /// Divides values that all have been written by the peak of their group, if one is
    /// asked for.
    fn finish(&self, out: &mut [MaybeUninit<T>], peak: T) {
        if self.divided {
            // SAFETY: the bands of the group, which cover it, are done.
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
pub(super) fn over_peak<T: Real>(sigma: &mut [T], peak: T) {
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

/// Whether some pixels may be in no patch, for whose sigma they would tell.
fn leaves_out(windows: &Windows) -> bool {
    let reach = match windows.border {
        Border::Valid => 0,
        _ => windows.k / 2,
    };
    windows.stride > reach + 1
}

/// Whether all of some values are finite.
struct AllFinite<'a, T>(&'a [T]);

impl<T: Real> WithSimd for AllFinite<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self) -> bool {
        let n = lanes::<S, T>();
        let blocks = self.0.chunks_exact(4 * n);
        let rest = blocks.remainder().iter().all(|x| x.is_finite());
        // 0, and NaN from the first on that is not finite; four, so that none waits.
        let mut broken = [splat::<S, T>(0.0); 4];
        for block in blocks {
            for (i, broken) in broken.iter_mut().enumerate() {
                // SAFETY: a block is as long as four registers.
                let pixels = unsafe { load::<S, T>(block, i * n) };
                *broken = mul_add(pixels, splat(0.0), *broken);
            }
        }
        let [a, b, c, d] = broken;
        rest && values((a + b) + (c + d)).iter().all(|x| x.is_finite())
    }
}
