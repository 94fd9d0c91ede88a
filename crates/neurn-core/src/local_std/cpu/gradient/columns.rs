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
use super::super::columns::{EIGHT, Measure, TILE, Tile, Walk};
use super::super::isa::{Isa, Real};
use super::super::pixels::Rows;
use super::super::rows::unrolled;
use super::{Gradient, Weights, write};

/// What a thread keeps between bands, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    rows: Rows<T>,
    tile: Tile<T>,
    /// The row of pixels that eight rows of patches share, with its border.
    pixels: Vec<T>,
    back: Vec<[T; EIGHT]>,
    /// Of a block of patches: mu about its pixel.
    means: Vec<[T; EIGHT]>,
    /// a(q) of eight rows, and in lanes.
    weights: [Vec<T>; EIGHT],
    in_lanes: Vec<[T; EIGHT]>,
    /// A and B of the last patches of a block, from each on.
    last: Vec<[[T; EIGHT]; 2]>,
    next: Vec<[[T; EIGHT]; 2]>,
    /// A and B of places, in lanes.
    held: Vec<[[T; EIGHT]; 2]>,
    /// Of the last rows of patches A and B of the pixels, and the row of pixels that
    /// B is about.
    along_a: Vec<T>,
    along_b: Vec<T>,
    shared: Vec<*const T>,
    /// Of the rows of patches that hold eight rows of places, from the oldest on:
    /// where A and B stand, and what B is about.
    holding: Vec<(usize, *const T)>,
    /// Eight rows of the gradient.
    lines: [Vec<T>; EIGHT],
}

/// Writes the gradient of the rows `band` of a plane.
#[inline(always)]
pub(super) fn band_of<I: Isa<EIGHT>>(
    image: &[I::Value],
    weights: &mut Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut Gradient<I::Value>,
    scratch: &mut Scratch<I::Value>,
) {
    let Windows { k, width, .. } = *windows;
    let columns = windows.patches(width);
    let (first, last) = super::places(windows, &band);
    // Rows of patches from the first that holds a place, or some before it, so that
    // the first row of the image begins eight.
    let oldest = first as isize - (k as isize - 1);
    let begin = oldest.max(0) - (oldest.max(0) - oldest + 7) / 8 * 8;
    let room = Room {
        length: width.next_multiple_of(EIGHT) + EIGHT,
        // Those that hold eight rows of places, and what more there may be before
        // and after, eight by eight.
        rows: (k + 3 * EIGHT).next_multiple_of(EIGHT),
        begin,
    };
    scratch.start(&room, k, columns);
    let end = (last + k + 3 * EIGHT) as isize;
    scratch.rows.start(image, windows, begin..end);
    scratch.tile.see::<EIGHT>(windows);

    let mut next_row = begin;
    let share = I::Value::of(1.0 / (k * k) as f64);
    for top in (first..last).step_by(EIGHT) {
        while next_row < (top + EIGHT) as isize {
            scratch.patches::<I>(weights, windows, next_row, &room);
            next_row += EIGHT as isize;
        }
        scratch.down::<I>(windows, top, &room);
        for (place, line) in (top..last).zip(&scratch.lines) {
            if let Some((row, more)) = gradient.row(place) {
                write::<I, EIGHT>(share, line, row, more);
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
        let zeros = [zero; EIGHT];
        // Of as many columns as there are patches, to the end of a block of k.
        let whole = columns.next_multiple_of(k) + k + EIGHT;
        for row in &mut self.weights {
            row.resize(whole, zero);
        }
        for row in &mut self.lines {
            row.resize(room.length, zero);
        }
        self.along_a.resize(room.rows * room.length, zero);
        self.along_b.resize(room.rows * room.length, zero);
        self.shared.resize(room.rows / EIGHT, std::ptr::null());
        self.back.resize(k, zeros);
        self.means.resize(k, zeros);
        self.in_lanes.resize(TILE + 2 * k + EIGHT, zeros);
        self.held.resize(TILE + 3 * k + EIGHT, [zeros; 2]);
        self.last.resize(k + 1, [zeros; 2]);
        self.next.resize(k + 1, [zeros; 2]);
    }

    /// A and B of eight rows of patches from `top` on.
    #[inline(always)]
    fn patches<I: Isa<EIGHT, Value = T>>(
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
        let mut valid = [false; EIGHT];
        for (i, of_row) in self.weights.iter_mut().enumerate() {
            let row = top + i as isize;
            valid[i] = (0..rows).contains(&row) && (row as usize).is_multiple_of(stride);
            match valid[i] {
                true => weights.fill::<I, EIGHT>(row as usize / stride, out_width, stride, of_row),
                false => of_row.fill(T::default()),
            }
        }
        self.shared[slot / EIGHT] = self.rows.row(top + EIGHT as isize - 1);
        if !valid.contains(&true) {
            let rows = slot * room.length..(slot + EIGHT) * room.length;
            self.along_a[rows.clone()].fill(T::default());
            self.along_b[rows].fill(T::default());
            return;
        }
        let shared = self.shared[slot / EIGHT];
        self.pixels.clear();
        self.pixels.extend((0..places).map(|place| {
            let x = windows.source(place as isize, width);
            // SAFETY: the row is one of `Rows`, which have `width` pixels at least.
            #[allow(unsafe_code)]
            x.map_or(T::default(), |x| unsafe { *shared.add(x) })
        }));
        let seen = self.rows.from(top, k + EIGHT - 1);
        self.tile.start();
        let margin = windows.margin();

        // No patches before the first.
        self.last.fill([[T::default(); EIGHT]; 2]);
        let tiles = (TILE / k).max(1) * k;
        let mut pixel = I::splat(T::default());
        for left in (0..columns).step_by(tiles) {
            let right = (left + tiles).min(columns);
            self.tile
                .fill::<I, EIGHT>(Measure::Mean, seen, windows, left, right);
            for x in (left..right).step_by(EIGHT) {
                let mut block = [I::zero(); EIGHT];
                for (block, row) in block.iter_mut().zip(&self.weights) {
                    *block = I::at(row, x);
                }
                for (x, block) in (x - left..).zip(I::transpose(block)) {
                    I::store(block, &mut self.in_lanes[x]);
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
                    means::<I>(&self.tile, k, at, patches, &mut self.back, &mut self.means);
                }
                let boundary = match patches {
                    0 => pixel,
                    _ => I::splat(self.pixels[first + k - 1]),
                };
                let weights = &self.in_lanes[at..][..patches];
                let means = &self.means[..patches];

                let mut sums = [I::zero(); 2];
                self.next[patches..].fill([[T::default(); EIGHT]; 2]);
                for ((weight, mean), next) in weights.iter().zip(means).zip(&mut self.next).rev() {
                    sums = add::<I>(sums, weight, mean);
                    *next = sums.map(I::values);
                }
                let mut sums = [I::zero(); 2];
                for i in 0..count {
                    if i < patches {
                        sums = add::<I>(sums, &weights[i], &means[i]);
                    }
                    let x = I::splat(own[i]);
                    let [a, b] = sums;
                    let b = I::mul_add(a, I::sub(boundary, x), b);
                    let [a, b] = if i + 1 < k {
                        let last_a = I::load(&self.last[i + 1][0]);
                        let last_b = I::load(&self.last[i + 1][1]);
                        let last_b = I::mul_add(last_a, I::sub(pixel, x), last_b);
                        [I::add(a, last_a), I::add(b, last_b)]
                    } else {
                        [a, b]
                    };
                    self.held[at + i] = [a, b].map(I::values);
                }
                std::mem::swap(&mut self.last, &mut self.next);
                pixel = boundary;
            }
            // A place beyond the border gives all to the pixel that it shows.
            let on_image = left.max(margin)..end.min(width + margin);
            for place in (left..on_image.start).chain(on_image.end..end) {
                if let Some(x) = windows.source(place as isize, width) {
                    let given = self.held[place - left].map(|values| I::load(&values));
                    for (to, given) in self.held[x + margin - left].iter_mut().zip(given) {
                        I::store(I::add(I::load(to), given), to);
                    }
                }
            }
            for place in on_image.step_by(EIGHT) {
                let held: &[_; EIGHT] = self.held[place - left..].first_chunk().expect("a block");
                let a = I::transpose(held.each_ref().map(|[a, _]| I::load(a)));
                let b = I::transpose(held.each_ref().map(|[_, b]| I::load(b)));
                unrolled!(i in 0 1 2 3 4 5 6 7 {
                    let at = (slot + i) * room.length + place - margin;
                    let zero = I::zero();
                    let [a, b] = if valid[i] { [a[i], b[i]] } else { [zero, zero] };
                    I::store(a, self.along_a[at..].first_chunk_mut().expect("a block"));
                    I::store(b, self.along_b[at..].first_chunk_mut().expect("a block"));
                });
            }
        }
    }

    /// k^2 times the gradient of eight rows of places from `top` on.
    #[inline(always)]
    fn down<I: Isa<EIGHT, Value = T>>(&mut self, windows: &Windows, top: usize, room: &Room) {
        const LAST: usize = EIGHT - 1;
        let k = windows.k;
        let oldest = top as isize - (k as isize - 1);
        self.holding.clear();
        self.holding
            .extend((oldest..(top + EIGHT) as isize).map(|row| {
                let slot = room.slot(row);
                (slot * room.length, self.shared[slot / EIGHT])
            }));
        let mut pixels = [std::ptr::null(); EIGHT];
        for (place, row) in (top as isize..).zip(&mut pixels) {
            *row = self.rows.row(place);
        }
        let width = windows.width.max(EIGHT);
        let mut next = 0;
        while next < width {
            let x = next.min(width - EIGHT);
            next += EIGHT;
            let first = pixel::<I>(pixels[0], x);
            let last = pixel::<I>(pixels[LAST], x);
            let mut sums = [I::zero(); 2];
            for i in LAST..k {
                sums = self.rebased::<I>(sums, i, x, first);
            }
            let mut above = [sums; EIGHT];
            unrolled!(i in 6 5 4 3 2 1 0 {
                sums = self.rebased::<I>(sums, i, x, first);
                above[i] = sums;
            });
            let mut below = [I::zero(); 2];
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                if i > 0 {
                    below = self.rebased::<I>(below, k - 1 + i, x, last);
                }
                let pixel = pixel::<I>(pixels[i], x);
                let [a, b] = above[i];
                let above = I::sub_mul(b, a, I::sub(pixel, first));
                let [a, b] = below;
                let below = I::sub_mul(b, a, I::sub(pixel, last));
                let sum = I::sub(I::zero(), I::add(above, below));
                I::store(sum, self.lines[i][x..].first_chunk_mut().expect("a block"));
            });
        }
    }

    /// A and B about `pixel` with one row of patches more, counted from the oldest.
    #[inline(always)]
    fn rebased<I: Isa<EIGHT, Value = T>>(
        &self,
        [a, b]: [I::Block; 2],
        row: usize,
        x: usize,
        about: I::Block,
    ) -> [I::Block; 2] {
        let (at, shared) = self.holding[row];
        let row_a = I::at(&self.along_a, at + x);
        let row_b = I::at(&self.along_b, at + x);
        let away = I::sub(pixel::<I>(shared, x), about);
        [I::add(a, row_a), I::mul_add(row_a, away, I::add(b, row_b))]
    }
}

/// Eight pixels of a row of [`Rows`].
#[inline(always)]
fn pixel<I: Isa<EIGHT>>(row: *const I::Value, x: usize) -> I::Block {
    // SAFETY: the row has `width` pixels, and at least EIGHT, and `down` asks for no
    // block that goes beyond.
    #[allow(unsafe_code)]
    I::load(unsafe { &*row.add(x).cast() })
}

/// mu of `patches` patches from the `first` on, about the pixel of the k-th.
#[inline(always)]
fn means<I: Isa<EIGHT>>(
    tile: &Tile<I::Value>,
    k: usize,
    first: usize,
    patches: usize,
    back: &mut [[I::Value; EIGHT]],
    means: &mut [[I::Value; EIGHT]],
) {
    let share = I::splat(I::Value::of(1.0 / k as f64));
    let mut ahead = Walk::<I, EIGHT>::new();
    let columns = tile.columns(first, k);
    for i in (0..k - 1).rev() {
        let [sum, ..] = ahead.back::<false>(&columns[i + 1], &columns[i]);
        back[i] = I::values(sum);
    }
    back[k - 1] = [I::Value::default(); EIGHT];
    let own = tile.columns(first + k - 1, patches);
    let mean = I::load(&own[0][1]);
    let mut since = Walk::<I, EIGHT>::new();
    for i in 0..patches {
        let [sum, ..] = since.on::<false>(&own[i], i == 0);
        let sum = I::add(sum, I::load(&back[i]));
        I::store(I::mul_add(sum, share, mean), &mut means[i]);
    }
}

/// A and B with one patch more.
#[inline(always)]
fn add<I: Isa<EIGHT>>(
    [a, b]: [I::Block; 2],
    weight: &[I::Value; EIGHT],
    mean: &[I::Value; EIGHT],
) -> [I::Block; 2] {
    let weight = I::load(weight);
    [I::add(a, weight), I::mul_add(weight, I::load(mean), b)]
}
