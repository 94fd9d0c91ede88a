//! The gradient for small k: blocks of places side by side, down the rows, by the
//! sums of [`rows`](super::super::rows).
//!
//! First mu and a of eight rows of patches, and then of eight rows of places what
//! the patches that hold them give. What a row of patches gives serves the k rows
//! of places that it holds, and stays in registers until then.
//!
//! Places beyond a symmetric border are not looked at: the pixel that one shows is
//! held by the mirror images of the patches that hold the place.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::super::windows::Windows;
use super::super::ahead::{Ahead, ask};
use super::super::isa::{Isa, Real};
use super::super::pixels::{Beyond, LANES, Lines, Rows};
use super::super::rows::{BAND, LARGEST, turned, unrolled};
use super::{Gradient, Weights, ahead, mirrors, places, write};
use crate::Border;

/// What a thread keeps between bands, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    /// Rows of pixels with their border, after k / 2 zeros.
    pixels: Ring<T>,
    /// How far the centres of patches lie above mu, and a, after k - 1 zeros.
    means: Ring<T>,
    weights: Ring<T>,
    /// Eight rows of the gradient, row by row.
    lines: Lines<T>,
    rows: Rows<T>,
    beyond: Beyond,
}

/// The last [`KEPT`] of some rows. What blocks of patches have in their middle begins a
/// line of the cache.
#[derive(Default)]
struct Ring<T> {
    values: Lines<T>,
    /// Values before a row, and with them and the row.
    before: usize,
    length: usize,
}

/// Those that eight rows see, and eight more.
const KEPT: usize = 3 * BAND;

impl<T: Real> Ring<T> {
    fn start(&mut self, k: usize, length: usize) {
        self.before = LANES - (k - 1);
        self.length = apart(self.before + length);
        self.values.resize(KEPT * self.length);
    }

    fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row % KEPT * self.length..][self.before..self.length]
    }

    /// Some rows from a value on, for blocks of N from there up to `count`, and `more`
    /// values beyond.
    #[inline(always)]
    fn blocks<const N: usize>(
        &self,
        rows: impl Iterator<Item = usize>,
        from: usize,
        count: usize,
        more: usize,
    ) -> [Blocks<T>; SEEN] {
        let from = self.before + from;
        assert!(from + count.next_multiple_of(N) + more <= self.length);
        let first = self.values[..KEPT * self.length]
            .as_ptr()
            .wrapping_add(from);
        let mut blocks = [Blocks(first); SEEN];
        for (blocks, row) in blocks.iter_mut().zip(rows) {
            *blocks = Blocks(first.wrapping_add(row % KEPT * self.length));
        }
        blocks
    }

    /// As [`blocks`](Self::blocks), to write some rows that follow each other.
    #[inline(always)]
    fn blocks_mut<const N: usize>(
        &mut self,
        top: usize,
        from: usize,
        count: usize,
    ) -> [BlocksMut<T>; BAND] {
        let from = self.before + from;
        assert!(from + count.next_multiple_of(N) <= self.length);
        let first = self.values[..KEPT * self.length].as_mut_ptr();
        std::array::from_fn(|i| {
            BlocksMut(first.wrapping_add((top + i) % KEPT * self.length + from))
        })
    }
}

/// How far rows of `length` values lie apart, so that those above each other do not
/// share what the cache has for a few addresses.
fn apart(length: usize) -> usize {
    (length.div_ceil(LANES) | 1) * LANES
}

/// Writes the gradient of the rows `band` of a plane.
#[inline(always)]
pub(super) fn band_of<I: Isa<N>, const N: usize>(
    image: &[I::Value],
    weights: &mut Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut Gradient<I::Value>,
    scratch: &mut Scratch<I::Value>,
) {
    match windows.k {
        // Sigma is 0, whatever the pixels.
        1 => gradient.values.fill(MaybeUninit::new(I::Value::default())),
        3 => band_of_side::<I, N, 3>(image, weights, windows, band, gradient, scratch),
        5 => band_of_side::<I, N, 5>(image, weights, windows, band, gradient, scratch),
        7 => band_of_side::<I, N, 7>(image, weights, windows, band, gradient, scratch),
        k => unreachable!("k = {k} is beyond {LARGEST}"),
    }
}

#[inline(always)]
fn band_of_side<I: Isa<N>, const N: usize, const K: usize>(
    image: &[I::Value],
    weights: &mut Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut Gradient<I::Value>,
    scratch: &mut Scratch<I::Value>,
) {
    let Windows { width, .. } = *windows;
    let margin = windows.margin();
    let columns = windows.patches(width);
    let places_in_row = columns + K - 1;
    let Places { rows, columns: own } = Places::new(windows, &band);
    // Rows of patches and of pixels are counted from K - 1 before the first.
    let all = windows.patches(windows.height) + K - 1;
    // Below the last there are none, or mirror images of those above.
    let enough = match mirrors(windows) {
        true => all,
        false => usize::MAX,
    };

    // What the last of whole blocks of places sees.
    let length = columns.max(own.len()).next_multiple_of(N) + 2 * (K - 1);
    let Scratch {
        pixels,
        means,
        weights: a,
        lines,
        rows: of_image,
        beyond,
    } = scratch;
    for ring in [&mut *pixels, &mut *means, &mut *a] {
        ring.start(K, length);
    }
    let length = apart(length);
    lines.resize(BAND * length);
    let lines = &mut lines[..BAND * length];
    let share = I::Value::of(1.0 / (K * K) as f64);
    beyond.see(windows);
    // Rows of pixels from the first that is looked at to as many beyond the last.
    let seen = rows.start as isize - K as isize..(rows.end + 2 * SEEN) as isize;
    of_image.start(image, windows, seen);

    // Above the first patches there are none.
    let mut next_pixels = rows.start;
    let mut next_patches = rows.start.max(K - 1);
    for row in rows.start..next_patches {
        means.row_mut(row).fill(I::Value::default());
        a.row_mut(row).fill(I::Value::default());
    }
    // Eight rows of the image at a time, and those beyond it by themselves.
    let mut top = rows.start;
    while top < rows.end {
        let end = [margin, windows.height + margin, rows.end];
        let end = end.into_iter().find(|&end| end > top).unwrap_or(rows.end);
        let count = (end.min(rows.end) - top).min(BAND);
        while next_patches < (top + count + K - 1).min(enough) {
            while next_pixels < next_patches + BAND + K - 1 {
                let place = next_pixels as isize - (K as isize - 1);
                let row = &mut pixels.row_mut(next_pixels)[K / 2..][..places_in_row];
                // SAFETY: rows of `Rows` have `width` pixels at least.
                #[allow(unsafe_code)]
                let pixels = unsafe { std::slice::from_raw_parts(of_image.row(place), width) };
                beyond.pad(pixels, row);
                next_pixels += 1;
            }
            patches::<I, N, K>(windows, weights, next_patches, pixels, means, a);
            next_patches += BAND;
        }
        let after = next_patches as isize - (K as isize - 1);
        let ahead = ahead(image, weights, gradient, after, top + count);
        let rows = top..top + count;
        held::<I, N, K>(windows, rows, &own, [pixels, means, a], lines, &ahead);
        for (place, line) in (top..top + count).zip(lines.chunks_mut(length)) {
            let Some((row, more)) = gradient.row(place) else {
                continue;
            };
            // A place beyond the border gives all to the pixel that it shows.
            if own.start < margin {
                for &(place, shown) in &beyond.shown {
                    if let Some(x) = shown {
                        let given = line[place];
                        line[x + margin] += given;
                    }
                }
            }
            write::<I, N>(share, &line[margin - own.start..], row, more);
        }
        top += count;
    }
}

/// The places whose gradient is computed.
struct Places {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Places {
    fn new(windows: &Windows, band: &Range<usize>) -> Self {
        let margin = windows.margin();
        let columns = windows.patches(windows.width) + windows.k - 1;
        match windows.border {
            // Zeros have no gradient, and what a symmetric border shows of a pixel is
            // held by the mirror images of the patches that hold the pixel itself.
            Border::Symmetric | Border::Zero | Border::Constant(_) | Border::Valid => Self {
                rows: band.start + margin..band.end + margin,
                columns: margin..windows.width + margin,
            },
            Border::Replicate | Border::Reflect | Border::Circular => Self {
                rows: places(windows, band),
                columns: 0..columns,
            },
        }
    }
}

/// The rows that are seen by eight, at most.
const SEEN: usize = BAND + LARGEST - 1;

/// mu and a of eight rows of patches, counted from K - 1 before the first.
#[inline(always)]
fn patches<I: Isa<N>, const N: usize, const K: usize>(
    windows: &Windows,
    weights: &mut Weights<I::Value>,
    top: usize,
    pixels: &Ring<I::Value>,
    means: &mut Ring<I::Value>,
    a: &mut Ring<I::Value>,
) {
    let Windows { height, stride, .. } = *windows;
    let patches = windows.patches(height);
    let [_, out_width] = windows.output();
    for row in top..top + BAND {
        let of_row = &mut a.row_mut(row)[K - 1..];
        match row.checked_sub(K - 1) {
            Some(row) if row < patches && (stride == 1 || row.is_multiple_of(stride)) => {
                weights.fill::<I, N>(row / stride, out_width, stride, of_row);
            }
            _ => of_row.fill(I::Value::default()),
        }
    }
    let columns = windows.patches(windows.width);
    let rows = pixels.blocks::<N>(top..top + SEEN, 0, columns, K / 2 + K - 1);
    let mut to = means.blocks_mut::<N>(top, K - 1, columns);
    for x in (0..columns).step_by(N) {
        if I::IN_REGISTERS {
            let mut seen = sums::<I, N, K>(&rows, x);
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                seen[(i + K - 1) % K] = sum::<I, N, K>(rows[(i + K - 1) % SEEN], x);
                to[i].store::<I, N>(x, mean::<I, N, K>(turned(seen, i)));
            });
        } else {
            let mut seen = sums::<I, N, K>(&rows, x);
            for (i, to) in to.iter_mut().enumerate() {
                seen[K - 1] = sum::<I, N, K>(rows[i + K - 1], x);
                to.store::<I, N>(x, mean::<I, N, K>(seen));
                seen = turned(seen, 1);
            }
        }
    }
    if mirrors(windows) {
        for row in top..top + BAND {
            for values in [means.row_mut(row), a.row_mut(row)] {
                mirror::<_, K>(&mut values[K - 1 - K / 2..][..columns + K - 1]);
            }
        }
    }
}

/// Fills the first and the last K / 2 values with what stands inwards of them.
#[inline(always)]
fn mirror<T: Real, const K: usize>(values: &mut [T]) {
    let margin = K / 2;
    let end = values.len() - margin;
    assert!(end >= 2 * margin);
    for i in 0..margin {
        values[margin - 1 - i] = values[margin + i];
        values[end + i] = values[end - 1 - i];
    }
}

/// Of the first K - 1 rows what [`sum`] gives.
#[inline(always)]
fn sums<I: Isa<N>, const N: usize, const K: usize>(
    rows: &[Blocks<I::Value>; SEEN],
    x: usize,
) -> [(I::Block, I::Block); K] {
    let mut seen = [sum::<I, N, K>(rows[0], x); K];
    unrolled!(i in 1 2 3 4 5 {
        if i < K - 1 {
            seen[i % K] = sum::<I, N, K>(rows[i], x);
        }
    });
    seen
}

/// How far the centre lies above mu, from what [`sum`] gives for rows.
#[inline(always)]
fn mean<I: Isa<N>, const N: usize, const K: usize>(rows: [(I::Block, I::Block); K]) -> I::Block {
    let (centre, mut total) = rows[K / 2];
    let side = I::splat(I::Value::of(K as f64));
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let (pixel, sum) = rows[j % K];
            total = I::add(total, I::mul_add(I::sub(centre, pixel), side, sum));
        }
    });
    I::mul(total, I::splat(I::Value::of(1.0 / (K * K) as f64)))
}

/// The middle one of K pixels, and how far it lies above the others, together.
#[inline(always)]
fn sum<I: Isa<N>, const N: usize, const K: usize>(
    row: Blocks<I::Value>,
    x: usize,
) -> (I::Block, I::Block) {
    let pixel = row.at::<I, N>(x + K / 2 + K / 2);
    let mut sum = I::zero();
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let d = I::sub(pixel, row.at::<I, N>(x + K / 2 + j));
            sum = if j == 0 { d } else { I::add(sum, d) };
        }
    });
    (pixel, sum)
}

/// k^2 times the gradient of some rows and columns of places. Asks for eight rows
/// `ahead` on the way.
#[inline(always)]
fn held<I: Isa<N>, const N: usize, const K: usize>(
    windows: &Windows,
    rows: Range<usize>,
    columns: &Range<usize>,
    [pixels, means, weights]: [&Ring<I::Value>; 3],
    lines: &mut [I::Value],
    ahead: &[Option<Ahead<I::Value>>],
) {
    let count = rows.len();
    let first = columns.start;
    // The patches that hold the places, and their middle rows.
    let patches = K - 1..windows.patches(windows.height) + K - 1;
    let mirrored = |row: usize| match mirrors(windows) {
        true if row < patches.start => 2 * patches.start - 1 - row,
        true if row >= patches.end => 2 * patches.end - 1 - row,
        _ => row,
    };
    let seen = rows.start..rows.end + K - 1;
    let middle = seen.clone().map(|row| row + K / 2);
    let pixels = pixels.blocks::<N>(middle, first, columns.len(), K - 1);
    let means = means.blocks::<N>(seen.clone().map(mirrored), first, columns.len(), K - 1);
    let weights = weights.blocks::<N>(seen.map(mirrored), first, columns.len(), K - 1);
    let mut to = [BlocksMut(std::ptr::null_mut()); BAND];
    let length = lines.len() / BAND;
    for (to, line) in to.iter_mut().zip(lines.chunks_mut(length)) {
        *to = BlocksMut::new::<N>(line, columns.len());
    }
    let rows = (pixels, means, weights);
    for x in (0..columns.len()).step_by(N) {
        ask(ahead, BAND, x);
        if I::IN_REGISTERS && count == BAND {
            let mut seen = above::<I, N, K>(&rows, x);
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                seen[(i + K - 1) % K] = along::<I, N, K>(&rows, (i + K - 1) % SEEN, x);
                to[i].store::<I, N>(x, down::<I, N, K>(turned(seen, i)));
            });
        } else {
            let mut seen = above::<I, N, K>(&rows, x);
            for (i, to) in to.iter_mut().enumerate().take(count) {
                seen[K - 1] = along::<I, N, K>(&rows, i + K - 1, x);
                to.store::<I, N>(x, down::<I, N, K>(seen));
                seen = turned(seen, 1);
            }
        }
    }
}

/// Pixels, means and weights of the rows that hold some places.
type Holding<T> = ([Blocks<T>; SEEN], [Blocks<T>; SEEN], [Blocks<T>; SEEN]);

/// What [`along`] gives for the first K - 1 rows.
#[inline(always)]
fn above<I: Isa<N>, const N: usize, const K: usize>(
    rows: &Holding<I::Value>,
    x: usize,
) -> [(I::Block, I::Block, I::Block); K] {
    let mut seen = [along::<I, N, K>(rows, 0, x); K];
    unrolled!(i in 1 2 3 4 5 {
        if i < K - 1 {
            seen[i % K] = along::<I, N, K>(rows, i, x);
        }
    });
    seen
}

/// k^2 times the gradient at the middle pixels, from what [`along`] gives for rows.
#[inline(always)]
fn down<I: Isa<N>, const N: usize, const K: usize>(
    rows: [(I::Block, I::Block, I::Block); K],
) -> I::Block {
    let (place, _, mut total) = rows[K / 2];
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let (pixel, a, b) = rows[j % K];
            total = I::mul_add(I::sub(place, pixel), a, I::add(total, b));
        }
    });
    total
}

/// The pixels of a row, and A and -B of the patches that hold them, about these.
#[inline(always)]
fn along<I: Isa<N>, const N: usize, const K: usize>(
    rows: &Holding<I::Value>,
    row: usize,
    x: usize,
) -> (I::Block, I::Block, I::Block) {
    let (pixels, means, weights) = (rows.0[row], rows.1[row], rows.2[row]);
    let pixel = pixels.at::<I, N>(x + K / 2);
    let mut a = weights.at::<I, N>(x + K / 2);
    let mut b = I::mul(a, means.at::<I, N>(x + K / 2));
    unrolled!(j in 0 1 2 3 4 5 6 {
        if j < K && j != K / 2 {
            let weight = weights.at::<I, N>(x + j);
            let above = I::sub(pixel, pixels.at::<I, N>(x + j));
            a = I::add(a, weight);
            b = I::mul_add(weight, I::add(above, means.at::<I, N>(x + j)), b);
        }
    });
    (pixel, a, b)
}

/// A row that is read in blocks from anywhere.
#[derive(Clone, Copy)]
struct Blocks<T>(*const T);

impl<T: Real> Blocks<T> {
    #[inline(always)]
    fn at<I: Isa<N, Value = T>, const N: usize>(self, x: usize) -> I::Block {
        // SAFETY: `Ring::blocks` has seen that the row is long enough for all that is
        // asked for here, and it outlives the loops.
        #[allow(unsafe_code)]
        I::load(unsafe { &*self.0.add(x).cast() })
    }
}

/// A row that is written block by block.
#[derive(Clone, Copy)]
struct BlocksMut<T>(*mut T);

impl<T: Real> BlocksMut<T> {
    /// For blocks of N from 0 up to `count`.
    #[inline(always)]
    fn new<const N: usize>(row: &mut [T], count: usize) -> Self {
        assert!(row.len() >= count.next_multiple_of(N));
        Self(row.as_mut_ptr())
    }

    #[inline(always)]
    fn store<I: Isa<N, Value = T>, const N: usize>(self, x: usize, block: I::Block) {
        // SAFETY: as in `Blocks`.
        #[allow(unsafe_code)]
        I::store(block, unsafe { &mut *self.0.add(x).cast() });
    }
}
