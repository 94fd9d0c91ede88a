//! Of the patches of a block: mu, relative to the middle pixel, and a.
//!
//! ```text
//!  k pixels of a row  ->  (pixel, mean)  ->  fold  ->  mu - middle pixel
//!                           one a row        y, dL/dy  ->  a
//! ```
//!
//! At stride 1 the two are written together, so that the division for a overlaps with the
//! sums. With a stride a is 0 where no patch is kept. Beyond the first and the last patch of a
//! row, a is 0, or that of the mirror image at a symmetric border.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, Vector};

use super::super::fold::{Fold, Results};
use super::super::lanes::{Real, as_new, lanes, load, mul_add, splat, store};
use super::super::sigma::copy;
use super::super::tile::{Lines, View, pitch};
use super::band::Band;
use super::weights::Weigh;
use crate::Border;

use super::super::super::windows::Windows;

/// Patches that hold the places of a block, row by row.
pub(super) struct Patches<T> {
    /// How far mu lies above the middle pixel.
    pub(super) means: Lines<T>,
    /// a.
    pub(super) weights: Lines<T>,
    /// From one row to the next.
    pub(super) pitch: usize,
    /// Those rows and columns of patches, at stride 1, that there are.
    rows: Range<usize>,
    columns: Range<usize>,
    /// What a row has before them, and in all.
    before: usize,
    length: usize,
}

impl<T: Real> Patches<T> {
    pub(super) const fn new() -> Self {
        Self {
            means: Lines::new(),
            weights: Lines::new(),
            pitch: 0,
            rows: 0..0,
            columns: 0..0,
            before: 0,
            length: 0,
        }
    }

    /// Makes room for some rows, where they hold some columns of places.
    pub(super) fn begin(&mut self, band: &Band<T>, rows: Range<usize>, places: &Range<usize>) {
        let k = band.windows.k;
        let [_, count] = band.patches();
        self.columns = (places.start + 1).saturating_sub(k)..count.min(places.end);
        self.before = self.columns.start + k - 1 - places.start;
        self.length = places.len() + k - 1;
        self.pitch = pitch(self.length);
        self.means.resize(rows.len() * self.pitch);
        self.weights.resize(rows.len() * self.pitch);
        self.rows = rows;
    }

    /// Writes those of some rows. The view shows the pixels that all rows see. For `kept`
    /// see [`Results::of`].
    #[inline(always)]
    pub(super) fn of<S: Simd, const K: usize>(
        &mut self,
        band: &Band<T>,
        view: &View<T>,
        rows: Range<usize>,
        kept: &mut Vec<Mean<S, T>>,
    ) {
        let Windows { k, stride, .. } = *band.windows;
        if rows.is_empty() {
            return;
        }
        let [_, width] = band.windows.output();
        // Where the output has a register full of neighbours.
        let together = stride == 1 && self.columns.len() >= lanes::<S, T>();
        let at = (rows.start - self.rows.start) * self.pitch;
        let mut fold = OfPatches::<S, T> {
            view,
            from: view.from + (rows.start - self.rows.start) * view.pitch + self.before,
            k,
            means: as_new(&mut self.means[at..]),
            weights: as_new(&mut self.weights[at..]),
            pitch: self.pitch,
            before: self.before,
            by_side: splat(1.0 / k as f64),
            weigh: Weigh::new(band.c),
            given: together.then(|| {
                let from = rows.start * width + self.columns.start;
                [&band.response[from..], &band.by_response[from..]]
            }),
            width,
        };
        let results = Results::of_every(k, rows.len(), self.columns.len());
        // SAFETY: the view shows the rows that the results see. In the arrays there is
        // room for them and a register more, and what is `given` has as many columns in
        // as many rows.
        unsafe {
            results.of::<S, T, _, K>(&mut fold, kept);
        }
        for row in rows.filter(|row| row % stride == 0) {
            self.weigh(band, row, together);
            self.beyond(band, row);
        }
    }

    /// Where a row is.
    fn row(&self, row: usize) -> Range<usize> {
        let from = (row - self.rows.start) * self.pitch;
        from..from + self.length
    }

    /// Writes a of the patches of a row, but for that of the peak, which stays 0; if it is
    /// `there`, the fold has written it.
    fn weigh(&mut self, band: &Band<T>, row: usize, there: bool) {
        let Windows { stride, .. } = *band.windows;
        let [_, width] = band.windows.output();
        let columns = self.columns.start.div_ceil(stride)..self.columns.end.div_ceil(stride);
        let from = row / stride * width;
        let values = from + columns.start..from + columns.end;
        let at = self.row(row).start + self.before;
        let weights = &mut self.weights[at..][..self.columns.len()];
        if !there {
            let weigh = Weigh::new(band.c);
            weights.fill(T::default());
            for (value, column) in values.clone().zip(columns) {
                let (y, g) = (band.response[value], band.by_response[value]);
                weights[column * stride - self.columns.start] = weigh.one(y, g);
            }
        }
        if let Some(peak) = band.peak.filter(|peak| values.contains(peak)) {
            weights[(peak - from) * stride - self.columns.start] = T::default();
        }
    }

    /// Writes what lies beyond the patches of a row.
    fn beyond(&mut self, band: &Band<T>, row: usize) {
        let [_, count] = band.patches();
        let own = self.before..self.before + self.columns.len();
        let row = self.row(row);
        for place in (0..own.start).chain(own.end..self.length) {
            // As a column of patches.
            let column = (place + self.columns.start) as isize - self.before as isize;
            let mirrored = match column < 0 {
                true => -1 - column,
                false => 2 * count as isize - 1 - column,
            };
            let from = mirrored + self.before as isize - self.columns.start as isize;
            let shown = band.windows.border == Border::Symmetric && own.contains(&(from as usize));
            for values in [&mut self.means, &mut self.weights] {
                values[row.start + place] = match shown {
                    true => values[row.start + from as usize],
                    false => T::default(),
                };
            }
        }
    }
}

/// Sums mu, relative to the middle pixel of each patch.
struct OfPatches<'a, S: Simd, T: Real> {
    view: &'a View<'a, T>,
    /// Where the first patch's pixels begin.
    from: usize,
    k: usize,
    means: &'a mut [MaybeUninit<T>],
    weights: &'a mut [MaybeUninit<T>],
    /// From one row of these to the next, and the values before the first of a row.
    pitch: usize,
    before: usize,
    by_side: Vector<S, T>,
    weigh: Weigh<T>,
    /// The response and its gradient, if they have weights here: rows of `width` that
    /// begin at the first patch.
    given: Option<[&'a [T]; 2]>,
    width: usize,
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

    #[inline(always)]
    unsafe fn row<const K: usize>(&self, y: usize, x: usize) -> Mean<S, T> {
        let k = if K > 0 { K } else { self.k };
        let row = self.from + y * self.view.pitch + x;
        // SAFETY: the caller's condition.
        let at = |t: usize| unsafe { load::<S, T>(self.view.pixels, row + t) };
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
        let middle = self.from + (y + self.k / 2) * self.view.pitch + self.k / 2;
        // SAFETY: the caller's condition; the middle pixel is one of the patch's.
        unsafe {
            let middle = load::<S, T>(self.view.pixels, middle + x);
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
