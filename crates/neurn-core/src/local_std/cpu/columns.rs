//! The kernel for large k: eight rows of patches at a time, or twice eight where
//! registers hold sixteen values, with work that hardly grows with k.
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
//! are running sums, and a patch is one of each. Here each row of patches has a
//! lane, so that none looks across a register.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::windows::Windows;
use super::ahead::{Ahead, ask};
use super::isa::{Isa, Real};
use super::pixels::{LANES, Lines, Rows};
use super::rows::{Scale, unrolled};
use super::strip::{Output, Strip};

/// Rows of patches that share rows of pixels.
pub(super) const EIGHT: usize = 8;

/// Columns of patches that are computed before their rows are, so that what is
/// kept of them stays in the nearest cache. As many for all instruction sets, since
/// sums begin anew with a tile and round otherwise.
pub(super) const TILE: usize = 240;

/// What a thread keeps between strips, so that it allocates once.
#[derive(Default)]
pub(super) struct Scratch<T> {
    rows: Rows<T>,
    tile: Tile<T>,
    /// [`Sums`] over the columns from each of k up to a boundary.
    back: Lines<T>,
    next: Lines<T>,
    /// Sigma of patches, in lanes.
    sigma: Lines<T>,
}

/// The columns that some patches see, of as many rows of patches as there are lanes.
#[derive(Default)]
pub(super) struct Tile<T> {
    /// What the border shows of some images: up to the first column, and behind the
    /// last.
    border: [Vec<Shown>; 2],
    windows: Option<Windows>,
    /// [`Column`] by column.
    columns: Lines<T>,
    /// The place of the first.
    first: usize,
    /// How many columns of the image there are, and the mean of the last.
    done: usize,
    mean: [T; LANES],
}

/// A column of k pixels in each row of patches: how far its mean lies above that of
/// the column before, and a [`Measure`] of it.
pub(super) type Column<T, const N: usize> = [[T; N]; 2];

/// The values of a vector side by side, M blocks of N in each.
#[inline(always)]
fn blocks<T, const N: usize, const M: usize>(values: &[T]) -> &[[[T; N]; M]] {
    values.as_chunks().0.as_chunks().0
}

/// As [`blocks`].
#[inline(always)]
fn blocks_mut<T, const N: usize, const M: usize>(values: &mut [T]) -> &mut [[[T; N]; M]] {
    values.as_chunks_mut().0.as_chunks_mut().0
}

/// A place that a border fills, or the one behind it.
#[derive(Clone, Copy)]
struct Shown {
    place: usize,
    step: Step,
    /// The place of the column that it shows; `None` are zeros.
    column: Option<usize>,
}

/// From the column before.
#[derive(Clone, Copy)]
enum Step {
    None,
    /// As that to the column at a place.
    To(usize),
    /// As that to the column at a place, and back.
    Back(usize),
    /// That from the last column of the image to zeros.
    ToZeros,
    /// What is there.
    Kept,
}

impl Shown {
    /// Where columns of the image come in blocks of N.
    fn new<const N: usize>(windows: &Windows, place: usize) -> Self {
        let Windows { width, .. } = *windows;
        let of_image = |place: usize| {
            let column = windows.source(place as isize, width)?;
            Some(column + windows.margin())
        };
        let column = of_image(place);
        let step = match (of_image(place.saturating_sub(1)), column) {
            (Some(before), Some(column)) if column == before + 1 => Step::To(column),
            (Some(before), Some(column)) if before == column + 1 => Step::Back(before),
            // Behind the last column of a narrow image there is one of zeros, as
            // there is before the first of any.
            (Some(_), None) if width >= N => Step::ToZeros,
            (Some(_), None) | (None, Some(_)) => Step::Kept,
            (Some(_), Some(_)) | (None, None) => Step::None,
        };
        Self {
            place,
            step,
            column,
        }
    }
}

/// What is asked of a column by itself.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Measure {
    /// k times the variance.
    Variance,
    /// How far the pixel that eight rows share lies above the mean.
    Mean,
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
    let Windows {
        k, height, width, ..
    } = *windows;
    let image = &images[strip.plane * height * width..][..height * width];
    let patches = windows.patches(width);
    let mut output = Output::<I, N>::new(strip, windows, out);
    let Scratch {
        rows,
        tile,
        back,
        next,
        sigma,
    } = scratch;
    let all = strip.patch_rows(windows);
    let last = all.start + all.len().next_multiple_of(N) + k - 1;
    rows.start(image, windows, all.start as isize..last as isize);
    tile.see::<N>(windows);
    for top in all.clone().step_by(N) {
        let own = top..all.end.min(top + N);
        let rows = rows.from(top as isize, k + N - 1);
        tile.start();
        // The rows of pixels that the next N rows of patches see and these do not, and
        // where sigma goes.
        let seen = (top + N + k - 1) as isize;
        let ahead = [
            Ahead::of_image(image.as_ptr(), seen, windows),
            output.ahead(top, windows),
        ];
        for left in (0..patches).step_by(TILE) {
            let right = (left + TILE).min(patches);
            tile.fill::<I, N>(Measure::Variance, rows, windows, left, right, &ahead);
            sigma.resize((right - left).max(N) * N);
            let sigma = sigma.as_chunks_mut().0;
            along::<I, N>(
                tile.columns(0, right - left + k - 1),
                k,
                [back, next],
                &mut sigma[..right - left],
            );
            write::<I, N>(own.clone(), left..right, sigma, &mut output);
        }
    }
    output.peak.value()
}

impl<T: Real> Tile<T> {
    /// Looks at the border of images, if it has not been these.
    pub(super) fn see<const N: usize>(&mut self, windows: &Windows) {
        if self.windows == Some(*windows) {
            return;
        }
        self.windows = Some(*windows);
        let Windows { k, width, .. } = *windows;
        let margin = windows.margin();
        let behind = width + margin;
        let before = if margin > 0 { 0..margin + 1 } else { 0..0 };
        self.border = [before, behind..behind + margin].map(|places| {
            places
                .map(|place| Shown::new::<N>(windows, place))
                .collect()
        });
        // After the last place of a tile there is room for a whole block.
        let places = windows.patches(width).min(TILE.max(k)) + k - 1;
        self.columns.resize((places + 2 * N) * 2 * N);
    }

    /// Forgets other rows.
    pub(super) fn start(&mut self) {
        self.first = 0;
        self.done = 0;
        self.mean = [T::default(); LANES];
    }

    /// The columns that the patches from `left` to `right` see, of N rows of patches,
    /// which see `rows`. Tiles follow each other from left to right. Asks for N rows
    /// `ahead` on the way.
    #[inline(always)]
    pub(super) fn fill<I: Isa<N, Value = T>, const N: usize>(
        &mut self,
        measure: Measure,
        rows: &[*const T],
        windows: &Windows,
        left: usize,
        right: usize,
        ahead: &[Option<Ahead<T>>],
    ) {
        let Windows { k, width, .. } = *windows;
        let margin = windows.margin();
        let places = right - left + k - 1;
        if left > self.first {
            let kept = left - self.first..(self.done + margin).max(left) - self.first;
            self.columns
                .copy_within(kept.start * 2 * N..kept.end * 2 * N, 0);
            self.first = left;
        }

        let end = (right + k - 1 - margin).min(width);
        let columns = blocks_mut::<T, N, 2>(&mut self.columns);
        let last_mean = self.mean.first_chunk_mut().expect("a block");
        let mut mean = I::load(last_mean);
        let mut done = self.done;
        let eights = [0, N - EIGHT].map(|first| Eight::new(&rows[first..], k));
        // The last block computes some columns again, if there are enough, but for
        // the step to the first, since the mean before that is gone.
        let last = width.max(N) - N;
        while done < end {
            let x = done.min(last);
            ask(ahead, N, x);
            let columns = columns[x + margin - left..].first_chunk_mut();
            let columns = columns.expect("a block");
            let known = I::load(&columns[0][0]);
            mean = down::<I, N>(measure, &eights, k, x, mean, columns);
            if x < done {
                I::store(known, &mut columns[0][0]);
            }
            done = x + N;
        }
        self.done = done;
        I::store(mean, last_mean);

        let to_zeros = {
            // SAFETY: rows of `Rows` have `width` pixels at least.
            #[allow(unsafe_code)]
            let pixel = |eight: &Eight<T>| unsafe { *eight.shared.add(width - 1) };
            I::sub(mean, I::eights([pixel(&eights[0]), pixel(&eights[1])]))
        };
        let [before, behind] = &self.border;
        if left == 0 {
            Self::show::<I, N>(columns, left, before, to_zeros);
        }
        let from = (width + margin).max(left) - (width + margin);
        let to = (left + places).saturating_sub(width + margin);
        if from < to {
            Self::show::<I, N>(columns, left, &behind[from..to], to_zeros);
        }
    }

    /// Columns that a border shows of the image.
    #[inline(always)]
    fn show<I: Isa<N, Value = T>, const N: usize>(
        columns: &mut [Column<T, N>],
        first: usize,
        shown: &[Shown],
        to_zeros: I::Block,
    ) {
        for shown in shown {
            let to = shown.place - first;
            let step = match shown.step {
                Step::None => I::zero(),
                Step::To(place) => I::load(&columns[place - first][0]),
                Step::Back(place) => I::sub(I::zero(), I::load(&columns[place - first][0])),
                Step::ToZeros => to_zeros,
                Step::Kept => I::load(&columns[to][0]),
            };
            let measure = match shown.column {
                Some(place) => I::load(&columns[place - first][1]),
                None => I::zero(),
            };
            columns[to] = [step, measure].map(I::values);
        }
    }

    /// `count` columns from the `first` one on that the first patch sees.
    #[inline(always)]
    pub(super) fn columns<const N: usize>(&self, first: usize, count: usize) -> &[Column<T, N>] {
        &blocks(&self.columns)[first..][..count]
    }
}

/// Over columns, about one of them: of e, of e^2, and of k times the variances.
type Sums<T, const N: usize> = [[T; N]; 3];

/// Sigma of patches of N rows, which see `columns`.
#[inline(always)]
fn along<I: Isa<N>, const N: usize>(
    columns: &[Column<I::Value, N>],
    k: usize,
    mut back: [&mut Lines<I::Value>; 2],
    sigma: &mut [[I::Value; N]],
) {
    for back in &mut back {
        back.resize(3 * N * k);
        // From the boundary back there is nothing.
        back[3 * N * (k - 1)..][..3 * N].fill(I::Value::default());
    }
    let [back, next] = back.map(|back| blocks_mut::<_, N, 3>(back));
    let (mut back, mut next): (&mut [Sums<_, N>], &mut [Sums<_, N>]) = (back, next);
    let scale = Scale::<I, N>::new(k);
    let mut ahead = Walk::<I, N>::new();
    let pairs = columns[1..k].iter().zip(&columns[..k - 1]);
    for ((after, before), back) in pairs.zip(&mut next[..k - 1]).rev() {
        *back = ahead.back::<true>(after, before).map(I::values);
    }
    let mut columns = &columns[k - 1..];
    let (whole, rest) = sigma.split_at_mut((sigma.len() - 1) / k * k);
    for sigma in whole.chunks_exact_mut(k) {
        std::mem::swap(&mut back, &mut next);
        let mut since = Walk::<I, N>::new();
        let (first, own) = columns[..k].split_first().expect("k columns");
        let (first_back, back) = back[..k].split_first().expect("k columns");
        let (first_sigma, sigma) = sigma.split_first_mut().expect("k columns");
        I::store(since.sigma(first, first_back, true, &scale), first_sigma);

        // Both in one loop, since each waits for what it has just added, and two
        // columns a turn.
        let mut ahead = Walk::<I, N>::new();
        let [after, before] = [&columns[2..k + 1], &columns[1..k]].map(|c| c.as_chunks::<2>().0);
        let next = next[..k - 1].as_chunks_mut::<2>().0;
        let forth = own.as_chunks::<2>().0.iter().zip(back.as_chunks::<2>().0);
        let forth = forth.zip(sigma.as_chunks_mut::<2>().0);
        let back = after.iter().zip(before).zip(next).rev();
        for (((own, back), sigma), ((after, before), next)) in forth.zip(back) {
            I::store(since.sigma(&own[0], &back[0], false, &scale), &mut sigma[0]);
            next[1] = ahead.back::<true>(&after[1], &before[1]).map(I::values);
            I::store(since.sigma(&own[1], &back[1], false, &scale), &mut sigma[1]);
            next[0] = ahead.back::<true>(&after[0], &before[0]).map(I::values);
        }
        columns = &columns[k..];
    }
    let mut since = Walk::<I, N>::new();
    let mut first = true;
    for ((own, back), sigma) in columns.iter().zip(&*next).zip(rest) {
        I::store(since.sigma(own, back, first, &scale), sigma);
        first = false;
    }
}

/// Adds up columns about one, to the right or to the left: e, e^2, and variances.
pub(super) struct Walk<I: Isa<N>, const N: usize> {
    e: I::Block,
    sums: [I::Block; 3],
}

impl<I: Isa<N>, const N: usize> Walk<I, N> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            e: I::zero(),
            sums: [I::zero(); 3],
        }
    }

    /// One column on, or, if it is the `first`, that one itself.
    #[inline(always)]
    pub(super) fn on<const ALL: bool>(
        &mut self,
        column: &Column<I::Value, N>,
        first: bool,
    ) -> [I::Block; 3] {
        if !first {
            self.e = I::add(self.e, I::load(&column[0]));
        }
        self.take::<ALL>(column)
    }

    /// One column back from the one `after` it.
    #[inline(always)]
    pub(super) fn back<const ALL: bool>(
        &mut self,
        after: &Column<I::Value, N>,
        column: &Column<I::Value, N>,
    ) -> [I::Block; 3] {
        self.e = I::sub(self.e, I::load(&after[0]));
        self.take::<ALL>(column)
    }

    #[inline(always)]
    fn take<const ALL: bool>(&mut self, column: &Column<I::Value, N>) -> [I::Block; 3] {
        let [sum, squares, within] = self.sums;
        self.sums[0] = I::add(sum, self.e);
        if ALL {
            self.sums[1] = I::mul_add(self.e, self.e, squares);
            self.sums[2] = I::add(within, I::load(&column[1]));
        }
        self.sums
    }

    /// Of the patch that ends at the column, from the boundary on, with the columns
    /// before it.
    #[inline(always)]
    fn sigma(
        &mut self,
        column: &Column<I::Value, N>,
        back: &Sums<I::Value, N>,
        first: bool,
        scale: &Scale<I, N>,
    ) -> I::Block {
        let [sum, squares, within] = self.on::<true>(column, first);
        scale.sigma(
            I::add(sum, I::load(&back[0])),
            I::add(squares, I::load(&back[1])),
            I::add(within, I::load(&back[2])),
        )
    }
}

/// Writes sigma of the patches `own` of the rows of patches `rows`.
#[inline(always)]
fn write<I: Isa<N>, const N: usize>(
    rows: Range<usize>,
    own: Range<usize>,
    sigma: &[[I::Value; N]],
    output: &mut Output<I, N>,
) {
    // The last block takes some again, if there are enough.
    let count = own.len();
    let blocks = (0..count).step_by(N).map(|x| x.min(count.max(N) - N));
    if output.stride == 1 && rows.len() == N && count >= N {
        let mut largest = I::zero();
        let mut out = output.rows(rows.start, N, own);
        for x in blocks {
            let lanes = in_rows::<I, N>(sigma, x);
            unrolled!(i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 {
                if i < N {
                    out.store(i, x, lanes[i % N]);
                    largest = I::larger(lanes[i % N], largest);
                }
            });
        }
        output.peak.take(largest);
    } else {
        for x in blocks {
            let patches = own.start + x..own.end.min(own.start + x + N);
            for (row, sigma) in rows.clone().zip(in_rows::<I, N>(sigma, x)) {
                output.keep(row, patches.clone(), sigma);
            }
        }
    }
}

/// Sigma of N patches from `x` on in each of N rows.
#[inline(always)]
fn in_rows<I: Isa<N>, const N: usize>(sigma: &[[I::Value; N]], x: usize) -> [I::Block; N] {
    let sigma: &[_; N] = sigma[x..].first_chunk().expect("a block");
    let mut lanes = [I::zero(); N];
    unrolled!(i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 {
        if i < N {
            lanes[i % N] = I::load(&sigma[i % N]);
        }
    });
    I::transpose(lanes)
}

/// The rows of pixels that eight rows of patches see.
struct Eight<'a, T> {
    /// Those that the first alone sees, the first two, ...
    above: &'a [*const T; EIGHT - 1],
    /// One that all see, and the others.
    shared: *const T,
    common: &'a [*const T],
    below: &'a [*const T; EIGHT - 1],
}

impl<'a, T> Eight<'a, T> {
    /// The first k + 7 of some rows.
    #[inline(always)]
    fn new(rows: &'a [*const T], k: usize) -> Self {
        let (above, rows) = rows.split_first_chunk().expect("k + 7 rows");
        let (&shared, rows) = rows.split_first().expect("k + 7 rows");
        let (common, below) = rows.split_at(k - EIGHT);
        Self {
            above,
            shared,
            common,
            below: below.first_chunk().expect("k + 7 rows"),
        }
    }
}

/// N columns from `x` on, of N rows of patches, after a column with a `mean`. Returns
/// the mean of the last. Means are taken as what a pixel lies above them.
#[inline(always)]
fn down<I: Isa<N>, const N: usize>(
    measure: Measure,
    eights: &[Eight<I::Value>; 2],
    k: usize,
    x: usize,
    mean: I::Block,
    columns: &mut [Column<I::Value, N>; N],
) -> I::Block {
    let mut means = [I::zero(); N];
    let mut variances = [I::zero(); N];
    let [first, second] = eights;
    let first = down_eight::<I, N, 0>(first, k, x, &mut means, &mut variances);
    let steps = match N > EIGHT {
        true => {
            let second = down_eight::<I, N, EIGHT>(second, k, x, &mut means, &mut variances);
            [first, second]
        }
        false => [first, first],
    };
    let means = I::transpose(means);
    let measures = match measure {
        Measure::Variance => I::transpose(variances),
        Measure::Mean => means,
    };
    let mut before = mean;
    unrolled!(i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 {
        if i < N {
            let [step, measure] = &mut columns[i];
            let of_means = I::sub(before, means[i % N]);
            let of_pixels = I::eights(steps.map(|steps| steps[i % N]));
            I::store(I::add(of_pixels, of_means), step);
            I::store(measures[i % N], measure);
            before = means[i % N];
        }
    });
    before
}

/// Of N columns from `x` on the means about a pixel, and k times the variances, in
/// eight rows of patches, from the `FIRST` lane on. Returns the steps between the
/// pixels.
#[inline(always)]
fn down_eight<I: Isa<N>, const N: usize, const FIRST: usize>(
    rows: &Eight<I::Value>,
    k: usize,
    x: usize,
    means: &mut [I::Block; N],
    variances: &mut [I::Block; N],
) -> [I::Value; N] {
    // SAFETY: rows are `Rows`, which have `width` pixels and LANES at least, and
    // `Tile::fill` asks for no block that goes beyond.
    #[allow(unsafe_code)]
    let at = |row: *const I::Value, x: usize| I::load(unsafe { &*row.add(x).cast() });
    let share = I::splat(I::Value::of(1.0 / k as f64));
    let Eight { above, below, .. } = rows;

    let shared = at(rows.shared, x);
    let mut sum = I::zero();
    let mut squares = I::zero();
    for &row in rows.common {
        let d = I::sub(shared, at(row, x));
        sum = I::add(sum, d);
        squares = I::mul_add(d, d, squares);
    }
    // Above and below start anew, so that neither waits for what is common.
    let common = (sum, squares);
    let mut sums = [common; EIGHT];
    let mut sum = I::zero();
    let mut squares = I::zero();
    unrolled!(i in 6 5 4 3 2 1 0 {
        let d = I::sub(shared, at(above[i], x));
        sum = I::add(sum, d);
        squares = I::mul_add(d, d, squares);
        sums[i] = (I::add(common.0, sum), I::add(common.1, squares));
    });
    let mut sum = I::zero();
    let mut squares = I::zero();
    unrolled!(i in 0 1 2 3 4 5 6 7 {
        let (mut of_sum, mut of_squares) = sums[i];
        if i > 0 {
            let d = I::sub(shared, at(below[i - 1], x));
            sum = I::add(sum, d);
            squares = I::mul_add(d, d, squares);
            of_sum = I::add(of_sum, sum);
            of_squares = I::add(of_squares, squares);
        }
        let row = (FIRST + i) % N;
        means[row] = I::mul(of_sum, share);
        variances[row] = I::sub_mul(of_squares, means[row], of_sum);
    });
    let before = match x {
        0 => {
            let pixels = I::values(shared);
            let mut before = [I::Value::default(); N];
            before[1..].copy_from_slice(&pixels[..N - 1]);
            I::load(&before)
        }
        _ => at(rows.shared, x - 1),
    };
    I::values(I::sub(shared, before))
}
