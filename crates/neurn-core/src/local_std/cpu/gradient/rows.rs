//! The gradient for small k: blocks of places side by side, down the rows, by the
//! sums of [`rows`](super::super::rows).
//!
//! First mu and a of eight rows of patches, and then of eight rows of places what
//! the patches that hold them give. What a row of patches gives serves the k rows
//! of places that it holds, and stays in registers until then.

use std::ops::Range;

use super::super::isa::{Isa, Real};
use super::super::rows::{BAND, LARGEST, turned, unrolled};
use super::super::super::windows::Windows;
use super::{Weights, give, load, places};

/// What a thread keeps between bands, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    /// Rows of pixels with their border, after k / 2 zeros.
    pixels: Ring<T>,
    /// mu of the patches about their centre, and a, after k - 1 zeros.
    means: Ring<T>,
    weights: Ring<T>,
    lines: [Vec<T>; BAND],
}

/// The last of some rows.
#[derive(Default)]
struct Ring<T> {
    values: Vec<T>,
    length: usize,
    rows: usize,
}

impl<T: Real> Ring<T> {
    fn start(&mut self, rows: usize, length: usize) {
        self.values.resize(rows * length, T::default());
        self.length = length;
        self.rows = rows;
    }

    fn row(&self, row: usize) -> &[T] {
        &self.values[row % self.rows * self.length..][..self.length]
    }

    fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row % self.rows * self.length..][..self.length]
    }
}

/// Adds the gradient of the rows `band` of a plane.
#[inline(always)]
pub(super) fn band_of<I: Isa<N>, const N: usize>(
    image: &[I::Value],
    weights: &Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut [I::Value],
    scratch: &mut Scratch<I::Value>,
) {
    match windows.k {
        1 => {}
        3 => band_of_side::<I, N, 3>(image, weights, windows, band, gradient, scratch),
        5 => band_of_side::<I, N, 5>(image, weights, windows, band, gradient, scratch),
        7 => band_of_side::<I, N, 7>(image, weights, windows, band, gradient, scratch),
        k => unreachable!("k = {k} is beyond {LARGEST}"),
    }
}

#[inline(always)]
fn band_of_side<I: Isa<N>, const N: usize, const K: usize>(
    image: &[I::Value],
    weights: &Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut [I::Value],
    scratch: &mut Scratch<I::Value>,
) {
    let Windows { height, width, .. } = *windows;
    let columns = windows.patches(width);
    let places_in_row = columns + K - 1;
    let (first, last) = places(windows, &band);
    // Rows of patches and of pixels are counted from K - 1 before the first.
    let rows = windows.patches(height) + K - 1;

    // Whole blocks of places, and what the last of them sees.
    let length = places_in_row.next_multiple_of(N) + 2 * N;
    let Scratch {
        pixels,
        means,
        weights: a,
        lines,
    } = scratch;
    pixels.start(3 * BAND, length);
    means.start(3 * BAND, length);
    a.start(3 * BAND, length);
    for line in &mut *lines {
        line.resize(length, I::Value::default());
    }
    let share = I::Value::of(1.0 / (K * K) as f64);

    // The patches of these rows hold the first place.
    let mut next_pixels = first;
    let mut next_patches = first;
    for top in (first..last).step_by(BAND) {
        while next_patches < top + BAND + K - 1 {
            while next_pixels < next_patches + BAND + K - 1 {
                let place = next_pixels.saturating_sub(K - 1).min(rows - 1);
                let row = &mut pixels.row_mut(next_pixels)[K / 2..][..places_in_row];
                load(image, windows, place, row);
                next_pixels += 1;
            }
            let seen = std::array::from_fn(|i| pixels.row(next_patches + i));
            patches::<I, N, K>(windows, weights, next_patches, seen, means, a);
            next_patches += BAND;
        }
        let of_pixels = std::array::from_fn(|i| pixels.row(top + i + K / 2));
        let of_means = std::array::from_fn(|i| means.row(top + i));
        let of_weights = std::array::from_fn(|i| a.row(top + i));
        held::<I, N, K>(places_in_row, of_pixels, of_means, of_weights, lines);
        for (place, line) in (top..last).zip(&*lines) {
            if let Some(y) = windows.source(place as isize, height) {
                let gradient = &mut gradient[(y - band.start) * width..][..width];
                give::<I, N>(share, windows, places_in_row, line, gradient);
            }
        }
    }
}

/// The rows that are seen by eight, at most.
const SEEN: usize = BAND + LARGEST - 1;

/// mu and a of eight rows of patches, counted from K - 1 before the first, which
/// see `rows`.
#[inline(always)]
fn patches<I: Isa<N>, const N: usize, const K: usize>(
    windows: &Windows,
    weights: &Weights<I::Value>,
    top: usize,
    rows: [&[I::Value]; SEEN],
    means: &mut Ring<I::Value>,
    a: &mut Ring<I::Value>,
) {
    let Windows { height, stride, .. } = *windows;
    let patches = windows.patches(height);
    let [_, out_width] = windows.output();
    let mut any = false;
    for row in top..top + BAND {
        let of_row = &mut a.row_mut(row)[K - 1..];
        match row.checked_sub(K - 1) {
            Some(row) if row < patches && row.is_multiple_of(stride) => {
                weights.fill::<I, N>(row / stride, out_width, stride, of_row);
                any = true;
            }
            _ => of_row.fill(I::Value::default()),
        }
    }
    if !any {
        for row in top..top + BAND {
            means.row_mut(row).fill(I::Value::default());
        }
        return;
    }
    let columns = windows.patches(windows.width);
    let rows = rows.map(|row| Blocks::<I, N>::new(row, columns, K / 2 + K - 1));
    let mut means: [_; BAND] = std::array::from_fn(|i| {
        let row = &mut means.row_mut(top + i)[K - 1..];
        BlocksMut::<I, N>::new(row, columns)
    });
    let share = I::splat(I::Value::of(1.0 / (K * K) as f64));
    let side = I::splat(I::Value::of(K as f64));
    for x in (0..columns).step_by(N) {
        // Of each row the centre, and the sum about it.
        let mut seen = [sum::<I, N, K>(rows[0], x); K];
        unrolled!(i in 1 2 3 4 5 {
            if i < K - 1 {
                seen[i % K] = sum::<I, N, K>(rows[i], x);
            }
        });
        unrolled!(i in 0 1 2 3 4 5 6 7 {
            seen[(i + K - 1) % K] = sum::<I, N, K>(rows[(i + K - 1) % SEEN], x);
            let seen = turned(seen, i);
            let (centre, mut total) = seen[K / 2];
            unrolled!(j in 0 1 2 3 4 5 6 {
                if j < K && j != K / 2 {
                    let (pixel, sum) = seen[j % K];
                    let away = I::sub(pixel, centre);
                    total = I::add(total, I::mul_add(away, side, sum));
                }
            });
            means[i].store(x, I::mul(total, share));
        });
    }
}

/// The middle one of K pixels, and the sum of the others about it.
#[inline(always)]
fn sum<I: Isa<N>, const N: usize, const K: usize>(
    row: Blocks<I, N>,
    x: usize,
) -> (I::Block, I::Block) {
    let pixel = row.at(x + K / 2 + K / 2);
    let mut sum = I::zero();
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let d = I::sub(row.at(x + K / 2 + j), pixel);
            sum = if j == 0 { d } else { I::add(sum, d) };
        }
    });
    (pixel, sum)
}

/// k^2 times the gradient of eight rows of places, from the middle rows of pixels,
/// mu and a of the rows of patches that hold them.
#[inline(always)]
fn held<I: Isa<N>, const N: usize, const K: usize>(
    places: usize,
    pixels: [&[I::Value]; SEEN],
    means: [&[I::Value]; SEEN],
    weights: [&[I::Value]; SEEN],
    lines: &mut [Vec<I::Value>; BAND],
) {
    let pixels = pixels.map(|row| Blocks::<I, N>::new(row, places, K - 1));
    let means = means.map(|row| Blocks::<I, N>::new(row, places, K - 1));
    let weights = weights.map(|row| Blocks::<I, N>::new(row, places, K - 1));
    let mut lines = lines.each_mut().map(|line| BlocksMut::<I, N>::new(line, places));
    for x in (0..places).step_by(N) {
        let mut seen = [along::<I, N, K>(pixels[0], means[0], weights[0], x); K];
        unrolled!(i in 1 2 3 4 5 {
            if i < K - 1 {
                seen[i % K] = along::<I, N, K>(pixels[i], means[i], weights[i], x);
            }
        });
        unrolled!(i in 0 1 2 3 4 5 6 7 {
            let newest = (i + K - 1) % SEEN;
            seen[(i + K - 1) % K] =
                along::<I, N, K>(pixels[newest], means[newest], weights[newest], x);
            let seen = turned(seen, i);
            let (place, _, b) = seen[K / 2];
            let mut total = I::sub(I::zero(), b);
            unrolled!(j in 0 1 2 3 4 5 6 {
                if j < K && j != K / 2 {
                    let (pixel, a, b) = seen[j % K];
                    total = I::mul_add(I::sub(place, pixel), a, I::sub(total, b));
                }
            });
            lines[i].store(x, total);
        });
    }
}

/// The pixels of a row, and A and B of the patches that hold them, about these.
#[inline(always)]
fn along<I: Isa<N>, const N: usize, const K: usize>(
    pixels: Blocks<I, N>,
    means: Blocks<I, N>,
    weights: Blocks<I, N>,
    x: usize,
) -> (I::Block, I::Block, I::Block) {
    let pixel = pixels.at(x + K / 2);
    let mut a = weights.at(x + K / 2);
    let mut b = I::mul(a, means.at(x + K / 2));
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let weight = weights.at(x + j);
            let centre = I::sub(pixels.at(x + j), pixel);
            a = I::add(a, weight);
            b = I::mul_add(weight, I::add(centre, means.at(x + j)), b);
        }
    });
    (pixel, a, b)
}

/// A row that is read in blocks from anywhere.
struct Blocks<I: Isa<N>, const N: usize>(*const I::Value);

impl<I: Isa<N>, const N: usize> Clone for Blocks<I, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: Isa<N>, const N: usize> Copy for Blocks<I, N> {}

impl<I: Isa<N>, const N: usize> Blocks<I, N> {
    /// For blocks from 0 up to `count`, and `more` values beyond.
    #[inline(always)]
    fn new(row: &[I::Value], count: usize, more: usize) -> Self {
        assert!(row.len() >= count.next_multiple_of(N) + more);
        Self(row.as_ptr())
    }

    #[inline(always)]
    fn at(self, x: usize) -> I::Block {
        // SAFETY: `new` has seen that the row is long enough for all that is asked for
        // here, and it outlives the loops.
        #[allow(unsafe_code)]
        I::load(unsafe { &*self.0.add(x).cast() })
    }
}

/// A row that is written block by block.
struct BlocksMut<I: Isa<N>, const N: usize>(*mut I::Value);

impl<I: Isa<N>, const N: usize> BlocksMut<I, N> {
    /// For blocks from 0 up to `count`.
    #[inline(always)]
    fn new(row: &mut [I::Value], count: usize) -> Self {
        assert!(row.len() >= count.next_multiple_of(N));
        Self(row.as_mut_ptr())
    }

    #[inline(always)]
    fn store(&mut self, x: usize, block: I::Block) {
        // SAFETY: as in `Blocks`.
        #[allow(unsafe_code)]
        I::store(block, unsafe { &mut *self.0.add(x).cast() });
    }
}
