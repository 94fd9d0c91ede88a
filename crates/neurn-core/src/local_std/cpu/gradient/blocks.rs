//! The gradient of a band of a plane, a block of places at a time.
//!
//! ```text
//! places           c c c c c c c c          to be computed
//! patches      p p p p p p p p p p p        those that hold one: k - 1 more before
//! pixels       x x x x x x x x x x x x x x  what these see: k - 1 more behind
//! ```
//!
//! The columns are cut into parts, and blocks are computed part by part and then down.
//! What the rows of one block say about the next is kept, so that every patch is looked
//! at once, but for those on the ends of parts and bands.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::{Simd, WithSimd};

use super::super::super::windows::Windows;
use super::super::fold::Results;
use super::super::lanes::{self, Real, as_new, splat};
use super::super::tile::{Lines, Tile, parts, pitch};
use super::band::Band;
use super::patches::{Mean, Patches};
use super::places::{Held, OfPlaces, OfRow, hold};
use super::weights;
use crate::Border;

/// Places side by side that are computed in one go, and about how many in all: few enough
/// for a cache.
const COLUMNS: usize = 256;
const PLACES: usize = 12 * COLUMNS;

/// What a thread keeps, so that it allocates once.
pub(in super::super) struct Scratch<T> {
    tile: Tile<T>,
    patches: Patches<T>,
    /// The rows of patches that hold the places, from the first on.
    held: Vec<Option<Held>>,
    /// The gradient of places, row by row.
    lines: Lines<T>,
}

impl<T: Real> Scratch<T> {
    pub(super) fn new() -> Self {
        Self {
            tile: Tile::new(),
            patches: Patches::new(),
            held: Vec::new(),
            lines: Lines::new(),
        }
    }
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

/// What blocks of a part keep for the next, see [`Results::of`].
struct Kept<S: Simd, T: Real> {
    patches: Vec<Mean<S, T>>,
    places: Vec<OfRow<S, T>>,
}

impl<S: Simd, T: Real> Kept<S, T> {
    const NOTHING: Self = Self {
        patches: Vec::new(),
        places: Vec::new(),
    };
}

impl<T: Real, const K: usize> WithSimd for Gradient<'_, T, K> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) -> Vec<f64> {
        let width = self.band.windows.width;
        let margin = self.band.windows.margin();
        let all = self.band.rows.start + margin..self.band.rows.end + margin;
        let wide = width + 2 * margin;
        let parts = match self.shows_elsewhere() {
            true => parts(0..wide, wide),
            false => parts(margin..width + margin, COLUMNS),
        };
        let directly = !self.shows_elsewhere() && width >= lanes::lanes::<S, T>();
        let [patches, _] = self.band.windows.output();
        let mut sums = vec![0.0; self.with_middle_in(&all, patches).len()];
        let mut kept: Vec<_> = parts.iter().map(|_| Kept::NOTHING).collect();
        for rows in self.blocks(&all).iter().chain(&self.frame()) {
            let on_image = all.contains(&rows.start);
            for (i, columns) in parts.iter().enumerate() {
                if !on_image {
                    kept[i] = Kept::NOTHING;
                }
                // The part on the right, or the first one below.
                let next = match parts.get(i + 1) {
                    Some(right) => [rows.start, right.start],
                    None => [rows.end, parts[0].start],
                };
                self.places::<S>(rows, columns, directly, next, &mut kept[i]);
                if on_image {
                    self.sum(rows, columns, &mut sums);
                }
                if !directly {
                    self.write(rows.clone(), columns, on_image);
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

    /// Cuts rows into blocks of whole groups, of which the last has k rows at least where it
    /// goes on from another: a symmetric border mirrors as many.
    fn blocks(&self, rows: &Range<usize>) -> Vec<Range<usize>> {
        let Windows { k, width, .. } = *self.band.windows;
        let step = (PLACES / width.min(COLUMNS)).next_multiple_of(k);
        let mut blocks = Vec::new();
        let mut top = rows.start;
        while top < rows.end {
            let end = match rows.end - top < step + k {
                true => rows.end,
                false => top + step,
            };
            blocks.push(top..end);
            top = end;
        }
        blocks
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

    /// Rows of patches, at stride 1, that hold some places: from the first that are not kept
    /// on, from the places' first on, and the end. Those before are a whole group, so that
    /// nothing depends on where a band begins.
    fn holding(&self, rows: &Range<usize>, goes_on: bool) -> [usize; 3] {
        let before = match goes_on {
            true => 0,
            false => self.band.windows.k,
        };
        let [count, _] = self.band.patches();
        [rows.start.saturating_sub(before), rows.start, rows.end].map(|row| row.min(count))
    }

    /// Computes the gradient of some places: `directly` where it goes, or in lines. What
    /// is at the place `next` is asked for.
    #[inline(always)]
    fn places<S: Simd>(
        &mut self,
        rows: &Range<usize>,
        columns: &Range<usize>,
        directly: bool,
        next: [usize; 2],
        kept: &mut Kept<S, T>,
    ) {
        let Windows { k, width, .. } = *self.band.windows;
        let goes_on = !kept.places.is_empty();
        let [first, own, end] = self.holding(rows, goes_on);
        let every = Windows {
            stride: 1,
            ..*self.band.windows
        };
        // And k - 1 more columns at both sides.
        let seen = columns.start as isize - (k as isize - 1)..columns.end as isize;
        let Scratch {
            tile,
            patches,
            held,
            lines,
        } = &mut *self.scratch;
        let n = lanes::lanes::<S, T>();
        let view = tile.show(self.band.plane, &every, first..end + k - 1, seen, n + k - 1);
        patches.begin(&self.band, first..end, columns);
        for range in [first..own, own..end] {
            patches.of::<S, K>(&self.band, &view, range.clone(), &mut kept.patches);
            if range.end == own && !goes_on {
                kept.patches.clear();
            }
        }
        hold(&self.band, rows, first, [patches.pitch, view.pitch], held);
        let (out, out_pitch) = match directly {
            true => {
                let margin = self.band.windows.margin();
                let from = (rows.start - margin - self.band.rows.start) * width;
                (&mut self.out[from + columns.start - margin..], width)
            }
            false => {
                let pitch = pitch(columns.len());
                lines.resize(rows.len() * pitch);
                (as_new(lines), pitch)
            }
        };
        let mut fold = OfPlaces::<S, T> {
            from: view.from + (rows.start - first) * view.pitch + k - 1,
            view: &view,
            patches,
            held,
            k,
            out,
            out_pitch,
            share: splat(-1.0 / (k * k) as f64),
            nothing: splat(0.0),
            next: self.band.next(next),
        };
        let results = Results::of_every(k, rows.len(), columns.len());
        // SAFETY: `held` names rows of the view and of patches that were written for
        // these columns and k - 1 more, and there is room in the output.
        unsafe {
            results.of::<S, T, _, K>(&mut fold, &mut kept.places);
        }
    }

    /// Places above and below the image that show pixels of the band.
    fn frame(&self) -> Vec<Range<usize>> {
        let Windows { height, .. } = *self.band.windows;
        let margin = self.band.windows.margin();
        if !self.shows_elsewhere() {
            return Vec::new();
        }
        let shown = |place| self.band.windows.source(place as isize, height);
        let of_band = |place| shown(place).is_some_and(|y| self.band.rows.contains(&y));
        let mut frame = vec![0..margin, height + margin..height + 2 * margin];
        frame.retain(|rows| rows.clone().any(of_band));
        frame
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
        let lines = self.scratch.lines.chunks(pitch(columns.len()));
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
                    let out = unsafe { out[x].assume_init_mut() };
                    *out += line[place - columns.start];
                }
            }
        }
    }
}
