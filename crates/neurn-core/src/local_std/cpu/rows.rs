//! The kernel for small k: a block of patches side by side, down the rows.
//!
//! Sigma is separable. With x_c the middle pixel of k pixels of a row and
//! d = x - x_c, the row's mean about x_c and k times its variance are
//!
//! ```text
//! m_i = 1/k sum d          v_i = sum d^2 - (sum d)^2 / k
//! ```
//!
//! and with M_i = (x_c + m)_i and e_i = M_i less that of the middle row, the k rows
//! of a patch give
//!
//! ```text
//! k^2 sigma^2 = sum v_i + k ( sum e_i^2 - (sum e_i)^2 / k )
//! ```
//!
//! Every difference is of pixels of the patch, so a flat patch gives exactly 0
//! and faint texture beside full contrast loses nothing. What a row gives serves
//! the k patches that hold it, and stays in registers until then. So do the steps
//! M_i - M_(i-1), of which the e_i are sums.
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
//! - m_i is off by (k + 1) u times the mean of |d|, which is at most sqrt(v_i):
//!   `(k + 1) sqrt(k)` units.
//! - Steps and their sums round: the difference of pixels, that of the m_i, their
//!   sum, and e_i when a step is added. In the norm over the rows these are at most
//!   u times 2 k sigma, 2 k sigma (as m_i^2 <= v_i), 2 sqrt(k) sigma (as
//!   B <= k sigma^2), and k sigma (as a square about one of k values). Up to k - 1
//!   of them add up, which makes the norm at most k / sqrt(2) times as large:
//!   `3.54 k sqrt(k) + 1.42 k` units.
//!
//! Together sigma is off by at most
//! `1.5 k^2 + 4.54 k sqrt(k) + 3.92 k + sqrt(k) + 2` units, which is less than
//! `3 k^2 + 10 k + 10`.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::windows::Windows;
use super::isa::{Isa, Real};
use super::pixels::{LANES, Rows};
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
    rows: Rows<T>,
    /// What the patches of an image narrower than a block see, row by row.
    narrow: Vec<[T; WIDE]>,
    /// Of some images the first block of patches and the last.
    edges: Option<(Windows, [Edge<T>; 2])>,
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
    let margin = windows.margin();
    let Scratch {
        rows,
        narrow,
        edges,
    } = scratch;
    let mut output = Output::<I, N>::new(strip, windows, out);
    let all = strip.patch_rows(windows);
    // The last band and the last block take some again, if there are enough.
    let count = all.len().min(BAND);
    let last = patches.saturating_sub(N);
    rows.start(
        image,
        windows,
        all.start as isize..(all.end + SEEN) as isize,
    );
    narrow.resize(SEEN, [I::Value::default(); WIDE]);
    let [at_start, at_end] = match edges {
        Some((known, edges)) if known == windows => &*edges,
        _ => {
            let new = [0, last].map(|left| Edge::new::<N>(windows, left));
            &edges.insert((*windows, new)).1
        }
    };
    for next in all.clone().step_by(BAND) {
        let top = next.min(all.end - count);
        let mut rows: [_; SEEN] = *rows
            .from(top as isize, SEEN)
            .first_chunk()
            .expect("as many");
        if patches < N {
            for (row, to) in rows.iter_mut().zip(&mut *narrow) {
                for (place, to) in to.iter_mut().take(patches + K - 1).enumerate() {
                    let x = windows.source(place as isize, width);
                    // SAFETY: the row has `width` pixels.
                    #[allow(unsafe_code)]
                    let pixel = |x: usize| unsafe { *row.add(x) };
                    *to = x.map_or(I::Value::default(), pixel);
                }
                *row = to.as_ptr();
            }
        }
        for left in (0..patches).step_by(N) {
            let left = match left + N < patches {
                true => left.min(last.saturating_sub(margin)),
                false => last,
            };
            let own = left..patches.min(left + N);
            let inside = match left.checked_sub(margin) {
                _ if patches < N => Some(0),
                Some(first) if first + N + K - 1 <= width => Some(first),
                _ => None,
            };
            if let Some(first) = inside {
                block::<I, N, K>(top, count, own, &rows, &Inside(first), &mut output);
            } else {
                let edge = if left == 0 { at_start } else { at_end };
                block::<I, N, K>(top, count, own, &rows, edge, &mut output);
            }
        }
    }
    output.peak.value()
}

/// Where a block of patches finds the N values at each of its K places in a row.
trait Places<I: Isa<N>, const N: usize> {
    /// # Safety
    ///
    /// The row must have what [`block`] asks for.
    #[allow(unsafe_code)]
    unsafe fn at<const K: usize>(&self, row: *const I::Value, j: usize) -> I::Block;
}

/// Side by side, from a value on.
struct Inside(usize);

#[allow(unsafe_code)]
impl<I: Isa<N>, const N: usize> Places<I, N> for Inside {
    #[inline(always)]
    unsafe fn at<const K: usize>(&self, row: *const I::Value, j: usize) -> I::Block {
        // SAFETY: the caller's.
        I::load(unsafe { &*row.add(self.0 + j).cast() })
    }
}

/// Among N values that hold them, where some lie beyond the image.
#[derive(Default)]
struct Edge<T> {
    first: [usize; LARGEST],
    index: [[u32; LANES]; LARGEST],
    /// 1 on the image, and 0 where a border is zeros.
    given: [[T; LANES]; LARGEST],
}

impl<T: Real> Edge<T> {
    /// Of N patches from `left` on.
    fn new<const N: usize>(windows: &Windows, left: usize) -> Self {
        let Windows { k, width, .. } = *windows;
        let mut edge = Self::default();
        // What no patch sees repeats what the last one does.
        let last = windows.patches(width) + k - 2;
        for j in 0..k {
            let first = (left + j).saturating_sub(windows.margin());
            edge.first[j] = first.min(width.saturating_sub(N));
            for lane in 0..N {
                let place = (left + j + lane).min(last);
                if let Some(x) = windows.source(place as isize, width) {
                    edge.index[j][lane] = (x - edge.first[j]) as u32;
                    edge.given[j][lane] = T::of(1.0);
                }
            }
        }
        edge
    }
}

#[allow(unsafe_code)]
impl<I: Isa<N>, const N: usize> Places<I, N> for Edge<I::Value> {
    #[inline(always)]
    unsafe fn at<const K: usize>(&self, row: *const I::Value, j: usize) -> I::Block {
        // SAFETY: the caller's.
        let values = I::load(unsafe { &*row.add(self.first[j]).cast() });
        if j == K / 2 {
            return values;
        }
        let index = self.index[j].first_chunk().expect("N lanes");
        let given = self.given[j].first_chunk().expect("N lanes");
        I::where_above(I::load(given), I::zero(), I::permute(values, index))
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

/// Of k pixels of a row, side by side: the middle one, how far it lies above the mean,
/// k times the variance, and how far the mean lies above that of the row before.
#[derive(Clone, Copy)]
struct Row<B> {
    pixel: B,
    above_mean: B,
    variance: B,
    step: B,
    /// k times the variance, and k times the square of the step.
    near: B,
}

/// The block of patches `own` of `count` rows from `top` on. `rows` are those that
/// they see, with the `places`.
#[inline(always)]
fn block<I: Isa<N>, const N: usize, const K: usize>(
    top: usize,
    count: usize,
    own: Range<usize>,
    rows: &[*const I::Value; SEEN],
    places: &impl Places<I, N>,
    output: &mut Output<I, N>,
) {
    if I::IN_REGISTERS && count == BAND && own.len() == N && output.stride == 1 {
        let mut seen = above::<I, N, K>(rows, places);
        let mut largest = I::zero();
        let mut out = output.rows(top, BAND, own.clone());
        unrolled!(i in 0 1 2 3 4 5 6 7 {
            let before = seen[(i + 2 * K - 2) % K];
            seen[(i + K - 1) % K] =
                along::<I, N, K>(rows[(i + K - 1) % SEEN], places, Some(before));
            let sigma = down::<I, N, K>(turned(seen, i));
            largest = I::larger(sigma, largest);
            out.store(i, 0, sigma);
        });
        output.peak.take(largest);
    } else {
        let mut seen = above::<I, N, K>(rows, places);
        for i in 0..count {
            let before = seen[(2 * K - 2) % K];
            seen[K - 1] = along::<I, N, K>(rows[i + K - 1], places, Some(before));
            output.keep(top + i, own.clone(), down::<I, N, K>(seen));
            seen.rotate_left(1);
        }
    }
}

/// Of the first K - 1 rows.
#[inline(always)]
fn above<I: Isa<N>, const N: usize, const K: usize>(
    rows: &[*const I::Value; SEEN],
    places: &impl Places<I, N>,
) -> [Row<I::Block>; K] {
    let mut seen = [along::<I, N, K>(rows[0], places, None); K];
    unrolled!(i in 1 2 3 4 5 {
        if i < K - 1 {
            seen[i % K] = along::<I, N, K>(rows[i], places, Some(seen[(i - 1) % K]));
        }
    });
    seen
}

#[inline(always)]
fn along<I: Isa<N>, const N: usize, const K: usize>(
    row: *const I::Value,
    places: &impl Places<I, N>,
    before: Option<Row<I::Block>>,
) -> Row<I::Block> {
    // SAFETY: `block` asks for no others.
    #[allow(unsafe_code)]
    let at = |j: usize| unsafe { places.at::<K>(row, j) };
    let pixel = at(K / 2);
    // 0, or NaN if the pixel is not finite.
    let mut sum = I::sub(pixel, pixel);
    let mut squares = sum;
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let d = I::sub(pixel, at(j));
            sum = if j == 0 { d } else { I::add(sum, d) };
            squares = if j == 0 { I::mul(d, d) } else { I::mul_add(d, d, squares) };
        }
    });
    let above_mean = I::mul(sum, I::splat(I::Value::of(1.0 / K as f64)));
    let variance = I::sub_mul(squares, above_mean, sum);
    let (step, near) = match before {
        None => (I::zero(), variance),
        Some(before) => {
            let step = I::add(
                I::sub(pixel, before.pixel),
                I::sub(before.above_mean, above_mean),
            );
            let side = I::splat(I::Value::of(K as f64));
            (step, I::mul_add(I::mul(step, side), step, variance))
        }
    };
    Row {
        pixel,
        above_mean,
        variance,
        step,
        near,
    }
}

#[inline(always)]
fn down<I: Isa<N>, const N: usize, const K: usize>(rows: [Row<I::Block>; K]) -> I::Block {
    let scale = Scale::<I, N>::new(K);
    if K == 1 {
        return scale.root(rows[0].variance);
    }
    // Of the middle row and the next the steps are squared already.
    let (middle, next) = (rows[K / 2], rows[(K / 2 + 1) % K]);
    let (mut above, mut below) = (middle.step, next.step);
    let mut sum = I::sub(below, above);
    let mut squares = I::zero();
    let mut within = I::add(
        next.near,
        I::add(middle.near, rows[(K / 2 + K - 1) % K].variance),
    );
    unrolled!(i in 2 3 {
        if i <= K / 2 {
            let up = rows[(K / 2 + K - i) % K];
            let down = rows[(K / 2 + i) % K];
            above = I::add(above, rows[(K / 2 + K + 1 - i) % K].step);
            below = I::add(below, down.step);
            sum = I::add(sum, I::sub(below, above));
            squares = if i == 2 { I::mul(below, below) } else { I::mul_add(below, below, squares) };
            squares = I::mul_add(above, above, squares);
            within = I::add(within, I::add(up.variance, down.variance));
        }
    });
    if K > 3 {
        within = I::mul_add(squares, scale.side, within);
    }
    scale.root(I::sub_mul(within, sum, sum))
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
        self.root(I::sub_mul(I::mul_add(squares, self.side, within), sum, sum))
    }

    /// From k^2 times the variance.
    #[inline(always)]
    fn root(&self, total: I::Block) -> I::Block {
        // What is too small for squares may come out below 0.
        I::sqrt(I::mul(I::abs(total), self.share))
    }
}
