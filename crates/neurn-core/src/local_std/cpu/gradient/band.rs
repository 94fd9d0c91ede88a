//! The gradient of a band of a plane, a block of places at a time.
//!
//! ```text
//! places           c c c c c c c c          to be computed
//! patches      p p p p p p p p p p p        those that hold one: k - 1 more before
//! pixels       x x x x x x x x x x x x x x  what these see: k - 1 more behind
//! ```
//!
//! The rows of a block lie one behind the other in three arrays with one pitch, so that
//! column x of each is at the same place: pixels in the tile, and mu and a of patches.
//! Beyond the first and the last patch, a is 0, or that of the mirror image.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, WithSimd};

use super::super::super::windows::Windows;
use super::super::fold::Results;
use super::super::lanes::{self, Real, as_new, splat};
use super::super::tile::{Lines, Tile};
use super::means::OfPatches;
use super::places::{Held, OfPlaces};
use super::weights::{self, Weigh};
use crate::Border;

/// Places side by side, and one above the other, that are computed in one go.
const COLUMNS: usize = 256;
const ROWS: usize = 24;

/// Rows of places that are computed in one go, a multiple of k.
pub(super) fn step(k: usize) -> usize {
    ROWS.max(4 * k) / k * k
}

/// What a thread keeps, so that it allocates once.
pub(in super::super) struct Scratch<T> {
    tile: Tile<T>,
    /// Of patches, row by row as in the tile: how far mu lies above the middle pixel,
    /// and a.
    means: Lines<T>,
    weights: Lines<T>,
    /// The rows of patches that hold the places, from the first on.
    held: Vec<Option<Held>>,
    /// The gradient of places, row by row.
    lines: Lines<T>,
}

impl<T: Real> Scratch<T> {
    pub(super) fn new() -> Self {
        Self {
            tile: Tile::new(),
            means: Lines::new(),
            weights: Lines::new(),
            held: Vec::new(),
            lines: Lines::new(),
        }
    }
}

/// Rows of a plane, and what their gradient is made of.
pub(in super::super) struct Band<'a, T> {
    pub(super) plane: &'a [T],
    /// Of the plane.
    pub(super) response: &'a [T],
    pub(super) by_response: &'a [T],
    pub(super) windows: &'a Windows,
    pub(super) c: T,
    /// The patch of the peak, if it is one of these.
    pub(super) peak: Option<usize>,
    pub(super) rows: Range<usize>,
}

/// Writes the gradient of a band, but for what the patch of the peak gives. Returns
/// `sum(g y)` of each row of patches with its middle there.
pub(super) fn gradient_of<T: Real, const K: usize>(
    band: Band<T>,
    out: &mut [MaybeUninit<T>],
    scratch: &mut Scratch<T>,
) -> Vec<f64> {
    lanes::run(Gradient::<T, K> { band, out, scratch })
}

/// For K see [`known`](super::super::fold::known).
pub(in super::super) struct Gradient<'a, T, const K: usize> {
    pub(super) band: Band<'a, T>,
    pub(super) out: &'a mut [MaybeUninit<T>],
    pub(super) scratch: &'a mut Scratch<T>,
}

impl<T: Real, const K: usize> WithSimd for Gradient<'_, T, K> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) -> Vec<f64> {
        let Windows {
            k, height, width, ..
        } = *self.band.windows;
        let margin = self.band.windows.margin();
        let (columns, step_x) = match self.shows_elsewhere() {
            true => (0..width + 2 * margin, usize::MAX),
            false => (margin..width + margin, COLUMNS),
        };
        let [rows_out, _] = self.band.windows.output();
        let band = self.band.rows.start + margin..self.band.rows.end + margin;
        let mut sums = vec![0.0; self.with_middle_in(&band, rows_out).len()];
        for top in band.clone().step_by(step(k)) {
            let rows = top..band.end.min(top + step(k));
            for left in columns.clone().step_by(step_x) {
                let columns = left..columns.end.min(left.saturating_add(step_x));
                let alone = !self.shows_elsewhere() && columns.len() >= lanes::lanes::<S, T>();
                self.places::<S>(rows.clone(), &columns, alone);
                self.sum(&rows, &columns, &mut sums);
                if !alone {
                    self.write(rows.clone(), &columns, true);
                }
            }
        }
        if self.shows_elsewhere() {
            for places in [0..margin, height + margin..height + 2 * margin] {
                let shown = places
                    .clone()
                    .filter_map(|place| self.band.windows.source(place as isize, height));
                if shown.clone().any(|y| self.band.rows.contains(&y)) {
                    self.places::<S>(places.clone(), &columns, false);
                    self.write(places, &columns, false);
                }
            }
        }
        sums
    }
}

impl<T: Real, const K: usize> Gradient<'_, T, K> {
    /// Whether the places of the border have something to give.
    fn shows_elsewhere(&self) -> bool {
        match self.band.windows.border {
            Border::Replicate | Border::Reflect | Border::Circular => true,
            Border::Symmetric | Border::Zero | Border::Constant(_) | Border::Valid => false,
        }
    }

    /// The rows, or columns, of the output that have their middle in some places.
    fn with_middle_in(&self, places: &Range<usize>, count: usize) -> Range<usize> {
        let Windows { k, stride, .. } = *self.band.windows;
        let [first, end] = [places.start, places.end]
            .map(|place| place.saturating_sub(k / 2).div_ceil(stride).min(count));
        first..end
    }

    /// Adds to the sums of `g y` what the patches with their middle in these places give.
    #[inline(always)]
    fn sum(&mut self, rows: &Range<usize>, columns: &Range<usize>, sums: &mut [f64]) {
        let margin = self.band.windows.margin();
        let [height, width] = self.band.windows.output();
        let all = self.with_middle_in(
            &(self.band.rows.start + margin..self.band.rows.end + margin),
            height,
        );
        let columns = self.with_middle_in(columns, width);
        for row in self.with_middle_in(rows, height) {
            let values = row * width + columns.start..row * width + columns.end;
            let y = &self.band.response[values.clone()];
            sums[row - all.start] += weights::dot(y, &self.band.by_response[values]);
        }
    }

    /// Computes the gradient of some places: `directly` where it goes, or in lines.
    #[inline(always)]
    fn places<S: Simd>(&mut self, rows: Range<usize>, columns: &Range<usize>, directly: bool) {
        let Windows {
            k, stride, width, ..
        } = *self.band.windows;
        let [patches, _] = self.patches();
        // Rows of patches that hold one of the places, at stride 1 and then those kept.
        let all = (rows.start + 1).saturating_sub(k)..patches.min(rows.end);
        let kept = all.start.div_ceil(stride)..all.end.div_ceil(stride);
        let windows = Windows {
            stride: 1,
            ..*self.band.windows
        };
        // And k - 1 more columns at both sides.
        let seen = columns.start as isize - (k as isize - 1)..columns.end as isize;
        self.scratch
            .tile
            .fill(self.band.plane, &windows, all.start..all.end + k - 1, seen);
        self.patches_of::<S>(&all, &kept, columns);

        self.hold(&rows, all.start, kept.start);

        let pitch = self.scratch.tile.layout().pitch;
        let next = self.next(rows.end);
        let Scratch {
            tile,
            means,
            weights,
            held,
            lines,
        } = &mut *self.scratch;
        let (out, out_pitch) = match directly {
            true => {
                let margin = self.band.windows.margin();
                let from = (rows.start - margin - self.band.rows.start) * width;
                (&mut self.out[from + columns.start - margin..], width)
            }
            false => {
                lines.resize(rows.len() * pitch);
                (as_new(lines), pitch)
            }
        };
        let mut fold = OfPlaces::<S, T> {
            pixels: &tile.values,
            pitch,
            means,
            weights,
            held,
            k,
            from: (rows.start - all.start) * pitch + k - 1,
            out,
            out_pitch,
            share: splat(-1.0 / (k * k) as f64),
            nothing: splat(0.0),
            next: next.map(|(values, width)| (values.wrapping_add(columns.start), width)),
        };
        let results = Results {
            k,
            stride: 1,
            rows: rows.len(),
            columns: columns.len(),
        };
        // SAFETY: for each of the results `held` has k rows, whose patches and pixels
        // have been written for the columns and k - 1 more, and `lines` has room.
        #[allow(unsafe_code)]
        unsafe {
            results.of::<S, T, _, K>(&mut fold);
        }
    }

    /// Looks up which rows of patches hold some places: those written from the row
    /// `kept` of the output on, while the tile begins at the row `all`.
    fn hold(&mut self, rows: &Range<usize>, all: usize, kept: usize) {
        let Windows { k, stride, .. } = *self.band.windows;
        let [patches, _] = self.patches();
        let pitch = self.scratch.tile.layout().pitch;
        self.scratch.held.clear();
        for row in rows.start as isize - (k as isize - 1)..rows.end as isize {
            let row = match self.band.windows.border {
                Border::Symmetric if row < 0 => -1 - row,
                Border::Symmetric => row.min(2 * patches as isize - 1 - row),
                _ => row,
            };
            let there = (0..patches as isize).contains(&row) && row as usize % stride == 0;
            self.scratch.held.push(there.then(|| Held {
                patches: (row as usize / stride - kept) * pitch,
                pixels: (row as usize + k / 2 - all) * pitch,
            }));
        }
    }

    /// What the next rows of places need, from the first row and column on, and from
    /// one row to the next.
    fn next(&self, place: usize) -> [(*const T, usize); 3] {
        let Windows {
            k, stride, width, ..
        } = *self.band.windows;
        let [_, width_out] = self.band.windows.output();
        let row = place / stride * width_out;
        [
            (
                self.band
                    .plane
                    .as_ptr()
                    .wrapping_add((place + k / 2) * width),
                width,
            ),
            (self.band.response.as_ptr().wrapping_add(row), width_out),
            (self.band.by_response.as_ptr().wrapping_add(row), width_out),
        ]
    }

    /// Patches at stride 1.
    fn patches(&self) -> [usize; 2] {
        let Windows { height, width, .. } = *self.band.windows;
        [height, width].map(|side| self.band.windows.patches(side))
    }

    /// Writes mu and a of the patches that hold a place, of the rows `kept` of the
    /// output. The tile shows those of the rows `all` at stride 1.
    #[inline(always)]
    fn patches_of<S: Simd>(
        &mut self,
        all: &Range<usize>,
        kept: &Range<usize>,
        columns: &Range<usize>,
    ) {
        let Windows { k, stride, .. } = *self.band.windows;
        let [_, patches] = self.patches();
        let own = (columns.start + 1).saturating_sub(k)..patches.min(columns.end);
        let before = own.start + k - 1 - columns.start;
        let Scratch {
            tile,
            means,
            weights,
            ..
        } = &mut *self.scratch;
        let pitch = tile.layout().pitch;
        means.resize(kept.len() * pitch);
        weights.resize(kept.len() * pitch);
        let results = Results {
            k,
            stride,
            rows: kept.len(),
            columns: own.len(),
        };
        // Where the output has a register full of neighbours.
        let together = stride == 1 && own.len() >= lanes::lanes::<S, T>();
        let mut fold = OfPatches::<S, T> {
            pixels: &tile.values,
            pitch,
            k,
            stride,
            from: (kept.start * stride).saturating_sub(all.start) * pitch + before,
            means: as_new(means),
            before,
            by_side: splat(1.0 / k as f64),
            weigh: Weigh::new(self.band.c),
            given: together.then(|| {
                let from = kept.start * patches + own.start..kept.end * patches;
                [
                    &self.band.response[from.clone()],
                    &self.band.by_response[from],
                ]
            }),
            width: patches,
            weights: as_new(weights),
        };
        // SAFETY: the tile has the rows that the results see, and `means` room for them.
        #[allow(unsafe_code)]
        unsafe {
            results.of::<S, T, _, K>(&mut fold);
        }
        for (i, row) in kept.clone().enumerate() {
            let at = i * self.scratch.tile.layout().pitch;
            self.weights_of(row, &own, at + before, together);
            let end = columns.len() + k - 1;
            self.beyond(at, before..before + own.len(), end, own.start);
        }
    }

    /// Writes a of a row of the output, for patches at stride 1 which begin at `at`; if it
    /// is there, all but that of the peak.
    fn weights_of(&mut self, row: usize, own: &Range<usize>, at: usize, there: bool) {
        let stride = self.band.windows.stride;
        let [_, width] = self.band.windows.output();
        let columns = own.start.div_ceil(stride)..own.end.div_ceil(stride);
        let weights = &mut self.scratch.weights[at..][..own.len()];
        let values = row * width + columns.start..row * width + columns.end;
        if !there {
            let weigh = Weigh::new(self.band.c);
            weights.fill(T::default());
            for (value, column) in values.clone().zip(columns) {
                let (y, g) = (self.band.response[value], self.band.by_response[value]);
                weights[column * stride - own.start] = weigh.one(y, g);
            }
        }
        if let Some(peak) = self.band.peak.filter(|peak| values.contains(peak)) {
            weights[(peak - row * width) * stride - own.start] = T::default();
        }
    }

    /// Writes what lies beyond the patches at `own` places of a row at `at`, up to `end`:
    /// their mirror images at a symmetric border, and else nothing.
    fn beyond(&mut self, at: usize, own: Range<usize>, end: usize, first: usize) {
        let [_, patches] = self.patches();
        let Scratch { means, weights, .. } = &mut *self.scratch;
        for place in (0..own.start).chain(own.end..end) {
            // As a column of patches.
            let column = (place + first) as isize - own.start as isize;
            let mirrored = match column < 0 {
                true => -1 - column,
                false => 2 * patches as isize - 1 - column,
            };
            let from = match self.band.windows.border {
                Border::Symmetric => mirrored - first as isize + own.start as isize,
                _ => -1,
            };
            for values in [&mut *means, &mut *weights] {
                values[at + place] = match own.contains(&(from as usize)) {
                    true => values[at + from as usize],
                    false => T::default(),
                };
            }
        }
    }

    /// Brings lines to the pixels of the band that their places show. Places on the
    /// image come first and are written, and those of the border add to that.
    #[inline(always)]
    fn write(&mut self, rows: Range<usize>, columns: &Range<usize>, on_image: bool) {
        let Windows { height, width, .. } = *self.band.windows;
        let margin = self.band.windows.margin();
        let image = match on_image {
            true => columns.start.max(margin)..columns.end.min(width + margin),
            false => columns.start..columns.start,
        };
        let lines = self.scratch.lines.chunks(self.scratch.tile.layout().pitch);
        for (row, line) in rows.zip(lines) {
            let y = self.band.windows.source(row as isize, height);
            let Some(y) = y.filter(|y| self.band.rows.contains(y)) else {
                continue;
            };
            let out = &mut self.out[(y - self.band.rows.start) * width..][..width];
            for place in image.clone() {
                out[place - margin].write(line[place - columns.start]);
            }
            for place in (columns.start..image.start).chain(image.end..columns.end) {
                if let Some(x) = self.band.windows.source(place as isize, width) {
                    // SAFETY: all places on the image are written before. Where a border
                    // shows pixels, `columns` are all that there are.
                    #[allow(unsafe_code)]
                    let out = unsafe { out[x].assume_init_mut() };
                    *out += line[place - columns.start];
                }
            }
        }
    }
}
