//! The kernel for large k: eight rows of patches at a time, with work that hardly
//! grows with k.
//!
//! As in [`rows`](super::rows), with the directions changed: the k pixels of a
//! column first, about one of them, and then k columns, about one of these, and so
//! with the same error bound.
//!
//! Down: the patches of eight rows share k - 7 rows of pixels. What those give
//! is summed once; rows above and below are added to it one by one.
//!
//! Along: with c = k - 1, 2 k - 1, ... every patch holds exactly one column c, so
//! its columns are some just before c and some from c on. Sums about c over both
//! are running sums, and a patch is one of each. Here each of the eight rows has
//! a lane, so that no step looks across a register.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::windows::Windows;
use super::isa::{Isa, LANES, Lanes, Real};
use super::rows::{Scale, unrolled};
use super::strip::{Output, Strip};

/// Columns of patches that are computed before their rows are, so that what is
/// kept of them stays in the nearest cache.
pub(super) const TILE: usize = 240;

/// What a thread keeps between strips, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    rows: Rows<T>,
    tile: Tile<T>,
    /// Sums over the columns from each of k up to a boundary: of e, of e^2, and of
    /// the variances.
    back: Vec<[[T; LANES]; 3]>,
    next: Vec<[[T; LANES]; 3]>,
    sigma: Vec<[T; LANES]>,
}

/// Rows of pixels, each with at least eight.
#[derive(Default)]
pub(super) struct Rows<T> {
    zeros: Vec<T>,
    /// All of a narrow image; what lies beyond it is never asked for.
    narrow: Vec<[T; LANES]>,
    seen: Vec<*const T>,
}

impl<T: Real> Rows<T> {
    pub(super) fn start(&mut self, image: &[T], windows: &Windows) {
        let width = windows.width;
        self.zeros.resize(width.max(LANES), T::default());
        self.narrow.clear();
        if width < LANES {
            self.narrow.extend(image.chunks(width).map(|row| {
                let mut wide = [T::default(); LANES];
                wide[..width].copy_from_slice(row);
                wide
            }));
        }
    }

    /// The row at `place`, or the nearest that a patch sees.
    pub(super) fn row(&self, image: &[T], windows: &Windows, place: isize) -> *const T {
        let Windows {
            k, height, width, ..
        } = *windows;
        let last = (windows.patches(height) + k - 2) as isize;
        match windows.source(place.clamp(0, last), height) {
            None => self.zeros.as_ptr(),
            Some(y) if width < LANES => self.narrow[y].as_ptr(),
            Some(y) => image[y * width..][..width].as_ptr(),
        }
    }

    /// What eight rows of patches from `top` on see.
    pub(super) fn seen(&mut self, image: &[T], windows: &Windows, top: isize) -> &[*const T] {
        let mut seen = std::mem::take(&mut self.seen);
        seen.clear();
        let places = top..top + (windows.k + LANES - 1) as isize;
        seen.extend(places.map(|place| self.row(image, windows, place)));
        self.seen = seen;
        &self.seen
    }
}

/// Columns of some patches, the first after k others, to which a border may look
/// back.
#[derive(Default)]
pub(super) struct Tile<T>(Vec<Column<T>>);

/// A column of k pixels in each of eight rows of patches: the pixel that all share,
/// and about it the mean, and k times the variance.
pub(super) type Column<T> = [[T; LANES]; 3];

/// Writes sigma of `strip` and returns the largest; NaN if the strip has seen
/// a pixel, or gives a sigma, that is not finite.
#[inline(always)]
pub(super) fn local_std<L: Lanes>(
    images: &[L::Value],
    windows: &Windows,
    strip: Strip,
    out: &mut [MaybeUninit<L::Value>],
    scratch: &mut Scratch<L::Value>,
) -> L::Value {
    let Windows {
        k, height, width, ..
    } = *windows;
    let image = &images[strip.plane * height * width..][..height * width];
    let patches = windows.patches(width);
    let mut output = Output::<L::Isa, LANES>::new(strip, windows, out);
    let Scratch {
        rows,
        tile,
        back,
        next,
        sigma,
    } = scratch;
    rows.start(image, windows);
    let all = strip.patch_rows(windows);
    for top in all.clone().step_by(LANES) {
        let rows = rows.seen(image, windows, top as isize);
        let own = top..all.end.min(top + LANES);
        for left in (0..patches).step_by(TILE) {
            let right = (left + TILE).min(patches);
            tile.fill::<L>(rows, windows, left, right);
            along::<L>(tile, k, right - left, back, next, sigma);
            write::<L>(own.clone(), left..right, sigma, &mut output);
        }
    }
    output.peak.value()
}

impl<T: Real> Tile<T> {
    /// The columns that the patches from `left` to `right` see, of eight rows of
    /// patches, which see `rows`.
    #[inline(always)]
    pub(super) fn fill<L: Lanes<Value = T>>(
        &mut self,
        rows: &[*const T],
        windows: &Windows,
        left: usize,
        right: usize,
    ) {
        let Windows { k, width, .. } = *windows;
        let margin = windows.margin();
        let places = right - left + k - 1;
        // Before the first place there is room for k columns that a border at the
        // end may show again, and after the last for a whole block.
        let length = places + 2 * k + LANES;
        if self.0.len() < length {
            self.0.resize(length, [[T::default(); LANES]; 3]);
        }
        // Columns of the image: those seen, and at a border those shown again.
        let mut begin = left.saturating_sub(margin);
        let mut end = (right + k - 1 - margin).min(width);
        if right + k - 1 > width + margin {
            begin = begin.min(width - k.min(width));
        }
        if left < margin {
            end = end.max(k.min(width));
        }
        let place = |column: usize| column + margin + k - left;

        let mut next = begin;
        while next < end {
            // The last block takes some columns again, if there are enough.
            let x = next.min(width.max(LANES) - LANES);
            next = x + LANES;
            let columns = self.0[place(x)..].first_chunk_mut();
            down::<L>(rows, k, x, columns.expect("a block"));
        }
        let before = left..margin.max(left);
        for x in before.chain((width + margin).max(left)..left + places) {
            self.0[x - left + k] = match windows.source(x as isize, width) {
                Some(column) => self.0[place(column)],
                None => [[T::default(); LANES]; 3],
            };
        }
    }

    /// `count` columns from the `first` one on that the first patch sees.
    #[inline(always)]
    pub(super) fn columns(&self, k: usize, first: usize, count: usize) -> &[Column<T>] {
        &self.0[k + first..][..count]
    }
}

/// Sigma of `patches` patches of eight rows.
#[inline(always)]
fn along<L: Lanes>(
    tile: &Tile<L::Value>,
    k: usize,
    patches: usize,
    back: &mut Vec<[[L::Value; LANES]; 3]>,
    next: &mut Vec<[[L::Value; LANES]; 3]>,
    sigma: &mut Vec<[L::Value; LANES]>,
) {
    let zero = [L::Value::default(); LANES];
    sigma.resize(patches.next_multiple_of(LANES), zero);
    for back in [&mut *back, &mut *next] {
        back.resize(k, [zero; 3]);
        // From the boundary back there is nothing.
        back[k - 1] = [zero; 3];
    }
    let (mut back, mut next) = (&mut back[..k], &mut next[..k]);
    let scale = Scale::<L::Isa, LANES>::new(k);
    let mut ahead = Walk::<L>::new(tile.columns(k, 0, k), k - 1);
    for (i, back) in next[..k - 1].iter_mut().enumerate().rev() {
        *back = ahead.add(i).map(L::Isa::values);
    }
    for first in (0..patches).step_by(k) {
        std::mem::swap(&mut back, &mut next);
        let count = (patches - first).min(k);
        let sigma = &mut sigma[first..][..count];
        let back = &back[..count];
        let mut since = Walk::<L>::new(tile.columns(k, first + k - 1, count), 0);
        let mut done = 0;
        if first + k < patches {
            // Both in one loop, since each waits for what it has just added.
            let mut ahead = Walk::<L>::new(tile.columns(k, first + k, k), k - 1);
            let next = &mut next[..count];
            while done + 1 < count {
                L::Isa::store(since.sigma(done, &back[done], &scale), &mut sigma[done]);
                let from = count - 2 - done;
                next[from] = ahead.add(from).map(L::Isa::values);
                done += 1;
            }
        }
        while done < count {
            L::Isa::store(since.sigma(done, &back[done], &scale), &mut sigma[done]);
            done += 1;
        }
    }
}

/// Adds up columns about a boundary among them: e, e^2, and the variances.
pub(super) struct Walk<'a, L: Lanes> {
    columns: &'a [Column<L::Value>],
    pixel: BlockOf<L>,
    mean: BlockOf<L>,
    sums: [BlockOf<L>; 3],
}

impl<'a, L: Lanes> Walk<'a, L> {
    #[inline(always)]
    pub(super) fn new(columns: &'a [Column<L::Value>], boundary: usize) -> Self {
        let [pixel, mean, _] = &columns[boundary];
        Self {
            pixel: L::Isa::load(pixel),
            mean: L::Isa::load(mean),
            columns,
            sums: [L::Isa::zero(); 3],
        }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, i: usize) -> [BlockOf<L>; 3] {
        let [pixel, mean, variance] = &self.columns[i];
        let [sum, squares, within] = self.sums;
        let e = L::Isa::add(
            L::Isa::sub(L::Isa::load(pixel), self.pixel),
            L::Isa::sub(L::Isa::load(mean), self.mean),
        );
        self.sums = [
            L::Isa::add(sum, e),
            L::Isa::mul_add(e, e, squares),
            L::Isa::add(within, L::Isa::load(variance)),
        ];
        self.sums
    }

    /// Of the patch that ends at the column, from the boundary on, with the columns
    /// before it.
    #[inline(always)]
    fn sigma(
        &mut self,
        i: usize,
        back: &[[L::Value; LANES]; 3],
        scale: &Scale<L::Isa, LANES>,
    ) -> BlockOf<L> {
        let [sum, squares, within] = self.add(i);
        scale.sigma(
            L::Isa::add(sum, L::Isa::load(&back[0])),
            L::Isa::add(squares, L::Isa::load(&back[1])),
            L::Isa::add(within, L::Isa::load(&back[2])),
        )
    }
}

/// Writes sigma of the patches `own` of the rows of patches `rows`.
#[inline(always)]
fn write<L: Lanes>(
    rows: Range<usize>,
    own: Range<usize>,
    sigma: &mut [[L::Value; LANES]],
    output: &mut Output<L::Isa, LANES>,
) {
    // What stands behind the last patch must not be the largest.
    sigma[own.len()..].fill([L::Value::default(); LANES]);
    let (blocks, _) = sigma.as_chunks::<LANES>();
    let width = output.width;
    for (block, x) in blocks.iter().zip(own.clone().step_by(LANES)) {
        let lanes = L::transpose(block.each_ref().map(L::Isa::load));
        if output.stride == 1 && rows.len() == LANES && x + LANES <= own.end {
            for sigma in lanes {
                output.peak.take(sigma);
            }
            let out = output.block(rows.start, x, LANES - 1);
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                let out = out[i * width..].first_chunk_mut().expect("a block");
                L::Isa::store_new(lanes[i], out);
            });
        } else {
            for (row, sigma) in rows.clone().zip(lanes) {
                output.keep(row, x..own.end.min(x + LANES), sigma);
            }
        }
    }
}

/// Eight columns from `x` on, of eight rows of patches, which see `rows`.
#[inline(always)]
fn down<L: Lanes>(
    rows: &[*const L::Value],
    k: usize,
    x: usize,
    columns: &mut [Column<L::Value>; LANES],
) {
    const LAST: usize = LANES - 1;
    // SAFETY: rows are `Rows`, which have `width` pixels and LANES at least, and
    // `Tile::fill` asks for no block that goes beyond.
    #[allow(unsafe_code)]
    let at = |row: *const L::Value| L::Isa::load(unsafe { &*row.add(x).cast() });
    let share = L::Isa::splat(L::Value::of(1.0 / k as f64));
    let (above, rows) = rows.split_first_chunk::<LAST>().expect("k + 7 rows");
    let (shared, rows) = rows.split_first().expect("k + 7 rows");
    let (common, below) = rows.split_at(k - LANES);
    let below = below.first_chunk::<LAST>().expect("k + 7 rows");

    let shared = at(*shared);
    let pixels = L::Isa::values(shared);
    let mut sum = L::Isa::zero();
    let mut squares = L::Isa::zero();
    for &row in common {
        let d = L::Isa::sub(at(row), shared);
        sum = L::Isa::add(sum, d);
        squares = L::Isa::mul_add(d, d, squares);
    }
    // Above and below start anew, so that neither waits for what is common.
    let common = (sum, squares);
    let mut sums = [common; LANES];
    let mut sum = L::Isa::zero();
    let mut squares = L::Isa::zero();
    unrolled!(i in 6 5 4 3 2 1 0 {
        let d = L::Isa::sub(at(above[i]), shared);
        sum = L::Isa::add(sum, d);
        squares = L::Isa::mul_add(d, d, squares);
        sums[i] = (L::Isa::add(common.0, sum), L::Isa::add(common.1, squares));
    });
    let mut means = [sum; LANES];
    let mut variances = [sum; LANES];
    let mut sum = L::Isa::zero();
    let mut squares = L::Isa::zero();
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        let (mut of_sum, mut of_squares) = sums[i];
        if i > 0 {
            let d = L::Isa::sub(at(below[i - 1]), shared);
            sum = L::Isa::add(sum, d);
            squares = L::Isa::mul_add(d, d, squares);
            of_sum = L::Isa::add(of_sum, sum);
            of_squares = L::Isa::add(of_squares, squares);
        }
        means[i] = L::Isa::mul(of_sum, share);
        variances[i] = L::Isa::sub_mul(of_squares, means[i], of_sum);
    });
    let means = L::transpose(means);
    let variances = L::transpose(variances);
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        let [pixel, mean, variance] = &mut columns[i];
        L::Isa::store(L::Isa::splat(pixels[i]), pixel);
        L::Isa::store(means[i], mean);
        L::Isa::store(variances[i], variance);
    });
}

pub(super) type BlockOf<L> = <<L as Lanes>::Isa as Isa<LANES>>::Block;
