//! The gradient for large k: eight rows at a time, with work that hardly grows
//! with k, by the sums of [`columns`](super::super::columns).
//!
//! Along: the patches of a block of k end, or begin, at one column b, so mu is taken
//! relative to the pixel there, in the row that eight rows of patches share. A
//! place in the next block but the last one is held by the last patches of one
//! block and the first of the next, and both of their pixels lie in those patches:
//!
//! ```text
//! A(p) = A' + A"        B(p) = B' + A' (x(b') - x(p)) + B" + A" (x(b") - x(p))
//! ```
//!
//! with sums ' from p - k + 1 to the end of a block and " from the start of the
//! next to p. Down: of the rows of patches that hold one of eight rows of places
//! all but the last seven hold the first place, and these hold the last.

use std::ops::Range;

use super::super::super::windows::Windows;
use super::super::columns::{BlockOf, Measure, Rows, TILE, Tile, Walk};
use super::super::isa::{Isa, LANES, Lanes, Real};
use super::super::rows::unrolled;
use super::{Gradient, Weights, write};

/// What a thread keeps between bands, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    rows: Rows<T>,
    tile: Tile<T>,
    /// The row of pixels that eight rows of patches share, with its border.
    pixels: Vec<T>,
    back: Vec<[T; LANES]>,
    /// Of a block of patches: mu about its pixel.
    means: Vec<[T; LANES]>,
    /// a(q) of eight rows, and in lanes.
    weights: [Vec<T>; LANES],
    in_lanes: Vec<[T; LANES]>,
    /// A and B of the last patches of a block, from each on.
    last: Vec<[[T; LANES]; 2]>,
    next: Vec<[[T; LANES]; 2]>,
    /// A and B of places, in lanes.
    held: Vec<[[T; LANES]; 2]>,
    /// Of the last rows of patches A and B of the pixels, and the row of pixels that
    /// B is about.
    along_a: Vec<T>,
    along_b: Vec<T>,
    shared: Vec<*const T>,
    /// Of the rows of patches that hold eight rows of places, from the oldest on:
    /// where A and B stand, and what B is about.
    holding: Vec<(usize, *const T)>,
    /// Eight rows of the gradient.
    lines: [Vec<T>; LANES],
}

/// Writes the gradient of the rows `band` of a plane.
#[inline(always)]
pub(super) fn band_of<L: Lanes>(
    image: &[L::Value],
    weights: &mut Weights<L::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut Gradient<L::Value>,
    scratch: &mut Scratch<L::Value>,
) {
    let Windows { k, width, .. } = *windows;
    let columns = windows.patches(width);
    let (first, last) = super::places(windows, &band);
    // Rows of patches from the first that holds a place, or some before it, so that
    // the first row of the image begins eight.
    let oldest = first as isize - (k as isize - 1);
    let begin = oldest.max(0) - (oldest.max(0) - oldest + 7) / 8 * 8;
    let room = Room {
        length: width.next_multiple_of(LANES) + LANES,
        // Those that hold eight rows of places, and what more there may be before
        // and after, eight by eight.
        rows: (k + 3 * LANES).next_multiple_of(LANES),
        begin,
    };
    scratch.start(&room, k, columns);
    let end = (last + k + 3 * LANES) as isize;
    scratch.rows.start(image, windows, begin..end);
    scratch.tile.see(windows);

    let mut next_row = begin;
    let share = L::Value::of(1.0 / (k * k) as f64);
    for top in (first..last).step_by(LANES) {
        while next_row < (top + LANES) as isize {
            scratch.patches::<L>(weights, windows, next_row, &room);
            next_row += LANES as isize;
        }
        scratch.down::<L>(windows, top, &room);
        for (place, line) in (top..last).zip(&scratch.lines) {
            if let Some((row, more)) = gradient.row(place) {
                write::<L::Isa, LANES>(share, line, row, more);
            }
        }
    }
}

/// How much is kept.
struct Room {
    /// Of a row.
    length: usize,
    /// Rows of patches, a multiple of eight, and the first of them.
    rows: usize,
    begin: isize,
}

impl Room {
    fn slot(&self, row: isize) -> usize {
        (row - self.begin) as usize % self.rows
    }
}

impl<T: Real> Scratch<T> {
    #[inline(always)]
    fn start(&mut self, room: &Room, k: usize, columns: usize) {
        let zero = T::default();
        let zeros = [zero; LANES];
        // Of as many columns as there are patches, to the end of a block of k.
        let whole = columns.next_multiple_of(k) + k + LANES;
        for row in &mut self.weights {
            row.resize(whole, zero);
        }
        for row in &mut self.lines {
            row.resize(room.length, zero);
        }
        self.along_a.resize(room.rows * room.length, zero);
        self.along_b.resize(room.rows * room.length, zero);
        self.shared.resize(room.rows / LANES, std::ptr::null());
        self.back.resize(k, zeros);
        self.means.resize(k, zeros);
        self.in_lanes.resize(TILE + 2 * k + LANES, zeros);
        self.held.resize(TILE + 3 * k + LANES, [zeros; 2]);
        self.last.resize(k + 1, [zeros; 2]);
        self.next.resize(k + 1, [zeros; 2]);
    }

    /// A and B of eight rows of patches from `top` on.
    #[inline(always)]
    fn patches<L: Lanes<Value = T>>(
        &mut self,
        weights: &mut Weights<T>,
        windows: &Windows,
        top: isize,
        room: &Room,
    ) {
        let Windows {
            k,
            stride,
            height,
            width,
            ..
        } = *windows;
        let slot = room.slot(top);
        let (rows, columns) = (windows.patches(height) as isize, windows.patches(width));
        let places = columns + k - 1;
        let [_, out_width] = windows.output();
        let mut valid = [false; LANES];
        for (i, of_row) in self.weights.iter_mut().enumerate() {
            let row = top + i as isize;
            valid[i] = (0..rows).contains(&row) && (row as usize).is_multiple_of(stride);
            match valid[i] {
                true => {
                    weights.fill::<L::Isa, LANES>(row as usize / stride, out_width, stride, of_row)
                }
                false => of_row.fill(T::default()),
            }
        }
        self.shared[slot / LANES] = self.rows.row(top + LANES as isize - 1);
        if !valid.contains(&true) {
            let rows = slot * room.length..(slot + LANES) * room.length;
            self.along_a[rows.clone()].fill(T::default());
            self.along_b[rows].fill(T::default());
            return;
        }
        let shared = self.shared[slot / LANES];
        self.pixels.clear();
        self.pixels.extend((0..places).map(|place| {
            let x = windows.source(place as isize, width);
            // SAFETY: the row is one of `Rows`, which have `width` pixels at least.
            #[allow(unsafe_code)]
            x.map_or(T::default(), |x| unsafe { *shared.add(x) })
        }));
        let seen = self.rows.seen(k, top);
        self.tile.start();
        let margin = windows.margin();

        // No patches before the first.
        self.last.fill([[T::default(); LANES]; 2]);
        let tiles = (TILE / k).max(1) * k;
        let mut pixel = L::Isa::splat(T::default());
        for left in (0..columns).step_by(tiles) {
            let right = (left + tiles).min(columns);
            self.tile
                .fill::<L>(Measure::Mean, seen, windows, left, right);
            for x in (left..right).step_by(LANES) {
                let mut block = [L::Isa::zero(); LANES];
                for (block, row) in block.iter_mut().zip(&self.weights) {
                    *block = L::Isa::at(row, x);
                }
                for (x, block) in (x - left..).zip(L::transpose(block)) {
                    L::Isa::store(block, &mut self.in_lanes[x]);
                }
            }
            // After the last patches come the places that they still hold.
            let end = if right == columns { places } else { right };
            for first in (left..end).step_by(k) {
                let at = first - left;
                let patches = right.saturating_sub(first).min(k);
                let count = (end - first).min(k);
                let own = &self.pixels[first..][..count];
                if patches > 0 {
                    means::<L>(&self.tile, k, at, patches, &mut self.back, &mut self.means);
                }
                let boundary = match patches {
                    0 => pixel,
                    _ => L::Isa::splat(self.pixels[first + k - 1]),
                };
                let weights = &self.in_lanes[at..][..patches];
                let means = &self.means[..patches];

                let mut sums = [L::Isa::zero(); 2];
                self.next[patches..].fill([[T::default(); LANES]; 2]);
                for ((weight, mean), next) in weights.iter().zip(means).zip(&mut self.next).rev() {
                    sums = add::<L>(sums, weight, mean);
                    *next = sums.map(L::Isa::values);
                }
                let mut sums = [L::Isa::zero(); 2];
                for i in 0..count {
                    if i < patches {
                        sums = add::<L>(sums, &weights[i], &means[i]);
                    }
                    let x = L::Isa::splat(own[i]);
                    let [a, b] = sums;
                    let b = L::Isa::mul_add(a, L::Isa::sub(boundary, x), b);
                    let [a, b] = if i + 1 < k {
                        let last_a = L::Isa::load(&self.last[i + 1][0]);
                        let last_b = L::Isa::load(&self.last[i + 1][1]);
                        let last_b = L::Isa::mul_add(last_a, L::Isa::sub(pixel, x), last_b);
                        [L::Isa::add(a, last_a), L::Isa::add(b, last_b)]
                    } else {
                        [a, b]
                    };
                    self.held[at + i] = [a, b].map(L::Isa::values);
                }
                std::mem::swap(&mut self.last, &mut self.next);
                pixel = boundary;
            }
            // A place beyond the border gives all to the pixel that it shows.
            let on_image = left.max(margin)..end.min(width + margin);
            for place in (left..on_image.start).chain(on_image.end..end) {
                if let Some(x) = windows.source(place as isize, width) {
                    let given = self.held[place - left].map(|values| L::Isa::load(&values));
                    for (to, given) in self.held[x + margin - left].iter_mut().zip(given) {
                        L::Isa::store(L::Isa::add(L::Isa::load(to), given), to);
                    }
                }
            }
            for place in on_image.step_by(LANES) {
                let held: &[_; LANES] = self.held[place - left..].first_chunk().expect("a block");
                let a = L::transpose(held.each_ref().map(|[a, _]| L::Isa::load(a)));
                let b = L::transpose(held.each_ref().map(|[_, b]| L::Isa::load(b)));
                unrolled!(i in 0 1 2 3 4 5 6 7 {
                    let at = (slot + i) * room.length + place - margin;
                    let zero = L::Isa::zero();
                    let [a, b] = if valid[i] { [a[i], b[i]] } else { [zero, zero] };
                    L::Isa::store(a, self.along_a[at..].first_chunk_mut().expect("a block"));
                    L::Isa::store(b, self.along_b[at..].first_chunk_mut().expect("a block"));
                });
            }
        }
    }

    /// k^2 times the gradient of eight rows of places from `top` on.
    #[inline(always)]
    fn down<L: Lanes<Value = T>>(&mut self, windows: &Windows, top: usize, room: &Room) {
        const LAST: usize = LANES - 1;
        let k = windows.k;
        let oldest = top as isize - (k as isize - 1);
        self.holding.clear();
        self.holding
            .extend((oldest..(top + LANES) as isize).map(|row| {
                let slot = room.slot(row);
                (slot * room.length, self.shared[slot / LANES])
            }));
        let mut pixels = [std::ptr::null(); LANES];
        for (place, row) in (top as isize..).zip(&mut pixels) {
            *row = self.rows.row(place);
        }
        let width = windows.width.max(LANES);
        let mut next = 0;
        while next < width {
            let x = next.min(width - LANES);
            next += LANES;
            let first = pixel::<L>(pixels[0], x);
            let last = pixel::<L>(pixels[LAST], x);
            let mut sums = [L::Isa::zero(); 2];
            for i in LAST..k {
                sums = self.rebased::<L>(sums, i, x, first);
            }
            let mut above = [sums; LANES];
            unrolled!(i in 6 5 4 3 2 1 0 {
                sums = self.rebased::<L>(sums, i, x, first);
                above[i] = sums;
            });
            let mut below = [L::Isa::zero(); 2];
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                if i > 0 {
                    below = self.rebased::<L>(below, k - 1 + i, x, last);
                }
                let pixel = pixel::<L>(pixels[i], x);
                let [a, b] = above[i];
                let above = L::Isa::sub_mul(b, a, L::Isa::sub(pixel, first));
                let [a, b] = below;
                let below = L::Isa::sub_mul(b, a, L::Isa::sub(pixel, last));
                let sum = L::Isa::sub(L::Isa::zero(), L::Isa::add(above, below));
                L::Isa::store(sum, self.lines[i][x..].first_chunk_mut().expect("a block"));
            });
        }
    }

    /// A and B about `pixel` with one row of patches more, counted from the oldest.
    #[inline(always)]
    fn rebased<L: Lanes<Value = T>>(
        &self,
        [a, b]: [BlockOf<L>; 2],
        row: usize,
        x: usize,
        about: BlockOf<L>,
    ) -> [BlockOf<L>; 2] {
        let (at, shared) = self.holding[row];
        let row_a = L::Isa::at(&self.along_a, at + x);
        let row_b = L::Isa::at(&self.along_b, at + x);
        let away = L::Isa::sub(pixel::<L>(shared, x), about);
        [
            L::Isa::add(a, row_a),
            L::Isa::mul_add(row_a, away, L::Isa::add(b, row_b)),
        ]
    }
}

/// Eight pixels of a row of [`Rows`].
#[inline(always)]
fn pixel<L: Lanes>(row: *const L::Value, x: usize) -> BlockOf<L> {
    // SAFETY: the row has `width` pixels, and at least LANES, and `down` asks for no
    // block that goes beyond.
    #[allow(unsafe_code)]
    L::Isa::load(unsafe { &*row.add(x).cast() })
}

/// mu of `patches` patches from the `first` on, about the pixel of the k-th.
#[inline(always)]
fn means<L: Lanes>(
    tile: &Tile<L::Value>,
    k: usize,
    first: usize,
    patches: usize,
    back: &mut [[L::Value; LANES]],
    means: &mut [[L::Value; LANES]],
) {
    let share = L::Isa::splat(L::Value::of(1.0 / k as f64));
    let mut ahead = Walk::<L>::new();
    let columns = tile.columns(first, k);
    for i in (0..k - 1).rev() {
        let [sum, ..] = ahead.back::<false>(&columns[i + 1], &columns[i]);
        back[i] = L::Isa::values(sum);
    }
    back[k - 1] = [L::Value::default(); LANES];
    let own = tile.columns(first + k - 1, patches);
    let mean = L::Isa::load(&own[0][1]);
    let mut since = Walk::<L>::new();
    for i in 0..patches {
        let [sum, ..] = since.on::<false>(&own[i], i == 0);
        let sum = L::Isa::add(sum, L::Isa::load(&back[i]));
        L::Isa::store(L::Isa::mul_add(sum, share, mean), &mut means[i]);
    }
}

/// A and B with one patch more.
#[inline(always)]
fn add<L: Lanes>(
    [a, b]: [BlockOf<L>; 2],
    weight: &[L::Value; LANES],
    mean: &[L::Value; LANES],
) -> [BlockOf<L>; 2] {
    let weight = L::Isa::load(weight);
    [
        L::Isa::add(a, weight),
        L::Isa::mul_add(weight, L::Isa::load(mean), b),
    ]
}
