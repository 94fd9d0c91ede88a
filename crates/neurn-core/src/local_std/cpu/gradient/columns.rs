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
//!
//! Rows of places beyond a symmetric border are not looked at: the pixels that they
//! show are held by the mirror images of the patches that hold the place.

use std::ops::Range;

use super::super::super::windows::Windows;
use super::super::ahead::Ahead;
use super::super::columns::{EIGHT, Measure, TILE, Tile, Walk};
use super::super::isa::{Isa, Real};
use super::super::pixels::{Beyond, Rows};
use super::super::rows::unrolled;
use super::{Gradient, Weights, ahead, mirrors, write};

/// What a thread keeps between bands, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    rows: Rows<T>,
    beyond: Beyond,
    tile: Tile<T>,
    /// The row of pixels that eight rows of patches share, with its border.
    pixels: Vec<T>,
    back: Vec<[T; EIGHT]>,
    /// Of a block of patches: mu about its pixel.
    means: Vec<[T; EIGHT]>,
    /// a(q) of eight rows, row by row, and in lanes.
    weights: Vec<T>,
    in_lanes: Vec<[T; EIGHT]>,
    /// Of the last patches of a block, from each on.
    last: Vec<Sums<T>>,
    next: Vec<Sums<T>>,
    /// Of places.
    held: Vec<Sums<T>>,
    /// Of the last rows of patches: A of the pixels, each row with B behind it, and the
    /// row of pixels that B is about.
    along: Vec<T>,
    shared: Vec<*const T>,
    /// Those that hold eight rows of places, from the oldest on.
    holding: Vec<Holding<T>>,
    /// Eight rows of the gradient, row by row.
    lines: Vec<T>,
}

/// A and B in eight rows.
type Sums<T> = [[T; EIGHT]; 2];

/// A row of patches: A of the pixels with B behind it, and the row of pixels that B is
/// about.
#[derive(Clone, Copy)]
struct Holding<T> {
    along: *const T,
    pixels: *const T,
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
    let places = match mirrors(windows) {
        true => band.start + windows.margin()..band.end + windows.margin(),
        false => super::places(windows, &band),
    };
    let (first, last) = (places.start, places.end);
    // Rows of patches from the first that holds a place, or some before it, so that
    // the first row of the image begins eight.
    let oldest = first as isize - (k as isize - 1);
    let begin = match mirrors(windows) {
        true => oldest.max(0),
        false => oldest.max(0) - (oldest.max(0) - oldest + 7) / 8 * 8,
    };
    let room = Room {
        length: width.next_multiple_of(EIGHT) + EIGHT,
        // Those that hold eight rows of places, and what more there may be before
        // and after, eight by eight.
        rows: (k + 3 * EIGHT).next_multiple_of(EIGHT),
        begin,
        // Of as many columns as there are patches, to the end of a block of k.
        weights: columns.next_multiple_of(k) + k + EIGHT,
    };
    scratch.start(&room, k);
    let end = (last + k + 3 * EIGHT) as isize;
    scratch.rows.start(image, windows, begin..end);
    scratch.tile.see::<EIGHT>(windows);
    scratch.beyond.see(windows);

    let mut next_row = begin;
    let share = I::Value::of(1.0 / (k * k) as f64);
    // Below the last there are none, or mirror images of those above.
    let enough = match mirrors(windows) {
        true => windows.patches(windows.height) as isize,
        false => isize::MAX,
    };
    for top in (first..last).step_by(EIGHT) {
        while next_row < enough.min((top + EIGHT) as isize) {
            let after = next_row + EIGHT as isize;
            let ahead = ahead(image, weights, gradient, after, top);
            scratch.patches::<I>(weights, windows, next_row, &room, &ahead);
            next_row = after;
        }
        scratch.down::<I>(windows, top, begin..next_row, &room);
        for (place, line) in (top..last).zip(scratch.lines.chunks(room.length)) {
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
    /// Of a row of weights.
    weights: usize,
}

impl Room {
    fn slot(&self, row: isize) -> usize {
        (row - self.begin) as usize % self.rows
    }

    /// Where A and B of a slot are.
    fn values(&self, slot: usize) -> Range<usize> {
        2 * slot * self.length..2 * (slot + 1) * self.length
    }
}

impl<T: Real> Scratch<T> {
    #[inline(always)]
    fn start(&mut self, room: &Room, k: usize) {
        let zero = T::default();
        let zeros = [zero; EIGHT];
        self.weights.resize(EIGHT * room.weights, zero);
        self.lines.resize(EIGHT * room.length, zero);
        self.along.resize(2 * room.rows * room.length, zero);
        self.shared.resize(room.rows, std::ptr::null());
        self.back.resize(k, zeros);
        self.means.resize(k, zeros);
        self.in_lanes.resize(TILE + 2 * k + EIGHT, zeros);
        self.held.resize(TILE + 3 * k + EIGHT, [zeros; 2]);
        self.last.resize(k + 1, [zeros; 2]);
        self.next.resize(k + 1, [zeros; 2]);
    }

    /// A and B of eight rows of patches from `top` on. Asks for eight rows `ahead` on
    /// the way.
    #[inline(always)]
    fn patches<I: Isa<EIGHT, Value = T>>(
        &mut self,
        weights: &mut Weights<T>,
        windows: &Windows,
        top: isize,
        room: &Room,
        ahead: &[Option<Ahead<T>>],
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
        for (i, of_row) in self.weights.chunks_mut(room.weights).enumerate() {
            let row = top + i as isize;
            valid[i] = (0..rows).contains(&row) && (row as usize).is_multiple_of(stride);
            match valid[i] {
                true => weights.fill::<I, EIGHT>(row as usize / stride, out_width, stride, of_row),
                false => of_row.fill(T::default()),
            }
        }
        let shared = self.rows.row(top + EIGHT as isize - 1);
        self.shared[slot..slot + EIGHT].fill(shared);
        if !valid.contains(&true) {
            let slots = room.values(slot).start..room.values(slot + EIGHT - 1).end;
            self.along[slots].fill(T::default());
            return;
        }
        let margin = windows.margin();
        self.pixels.resize(places, T::default());
        // SAFETY: the row is one of `Rows`, which have `width` pixels at least.
        #[allow(unsafe_code)]
        let shared = unsafe { std::slice::from_raw_parts(shared, width) };
        self.beyond.pad(shared, &mut self.pixels);
        let seen = self.rows.from(top, k + EIGHT - 1);
        self.tile.start();

        // No patches before the first.
        self.last.fill([[T::default(); EIGHT]; 2]);
        let tiles = (TILE / k).max(1) * k;
        let mut pixel = I::zero();
        for left in (0..columns).step_by(tiles) {
            let right = (left + tiles).min(columns);
            self.tile
                .fill::<I, EIGHT>(Measure::Mean, seen, windows, left, right, ahead);
            let in_lanes = self.in_lanes.as_chunks_mut::<EIGHT>().0;
            for (x, in_lanes) in (left..right).step_by(EIGHT).zip(in_lanes) {
                transposed::<I>(&self.weights[x..], room.weights, in_lanes);
            }
            // After the last patches come the places that they still hold.
            let end = if right == columns { places } else { right };
            for first in (left..end).step_by(k) {
                let at = first - left;
                let patches = right.saturating_sub(first).min(k);
                let count = (end - first).min(k);
                let own = &self.pixels[first..][..count];
                let mut boundary = pixel;
                if patches > 0 {
                    means::<I>(
                        &self.tile,
                        k,
                        at,
                        &mut self.back,
                        &mut self.means[..patches],
                    );
                    boundary = I::splat(self.pixels[first + k - 1]);
                }
                let weights = &self.in_lanes[at..][..patches];
                let means = &self.means[..patches];
                let held = &mut self.held[at..][..count];
                let last = About {
                    sums: &self.last[..count + 1],
                    pixel,
                };
                places_of_block::<I>([weights, means], own, boundary, last, &mut self.next, held);
                std::mem::swap(&mut self.last, &mut self.next);
                pixel = boundary;
            }
            // A place beyond the border gives all to the pixel that it shows.
            let on_image = left.max(margin)..end.min(width + margin);
            for place in (left..on_image.start).chain(on_image.end..end) {
                if let Some(x) = windows.source(place as isize, width) {
                    let [a, b] = self.held[place - left];
                    let to = &mut self.held[x + margin - left];
                    I::store(I::add(I::load(&to[0]), I::load(&a)), &mut to[0]);
                    I::store(I::add(I::load(&to[1]), I::load(&b)), &mut to[1]);
                }
            }
            let along = &mut self.along[room.values(slot).start..];
            for place in on_image.step_by(EIGHT) {
                let held = self.held[place - left..].first_chunk().expect("a block");
                let x = place - margin;
                let length = 2 * room.length;
                in_rows::<I, 0>(held, &valid, &mut along[x..], length);
                in_rows::<I, 1>(held, &valid, &mut along[room.length + x..], length);
            }
        }
    }

    /// k^2 times the gradient of eight rows of places from `top` on, with the rows of
    /// patches `known`.
    #[inline(always)]
    fn down<I: Isa<EIGHT, Value = T>>(
        &mut self,
        windows: &Windows,
        top: usize,
        known: Range<isize>,
        room: &Room,
    ) {
        const LAST: usize = EIGHT - 1;
        let k = windows.k;
        let oldest = top as isize - (k as isize - 1);
        let patches = windows.patches(windows.height) as isize;
        let along = self.along[..2 * room.rows * room.length].as_ptr();
        self.holding.clear();
        for row in oldest..oldest + (k + LAST) as isize {
            let row = match mirrors(windows) {
                true if row < 0 => -1 - row,
                true => row.min(2 * patches - 1 - row),
                false => row,
            };
            // Places below the last are computed and not asked for.
            let slot = room.slot(row.clamp(known.start, known.end - 1));
            self.holding.push(Holding {
                along: along.wrapping_add(room.values(slot).start),
                pixels: self.shared[slot],
            });
        }
        let holding = &self.holding[..k + LAST];
        let (common, holding) = holding.split_at(LAST);
        let above: &[_; LAST] = common.first_chunk().expect("seven");
        let (common, below) = holding.split_at(k - LAST);
        let below: &[_; LAST] = below.first_chunk().expect("seven");
        let pixels = self.rows.from(top as isize, EIGHT);
        let pixels: &[_; EIGHT] = pixels.first_chunk().expect("eight");
        let length = room.length;
        let width = windows.width.max(EIGHT);
        for x in (0..width).step_by(EIGHT) {
            let x = x.min(width - EIGHT);
            let lines = &mut self.lines[x..][..LAST * length + EIGHT];
            let first = pixel::<I>(pixels[0], x);
            let last = pixel::<I>(pixels[LAST], x);
            let mut sums = [I::zero(); 2];
            for holding in common {
                sums = rebased::<I>(sums, holding, x, length, first);
            }
            let mut from = [sums; EIGHT];
            unrolled!(i in 6 5 4 3 2 1 0 {
                sums = rebased::<I>(sums, &above[i], x, length, first);
                from[i] = sums;
            });
            let mut since = [I::zero(); 2];
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                if i > 0 {
                    since = rebased::<I>(since, &below[i - 1], x, length, last);
                }
                let pixel = pixel::<I>(pixels[i], x);
                let [a, b] = from[i];
                let sum = I::mul_add(a, I::sub(pixel, first), b);
                let [a, b] = since;
                let sum = I::add(sum, I::mul_add(a, I::sub(pixel, last), b));
                I::store(sum, lines[i * length..].first_chunk_mut().expect("a block"));
            });
        }
    }
}

/// Sums about a pixel.
struct About<'a, I: Isa<EIGHT>> {
    sums: &'a [Sums<I::Value>],
    pixel: I::Block,
}

/// A and B of the places that begin with a block of patches, with a(q) and mu of these
/// about the pixel `boundary`, and `last` those of the block before. `next` is this
/// block's.
#[inline(always)]
fn places_of_block<I: Isa<EIGHT>>(
    [weights, means]: [&[[I::Value; EIGHT]]; 2],
    pixels: &[I::Value],
    boundary: I::Block,
    last: About<I>,
    next: &mut [Sums<I::Value>],
    held: &mut [Sums<I::Value>],
) {
    let patches = weights.len();
    let k = next.len() - 1;
    let (next, rest) = next.split_at_mut(patches);
    rest.fill([[I::Value::default(); EIGHT]; 2]);
    let mut sums = [I::zero(); 2];
    for ((weight, mean), next) in weights.iter().zip(means).zip(next).rev() {
        sums = add::<I>(sums, weight, mean);
        I::store(sums[0], &mut next[0]);
        I::store(sums[1], &mut next[1]);
    }
    let mut sums = [I::zero(); 2];
    let of_last = &last.sums[1..];
    let (with_patch, without) = held.split_at_mut(patches);
    let own = pixels.iter().zip(of_last).zip(with_patch);
    for (((weight, mean), ((x, of_last), held)), i) in weights.iter().zip(means).zip(own).zip(1..) {
        sums = add::<I>(sums, weight, mean);
        let x = I::splat(*x);
        let mut place = rebased_to::<I>(sums, boundary, x);
        // The last place of a whole block has none of them.
        if i < k {
            place = add_rebased::<I>(place, of_last, last.pixel, x);
        }
        I::store(place[0], &mut held[0]);
        I::store(place[1], &mut held[1]);
    }
    let own = pixels[patches..].iter().zip(&of_last[patches..]);
    for ((x, of_last), held) in own.zip(without) {
        let x = I::splat(*x);
        let place = rebased_to::<I>(sums, boundary, x);
        let place = add_rebased::<I>(place, of_last, last.pixel, x);
        I::store(place[0], &mut held[0]);
        I::store(place[1], &mut held[1]);
    }
}

/// A, and B about `x` instead of a pixel.
#[inline(always)]
fn rebased_to<I: Isa<EIGHT>>([a, b]: [I::Block; 2], pixel: I::Block, x: I::Block) -> [I::Block; 2] {
    [a, I::mul_add(a, I::sub(pixel, x), b)]
}

/// More of both, about `x` instead of a pixel.
#[inline(always)]
fn add_rebased<I: Isa<EIGHT>>(
    [a, b]: [I::Block; 2],
    more: &Sums<I::Value>,
    pixel: I::Block,
    x: I::Block,
) -> [I::Block; 2] {
    let [more_a, more_b] = [I::load(&more[0]), I::load(&more[1])];
    let [more_a, more_b] = rebased_to::<I>([more_a, more_b], pixel, x);
    [I::add(a, more_a), I::add(b, more_b)]
}

/// A and -B about a pixel with one row of patches more.
#[inline(always)]
fn rebased<I: Isa<EIGHT>>(
    [a, b]: [I::Block; 2],
    holding: &Holding<I::Value>,
    x: usize,
    length: usize,
    about: I::Block,
) -> [I::Block; 2] {
    let row_a = pixel::<I>(holding.along, x);
    let row_b = pixel::<I>(holding.along, x + length);
    let away = I::sub(about, pixel::<I>(holding.pixels, x));
    [I::add(a, row_a), I::mul_add(row_a, away, I::sub(b, row_b))]
}

/// Eight pixels of a row of [`Rows`], or of sums.
#[inline(always)]
fn pixel<I: Isa<EIGHT>>(row: *const I::Value, x: usize) -> I::Block {
    // SAFETY: the row has `width` values, and at least EIGHT, and `down` asks for no
    // block that goes beyond.
    #[allow(unsafe_code)]
    I::load(unsafe { &*row.add(x).cast() })
}

/// Eight values of eight rows, which stand `length` apart, in lanes.
#[inline(always)]
fn transposed<I: Isa<EIGHT>>(
    rows: &[I::Value],
    length: usize,
    in_lanes: &mut [[I::Value; EIGHT]; EIGHT],
) {
    let rows = &rows[..7 * length + EIGHT];
    let mut block = [I::zero(); EIGHT];
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        block[i] = I::at(rows, i * length);
    });
    let block = I::transpose(block);
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        I::store(block[i], &mut in_lanes[i]);
    });
}

/// A or B of eight places in eight rows, which stand `length` apart, or 0 where a row
/// has no patches.
#[inline(always)]
fn in_rows<I: Isa<EIGHT>, const WHICH: usize>(
    held: &[Sums<I::Value>; EIGHT],
    valid: &[bool; EIGHT],
    to: &mut [I::Value],
    length: usize,
) {
    let mut block = [I::zero(); EIGHT];
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        block[i] = I::load(&held[i][WHICH]);
    });
    let block = I::transpose(block);
    let to = &mut to[..7 * length + EIGHT];
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        I::store(block[i], to[i * length..].first_chunk_mut().expect("a block"));
    });
    if valid != &[true; EIGHT] {
        for (i, _) in valid.iter().enumerate().filter(|(_, valid)| !**valid) {
            to[i * length..][..EIGHT].fill(I::Value::default());
        }
    }
}

/// mu of patches from the `first` on, about the pixel of the k-th.
#[inline(always)]
fn means<I: Isa<EIGHT>>(
    tile: &Tile<I::Value>,
    k: usize,
    first: usize,
    back: &mut [[I::Value; EIGHT]],
    means: &mut [[I::Value; EIGHT]],
) {
    let share = I::splat(I::Value::of(1.0 / k as f64));
    let mut ahead = Walk::<I, EIGHT>::new();
    let columns = tile.columns(first, k + means.len() - 1);
    let pairs = columns[1..k].iter().zip(&columns[..k - 1]);
    let (last, others) = back.split_last_mut().expect("k columns");
    for ((after, column), back) in pairs.zip(others).rev() {
        let [sum, ..] = ahead.back::<false>(after, column);
        I::store(sum, back);
    }
    *last = [I::Value::default(); EIGHT];
    let own = &columns[k - 1..];
    let mean = I::sub(I::zero(), I::load(&own[0][1]));
    let mut since = Walk::<I, EIGHT>::new();
    let mut first = true;
    for ((column, back), to) in own.iter().zip(back).zip(means) {
        let [sum, ..] = since.on::<false>(column, first);
        let sum = I::add(sum, I::load(back));
        I::store(I::mul_add(sum, share, mean), to);
        first = false;
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
