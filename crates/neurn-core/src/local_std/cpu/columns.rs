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
//! a lane, so that none looks across a register.

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

/// Rows of pixels by their places, each with at least eight.
#[derive(Default)]
pub(super) struct Rows<T> {
    zeros: Vec<T>,
    /// All of a narrow image; what lies beyond it are zeros.
    narrow: Vec<[T; LANES]>,
    first: isize,
    rows: Vec<*const T>,
}

impl<T: Real> Rows<T> {
    /// Those at some places, or the nearest that a patch sees.
    pub(super) fn start(&mut self, image: &[T], windows: &Windows, places: Range<isize>) {
        let Windows {
            k, height, width, ..
        } = *windows;
        self.zeros.resize(width.max(LANES), T::default());
        self.narrow.clear();
        if width < LANES {
            self.narrow.extend(image.chunks(width).map(|row| {
                let mut wide = [T::default(); LANES];
                wide[..width].copy_from_slice(row);
                wide
            }));
        }
        let last = (windows.patches(height) + k - 2) as isize;
        self.first = places.start;
        self.rows.clear();
        self.rows.extend(
            places.map(|place| match windows.source(place.clamp(0, last), height) {
                None => self.zeros.as_ptr(),
                Some(y) if width < LANES => self.narrow[y].as_ptr(),
                Some(y) => image[y * width..][..width].as_ptr(),
            }),
        );
    }

    #[inline(always)]
    pub(super) fn row(&self, place: isize) -> *const T {
        self.rows[(place - self.first) as usize]
    }

    /// What eight rows of patches from `top` on see.
    #[inline(always)]
    pub(super) fn seen(&self, k: usize, top: isize) -> &[*const T] {
        &self.rows[(top - self.first) as usize..][..k + LANES - 1]
    }
}

/// The columns that some patches of eight rows see.
#[derive(Default)]
pub(super) struct Tile<T> {
    /// What the border shows of some images: up to the first column, and behind the
    /// last.
    border: [Vec<Shown>; 2],
    windows: Option<Windows>,
    columns: Vec<Column<T>>,
    /// The place of the first.
    first: usize,
    /// How many columns of the image there are, and the mean of the last.
    done: usize,
    mean: [T; LANES],
}

/// A column of k pixels in each of eight rows of patches: how far its mean lies above
/// that of the column before, and a [`Measure`] of it.
pub(super) type Column<T> = [[T; LANES]; 2];

/// A place that a border fills, or the one behind it.
#[derive(Clone, Copy)]
struct Shown {
    place: usize,
    /// The column of the image, or zeros.
    column: Option<usize>,
    step: Step,
}

/// From the column before.
#[derive(Clone, Copy)]
enum Step {
    None,
    /// As that to a column of the image.
    To(usize),
    /// As that to a column of the image, and back.
    Back(usize),
    /// That from the last column of the image to zeros.
    ToZeros,
    /// What is there.
    Kept,
}

impl Shown {
    fn new(windows: &Windows, place: usize) -> Self {
        let source = |place: usize| windows.source(place as isize, windows.width);
        let column = source(place);
        let step = match (source(place.saturating_sub(1)), column) {
            (Some(before), Some(column)) if column == before + 1 => Step::To(column),
            (Some(before), Some(column)) if before == column + 1 => Step::Back(before),
            // Behind the last column of a narrow image there is one of zeros, as
            // there is before the first of any.
            (Some(_), None) if windows.width >= LANES => Step::ToZeros,
            (Some(_), None) | (None, Some(_)) => Step::Kept,
            (Some(_), Some(_)) | (None, None) => Step::None,
        };
        Self {
            place,
            column,
            step,
        }
    }
}

/// What is asked of a column by itself.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Measure {
    /// k times the variance.
    Variance,
    /// The mean about the pixel that the eight rows share.
    Mean,
}

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
    let all = strip.patch_rows(windows);
    let last = all.start + all.len().next_multiple_of(LANES) + k - 1;
    rows.start(image, windows, all.start as isize..last as isize);
    tile.see(windows);
    for top in all.clone().step_by(LANES) {
        let rows = rows.seen(k, top as isize);
        let own = top..all.end.min(top + LANES);
        tile.start();
        for left in (0..patches).step_by(TILE) {
            let right = (left + TILE).min(patches);
            tile.fill::<L>(Measure::Variance, rows, windows, left, right);
            along::<L>(tile, k, right - left, back, next, sigma);
            write::<L>(own.clone(), left..right, sigma, &mut output);
        }
    }
    output.peak.value()
}

impl<T: Real> Tile<T> {
    /// Looks at the border of images, if it has not been these.
    pub(super) fn see(&mut self, windows: &Windows) {
        if self.windows == Some(*windows) {
            return;
        }
        self.windows = Some(*windows);
        let margin = windows.margin();
        let behind = windows.width + margin;
        let before = if margin > 0 { 0..margin + 1 } else { 0..0 };
        self.border = [before, behind..behind + margin]
            .map(|places| places.map(|place| Shown::new(windows, place)).collect());
    }

    /// Forgets other rows.
    pub(super) fn start(&mut self) {
        self.first = 0;
        self.done = 0;
        self.mean = [T::default(); LANES];
    }

    /// The columns that the patches from `left` to `right` see, of eight rows of
    /// patches, which see `rows`. Tiles follow each other from left to right.
    #[inline(always)]
    pub(super) fn fill<L: Lanes<Value = T>>(
        &mut self,
        measure: Measure,
        rows: &[*const T],
        windows: &Windows,
        left: usize,
        right: usize,
    ) {
        let Windows { k, width, .. } = *windows;
        let margin = windows.margin();
        let places = right - left + k - 1;
        // After the last place there is room for a whole block.
        let length = places + 2 * LANES;
        if self.columns.len() < length {
            self.columns.resize(length, [[T::default(); LANES]; 2]);
        }
        let kept = left - self.first..(self.done + margin).max(left) - self.first;
        self.columns.copy_within(kept, 0);
        self.first = left;

        let end = (right + k - 1 - margin).min(width);
        while self.done < end {
            // The last block computes some columns again, if there are enough, but
            // for the first, since the mean before that is gone.
            let x = self.done.min(width.max(LANES) - LANES);
            let columns = self.columns[x + margin - left..].first_chunk_mut();
            let columns = columns.expect("a block");
            let known = columns[0];
            let mean = L::Isa::load(&self.mean);
            let mean = down::<L>(measure, rows, k, x, mean, columns);
            if x < self.done {
                columns[0] = known;
            }
            self.mean = L::Isa::values(mean);
            self.done = x + LANES;
        }
        if left == 0 {
            for i in 0..self.border[0].len() {
                self.show::<L>(rows, windows, self.border[0][i]);
            }
        }
        let behind = width + margin;
        let shown = behind.max(left) - behind..(left + places).saturating_sub(behind);
        for i in shown {
            self.show::<L>(rows, windows, self.border[1][i]);
        }
    }

    #[inline(always)]
    fn show<L: Lanes<Value = T>>(&mut self, rows: &[*const T], windows: &Windows, shown: Shown) {
        let at = |column: usize| column + windows.margin() - self.first;
        let zero = L::Isa::zero();
        let column = |column: usize| self.columns[at(column)].each_ref().map(L::Isa::load);
        let to = shown.place - self.first;
        let step = match shown.step {
            Step::None => zero,
            Step::To(to) => column(to)[0],
            Step::Back(from) => L::Isa::sub(zero, column(from)[0]),
            Step::ToZeros => {
                // SAFETY: rows of `Rows` have `width` pixels at least.
                #[allow(unsafe_code)]
                let pixel = unsafe { *rows[LANES - 1].add(windows.width - 1) };
                let mean = L::Isa::load(&self.mean);
                L::Isa::sub(zero, L::Isa::add(L::Isa::splat(pixel), mean))
            }
            Step::Kept => L::Isa::load(&self.columns[to][0]),
        };
        let measure = shown.column.map_or(zero, |shown| column(shown)[1]);
        self.columns[to] = [step, measure].map(L::Isa::values);
    }

    /// `count` columns from the `first` one on that the first patch sees.
    #[inline(always)]
    pub(super) fn columns(&self, first: usize, count: usize) -> &[Column<T>] {
        &self.columns[first..][..count]
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
    let mut ahead = Walk::<L>::new();
    let columns = tile.columns(0, k);
    for (i, back) in next[..k - 1].iter_mut().enumerate().rev() {
        *back = ahead
            .back::<true>(&columns[i + 1], &columns[i])
            .map(L::Isa::values);
    }
    for first in (0..patches).step_by(k) {
        std::mem::swap(&mut back, &mut next);
        let count = (patches - first).min(k);
        let sigma = &mut sigma[first..][..count];
        let back = &back[..count];
        let own = tile.columns(first + k - 1, count);
        let mut since = Walk::<L>::new();
        L::Isa::store(since.sigma(&own[0], &back[0], true, &scale), &mut sigma[0]);
        let mut done = 1;
        if first + k < patches {
            // Both in one loop, since each waits for what it has just added.
            let mut ahead = Walk::<L>::new();
            let columns = &tile.columns(first + k, k)[..count];
            let next = &mut next[..count];
            while done < count {
                L::Isa::store(
                    since.sigma(&own[done], &back[done], false, &scale),
                    &mut sigma[done],
                );
                let from = count - 1 - done;
                let sums = ahead.back::<true>(&columns[from + 1], &columns[from]);
                next[from] = sums.map(L::Isa::values);
                done += 1;
            }
        }
        while done < count {
            L::Isa::store(
                since.sigma(&own[done], &back[done], false, &scale),
                &mut sigma[done],
            );
            done += 1;
        }
    }
}

/// Adds up columns about one, to the right or to the left: e, e^2, and variances.
pub(super) struct Walk<L: Lanes> {
    e: BlockOf<L>,
    sums: [BlockOf<L>; 3],
}

impl<L: Lanes> Walk<L> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            e: L::Isa::zero(),
            sums: [L::Isa::zero(); 3],
        }
    }

    /// One column on, or, if it is the `first`, that one itself.
    #[inline(always)]
    pub(super) fn on<const ALL: bool>(
        &mut self,
        column: &Column<L::Value>,
        first: bool,
    ) -> [BlockOf<L>; 3] {
        if !first {
            self.e = L::Isa::add(self.e, L::Isa::load(&column[0]));
        }
        self.take::<ALL>(column)
    }

    /// One column back from the one `after` it.
    #[inline(always)]
    pub(super) fn back<const ALL: bool>(
        &mut self,
        after: &Column<L::Value>,
        column: &Column<L::Value>,
    ) -> [BlockOf<L>; 3] {
        self.e = L::Isa::sub(self.e, L::Isa::load(&after[0]));
        self.take::<ALL>(column)
    }

    #[inline(always)]
    fn take<const ALL: bool>(&mut self, column: &Column<L::Value>) -> [BlockOf<L>; 3] {
        let [sum, squares, within] = self.sums;
        self.sums[0] = L::Isa::add(sum, self.e);
        if ALL {
            self.sums[1] = L::Isa::mul_add(self.e, self.e, squares);
            self.sums[2] = L::Isa::add(within, L::Isa::load(&column[1]));
        }
        self.sums
    }

    /// Of the patch that ends at the column, from the boundary on, with the columns
    /// before it.
    #[inline(always)]
    fn sigma(
        &mut self,
        column: &Column<L::Value>,
        back: &[[L::Value; LANES]; 3],
        first: bool,
        scale: &Scale<L::Isa, LANES>,
    ) -> BlockOf<L> {
        let [sum, squares, within] = self.on::<true>(column, first);
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
    for (block, x) in blocks.iter().zip(own.clone().step_by(LANES)) {
        let lanes = L::transpose(block.each_ref().map(L::Isa::load));
        if output.stride == 1 && rows.len() == LANES && x + LANES <= own.end {
            for sigma in lanes {
                output.peak.take(sigma);
            }
            let mut out = output.block(rows.start, x, LANES);
            unrolled!(i in 0 1 2 3 4 5 6 7 {
                out.store(i, lanes[i]);
            });
        } else {
            for (row, sigma) in rows.clone().zip(lanes) {
                output.keep(row, x..own.end.min(x + LANES), sigma);
            }
        }
    }
}

/// Eight columns from `x` on, of eight rows of patches, which see `rows`, after a
/// column with a `mean`. Returns the mean of the last.
#[inline(always)]
fn down<L: Lanes>(
    measure: Measure,
    rows: &[*const L::Value],
    k: usize,
    x: usize,
    mean: BlockOf<L>,
    columns: &mut [Column<L::Value>; LANES],
) -> BlockOf<L> {
    const LAST: usize = LANES - 1;
    // SAFETY: rows are `Rows`, which have `width` pixels and LANES at least, and
    // `Tile::fill` asks for no block that goes beyond.
    #[allow(unsafe_code)]
    let at = |row: *const L::Value, x: usize| L::Isa::load(unsafe { &*row.add(x).cast() });
    let variance = measure == Measure::Variance;
    let share = L::Isa::splat(L::Value::of(1.0 / k as f64));
    let (above, rows) = rows.split_first_chunk::<LAST>().expect("k + 7 rows");
    let (&shared_row, rows) = rows.split_first().expect("k + 7 rows");
    let (common, below) = rows.split_at(k - LANES);
    let below = below.first_chunk::<LAST>().expect("k + 7 rows");

    let shared = at(shared_row, x);
    let mut sum = L::Isa::zero();
    let mut squares = L::Isa::zero();
    for &row in common {
        let d = L::Isa::sub(at(row, x), shared);
        sum = L::Isa::add(sum, d);
        squares = L::Isa::mul_add(d, d, squares);
    }
    // Above and below start anew, so that neither waits for what is common.
    let common = (sum, squares);
    let mut sums = [common; LANES];
    let mut sum = L::Isa::zero();
    let mut squares = L::Isa::zero();
    unrolled!(i in 6 5 4 3 2 1 0 {
        let d = L::Isa::sub(at(above[i], x), shared);
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
            let d = L::Isa::sub(at(below[i - 1], x), shared);
            sum = L::Isa::add(sum, d);
            squares = L::Isa::mul_add(d, d, squares);
            of_sum = L::Isa::add(of_sum, sum);
            of_squares = L::Isa::add(of_squares, squares);
        }
        means[i] = L::Isa::mul(of_sum, share);
        variances[i] = L::Isa::sub_mul(of_squares, means[i], of_sum);
    });
    let before = match x {
        0 => {
            let pixels = L::Isa::values(shared);
            let mut before = [L::Value::default(); LANES];
            before[1..].copy_from_slice(&pixels[..LAST]);
            L::Isa::load(&before)
        }
        _ => at(shared_row, x - 1),
    };
    let steps = L::Isa::values(L::Isa::sub(shared, before));
    let means = L::transpose(means);
    let measures = if variance {
        L::transpose(variances)
    } else {
        means
    };
    let mut mean = mean;
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        let [step, measure] = &mut columns[i];
        let of_means = L::Isa::sub(means[i], mean);
        L::Isa::store(L::Isa::add(L::Isa::splat(steps[i]), of_means), step);
        L::Isa::store(measures[i], measure);
        mean = means[i];
    });
    mean
}

pub(super) type BlockOf<L> = <<L as Lanes>::Isa as Isa<LANES>>::Block;
