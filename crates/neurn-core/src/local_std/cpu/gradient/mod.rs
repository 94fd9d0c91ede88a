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
//! to the pixel it stands for, which is the adjoint of any border. What the patch
//! of the peak gives comes last, when the sum is known.
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

mod columns;
mod rows;

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::super::windows::Windows;
use super::ahead::Ahead;
use super::isa::{Isa, Real, on_best_isa};
use super::patch::Patch;
use super::pixels::LANES;
use super::rows::LARGEST as LARGEST_BY_ROWS;
use super::strip::Strip;
use super::{filled, share, strips, written};
use crate::{Border, MaxScope};

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
    filled(n * c * windows.height * windows.width, |values| {
        let group = over.map(|scope| scope.planes(c));
        in_bands(
            values,
            [images, response, by_response],
            group,
            windows,
            bands,
        );
    })
}

/// Writes every one of `values`: the `bands` cover each plane, and each writes all
/// of its rows. More than one must be higher than half a patch. `group` planes share
/// one peak.
pub(super) fn in_bands<T: Real>(
    values: &mut [MaybeUninit<T>],
    [images, response, by_response]: [&[T]; 3],
    group: Option<usize>,
    windows: &Windows,
    bands: usize,
) {
    let Windows { height, width, .. } = *windows;
    let input = height * width;
    let output: usize = windows.output().iter().product();
    let planes = group.unwrap_or(1);
    let planes_of = |g: usize| g * planes..(g + 1) * planes;
    let find = |g: usize| match group {
        None => Some(Peak {
            sigma: T::of(1.0),
            patch: None,
        }),
        Some(_) => {
            let Range { start, end } = planes_of(g);
            Peak::find(images, response, start * output..end * output, windows)
        }
    };
    let compute = |peak: &Option<Peak<T>>,
                   strip: Strip,
                   gradient: &mut [MaybeUninit<T>],
                   scratch: &mut Scratch<T>| {
        // Without a peak the group is flat or not finite, and so constant.
        let Some(peak) = peak else {
            gradient.fill(MaybeUninit::new(T::default()));
            return 0.0;
        };
        let Strip { plane, top, bottom } = strip;
        let values = plane * output..(plane + 1) * output;
        let inside = |(place, _): &(usize, Patch<T>)| {
            let inside = values.contains(place);
            inside.then(|| place - values.start)
        };
        let mut weights = Weights::new(
            &response[values.clone()],
            &by_response[values.clone()],
            peak.sigma,
            peak.patch.as_ref().and_then(inside),
            top..bottom,
        );
        let image = &images[plane * input..][..input];
        let mut gradient = Gradient {
            windows,
            first: top,
            values: gradient,
        };
        let rows = top..bottom;
        band_gradient(image, &mut weights, windows, rows, &mut gradient, scratch);
        weights.sum()
    };
    // What the patch of the peak gives. Its g and the sum may cancel, and do so in
    // f64.
    let finish = |g: usize, peak: &Option<Peak<T>>, sum: f64, values: &mut [MaybeUninit<T>]| {
        if let Some(Peak {
            sigma,
            patch: Some((place, patch)),
        }) = peak
        {
            let plane = place / output;
            let own = (plane - planes_of(g).start) * input;
            let share =
                (by_response[*place].wide() - sum) / (sigma.wide() * windows.k as f64).powi(2);
            let gradient = &mut written(values)[own..][..input];
            patch.add_deviations(share, gradient);
        }
    };

    let size = (planes * input).max(1);
    let strips_of = |g| strips(planes_of(g), bands, height);
    if bands == 1 {
        // A group at a time, while what is read twice is in the cache.
        values.par_chunks_mut(size).enumerate().for_each_init(
            Scratch::default,
            |scratch, (g, values)| {
                let peak = find(g);
                let mut sum = 0.0;
                for (strip, gradient) in share(&strips_of(g), width, values) {
                    sum += compute(&peak, strip, gradient, scratch);
                }
                finish(g, &peak, sum, values);
            },
        );
    } else {
        let peaks: Vec<_> = (0..values.len() / size).into_par_iter().map(find).collect();
        let strips: Vec<_> = (0..peaks.len()).flat_map(strips_of).collect();
        let sums: Vec<f64> = share(&strips, width, values)
            .into_par_iter()
            .map_init(Scratch::default, |scratch, (strip, gradient)| {
                let g = strip.plane / planes;
                compute(&peaks[g], strip, gradient, scratch)
            })
            .collect();
        let sums = sums.chunks(strips.len() / peaks.len().max(1));
        let groups = values.chunks_mut(size).enumerate();
        for (((g, values), peak), sums) in groups.zip(&peaks).zip(sums) {
            finish(g, peak, sums.iter().sum(), values);
        }
    }
}

/// Rows of the gradient. The place of a pixel comes before the places of a border
/// that show it, but for those above the image.
struct Gradient<'a, T> {
    windows: &'a Windows,
    /// The first row.
    first: usize,
    values: &'a mut [MaybeUninit<T>],
}

impl<T: Real> Gradient<'_, T> {
    /// Makes room for what is shown above the image.
    fn start(&mut self) {
        let Windows { width, .. } = *self.windows;
        let shown = (self.windows.margin() + 1).saturating_sub(self.first) * width;
        let shown = shown.min(self.values.len());
        self.values[..shown].fill(MaybeUninit::new(T::default()));
    }

    /// The row for which a row of places is meant, and whether it is there already.
    #[inline(always)]
    fn row(&mut self, place: usize) -> Option<(&mut [MaybeUninit<T>], bool)> {
        let Windows { height, width, .. } = *self.windows;
        let y = self.windows.source(place as isize, height)?;
        let margin = self.windows.margin();
        let shown = y <= margin || y + margin != place;
        Some((&mut self.values[(y - self.first) * width..][..width], shown))
    }
}

/// What a group is divided by.
struct Peak<T> {
    /// c.
    sigma: T,
    /// The first patch with that sigma, and its place in the response. Sigma itself is
    /// divided by 1 and has none.
    patch: Option<(usize, Patch<T>)>,
}

impl<T: Real> Peak<T> {
    /// Among some values of the response `y`.
    fn find(images: &[T], y: &[T], values: Range<usize>, windows: &Windows) -> Option<Self> {
        // A division puts 1 at the peak and nowhere else: of two different
        // numbers the quotient rounds to something below 1.
        let place = values.start + place_of_one(&y[values])?;
        let [height, width] = windows.output();
        let (plane, row) = (place / (height * width), place / width % height);
        let stride = windows.stride;
        let size = windows.height * windows.width;
        let plane = &images[plane * size..][..size];
        let patch = Patch::new(plane, windows, row * stride, place % width * stride);
        Some(Self {
            sigma: patch.std(),
            patch: Some((place, patch)),
        })
    }
}

/// Where the first 1 is.
fn place_of_one<T: Real>(y: &[T]) -> Option<usize> {
    /// Values that are looked at by one thread.
    const SHARE: usize = 1 << 16;
    /// And in one go.
    const PIECE: usize = 256;

    let within = |share: &[T]| {
        let piece = share.chunks(PIECE).position(has_one)?;
        let place = share[piece * PIECE..]
            .iter()
            .position(|&y| y == T::of(1.0))?;
        Some(piece * PIECE + place)
    };
    let first = y
        .par_chunks(SHARE)
        .position_first(|share| within(share).is_some())?;
    Some(first * SHARE + within(&y[first * SHARE..])?)
}

on_best_isa! {
    /// Whether a 1 is among some values.
    fn has_one<T> = is_one_among(y: &[T]) -> bool
}

#[inline(always)]
fn is_one_among<I: Isa<N>, const N: usize>(y: &[I::Value]) -> bool {
    let one = I::Value::of(1.0);
    let (blocks, rest) = y.as_chunks::<N>();
    // None is larger.
    let largest = blocks
        .iter()
        .fold(I::zero(), |largest, y| I::larger(I::load(y), largest));
    let largest = I::values(largest);
    largest.contains(&one) || rest.contains(&one)
}

/// a(q) of one plane.
#[derive(Clone)]
struct Weights<'a, T> {
    response: &'a [T],
    by_response: &'a [T],
    c: T,
    /// The patch of the peak, whose a is 0 here and comes when the sum is known.
    peak: Option<usize>,
    /// Rows of patches of which `g y` is added up.
    own: Range<usize>,
    sum: f64,
    /// What of the sum is still in lanes, and how many products each lane holds.
    lanes: [T; LANES],
    added: usize,
}

impl<'a, T: Real> Weights<'a, T> {
    fn new(
        response: &'a [T],
        by_response: &'a [T],
        c: T,
        peak: Option<usize>,
        own: Range<usize>,
    ) -> Self {
        Self {
            response,
            by_response,
            c,
            peak,
            own,
            sum: 0.0,
            lanes: [T::default(); LANES],
            added: 0,
        }
    }

    /// Of `g y`. A lane adds up 64 products and goes on in f64, so it is off by at most
    /// 66 units of the sum of its terms' sizes.
    fn sum(&mut self) -> f64 {
        let lanes = self.lanes.iter().map(|lane| lane.wide());
        self.sum += lanes.sum::<f64>();
        self.lanes.fill(T::default());
        self.added = 0;
        self.sum
    }

    /// Of the row of patches `row` of the output, every `stride`-th of `weights`.
    #[inline(always)]
    fn fill<I: Isa<N, Value = T>, const N: usize>(
        &mut self,
        row: usize,
        width: usize,
        stride: usize,
        weights: &mut [T],
    ) {
        /// Products in a lane.
        const MOST: usize = 64;

        let first = row * width;
        let y = &self.response[first..][..width];
        let by_y = &self.by_response[first..][..width];
        let own = self.own.contains(&(row * stride));
        let share = T::of(1.0) / self.c;
        let one = |y: T, g: T| match y > T::FLAT {
            true => g * share / (self.c * y),
            false => T::default(),
        };
        // Those that are not in blocks.
        let rest = match stride {
            1 => width / N * N,
            _ => 0,
        };
        let mut total = 0.0;
        let places = (rest * stride..).step_by(stride);
        for ((&y, &g), place) in y[rest..].iter().zip(&by_y[rest..]).zip(places) {
            total += y.wide() * g.wide();
            weights[place] = one(y, g);
        }
        if own {
            self.sum += total;
        }

        let mut y = y[..rest].as_chunks::<N>().0;
        let mut by_y = by_y[..rest].as_chunks::<N>().0;
        let mut out = weights[..rest].as_chunks_mut::<N>().0;
        let flat = I::splat(T::FLAT);
        let (by_c, c) = (I::splat(share), I::splat(self.c));
        while !y.is_empty() {
            if self.added == MOST {
                self.sum();
            }
            let lanes = self.lanes.first_chunk_mut().expect("N lanes");
            let mut sum = I::load(lanes);
            let count = y.len().min(MOST - self.added);
            let (now, later) = y.split_at(count);
            let (by_now, by_later) = by_y.split_at(count);
            let (out_now, out_later) = out.split_at_mut(count);
            for ((y, g), out) in now.iter().zip(by_now).zip(out_now) {
                let (y, g) = (I::load(y), I::load(g));
                sum = I::mul_add(y, g, sum);
                let a = I::div(I::mul(g, by_c), I::mul(c, y));
                I::store(I::where_above(y, flat, a), out);
            }
            if own {
                I::store(sum, lanes);
                self.added += count;
            }
            (y, by_y, out) = (later, by_later, out_later);
        }
        if let Some(peak) = self.peak
            && (first..first + width).contains(&peak)
        {
            weights[(peak - first) * stride] = T::default();
        }
    }
}

/// What a row of patches and those after it take: both tensors, and the pixels that no
/// row before them sees. And where a row of places goes, and those after it.
fn ahead<T: Real>(
    image: &[T],
    weights: &Weights<T>,
    gradient: &Gradient<T>,
    row: isize,
    place: usize,
) -> [Option<Ahead<T>>; 4] {
    let windows = gradient.windows;
    let seen = row + windows.k as isize - 1;
    let place = place as isize - gradient.first as isize;
    [
        Ahead::of_output(weights.response.as_ptr(), row, windows),
        Ahead::of_output(weights.by_response.as_ptr(), row, windows),
        Ahead::of_image(image.as_ptr(), seen, windows),
        Ahead::of_image(gradient.values.as_ptr().cast(), place, windows),
    ]
}

/// Whether what the border shows of a pixel is held by the mirror images of the patches
/// that hold the pixel.
fn mirrors(windows: &Windows) -> bool {
    windows.border == Border::Symmetric
}

/// The places that stand for the rows of a band: the border, too, at the ends.
fn places(windows: &Windows, band: &Range<usize>) -> Range<usize> {
    let Windows { k, height, .. } = *windows;
    let margin = windows.margin();
    let first = match band.start {
        0 => 0,
        start => start + margin,
    };
    let last = match band.end == height {
        true => windows.patches(height) + k - 1,
        false => band.end + margin,
    };
    first..last
}

/// What a thread keeps between bands, so that it allocates once.
#[derive(Default)]
struct Scratch<T> {
    rows: rows::Scratch<T>,
    columns: columns::Scratch<T>,
}

on_best_isa! {
    /// Writes the gradient of the rows `band` of a plane.
    fn band_gradient<T> = band_of(
        image: &[T],
        weights: &mut Weights<T>,
        windows: &Windows,
        band: Range<usize>,
        gradient: &mut Gradient<T>,
        scratch: &mut Scratch<T>,
    ) -> ()
}

#[inline(always)]
fn band_of<I: Isa<N>, const N: usize>(
    image: &[I::Value],
    weights: &mut Weights<I::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut Gradient<I::Value>,
    scratch: &mut Scratch<I::Value>,
) {
    let Scratch { rows, columns } = scratch;
    gradient.start();
    if windows.k <= LARGEST_BY_ROWS {
        rows::band_of::<I, N>(image, weights, windows, band, gradient, rows);
    } else {
        columns::band_of::<I::Eight>(image, weights, windows, band, gradient, columns);
    }
}

/// `share` times a row of the gradient, or that more of it.
#[inline(always)]
fn write<I: Isa<N>, const N: usize>(
    share: I::Value,
    line: &[I::Value],
    row: &mut [MaybeUninit<I::Value>],
    more: bool,
) {
    let line = &line[..row.len()];
    let (lines, rest_of_line) = line.as_chunks::<N>();
    if more {
        let (blocks, rest) = written(row).as_chunks_mut::<N>();
        for (to, from) in blocks.iter_mut().zip(lines) {
            let sum = I::mul_add(I::load(from), I::splat(share), I::load(to));
            I::store(sum, to);
        }
        for (to, &from) in rest.iter_mut().zip(rest_of_line) {
            *to = from.mul_add(share, *to);
        }
    } else {
        let (blocks, rest) = row.as_chunks_mut::<N>();
        for (to, from) in blocks.iter_mut().zip(lines) {
            I::store_new(I::mul(I::load(from), I::splat(share)), to);
        }
        for (to, &from) in rest.iter_mut().zip(rest_of_line) {
            to.write(from * share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::isa::{self, Portable, Wide};
    use super::super::local_std;
    use super::super::tests::{cases, pixels};
    use super::*;

    /// The same operations in the same order, so no bit differs.
    #[test]
    #[cfg_attr(unoptimized, ignore = "needs megabytes of stack")]
    fn instruction_sets_agree() {
        fn compute<I: Isa<N, Value = f32>, const N: usize>(
            image: &[f32],
            weights: &Weights<f32>,
            windows: &Windows,
        ) -> Vec<u32> {
            bits(windows, |gradient, scratch| {
                band_of::<I, N>(
                    image,
                    &mut weights.clone(),
                    windows,
                    0..windows.height,
                    gradient,
                    scratch,
                );
            })
        }
        fn bits(
            windows: &Windows,
            compute: impl Fn(&mut Gradient<f32>, &mut Scratch<f32>),
        ) -> Vec<u32> {
            let mut values = vec![MaybeUninit::new(f32::NAN); windows.height * windows.width];
            let mut gradient = Gradient {
                windows,
                first: 0,
                values: &mut values,
            };
            compute(&mut gradient, &mut Scratch::default());
            written(&mut values).iter().map(|v| v.to_bits()).collect()
        }
        for (_, windows) in cases() {
            let image = pixels(windows.height * windows.width);
            let response = local_std(&image, [1, 1], &windows, Some(MaxScope::Image));
            let by_response = pixels(response.len());
            let peak = Some(response.len() / 2);
            let weights = Weights::new(&response, &by_response, 0.3, peak, 0..0);
            let portable = compute::<Portable<f32>, 8>(&image, &weights, &windows);
            // The blocks of AVX-512, on any processor.
            let wide = compute::<Wide<f32>, 16>(&image, &weights, &windows);
            assert_eq!(portable, wide, "{windows:?}");
            let chosen = bits(&windows, |gradient, scratch| {
                let rows = 0..windows.height;
                let mut weights = weights.clone();
                band_gradient(&image, &mut weights, &windows, rows, gradient, scratch);
            });
            assert_eq!(portable, chosen, "{windows:?}");
            #[cfg(target_arch = "x86_64")]
            if isa::has_avx2() {
                let avx2 = isa::on_avx2(|| compute::<isa::Avx2, 8>(&image, &weights, &windows));
                assert_eq!(portable, avx2, "{windows:?}");
            }
        }
    }
}
