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
use super::strip::{Output, Strip};

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
    let Windows { height, width, .. } = *windows;
    let image = &images[strip.plane * height * width..][..height * width];
    let patches = windows.patches(width);
    let Scratch { edge, zeros } = scratch;
    zeros.resize(width, I::Value::default());
    edge.resize(SEEN, [I::Value::default(); WIDE]);
    let at_edge = std::array::from_fn(|i| edge[i].as_ptr());

    let mut output = Output::<I, N>::new(strip, windows, out);
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
            let own = left.min(patches.saturating_sub(N))..patches.min(left + N);
            left += N;
            let first = own.start.checked_sub(windows.margin());
            match first {
                Some(first) if first + N + K - 1 <= width => {
                    block::<I, N, K>(top, count, own, &on_image, first, &mut output);
                }
                _ => {
                    let columns = Columns::<N>::new(windows, own.start, K);
                    for (row, edge) in rows.iter().zip(&mut *edge).take(count + K - 1) {
                        columns.copy(row, edge);
                    }
                    block::<I, N, K>(top, count, own, &at_edge, 0, &mut output);
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

/// The block of patches `own` of `count` rows from `top` on. `rows` are those that
/// they see, each with N + K - 1 pixels behind the `first` at least.
#[inline(always)]
fn block<I: Isa<N>, const N: usize, const K: usize>(
    top: usize,
    count: usize,
    own: Range<usize>,
    rows: &[*const I::Value; SEEN],
    first: usize,
    output: &mut Output<I, N>,
) {
    let mut seen = [along::<I, N, K>(rows[0], first); K];
    for i in 1..K - 1 {
        seen[i] = along::<I, N, K>(rows[i], first);
    }
    if I::IN_REGISTERS && count == BAND && own.len() == N && output.stride == 1 {
        let width = output.width;
        unrolled!(i in 0 1 2 3 4 5 6 7 {
            seen[(i + K - 1) % K] = along::<I, N, K>(rows[(i + K - 1) % SEEN], first);
            let sigma = down::<I, N, K>(turned(seen, i));
            output.peak.take(sigma);
            let out = output.block(top, own.start, BAND - 1)[i * width..].first_chunk_mut();
            I::store_new(sigma, out.expect("a block"));
        });
        return;
    }
    for i in 0..count {
        seen[K - 1] = along::<I, N, K>(rows[i + K - 1], first);
        output.keep(top + i, own.clone(), down::<I, N, K>(seen));
        seen.rotate_left(1);
    }
}

#[inline(always)]
fn along<I: Isa<N>, const N: usize, const K: usize>(
    row: *const I::Value,
    first: usize,
) -> Row<I::Block> {
    // SAFETY: there are N + K - 1 values, see `block`.
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
