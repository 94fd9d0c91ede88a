//! The kernel for small k: a block of patches side by side, down the rows.
//!
//! Sigma is separable. With x_c the middle pixel of k pixels of a row and
//! d = x - x_c, the row's mean about x_c and k times its variance are
//!
//! ```text
//! m_i = 1/k sum d          v_i = sum d^2 - (sum d)^2 / k
//! ```
//!
//! and with e_i = (x_c + m)_i less that of the middle row, the k rows of a patch
//! give
//!
//! ```text
//! k^2 sigma^2 = sum v_i + k ( sum e_i^2 - (sum e_i)^2 / k )
//! ```
//!
//! Every difference is of pixels of the patch, so a flat patch gives exactly 0
//! and faint texture beside full contrast loses nothing. What a row gives serves
//! the k patches that hold it, and stays in registers until then.
//!
//! # Error
//!
//! Let u = 2^-24 (2^-53 in f64), W = sum v_i and B = sum e_i^2 - (sum e_i)^2 / k,
//! so that k^2 sigma^2 = W + k B.
//!
//! A sum of squares about one of the k values that are summed is at most k times
//! what remains once the square of the mean is gone. It rounds at most k + 1 times
//! and the square that is taken away at most 2 k + 1 times, so v_i, and B of given
//! e_i, are off by at most `(3 k + 4) k u` of themselves. Summing and scaling add
//! k + 4 units, and the root halves all: `(3 k^2 + 5 k + 4) / 2` units of sigma.
//!
//! What e_i is off by counts in the norm over the rows, over sqrt(k):
//!
//! - m_i by (k + 1) u times the mean of |d|, which is at most sqrt(v_i):
//!   `(k + 1) sqrt(k)` units;
//! - the difference of pixels by u of itself: their squares sum to at most k times
//!   k^2 sigma^2, so k units;
//! - the difference of means, k |m_i|^2 <= k v_i: `1.5 (k + 1)` units;
//! - their sum: sqrt(k) units.
//!
//! Since (k + 2) sqrt(k) <= k^2, sigma is off by at most
//! `2.5 k^2 + 5 k + 4` units.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::windows::Windows;
use super::isa::{Isa, Real};
use super::strip::{Peak, Strip};

/// The largest k that this kernel serves. From there on
/// [`columns`](super::columns), whose work does not grow with k, is faster.
pub(super) const LARGEST: usize = 7;

/// Rows of patches that are computed for a block before the next one is begun. More
/// would share more of what their rows give, and fewer make better use of the
/// processor's prefetching, which follows a few rows.
pub(super) const BAND: usize = 8;
/// The rows that the patches of a band see, at most.
const SEEN: usize = BAND + LARGEST - 1;
/// The columns that a block of patches sees, at most, and some more.
const WIDE: usize = 32;

/// A loop that the compiler must not leave as one: what it keeps in an array would
/// not stay in registers.
macro_rules! unrolled {
    ($i:ident in $($value:literal)* $body:block) => {
        $({
            let $i: usize = $value;
            $body
        })*
    };
}

pub(super) use unrolled;

/// What a thread keeps between strips, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    /// A block's columns where some lie beyond the image.
    edge: Vec<[T; WIDE]>,
    /// A row of zeros.
    zeros: Vec<T>,
}

/// Writes sigma of `strip` and returns the largest; NaN if the strip has seen
/// a pixel, or gives a sigma, that is not finite.
#[inline(always)]
pub(super) fn local_std<I: Isa<N>, const N: usize>(
    images: &[I::Value],
    windows: &Windows,
    strip: Strip,
    out: &mut [MaybeUninit<I::Value>],
    scratch: &mut Scratch<I::Value>,
) -> I::Value {
    match windows.k {
        1 => strip_of::<I, N, 1>(images, windows, strip, out, scratch),
        3 => strip_of::<I, N, 3>(images, windows, strip, out, scratch),
        5 => strip_of::<I, N, 5>(images, windows, strip, out, scratch),
        7 => strip_of::<I, N, 7>(images, windows, strip, out, scratch),
        k => unreachable!("k = {k} is beyond {LARGEST}"),
    }
}

#[inline(always)]
fn strip_of<I: Isa<N>, const N: usize, const K: usize>(
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
    let [_, out_width] = windows.output();
    let patches = windows.patches(width);
    let Scratch { edge, zeros } = scratch;
    zeros.resize(width, I::Value::default());
    edge.resize(SEEN, [I::Value::default(); WIDE]);
    let at_edge = std::array::from_fn(|i| edge[i].as_ptr());

    let mut output = Output::<I, N> {
        out,
        top: strip.top,
        width: out_width,
        left: 0,
        count: 0,
        stride,
        peak: Peak::default(),
    };
    let all = strip.patch_rows(windows);
    let mut next = all.start;
    while next < all.end {
        // The last band takes some rows again, if there are enough.
        let count = all.len().min(BAND);
        let top = next.min(all.end - count);
        next += BAND;
        let mut rows: [&[I::Value]; SEEN] = [zeros; SEEN];
        for (place, row) in (top..top + count + K - 1).zip(&mut rows) {
            if let Some(y) = windows.source(place as isize, height) {
                *row = &image[y * width..][..width];
            }
        }
        // Rows of `width` pixels, and of `WIDE`.
        let on_image = rows.map(<[I::Value]>::as_ptr);
        let mut left = 0;
        while left < patches {
            // As with the rows.
            output.count = patches.min(N);
            output.left = left.min(patches - output.count);
            left += N;
            let first = output.left.checked_sub(windows.margin());
            match first {
                Some(first) if first + N + K - 1 <= width => {
                    output.block::<K>(top, count, &on_image, first);
                }
                _ => {
                    let columns = Columns::<N>::new(windows, output.left, K);
                    for (row, edge) in rows.iter().zip(&mut *edge).take(count + K - 1) {
                        columns.copy(row, edge);
                    }
                    output.block::<K>(top, count, &at_edge, 0);
                }
            }
        }
    }
    output.peak.value()
}

/// The columns that a block of patches sees where some lie beyond the image.
struct Columns<const N: usize> {
    /// Those on the image, as places of the block, and the first of them.
    inside: Range<usize>,
    first: usize,
    /// The other places, and the columns that they show.
    outside: [(usize, Option<usize>); WIDE],
    count: usize,
}

impl<const N: usize> Columns<N> {
    /// From the `left`-th place that patches see on.
    #[inline(always)]
    fn new(windows: &Windows, left: usize, k: usize) -> Self {
        let Windows { width, .. } = *windows;
        let margin = windows.margin();
        let places = N + k - 1;
        let begin = margin.saturating_sub(left);
        let end = (width + margin - left).min(places);
        // What no patch sees repeats what the last one does.
        let last = windows.patches(width) + k - 2;
        let mut columns = Self {
            inside: begin..end,
            first: left + begin - margin,
            outside: [(0, None); WIDE],
            count: 0,
        };
        for x in (0..begin).chain(end..places) {
            let place = (left + x).min(last) as isize;
            columns.outside[columns.count] = (x, windows.source(place, width));
            columns.count += 1;
        }
        columns
    }

    #[inline(always)]
    fn copy<T: Real>(&self, row: &[T], edge: &mut [T; WIDE]) {
        let to = &mut edge[self.inside.clone()];
        let from = &row[self.first..][..to.len()];
        match (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
            (Some(to), Some(from)) => *to = *from,
            _ => to.copy_from_slice(from),
        }
        if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
            *to = *from;
        }
        for &(x, column) in &self.outside[..self.count] {
            edge[x] = column.map_or(T::default(), |column| row[column]);
        }
    }
}

/// From the i-th on, and then those before it.
#[inline(always)]
pub(super) fn turned<T: Copy, const K: usize>(rows: [T; K], i: usize) -> [T; K] {
    let mut turned = rows;
    unrolled!(j in 0 1 2 3 4 5 6 {
        turned[j % K] = rows[(i + j) % K];
    });
    turned
}

/// Of k pixels of a row, side by side: the middle one, the mean about it, and k
/// times the variance.
#[derive(Clone, Copy)]
struct Row<B> {
    pixel: B,
    mean: B,
    variance: B,
}

/// Where sigma of a block of patches goes.
struct Output<'a, I: Isa<N>, const N: usize> {
    out: &'a mut [MaybeUninit<I::Value>],
    /// Of the output: its first row, and its width.
    top: usize,
    width: usize,
    /// The first patch at stride 1, and how many are asked for.
    left: usize,
    count: usize,
    stride: usize,
    peak: Peak<I, N>,
}

impl<I: Isa<N>, const N: usize> Output<'_, I, N> {
    /// `count` rows of patches from `top` on, of the rows that they see, whose
    /// first `columns` are passed over.
    #[inline(always)]
    fn block<const K: usize>(
        &mut self,
        top: usize,
        count: usize,
        rows: &[*const I::Value; SEEN],
        columns: usize,
    ) {
        let mut seen = [along::<I, N, K>(rows[0], columns); K];
        for i in 1..K - 1 {
            seen[i] = along::<I, N, K>(rows[i], columns);
        }
        if I::IN_REGISTERS && count == BAND && self.count == N && self.stride == 1 {
            let first = (top - self.top) * self.width + self.left;
            let out = &mut self.out[first..][..(BAND - 1) * self.width + N];
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                seen[(i + K - 1) % K] = along::<I, N, K>(rows[(i + K - 1) % SEEN], columns);
                let sigma = down::<I, N, K>(turned(seen, i));
                self.peak.take(sigma);
                let out = out[i * self.width..].first_chunk_mut().expect("a block");
                I::store_new(sigma, out);
            });
            return;
        }
        for i in 0..count {
            seen[K - 1] = along::<I, N, K>(rows[i + K - 1], columns);
            self.keep(top + i, down::<I, N, K>(seen));
            seen.rotate_left(1);
        }
    }

    /// Those of a block that a stride keeps.
    #[inline(always)]
    fn keep(&mut self, row: usize, sigma: I::Block) {
        let patches = self.left..self.left + self.count;
        for (x, sigma) in patches.zip(I::values(sigma)) {
            self.peak.seen(I::splat(sigma));
            if row.is_multiple_of(self.stride) && x.is_multiple_of(self.stride) {
                self.peak.take(I::splat(sigma));
                let row = (row / self.stride - self.top) * self.width;
                self.out[row + x / self.stride].write(sigma);
            }
        }
    }
}

#[inline(always)]
fn along<I: Isa<N>, const N: usize, const K: usize>(
    row: *const I::Value,
    first: usize,
) -> Row<I::Block> {
    // SAFETY: `Output::block` has seen that there are N + K - 1 values.
    #[allow(unsafe_code)]
    let at = |j: usize| I::load(unsafe { &*row.add(first + j).cast() });
    let pixel = at(K / 2);
    // 0, or NaN if the pixel is not finite.
    let mut sum = I::sub(pixel, pixel);
    let mut squares = sum;
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let d = I::sub(at(j), pixel);
            sum = if j == 0 { d } else { I::add(sum, d) };
            squares = if j == 0 { I::mul(d, d) } else { I::mul_add(d, d, squares) };
        }
    });
    let mean = I::mul(sum, I::splat(I::Value::of(1.0 / K as f64)));
    Row {
        pixel,
        mean,
        variance: I::sub_mul(squares, mean, sum),
    }
}

#[inline(always)]
fn down<I: Isa<N>, const N: usize, const K: usize>(rows: [Row<I::Block>; K]) -> I::Block {
    let middle = rows[K / 2];
    let mut within = middle.variance;
    let mut sum = I::zero();
    let mut squares = I::zero();
    unrolled!(i in 0 1 2 3 4 5 6 {
        if i < K && i != K / 2 {
            let row = rows[i % K];
            let e = I::add(
                I::sub(row.pixel, middle.pixel),
                I::sub(row.mean, middle.mean),
            );
            sum = if i == 0 { e } else { I::add(sum, e) };
            squares = if i == 0 { I::mul(e, e) } else { I::mul_add(e, e, squares) };
            within = I::add(within, row.variance);
        }
    });
    Scale::<I, N>::new(K).sigma(sum, squares, within)
}

/// The way from sums over the rows or columns of patches of k to sigma.
pub(super) struct Scale<I: Isa<N>, const N: usize> {
    side: I::Block,
    share: I::Block,
}

impl<I: Isa<N>, const N: usize> Scale<I, N> {
    #[inline(always)]
    pub(super) fn new(k: usize) -> Self {
        Self {
            side: I::splat(I::Value::of(k as f64)),
            share: I::splat(I::Value::of(1.0 / (k * k) as f64)),
        }
    }

    /// From the sums of e, of e^2, and of k times the variances.
    #[inline(always)]
    pub(super) fn sigma(&self, sum: I::Block, squares: I::Block, within: I::Block) -> I::Block {
        let total = I::sub_mul(I::mul_add(squares, self.side, within), sum, sum);
        // What is too small for squares may come out below 0. NaN stays.
        I::sqrt(I::mul(I::max(I::zero(), total), self.share))
    }
}
