//! The gradient of the contrast map, and of sigma, which is the map with c = 1
//! and no peak.
//!
//! With y = sigma / c, g = dL/dy and q* the patch of the peak,
//!
//! ```text
//! a(q)  = (g(q) - [q = q*] sum(g y)) / (c sigma(q))        0 where sigma = 0
//! dL/dx(p) = 1/k^2 sum over the patches q that hold p of a(q) (x(p) - mu(q))
//! ```
//!
//! It is computed for the places that the border makes of the image, where the
//! patches that hold one are a square again; each place then gives what it has
//! to the pixel it stands for, which is the adjoint of any border.
//!
//! The square is summed along its rows first and then down. With x_i(p) the pixel
//! at the column of p in the middle row of the patches of row i,
//!
//! ```text
//! A_i(p) = sum over q of a(q)       B_i(p) = sum over q of a(q) (mu(q) - x_i(p))
//! dL/dx(p) = 1/k^2 sum over i of (x(p) - x_i(p)) A_i(p) - B_i(p)
//! ```
//!
//! Both x(p) and x_i(p) lie in the patch, so no term is larger than a(q) times
//! twice the patch's range, and none loses more than its own rounding.

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::super::windows::Windows;
use super::isa::{BLOCK, Isa, Real, on_best_isa};
use super::patch::patch_std;
use super::{refill, written};
use crate::MaxScope;

pub(crate) fn gradient<T: Real>(
    images: &[T],
    response: &[T],
    by_response: &[T],
    [n, c]: [usize; 2],
    windows: &Windows,
    over: Option<MaxScope>,
) -> Vec<T> {
    // Few planes are cut into bands of rows, but not so low that a band's first
    // k - 1 rows, which give nothing, weigh.
    let tasks = 4 * rayon::current_num_threads();
    let bands = tasks
        .div_ceil((n * c).max(1))
        .min(windows.height / (2 * windows.k))
        .max(1);
    in_bands(
        images,
        response,
        by_response,
        n * c,
        over.map(|scope| scope.planes(c)),
        windows,
        bands,
    )
}

/// `bands` of each plane, of which more than one must be higher than half a patch.
/// `group` planes share one peak.
pub(super) fn in_bands<T: Real>(
    images: &[T],
    response: &[T],
    by_response: &[T],
    planes: usize,
    group: Option<usize>,
    windows: &Windows,
    bands: usize,
) -> Vec<T> {
    let Windows { height, width, .. } = *windows;
    let input = height * width;
    let output: usize = windows.output().iter().product();
    let mut gradient = Vec::with_capacity(planes * input);

    let peaks: Vec<Option<Peak<T>>> = match group {
        None => vec![Some(Peak::none()); planes],
        Some(group) => (0..planes / group)
            .into_par_iter()
            .map(|g| {
                let values = g * group * output..(g + 1) * group * output;
                let (y, by_y) = (&response[values.clone()], &by_response[values]);
                Peak::find(&images[g * group * input..], y, by_y, windows)
            })
            .collect(),
    };
    let group = group.unwrap_or(1);

    let mut tasks = Vec::with_capacity(planes * bands);
    let mut rest = &mut gradient.spare_capacity_mut()[..planes * input];
    for plane in 0..planes {
        for band in 0..bands {
            let rows = band * height / bands..(band + 1) * height / bands;
            let (own, others) = rest.split_at_mut(rows.len() * width);
            rest = others;
            tasks.push((plane, rows, own));
        }
    }
    tasks
        .into_par_iter()
        .for_each_init(Scratch::default, |scratch, (plane, rows, gradient)| {
            gradient.fill(MaybeUninit::new(T::default()));
            let gradient = written(gradient);
            // Without a peak the group is flat or not finite, and so constant.
            let Some(peak) = &peaks[plane / group] else {
                return;
            };
            let values = plane * output..(plane + 1) * output;
            let weights = Weights {
                response: &response[values.clone()],
                by_response: &by_response[values],
                c: peak.sigma,
                peak: (peak.plane == plane % group).then_some((peak.place, peak.share)),
            };
            let image = &images[plane * input..][..input];
            band_gradient(image, &weights, windows, rows, gradient, scratch);
        });
    // SAFETY: the bands cover every plane, and are filled first.
    #[allow(unsafe_code)]
    unsafe {
        gradient.set_len(planes * input);
    }
    gradient
}

/// The first patch of a group whose sigma is c.
#[derive(Clone)]
struct Peak<T> {
    /// Which plane of the group.
    plane: usize,
    /// Which patch of the plane.
    place: usize,
    /// c.
    sigma: T,
    /// `sum(g y)`, by which the gradient at the peak is less.
    share: f64,
}

impl<T: Real> Peak<T> {
    /// That of sigma itself, in no plane.
    fn none() -> Self {
        Self {
            plane: usize::MAX,
            place: 0,
            sigma: T::of(1.0),
            share: 0.0,
        }
    }

    fn find(images: &[T], y: &[T], by_y: &[T], windows: &Windows) -> Option<Self> {
        /// Values that are summed in one go. It does not depend on the number of
        /// threads, so neither does the sum.
        const PIECE: usize = 1 << 14;

        let pieces: Vec<(f64, T)> = y
            .par_chunks(PIECE)
            .zip(by_y.par_chunks(PIECE))
            .map(|(y, by_y)| sum_and_largest(y, by_y))
            .collect();
        // A division puts 1 at the peak and nowhere else: of two different
        // numbers the quotient rounds to something below 1.
        let piece = pieces
            .iter()
            .position(|&(_, largest)| largest == T::of(1.0))?;
        let first = piece * PIECE + y[piece * PIECE..].iter().position(|&y| y == T::of(1.0))?;
        let [height, width] = windows.output();
        let (plane, place) = (first / (height * width), first % (height * width));
        let (row, column) = (
            place / width * windows.stride,
            place % width * windows.stride,
        );
        let image = &images[plane * windows.height * windows.width..];
        Some(Self {
            plane,
            place,
            sigma: patch_std(image, windows, row, column),
            share: pieces.iter().map(|&(sum, _)| sum).sum(),
        })
    }
}

on_best_isa! {
    /// `sum(g y)` and the largest y. A lane adds up 64 products and goes on in f64,
    /// so the sum is off by at most 66 units of the sum of its terms' sizes.
    fn sum_and_largest<T> = products(y: &[T], by_y: &[T]) -> (f64, T)
}

#[inline(always)]
fn products<I: Isa>(y: &[I::Value], by_y: &[I::Value]) -> (f64, I::Value) {
    let mut total = 0.0;
    let mut largest = I::splat(I::Value::default());
    for (y, by_y) in y.chunks(64 * BLOCK).zip(by_y.chunks(64 * BLOCK)) {
        let (blocks, rest) = y.as_chunks::<BLOCK>();
        let (by_blocks, by_rest) = by_y.as_chunks::<BLOCK>();
        let mut sum = I::splat(I::Value::default());
        for (y, by_y) in blocks.iter().zip(by_blocks) {
            let y = I::load(y);
            sum = I::add(sum, I::mul(y, I::load(by_y)));
            largest = I::max(y, largest);
        }
        total += I::values(sum).iter().map(|&s| s.wide()).sum::<f64>();
        for (&y, &by_y) in rest.iter().zip(by_rest) {
            total += y.wide() * by_y.wide();
            largest = I::max(I::splat(y), largest);
        }
    }
    let larger = |a, b| if b > a { b } else { a };
    let largest = I::values(largest).into_iter();
    (total, largest.fold(I::Value::default(), larger))
}

/// a(q) of one plane.
struct Weights<'a, T> {
    response: &'a [T],
    by_response: &'a [T],
    c: T,
    peak: Option<(usize, f64)>,
}

impl<T: Real> Weights<'_, T> {
    /// Of the row of patches `row` of the output, every `stride`-th of `weights`.
    #[inline(always)]
    fn fill<I: Isa<Value = T>>(&self, row: usize, width: usize, stride: usize, weights: &mut [T]) {
        let first = row * width;
        let y = &self.response[first..][..width];
        let by_y = &self.by_response[first..][..width];
        let share = T::of(1.0) / self.c;
        let one = |y: T, g: T| match y > T::FLAT {
            true => g * share / (self.c * y),
            false => T::default(),
        };
        if stride == 1 {
            let (blocks, rest) = y.as_chunks::<BLOCK>();
            let (by_blocks, by_rest) = by_y.as_chunks::<BLOCK>();
            let (out, out_rest) = weights.split_at_mut(blocks.len() * BLOCK);
            let (out, _) = out.as_chunks_mut::<BLOCK>();
            for ((y, g), out) in blocks.iter().zip(by_blocks).zip(out) {
                let y = I::load(y);
                let scaled = I::mul(I::load(g), I::splat(share));
                let a = I::div(scaled, I::mul(I::splat(self.c), y));
                I::store(I::where_above(y, I::splat(T::FLAT), a), out);
            }
            for ((&y, &g), out) in rest.iter().zip(by_rest).zip(out_rest) {
                *out = one(y, g);
            }
        } else {
            for ((&y, &g), out) in y.iter().zip(by_y).zip(weights.iter_mut().step_by(stride)) {
                *out = one(y, g);
            }
        }
        if let Some((peak, sum)) = self.peak
            && (first..first + width).contains(&peak)
        {
            let g = self.by_response[peak].wide() - sum;
            weights[(peak - first) * stride] = one(self.response[peak], T::of(g));
        }
    }
}

/// What a thread keeps between bands: a few rows, each with room at both ends.
#[derive(Default)]
struct Scratch<T> {
    /// The last 2 k rows of pixels with their border.
    pixels: Vec<T>,
    /// Means of columns, and of patches, about their middle pixel.
    column_means: Vec<T>,
    means: Vec<T>,
    /// a(q), between zeros.
    weights: Vec<T>,
    /// A and B of the last k rows of patches, and a row of zeros.
    along_a: Vec<T>,
    along_b: Vec<T>,
    /// The gradient at the places of a row.
    line: Vec<T>,
}

on_best_isa! {
    /// Adds the gradient of the rows `band` of a plane.
    fn band_gradient<T> = band_of(
        image: &[T],
        weights: &Weights<T>,
        windows: &Windows,
        band: Range<usize>,
        gradient: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> ()
}

#[inline(always)]
fn band_of<I: Isa>(
    image: &[I::Value],
    weights: &Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut [I::Value],
    scratch: &mut Scratch<I::Value>,
) {
    // Loops over k are unrolled for the usual ones.
    match windows.k {
        3 => band_of_side::<I, Known<3>>(image, weights, windows, band, gradient, scratch),
        5 => band_of_side::<I, Known<5>>(image, weights, windows, band, gradient, scratch),
        7 => band_of_side::<I, Known<7>>(image, weights, windows, band, gradient, scratch),
        _ => band_of_side::<I, Any>(image, weights, windows, band, gradient, scratch),
    }
}

#[inline(always)]
fn band_of_side<I: Isa, S: Side>(
    image: &[I::Value],
    weights: &Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut [I::Value],
    scratch: &mut Scratch<I::Value>,
) {
    let Windows {
        k,
        stride,
        height,
        width,
        ..
    } = *windows;
    let [_, out_width] = windows.output();
    let (rows, columns) = (windows.patches(height), windows.patches(width));
    let margin = windows.margin();
    let half = k / 2;
    // The places that stand for the band's rows: the border, too, at the ends.
    let first = match band.start {
        0 => 0,
        start => start + margin,
    };
    let last = match band.end == height {
        true => rows + k - 1,
        false => band.end + margin,
    };
    // From here on the sums over k rows are whole when `first` is reached.
    let begin = first.saturating_sub(k - 1);

    let blocks = (columns + k - 1).div_ceil(BLOCK);
    // Whole blocks of places, with k more on both sides.
    let length = blocks * BLOCK + 2 * k;
    let Scratch {
        pixels,
        column_means,
        means,
        weights: a,
        along_a,
        along_b,
        line,
    } = scratch;
    let zero = I::Value::default();
    refill(pixels, zero, 2 * k * length);
    refill(column_means, zero, length);
    refill(means, zero, length);
    refill(a, zero, length);
    refill(along_a, zero, (k + 1) * length);
    refill(along_b, zero, (k + 1) * length);
    refill(line, zero, length);
    let share = I::Value::of(1.0 / k as f64);

    for place in begin..begin + k - 1 {
        load(
            image,
            windows,
            place,
            &mut pixels[place % (2 * k) * length..][..length],
        );
    }
    for place in begin..last {
        let along_a_row = place % k * length..(place % k + 1) * length;
        if place < rows {
            let newest = place + k - 1;
            load(
                image,
                windows,
                newest,
                &mut pixels[newest % (2 * k) * length..][..length],
            );
        }
        if place < rows && place.is_multiple_of(stride) {
            let row = |i: usize| &pixels[(place + i) % (2 * k) * length..][..length];
            let of_columns = S::views(k, |i| chunks(row(i), k, blocks));
            column_means_of::<I>(of_columns.as_ref(), chunks_mut(column_means, k, blocks));
            let patches = columns.div_ceil(BLOCK);
            means_of::<I>(
                S::views(k, |j| chunks(row(half), k + j, patches)).as_ref(),
                S::views(k, |j| chunks(column_means, k + j, patches)).as_ref(),
                chunks_mut(means, k - 1, patches),
            );
            // Patch q stands at k - 1 + q, after zeros.
            weights.fill::<I>(place / stride, out_width, stride, &mut a[k - 1..]);
            // The patches that hold a place, and their centres.
            along::<I>(
                chunks(row(half), k, blocks),
                S::views(k, |t| chunks(a, t, blocks)).as_ref(),
                S::views(k, |t| chunks(row(half), t + 1 + half, blocks)).as_ref(),
                S::views(k, |t| chunks(means, t, blocks)).as_ref(),
                chunks_mut(&mut along_a[along_a_row.clone()], 0, blocks),
                chunks_mut(&mut along_b[along_a_row], 0, blocks),
            );
        } else {
            along_a[along_a_row.clone()].fill(zero);
            along_b[along_a_row].fill(zero);
        }
        let Some(y) = windows.source(place as isize, height) else {
            continue;
        };
        if place < first {
            continue;
        }
        // The rows of patches that hold the place; before the first there are
        // zeros, which add nothing.
        let row = |i: usize| chunks(&pixels[i % (2 * k) * length..], k, blocks);
        let slot = |back: usize| match back <= place {
            true => (place - back) % k * length,
            false => k * length,
        };
        down::<I>(
            row(place),
            S::views(k, |back| row((place + half).saturating_sub(back))).as_ref(),
            S::views(k, |back| chunks(&along_a[slot(back)..], 0, blocks)).as_ref(),
            S::views(k, |back| chunks(&along_b[slot(back)..], 0, blocks)).as_ref(),
            chunks_mut(line, 0, blocks),
        );
        let gradient = &mut gradient[(y - band.start) * width..][..width];
        give::<I>(share * share, windows, columns + k - 1, line, gradient);
    }
}

/// A row from some place on, block by block.
type Blocks<'a, T> = &'a [[T; BLOCK]];

#[inline(always)]
fn chunks<T>(row: &[T], from: usize, count: usize) -> Blocks<'_, T> {
    &row[from..].as_chunks().0[..count]
}

#[inline(always)]
fn chunks_mut<T>(row: &mut [T], from: usize, count: usize) -> &mut [[T; BLOCK]] {
    &mut row[from..].as_chunks_mut().0[..count]
}

/// The side of a patch, which the compiler knows or not.
trait Side {
    type Views<'a, T: 'a>: AsRef<[Blocks<'a, T>]>;

    /// k views.
    fn views<'a, T>(k: usize, view: impl Fn(usize) -> Blocks<'a, T>) -> Self::Views<'a, T>;
}

struct Known<const K: usize>;
struct Any;

impl<const K: usize> Side for Known<K> {
    type Views<'a, T: 'a> = [Blocks<'a, T>; K];

    #[inline(always)]
    fn views<'a, T>(_k: usize, view: impl Fn(usize) -> Blocks<'a, T>) -> Self::Views<'a, T> {
        let mut views: [Blocks<T>; K] = [&[]; K];
        for (i, of_view) in views.iter_mut().enumerate() {
            *of_view = view(i);
        }
        views
    }
}

impl Side for Any {
    type Views<'a, T: 'a> = Vec<Blocks<'a, T>>;

    #[inline(always)]
    fn views<'a, T>(k: usize, view: impl Fn(usize) -> Blocks<'a, T>) -> Self::Views<'a, T> {
        (0..k).map(view).collect()
    }
}

/// The row of pixels at a place, with its border, from index k on.
#[inline(always)]
fn load<T: Real>(image: &[T], windows: &Windows, place: usize, row: &mut [T]) {
    let Windows {
        k, height, width, ..
    } = *windows;
    let margin = windows.margin();
    let row = &mut row[k..][..width + 2 * margin];
    let Some(y) = windows.source(place as isize, height) else {
        row.fill(T::default());
        return;
    };
    let pixels = &image[y * width..][..width];
    row[margin..margin + width].copy_from_slice(pixels);
    for x in (0..margin).chain(margin + width..width + 2 * margin) {
        row[x] = windows
            .source(x as isize, width)
            .map_or(T::default(), |x| pixels[x]);
    }
}

/// Means of columns of pixels about their middle one.
#[inline(always)]
fn column_means_of<I: Isa>(rows: &[Blocks<I::Value>], means: &mut [[I::Value; BLOCK]]) {
    let k = rows.len();
    let share = I::splat(I::Value::of(1.0 / k as f64));
    for (x, mean) in means.iter_mut().enumerate() {
        let middle = I::load(&rows[k / 2][x]);
        let mut sum = I::splat(I::Value::default());
        // The middle one adds a zero.
        for row in rows {
            sum = I::add(sum, I::sub(I::load(&row[x]), middle));
        }
        I::store(I::mul(sum, share), mean);
    }
}

/// Means of patches about their middle pixel, from the pixels of their middle
/// row and the means of their columns.
#[inline(always)]
fn means_of<I: Isa>(
    pixels: &[Blocks<I::Value>],
    column_means: &[Blocks<I::Value>],
    means: &mut [[I::Value; BLOCK]],
) {
    let k = pixels.len();
    let share = I::splat(I::Value::of(1.0 / k as f64));
    for (x, mean) in means.iter_mut().enumerate() {
        let centre = I::load(&pixels[k / 2][x]);
        let mut sum = I::splat(I::Value::default());
        for (pixels, column_means) in pixels.iter().zip(column_means) {
            let pixel = I::sub(I::load(&pixels[x]), centre);
            sum = I::add(sum, I::add(pixel, I::load(&column_means[x])));
        }
        I::store(I::mul(sum, share), mean);
    }
}

/// A and B of a row of patches, from the a, the centres and the means of the
/// patches that hold each place.
#[inline(always)]
fn along<I: Isa>(
    pixels: Blocks<I::Value>,
    weights: &[Blocks<I::Value>],
    centres: &[Blocks<I::Value>],
    means: &[Blocks<I::Value>],
    along_a: &mut [[I::Value; BLOCK]],
    along_b: &mut [[I::Value; BLOCK]],
) {
    for (x, pixel) in pixels.iter().enumerate() {
        let pixel = I::load(pixel);
        let mut a = I::splat(I::Value::default());
        let mut b = a;
        for ((weights, centres), means) in weights.iter().zip(centres).zip(means) {
            let weight = I::load(&weights[x]);
            let centre = I::sub(I::load(&centres[x]), pixel);
            let mean = I::add(centre, I::load(&means[x]));
            a = I::add(a, weight);
            b = I::add(b, I::mul(weight, mean));
        }
        I::store(a, &mut along_a[x]);
        I::store(b, &mut along_b[x]);
    }
}

/// k^2 times the gradient at the places of a row, from the middle rows of the
/// patches that hold it, and their A and B.
#[inline(always)]
fn down<I: Isa>(
    pixels: Blocks<I::Value>,
    middles: &[Blocks<I::Value>],
    along_a: &[Blocks<I::Value>],
    along_b: &[Blocks<I::Value>],
    line: &mut [[I::Value; BLOCK]],
) {
    for (x, line) in line.iter_mut().enumerate() {
        let pixel = I::load(&pixels[x]);
        let mut sum = I::splat(I::Value::default());
        for ((middle, a), b) in middles.iter().zip(along_a).zip(along_b) {
            let away = I::sub(pixel, I::load(&middle[x]));
            let term = I::sub(I::mul(away, I::load(&a[x])), I::load(&b[x]));
            sum = I::add(sum, term);
        }
        I::store(sum, line);
    }
}

/// Gives the gradient of every place of a row to the pixel it stands for.
#[inline(always)]
fn give<I: Isa>(
    share: I::Value,
    windows: &Windows,
    places: usize,
    line: &[I::Value],
    gradient: &mut [I::Value],
) {
    let margin = windows.margin();
    let width = gradient.len();
    let (blocks, rest) = gradient.as_chunks_mut::<BLOCK>();
    let inside = &line[margin..];
    let given = chunks(inside, 0, blocks.len());
    for (x, block) in blocks.iter_mut().enumerate() {
        let given = I::mul(I::load(&given[x]), I::splat(share));
        I::store(I::add(I::load(block), given), block);
    }
    let first = width - rest.len();
    for (x, value) in rest.iter_mut().enumerate() {
        *value += inside[first + x] * share;
    }
    for place in (0..margin).chain(margin + width..places) {
        if let Some(x) = windows.source(place as isize, width) {
            gradient[x] += line[place] * share;
        }
    }
}
