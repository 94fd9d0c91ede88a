//! Forward: sigma of a band of a plane.
//!
//! ```text
//!    pixels of a row          k rows                       sigma
//!  x x x x x x x x x  ->  (pixel, mean, squares)  -> fold ->  o
//!        k of them             one a row
//! ```
//!
//! Sigma is separable. With x_c the middle pixel of k pixels of a row and
//! d = x - x_c, the row's mean is m = 1/k sum d above x_c, and its squared deviations
//! add up to v = sum d^2 - (sum d)^2 / k. With e_i the mean of row i less that of the
//! row that a group shares, the k rows of a patch give
//!
//! ```text
//! k^2 sigma^2 = sum v_i + k ( sum e_i^2 - (sum e_i)^2 / k )
//! ```
//!
//! Every difference is of pixels of the patch, so a flat patch gives exactly 0 and
//! faint texture beside full contrast loses nothing. Means and e are kept sqrt(k)
//! times as large, which makes `sum v + k sum e^2` one sum, w.
//!
//! # Error
//!
//! Let u = 2^-24 (2^-53 in f64), V = sum v_i and B = sum e_i^2 - (sum e_i)^2 / k,
//! so that k^2 sigma^2 = V + k B.
//!
//! A sum of squares about one of the k values that are summed is at most k times
//! what remains once the square of the mean is gone. It rounds at most k + 1 times
//! and the square that is taken away at most 2 k + 1 times, so v_i, and B of given
//! e_i, are off by at most `(3 k + 4) k u` of themselves. Scaling by sqrt(k), summing
//! and the rest add k + 6 units, and the root halves all: `(3 k^2 + 5 k + 6) / 2`
//! units of sigma.
//!
//! What e_i is off by counts in the norm over the rows, over sqrt(k): m_i by (k + 2) u
//! times the mean of |d|, which is at most sqrt(v_i), gives `2 (k + 2) sqrt(k)` with
//! that of the shared row. The difference of pixels, that of the m_i and their sum
//! round once each, and are in the norm at most 2 k sigma, 2 sqrt(k) sigma and k sigma:
//! `3 k + 2 sqrt(k)`.
//!
//! Together sigma is off by at most `1.5 k^2 + 2 k sqrt(k) + 5.5 k + 6 sqrt(k) + 3`
//! units, which is less than `3 k^2 + 10 k + 10`.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, Vector, WithSimd};

use super::super::windows::Windows;
use super::fold::{Fold, Results};
use super::lanes::{Real, lanes, larger, load, mul_add, splat, store, sub_mul, values};
use super::tile::{Tile, View, parts};

/// Patches side by side that are computed in one go, and about how many pixels they see in
/// all: few enough for a cache.
const COLUMNS: usize = 256;
const PIXELS: usize = 24 * COLUMNS;

/// Computes sigma of some rows of a plane, and the largest of them: NaN if one is not
/// finite. For K see [`known`](super::fold::known).
pub(super) struct Sigma<'a, T, const K: usize> {
    pub plane: &'a [T],
    pub windows: &'a Windows,
    /// Of the output.
    pub rows: Range<usize>,
    pub out: &'a mut [MaybeUninit<T>],
    pub tile: &'a mut Tile<T>,
}

impl<T: Real, const K: usize> WithSimd for Sigma<'_, T, K> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) -> T {
        let windows = *self.windows;
        let [_, width] = windows.output();
        let mut peak = T::default();
        let Windows { k, stride, .. } = windows;
        let parts = parts(0..width, COLUMNS);
        // Whole groups.
        let step = PIXELS / (width.min(COLUMNS) * stride * stride);
        let step = step.max(1).next_multiple_of(Results::group(k, stride));
        let mut kept: Vec<_> = parts.iter().map(|_| Vec::new()).collect();
        for top in self.rows.clone().step_by(step) {
            let rows = top..self.rows.end.min(top + step);
            for (i, columns) in parts.iter().enumerate() {
                // The part on the right, or the first one below.
                let next = match parts.get(i + 1) {
                    Some(right) => [rows.start * stride, right.start],
                    None => [rows.end * stride + k / 2, 0],
                };
                let found = self.block::<S>(&rows, columns, next, &mut kept[i]);
                peak = peak.larger(found);
            }
        }
        match peak.is_finite() {
            true => peak,
            false => T::NAN,
        }
    }
}

impl<T: Real, const K: usize> Sigma<'_, T, K> {
    /// Computes some rows and columns of the output, and the largest. The pixels from some
    /// row and column on are asked for. For `kept` see [`Results::of`].
    #[inline(always)]
    fn block<S: Simd>(
        &mut self,
        rows: &Range<usize>,
        columns: &Range<usize>,
        [row, column]: [usize; 2],
        kept: &mut Vec<Row<S, T>>,
    ) -> T {
        let Windows { k, stride, .. } = *self.windows;
        let [_, width] = self.windows.output();
        let n = lanes::<S, T>();
        let results = Results {
            k,
            stride,
            rows: rows.len(),
            columns: columns.len(),
        };
        // With a stride the tile reads whole lines, which a processor foresees.
        let next = (stride == 1).then(|| {
            let place = row * self.windows.width + column;
            (self.plane.as_ptr().wrapping_add(place), self.windows.width)
        });
        let out = &mut self.out[(rows.start - self.rows.start) * width + columns.start..];
        let seen = rows.start * stride..(rows.end - 1) * stride + k;
        let places = columns.start as isize..columns.end as isize;
        let view = self.tile.show(self.plane, self.windows, seen, places, n);
        // Where a row is less than a register it is written elsewhere first.
        let narrow = columns.len() < n;
        let mut wide =
            vec![MaybeUninit::new(T::default()); if narrow { rows.len() * n } else { 0 }];
        let (to, pitch) = match narrow {
            true => (wide.as_mut_slice(), n),
            false => (&mut *out, width),
        };
        let largest = of_view::<S, T, K>(view, results, (to, pitch), next, kept);
        if !narrow {
            return largest;
        }
        let mut largest = T::default();
        for (from, to) in wide.chunks(n).zip(out.chunks_mut(width)) {
            to.copy_from_slice(&from[..width]);
            for sigma in to {
                // SAFETY: `wide` was made of values.
                let sigma = unsafe { sigma.assume_init() };
                largest = largest.larger(sigma);
            }
        }
        largest
    }
}

/// Sigma of the patches of a view, and the largest. The output goes to rows of some
/// pitch; `next` is asked for.
#[inline(always)]
fn of_view<S: Simd, T: Real, const K: usize>(
    view: View<T>,
    results: Results,
    (out, pitch): (&mut [MaybeUninit<T>], usize),
    next: Option<(*const T, usize)>,
    kept: &mut Vec<Row<S, T>>,
) -> T {
    let k = results.k as f64;
    let mut fold = OfRows::<S, T> {
        view,
        k: results.k,
        out,
        pitch,
        largest: splat(0.0),
        next,
        root: splat(k.sqrt()),
        by_root: splat(1.0 / k.sqrt()),
        by_side: splat(1.0 / k),
        by_area: splat(1.0 / (k * k)),
    };
    // SAFETY: the view shows the rows and columns that the results see. The output has
    // so many rows and columns, or a register full.
    unsafe {
        results.of::<S, T, _, K>(&mut fold, kept);
    }
    let largest = values(fold.largest);
    largest.into_iter().fold(T::default(), T::larger)
}

struct OfRows<'a, S: Simd, T: Real> {
    view: View<'a, T>,
    k: usize,
    out: &'a mut [MaybeUninit<T>],
    pitch: usize,
    largest: Vector<S, T>,
    next: Option<(*const T, usize)>,
    root: Vector<S, T>,
    by_root: Vector<S, T>,
    by_side: Vector<S, T>,
    by_area: Vector<S, T>,
}

/// Of k pixels of a row.
struct Row<S: Simd, T: Real> {
    /// The middle one.
    pixel: Vector<S, T>,
    /// sqrt(k) times how far their mean lies above it.
    mean: Vector<S, T>,
    /// v.
    squares: Vector<S, T>,
}

/// Over rows: of e, and w.
struct Sums<S: Simd, T: Real> {
    e: Vector<S, T>,
    w: Vector<S, T>,
}

/// By hand, since a derived one would ask it of `S`.
macro_rules! copy {
    ($name:ident) => {
        impl<S: Simd, T: Real> Clone for $name<S, T> {
            #[inline(always)]
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S: Simd, T: Real> Copy for $name<S, T> {}
    };
}
pub(super) use copy;
copy!(Row);
copy!(Sums);

impl<S: Simd, T: Real> Fold<S, T> for OfRows<'_, S, T> {
    type Row = Row<S, T>;
    type Shared = Row<S, T>;
    type Sums = Sums<S, T>;

    #[inline(always)]
    unsafe fn row<const K: usize>(&self, y: usize, x: usize) -> Row<S, T> {
        let k = if K > 0 { K } else { self.k };
        let row = self.view.from + y * self.view.pitch + x;
        let at = |t: usize| {
            let tap = if K > 0 { t } else { self.view.taps[t] };
            // SAFETY: the caller's condition.
            unsafe { load::<S, T>(self.view.pixels, row + tap) }
        };
        let pixel = at(k / 2);
        let d = at(0) - pixel;
        // 0, or NaN if the pixel is not finite, where there is no other.
        let (mut sum, mut squares) = (d, d * d);
        for t in 1..k {
            if t != k / 2 {
                let d = at(t) - pixel;
                sum += d;
                squares = mul_add(d, d, squares);
            }
        }
        let mean = sum * self.by_root;
        Row {
            pixel,
            mean,
            squares: sub_mul(squares, mean, mean),
        }
    }

    #[inline(always)]
    unsafe fn shared(&self, _: Range<usize>, _: usize, row: &Row<S, T>) -> Row<S, T> {
        *row
    }

    #[inline(always)]
    fn own(&self, _: &Row<S, T>, row: &Row<S, T>) -> Sums<S, T> {
        Sums {
            // What the compiler knows to add nothing.
            e: splat(-0.0),
            w: row.squares,
        }
    }

    #[inline(always)]
    fn back(&self, shared: &Row<S, T>, row: &Row<S, T>) -> Sums<S, T> {
        let e = mul_add(row.pixel - shared.pixel, self.root, row.mean - shared.mean);
        Sums {
            e,
            w: mul_add(e, e, row.squares),
        }
    }

    #[inline(always)]
    fn on(&self, shared: &Row<S, T>, row: &Row<S, T>) -> Sums<S, T> {
        self.back(shared, row)
    }

    #[inline(always)]
    fn add(a: Sums<S, T>, b: Sums<S, T>) -> Sums<S, T> {
        Sums {
            e: a.e + b.e,
            w: a.w + b.w,
        }
    }

    #[inline(always)]
    unsafe fn take(
        &mut self,
        y: usize,
        x: usize,
        on: Sums<S, T>,
        back: Option<Sums<S, T>>,
        _: &Row<S, T>,
    ) {
        let sums = back.map_or(on, |back| Self::add(on, back));
        let total = sub_mul(sums.w, sums.e * self.by_side, sums.e);
        // What is too small for squares may come out below 0.
        let sigma = (total * self.by_area).abs().sqrt();
        self.largest = larger(self.largest, sigma);
        // SAFETY: the caller's condition.
        unsafe { store(self.out, y * self.pitch + x, sigma) };
        if let Some((next, width)) = self.next {
            ask(next.wrapping_add(y * width + x));
        }
    }
}

/// Asks for a line of the cache before it is read. It goes to the second of the caches,
/// since the nearest is full of what is at hand.
#[inline(always)]
pub(super) fn ask<T>(place: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint, which no address makes fail.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(place.cast());
    }
    // There is no stable way to ask elsewhere.
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}
