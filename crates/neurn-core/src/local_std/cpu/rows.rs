//! The kernel for small k: sigma row by row, sixteen patches side by side.
//!
//! Sigma is separable. With x_c the middle pixel of a column of k pixels and
//! d = x - x_c, the column's mean about x_c and variance are
//!
//! ```text
//! m_j = 1/k sum d          v_j = 1/k ( sum d^2 - (sum d)^2 / k )
//! ```
//!
//! and with e_j = (x_c + m)_j less that of the middle column, the k columns of a
//! patch give
//!
//! ```text
//! sigma^2 = 1/k ( sum v_j + sum e_j^2 - (sum e_j)^2 / k )
//! ```
//!
//! Every difference is of pixels of the patch, so a flat patch gives exactly 0
//! and faint texture beside full contrast loses nothing.
//!
//! # Error
//!
//! Let u = 2^-24 (2^-53 in f64), W = sum v_j and B = sum e_j^2 - (sum e_j)^2 / k,
//! so that k sigma^2 = W + B.
//!
//! A sum of squares about one of the k values that are summed is at most k times
//! what remains once the square of the mean is gone. It rounds at most k + 1 times
//! and the square that is taken away at most 2 k + 1 times, so v_j, and B of given
//! e_j, are off by at most `(3 k + 4) k u` of themselves. Summing and scaling add
//! k + 4 units, and the root halves all: `(3 k^2 + 5 k + 4) / 2` units of sigma.
//!
//! What e_j is off by counts in the norm over the columns, over sqrt(k):
//!
//! - m_j by (k + 1) u times the mean of |d|, which is at most sqrt(k v_j):
//!   `(k + 1) sqrt(k)` units;
//! - the difference of pixels by u of itself: their squares sum to at most k times
//!   k^2 sigma^2, so k units;
//! - the difference of means, |m_j|^2 <= k v_j: `1.5 (k + 1)` units;
//! - their sum: sqrt(k) units.
//!
//! Since (k + 2) sqrt(k) <= k^2, sigma is off by at most
//! `2.5 k^2 + 5 k + 4` units.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::windows::Windows;
use super::isa::{BLOCK, Isa, Real, on_best_isa};
use super::refill;
use super::strip::Strip;

/// What a thread keeps between strips, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    /// The last k + 1 rows with their border, in whole blocks and one more.
    ring: Vec<T>,
    /// Where a row's border lies, and the columns that stand there.
    border: Vec<(usize, Option<usize>)>,
    sigma: Vec<T>,
}

/// The largest k that this kernel serves.
const LARGEST: usize = 15;
/// The largest k for which it is faster than [`strip`](super::strip), whose work
/// does not grow with k.
const FASTER: usize = 7;

/// Whether patches of k are computed here. f64 has nothing else.
pub(super) fn serves<T: Real>(k: usize) -> bool {
    k > 1 && k <= if size_of::<T>() == 4 { FASTER } else { LARGEST }
}

on_best_isa! {
    /// Writes sigma of `strip` and returns the largest; NaN if the strip has seen
    /// a pixel, or gives a sigma, that is not finite.
    pub(super) fn local_std<T> = strip_std(
        images: &[T],
        windows: &Windows,
        strip: Strip,
        out: &mut [MaybeUninit<T>],
        scratch: &mut Scratch<T>,
    ) -> T
}

#[inline(always)]
pub(super) fn strip_std<I: Isa>(
    images: &[I::Value],
    windows: &Windows,
    strip: Strip,
    out: &mut [MaybeUninit<I::Value>],
    scratch: &mut Scratch<I::Value>,
) -> I::Value {
    match windows.k {
        3 => strip_of::<I, 3>(images, windows, strip, out, scratch),
        5 => strip_of::<I, 5>(images, windows, strip, out, scratch),
        7 => strip_of::<I, 7>(images, windows, strip, out, scratch),
        9 => strip_of::<I, 9>(images, windows, strip, out, scratch),
        11 => strip_of::<I, 11>(images, windows, strip, out, scratch),
        13 => strip_of::<I, 13>(images, windows, strip, out, scratch),
        15 => strip_of::<I, 15>(images, windows, strip, out, scratch),
        k => unreachable!("`serves` does not name {k}"),
    }
}

#[inline(always)]
fn strip_of<I: Isa, const K: usize>(
    images: &[I::Value],
    windows: &Windows,
    strip: Strip,
    out: &mut [MaybeUninit<I::Value>],
    scratch: &mut Scratch<I::Value>,
) -> I::Value {
    let Windows {
        stride,
        height,
        width,
        ..
    } = *windows;
    let image = &images[strip.plane * height * width..][..height * width];
    let [out_height, out_width] = windows.output();
    let patches = windows.patches(width);
    let first = strip.top * stride;
    // A plane's last strip also takes the rows that a stride leaves over, so
    // that no pixel goes unseen.
    let last = match strip.bottom == out_height {
        true => windows.patches(height) + K - 1,
        false => (strip.bottom - 1) * stride + K,
    };
    let zero = I::Value::default();
    let mut peak = Peak::<I>::default();
    for left in (0..patches).step_by(tile(stride)) {
        let count = (patches - left).min(tile(stride));
        let blocks = count.div_ceil(BLOCK);
        let length = (blocks + 1) * BLOCK;
        let Scratch {
            ring,
            border,
            sigma,
        } = &mut *scratch;
        refill(ring, zero, (K + 1) * length);
        refill(sigma, zero, blocks * BLOCK);
        let on_image = on_image(windows, left, length);
        let places = (patches + K - 1 - left).min(length);
        border.clear();
        border.extend(
            (0..on_image.start)
                .chain(on_image.end..places)
                .map(|x| (x, windows.source((left + x) as isize, width))),
        );

        let pixels = Row {
            image,
            windows,
            left,
            on_image,
            length,
            border,
        };
        peak.seen(pixels.load::<I, K>(first, ring));
        for place in first..last {
            // A row ahead, since what was just written is slow to read.
            if place + 1 < last {
                peak.seen(pixels.load::<I, K>(place + 1, ring));
            }
            if place + 1 < first + K || !(place + 1 - K - first).is_multiple_of(stride) {
                continue;
            }
            let row = (place + 1 - K - first) / stride;
            if row >= strip.rows() {
                continue;
            }
            let rows: [&[I::Value]; K] =
                std::array::from_fn(|i| &ring[(place + i + 1 - K) % (K + 1) * length..][..length]);
            let out = &mut out[row * out_width + left / stride..][..count.div_ceil(stride)];
            if stride == 1 {
                let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
                sigma_row::<I, K>(rows, blocks.len(), |x, block| {
                    I::store_new(block, &mut blocks[x]);
                    peak.take(block);
                });
                if !rest.is_empty() {
                    let x = blocks.len();
                    let last = rows.map(|row| &row[x * BLOCK..]);
                    sigma_row::<I, K>(last, 1, |_, block| peak.take_first(block, rest));
                }
            } else {
                sigma_row::<I, K>(rows, blocks, |x, block| {
                    let place = sigma[x * BLOCK..].first_chunk_mut().expect("a block");
                    I::store(block, place);
                });
                let mut kept = sigma.iter().step_by(stride);
                for out in out.chunks_mut(BLOCK) {
                    let mut block = [zero; BLOCK];
                    for (to, from) in block[..out.len()].iter_mut().zip(&mut kept) {
                        *to = *from;
                    }
                    peak.take_first(I::load(&block), out);
                }
            }
        }
    }
    peak.value()
}

/// What a row of pixels is loaded with.
struct Row<'a, T> {
    image: &'a [T],
    windows: &'a Windows,
    left: usize,
    on_image: Range<usize>,
    length: usize,
    border: &'a [(usize, Option<usize>)],
}

impl<T: Real> Row<'_, T> {
    /// Loads the row at `place` into its slot of the ring, and returns what
    /// [`Peak::seen`] asks for.
    #[inline(always)]
    fn load<I: Isa<Value = T>, const K: usize>(&self, place: usize, ring: &mut [T]) -> I::Block {
        let row = &mut ring[place % (K + 1) * self.length..][..self.length];
        let Some(y) = self.windows.source(place as isize, self.windows.height) else {
            row.fill(T::default());
            return I::splat(T::default());
        };
        let image = &self.image[y * self.windows.width..];
        let column = (self.left + self.on_image.start).saturating_sub(self.windows.margin());
        let inside = &mut row[self.on_image.start..];
        let broken = copy::<I>(&image[column..], inside, self.on_image.len());
        for &(x, column) in self.border {
            row[x] = column.map_or(T::default(), |column| image[column]);
        }
        broken
    }
}

/// Which values of a row of `length`, from column `left` of the patches on, lie
/// on the image.
fn on_image(windows: &Windows, left: usize, length: usize) -> Range<usize> {
    let margin = windows.margin();
    let begin = margin.saturating_sub(left).min(length);
    begin..(windows.width + margin - left).min(length)
}

/// Columns of patches that are computed before their rows are, so that what is
/// kept of them stays in the nearest cache.
fn tile(stride: usize) -> usize {
    2048_usize.next_multiple_of(stride)
}

/// Copies `count` pixels, or some more in whole blocks if there are, and returns
/// what [`Peak::seen`] asks for.
#[inline(always)]
fn copy<I: Isa>(pixels: &[I::Value], row: &mut [I::Value], count: usize) -> I::Block {
    let zero = I::splat(I::Value::default());
    let mut broken = zero;
    let whole = count
        .next_multiple_of(BLOCK)
        .min(row.len())
        .min(pixels.len())
        / BLOCK;
    let (to, _) = row.as_chunks_mut::<BLOCK>();
    let (from, _) = pixels.as_chunks::<BLOCK>();
    for (to, from) in to[..whole].iter_mut().zip(&from[..whole]) {
        let block = I::load(from);
        I::store(block, to);
        broken = I::add(broken, I::mul(block, zero));
    }
    for at in whole * BLOCK..count {
        row[at] = pixels[at];
        broken = I::add(broken, I::mul(I::splat(pixels[at]), zero));
    }
    broken
}

/// Of columns of pixels: the middle one, the mean about it, and the variance.
struct Columns<I: Isa> {
    pixel: I::Block,
    mean: I::Block,
    variance: I::Block,
}

impl<I: Isa> Columns<I> {
    #[inline(always)]
    fn of<const K: usize>(rows: [&[[I::Value; BLOCK]]; K], x: usize) -> Self {
        let pixel = I::load(&rows[K / 2][x]);
        let mut sum = I::splat(I::Value::default());
        let mut squares = sum;
        for i in (0..K).filter(|&i| i != K / 2) {
            let d = I::sub(I::load(&rows[i][x]), pixel);
            sum = I::add(sum, d);
            squares = I::add(squares, I::mul(d, d));
        }
        let share = I::splat(I::Value::of(1.0 / K as f64));
        let mean = I::mul(sum, share);
        Self {
            pixel,
            mean,
            variance: I::mul(at_least_0::<I>(I::sub(squares, I::mul(mean, sum))), share),
        }
    }

    #[inline(always)]
    fn window(&self, next: &Self, j: usize) -> Self {
        Self {
            pixel: I::window(self.pixel, next.pixel, j),
            mean: I::window(self.mean, next.mean, j),
            variance: I::window(self.variance, next.variance, j),
        }
    }
}

/// Hands `each` sigma of `blocks` blocks of a row of patches, whose pixels are
/// `rows`, and have one block more.
#[inline(always)]
fn sigma_row<I: Isa, const K: usize>(
    rows: [&[I::Value]; K],
    blocks: usize,
    mut each: impl FnMut(usize, I::Block),
) {
    let share = I::splat(I::Value::of(1.0 / K as f64));
    let rows = rows.map(|row| &row.as_chunks::<BLOCK>().0[..blocks + 1]);
    let mut columns = Columns::<I>::of(rows, 0);
    for x in 0..blocks {
        let next = Columns::of(rows, x + 1);
        let middle = columns.window(&next, K / 2);
        let mut within = middle.variance;
        let mut sum = I::splat(I::Value::default());
        let mut squares = sum;
        for j in (0..K).filter(|&j| j != K / 2) {
            let column = columns.window(&next, j);
            let e = I::add(
                I::sub(column.pixel, middle.pixel),
                I::sub(column.mean, middle.mean),
            );
            sum = I::add(sum, e);
            squares = I::add(squares, I::mul(e, e));
            within = I::add(within, column.variance);
        }
        let between = at_least_0::<I>(I::sub(squares, I::mul(I::mul(sum, share), sum)));
        let variance = I::mul(I::add(within, between), share);
        each(x, I::sqrt(variance));
        columns = next;
    }
}

/// Rounding may take a variance below 0. NaN stays.
#[inline(always)]
fn at_least_0<I: Isa>(variance: I::Block) -> I::Block {
    I::max(I::splat(I::Value::default()), variance)
}

/// The largest of what was seen so far, in lanes.
struct Peak<I: Isa> {
    largest: I::Block,
    /// 0 as long as all was finite, and then NaN.
    broken: I::Block,
}

impl<I: Isa> Default for Peak<I> {
    fn default() -> Self {
        Self {
            largest: I::splat(I::Value::default()),
            broken: I::splat(I::Value::default()),
        }
    }
}

impl<I: Isa> Peak<I> {
    /// Adds zeros, or NaN where a pixel was not finite.
    #[inline(always)]
    fn seen(&mut self, broken: I::Block) {
        self.broken = I::add(self.broken, broken);
    }

    #[inline(always)]
    fn take(&mut self, sigma: I::Block) {
        self.largest = I::max(sigma, self.largest);
        self.seen(I::mul(sigma, I::splat(I::Value::default())));
    }

    /// Hands the first of a block on to `out`, as many as that takes.
    #[inline(always)]
    fn take_first(&mut self, sigma: I::Block, out: &mut [MaybeUninit<I::Value>]) {
        let mut values = I::values(sigma);
        out.write_copy_of_slice(&values[..out.len()]);
        // What lies beyond must not be the largest.
        values[out.len()..].fill(I::Value::default());
        self.take(I::load(&values));
    }

    /// NaN if a value was not finite.
    fn value(&self) -> I::Value {
        let mut value = I::Value::default();
        for largest in I::values(self.largest) {
            value = if largest > value { largest } else { value };
        }
        for broken in I::values(self.broken) {
            value += broken;
        }
        value
    }
}
