//! Of the patches of a row: mu, relative to the middle pixel, and a.
//!
//! ```text
//!  k pixels of a row  ->  (pixel, mean)  ->  fold  ->  mu - middle pixel
//!                           one a row        y, dL/dy  ->  a
//! ```
//!
//! The two are written together where a register full of neighbours is kept, so that
//! the division for a overlaps with the sums.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, Vector};

use super::super::fold::Fold;
use super::super::lanes::{Real, load, mul_add, splat, store};
use super::super::sigma::copy;
use super::weights::Weigh;

/// Sums mu, relative to the middle pixel of each patch.
pub(super) struct OfPatches<'a, S: Simd, T: Real> {
    pub(super) pixels: &'a [T],
    pub(super) pitch: usize,
    pub(super) k: usize,
    pub(super) stride: usize,
    /// Where the first patch's pixels begin.
    pub(super) from: usize,
    pub(super) means: &'a mut [MaybeUninit<T>],
    /// Values before the first mean of a row.
    pub(super) before: usize,
    pub(super) by_side: Vector<S, T>,
    /// With their weights, if the response and its gradient are given: rows of `width`
    /// that begin at the first patch.
    pub(super) weigh: Weigh<T>,
    pub(super) given: Option<[&'a [T]; 2]>,
    pub(super) width: usize,
    pub(super) weights: &'a mut [MaybeUninit<T>],
}

/// Of k pixels of a row the middle one, and how far their mean lies above it.
pub(super) struct Mean<S: Simd, T: Real> {
    pixel: Vector<S, T>,
    above: Vector<S, T>,
}
copy!(Mean);

impl<S: Simd, T: Real> Fold<S, T> for OfPatches<'_, S, T> {
    type Row = Mean<S, T>;
    type Shared = Mean<S, T>;
    type Sums = Vector<S, T>;

    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn row<const K: usize>(&self, y: usize, x: usize) -> Mean<S, T> {
        let k = if K > 0 { K } else { self.k };
        let row = self.from + y * self.pitch + x;
        // SAFETY: the caller's condition; the tile has a register more.
        let at = |t: usize| unsafe { load::<S, T>(self.pixels, row + t) };
        let pixel = at(k / 2);
        let mut sum = at(0) - pixel;
        for t in 1..k {
            if t != k / 2 {
                sum += at(t) - pixel;
            }
        }
        Mean {
            pixel,
            above: sum * self.by_side,
        }
    }

    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn shared(&self, _: Range<usize>, _: usize, row: &Mean<S, T>) -> Mean<S, T> {
        *row
    }

    #[inline(always)]
    fn own(&self, _: &Mean<S, T>, _: &Mean<S, T>) -> Vector<S, T> {
        splat(-0.0)
    }

    #[inline(always)]
    fn back(&self, shared: &Mean<S, T>, row: &Mean<S, T>) -> Vector<S, T> {
        (row.pixel - shared.pixel) + (row.above - shared.above)
    }

    #[inline(always)]
    fn on(&self, shared: &Mean<S, T>, row: &Mean<S, T>) -> Vector<S, T> {
        self.back(shared, row)
    }

    #[inline(always)]
    fn add(a: Vector<S, T>, b: Vector<S, T>) -> Vector<S, T> {
        a + b
    }

    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn take(
        &mut self,
        y: usize,
        x: usize,
        on: Vector<S, T>,
        back: Option<Vector<S, T>>,
        shared: &Mean<S, T>,
    ) {
        let sum = back.map_or(on, |back| on + back);
        let row = (y * self.stride + self.k / 2) * self.pitch;
        // SAFETY: the caller's condition; the middle pixel is one of the patch's.
        unsafe {
            let middle = load::<S, T>(self.pixels, self.from + row + x + self.k / 2);
            let mean = mul_add(sum, self.by_side, (shared.pixel - middle) + shared.above);
            let at = y * self.pitch + self.before + x;
            store(self.means, at, mean);
            if let Some(given) = self.given {
                let [y, g] = given.map(|values| load::<S, T>(values, y * self.width + x));
                store(self.weights, at, self.weigh.lanes(y, g));
            }
        }
    }
}
