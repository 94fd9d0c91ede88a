//! Of places: what the patches that hold one give.
//!
//! ```text
//!  a, mu of k patches of a row  ->  (A, B, pixel)  ->  fold  ->  dL/dx of a place
//!                                      one a row
//! ```
//!
//! See [`gradient`](super) for A and B.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, Vector};

use super::super::super::windows::Windows;
use super::super::fold::Fold;
use super::super::lanes::{Real, load, mul_add, store, sub_mul};
use super::super::sigma::{ask, copy};
use super::super::tile::View;
use super::band::Band;
use super::patches::Patches;
use crate::Border;

/// A row of patches: where its a and mu begin, and its middle row of pixels.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) patches: usize,
    pub(super) pixels: usize,
}

/// The rows of patches that hold some places, one by one, where the view and the arrays
/// of patches, of these pitches, have rows from `first` on.
pub(super) fn hold<T>(
    band: &Band<T>,
    rows: &Range<usize>,
    first: usize,
    [patches, pixels]: [usize; 2],
    held: &mut Vec<Option<Held>>,
) {
    let Windows {
        k, stride, border, ..
    } = *band.windows;
    let [count, _] = band.patches().map(|count| count as isize);
    let there = first as isize..count.min(rows.end as isize);
    held.clear();
    for row in rows.start as isize - (k as isize - 1)..rows.end as isize {
        let row = match border {
            Border::Symmetric if row < 0 => -1 - row,
            Border::Symmetric => row.min(2 * count - 1 - row),
            _ => row,
        };
        let there = there.contains(&row) && (row as usize).is_multiple_of(stride);
        held.push(there.then(|| Held {
            patches: (row as usize - first) * patches,
            pixels: (row as usize + k / 2 - first) * pixels,
        }));
    }
}

/// Sums A and B.
pub(super) struct OfPlaces<'a, S: Simd, T: Real> {
    pub(super) view: &'a View<'a, T>,
    /// Where the pixel of the first place is.
    pub(super) from: usize,
    pub(super) patches: &'a Patches<T>,
    /// By rows of patches that hold places.
    pub(super) held: &'a [Option<Held>],
    pub(super) k: usize,
    /// Where the gradient goes, and from one row to the next.
    pub(super) out: &'a mut [MaybeUninit<T>],
    pub(super) out_pitch: usize,
    pub(super) share: Vector<S, T>,
    pub(super) nothing: Vector<S, T>,
    /// What comes next, which is asked for.
    pub(super) next: [(*const T, usize); 3],
}

/// A and B, and the pixel that B is about.
pub(super) struct OfRow<S: Simd, T: Real> {
    pixel: Vector<S, T>,
    a: Vector<S, T>,
    b: Vector<S, T>,
}
copy!(OfRow);

/// The pixels of the first and the last place of a group.
pub(super) struct Ends<S: Simd, T: Real> {
    first: Vector<S, T>,
    last: Vector<S, T>,
}
copy!(Ends);

/// Of A, and of B about one of the ends.
pub(super) struct Sums<S: Simd, T: Real> {
    a: Vector<S, T>,
    b: Vector<S, T>,
}
copy!(Sums);

impl<S: Simd, T: Real> OfPlaces<'_, S, T> {
    /// The pixels of a row of places.
    ///
    /// # Safety
    ///
    /// There must be such places.
    #[inline(always)]
    unsafe fn places(&self, y: usize, x: usize) -> Vector<S, T> {
        // SAFETY: the caller's condition.
        unsafe { load(self.view.pixels, self.from + y * self.view.pitch + x) }
    }

    #[inline(always)]
    fn rebased(row: &OfRow<S, T>, pixel: Vector<S, T>) -> Sums<S, T> {
        Sums {
            a: row.a,
            b: mul_add(row.a, row.pixel - pixel, row.b),
        }
    }
}

impl<S: Simd, T: Real> Fold<S, T> for OfPlaces<'_, S, T> {
    type Row = OfRow<S, T>;
    type Shared = Ends<S, T>;
    type Sums = Sums<S, T>;

    #[inline(always)]
    unsafe fn row<const K: usize>(&self, y: usize, x: usize) -> OfRow<S, T> {
        let k = if K > 0 { K } else { self.k };
        let Some(held) = self.held[y] else {
            let nothing = self.nothing;
            return OfRow {
                pixel: nothing,
                a: nothing,
                b: nothing,
            };
        };
        // SAFETY: the caller's condition; patches that hold a column begin k - 1 before
        // it, and pixels k - 1 before those.
        unsafe {
            let middle = self.view.from + held.pixels + x + k / 2;
            let pixel = load::<S, T>(self.view.pixels, self.view.from + held.pixels + x + k - 1);
            let (mut a, mut b) = (self.nothing, self.nothing);
            for t in 0..k {
                let weight = load::<S, T>(&self.patches.weights, held.patches + x + t);
                let mean = load::<S, T>(&self.patches.means, held.patches + x + t);
                let about = match t == k / 2 {
                    true => mean,
                    false => (load::<S, T>(self.view.pixels, middle + t) - pixel) + mean,
                };
                if t == 0 {
                    (a, b) = (weight, weight * about);
                } else {
                    (a, b) = (a + weight, mul_add(weight, about, b));
                }
            }
            OfRow { pixel, a, b }
        }
    }

    #[inline(always)]
    unsafe fn shared(&self, results: Range<usize>, x: usize, _: &OfRow<S, T>) -> Ends<S, T> {
        // SAFETY: the caller's condition.
        unsafe {
            Ends {
                first: self.places(results.start, x),
                last: self.places(results.end - 1, x),
            }
        }
    }

    #[inline(always)]
    fn own(&self, shared: &Ends<S, T>, row: &OfRow<S, T>) -> Sums<S, T> {
        Self::rebased(row, shared.last)
    }

    #[inline(always)]
    fn back(&self, shared: &Ends<S, T>, row: &OfRow<S, T>) -> Sums<S, T> {
        Self::rebased(row, shared.first)
    }

    #[inline(always)]
    fn on(&self, shared: &Ends<S, T>, row: &OfRow<S, T>) -> Sums<S, T> {
        Self::rebased(row, shared.last)
    }

    #[inline(always)]
    fn add(a: Sums<S, T>, b: Sums<S, T>) -> Sums<S, T> {
        Sums {
            a: a.a + b.a,
            b: a.b + b.b,
        }
    }

    #[inline(always)]
    unsafe fn take(
        &mut self,
        y: usize,
        x: usize,
        on: Sums<S, T>,
        back: Option<Sums<S, T>>,
        shared: &Ends<S, T>,
    ) {
        // SAFETY: the caller's condition.
        unsafe {
            let pixel = self.places(y, x);
            let of = |sums: Sums<S, T>, end| sub_mul(sums.b, sums.a, pixel - end);
            let below = of(on, shared.last);
            let minus = back.map_or(below, |back| below + of(back, shared.first));
            store(self.out, y * self.out_pitch + x, minus * self.share);
        }
        for (values, width) in self.next {
            ask(values.wrapping_add(y * width + x));
        }
    }
}
