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

mod columns;
mod rows;

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

use super::super::windows::Windows;
use super::isa::{Isa, Lanes, Real, on_best_isa};
use super::patch::patch_std;
use super::rows::LARGEST as LARGEST_BY_ROWS;
use super::strip::Strip;
use super::{filled, share, strips, written};
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
    filled(n * c * windows.height * windows.width, |values| {
        let group = over.map(|scope| scope.planes(c));
        in_bands(
            values,
            [images, response, by_response],
            n * c,
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
    planes: usize,
    group: Option<usize>,
    windows: &Windows,
    bands: usize,
) {
    let Windows { height, width, .. } = *windows;
    let input = height * width;
    let output: usize = windows.output().iter().product();
    let find = |g: usize| match group {
        None => Some(Peak::none()),
        Some(group) => {
            let values = g * group * output..(g + 1) * group * output;
            let (y, by_y) = (&response[values.clone()], &by_response[values]);
            Peak::find(&images[g * group * input..], y, by_y, windows)
        }
    };
    let group = group.unwrap_or(1);
    let compute = |peak: &Option<Peak<T>>,
                   strip: Strip,
                   gradient: &mut [MaybeUninit<T>],
                   scratch: &mut Scratch<T>| {
        // Without a peak the group is flat or not finite, and so constant.
        let Some(peak) = peak else {
            gradient.fill(MaybeUninit::new(T::default()));
            return;
        };
        let Strip { plane, top, bottom } = strip;
        let values = plane * output..(plane + 1) * output;
        let weights = Weights {
            response: &response[values.clone()],
            by_response: &by_response[values],
            c: peak.sigma,
            peak: (peak.plane == plane % group).then_some((peak.place, peak.share)),
        };
        let image = &images[plane * input..][..input];
        let mut gradient = Gradient {
            windows,
            first: top,
            values: gradient,
        };
        let rows = top..bottom;
        band_gradient(image, &weights, windows, rows, &mut gradient, scratch);
    };

    if bands == 1 {
        // A group at a time, while what is read twice is in the cache.
        values
            .par_chunks_mut((group * input).max(1))
            .enumerate()
            .for_each_init(Scratch::default, |scratch, (g, values)| {
                let peak = find(g);
                let own = strips(g * group..(g + 1) * group, 1, height);
                for (strip, gradient) in share(&own, width, values) {
                    compute(&peak, strip, gradient, scratch);
                }
            });
    } else {
        let peaks: Vec<_> = (0..planes / group).into_par_iter().map(find).collect();
        share(&strips(0..planes, bands, height), width, values)
            .into_par_iter()
            .for_each_init(Scratch::default, |scratch, (strip, gradient)| {
                compute(&peaks[strip.plane / group], strip, gradient, scratch);
            });
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
        let first = piece * PIECE + place_of_one(&y[piece * PIECE..])?;
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

/// Where the first 1 is.
fn place_of_one<T: Real>(y: &[T]) -> Option<usize> {
    /// Values that are looked at in one go.
    const PIECE: usize = 64;

    let one = T::of(1.0);
    let there = |piece: &[T]| piece.iter().fold(false, |there, &y| there | (y == one));
    let piece = y.chunks(PIECE).position(there)?;
    let within = y[piece * PIECE..].iter().position(|&y| y == one)?;
    Some(piece * PIECE + within)
}

on_best_isa! {
    /// `sum(g y)` and the largest y. A lane adds up 64 products and goes on in f64,
    /// so the sum is off by at most 66 units of the sum of its terms' sizes.
    fn sum_and_largest<T> = products(y: &[T], by_y: &[T]) -> (f64, T)
}

#[inline(always)]
fn products<I: Isa<N>, const N: usize>(y: &[I::Value], by_y: &[I::Value]) -> (f64, I::Value) {
    let mut total = 0.0;
    let mut largest = I::zero();
    for (y, by_y) in y.chunks(64 * N).zip(by_y.chunks(64 * N)) {
        let (blocks, rest) = y.as_chunks::<N>();
        let (by_blocks, by_rest) = by_y.as_chunks::<N>();
        let mut sum = I::zero();
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
    fn fill<I: Isa<N, Value = T>, const N: usize>(
        &self,
        row: usize,
        width: usize,
        stride: usize,
        weights: &mut [T],
    ) {
        let first = row * width;
        let y = &self.response[first..][..width];
        let by_y = &self.by_response[first..][..width];
        let share = T::of(1.0) / self.c;
        let one = |y: T, g: T| match y > T::FLAT {
            true => g * share / (self.c * y),
            false => T::default(),
        };
        if stride == 1 {
            let (blocks, rest) = y.as_chunks::<N>();
            let (by_blocks, by_rest) = by_y.as_chunks::<N>();
            let (out, out_rest) = weights.split_at_mut(blocks.len() * N);
            let (out, _) = out.as_chunks_mut::<N>();
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

/// The places that stand for the rows of a band: the border, too, at the ends.
fn places(windows: &Windows, band: &Range<usize>) -> (usize, usize) {
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
    (first, last)
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
        weights: &Weights<T>,
        windows: &Windows,
        band: Range<usize>,
        gradient: &mut Gradient<T>,
        scratch: &mut Scratch<T>,
    ) -> ()
}

#[inline(always)]
fn band_of<I: Isa<N> + Lanes<Value = <I as Isa<N>>::Value>, const N: usize>(
    image: &[<I as Isa<N>>::Value],
    weights: &Weights<<I as Isa<N>>::Value>,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut Gradient<<I as Isa<N>>::Value>,
    scratch: &mut Scratch<<I as Isa<N>>::Value>,
) {
    let Scratch { rows, columns } = scratch;
    gradient.start();
    if windows.k <= LARGEST_BY_ROWS {
        rows::band_of::<I, N>(image, weights, windows, band, gradient, rows);
    } else {
        columns::band_of::<I>(image, weights, windows, band, gradient, columns);
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
    fn instruction_sets_agree() {
        fn compute<I: Isa<N, Value = f32> + Lanes<Value = f32>, const N: usize>(
            image: &[f32],
            weights: &Weights<f32>,
            windows: &Windows,
        ) -> Vec<u32> {
            bits(windows, |gradient, scratch| {
                band_of::<I, N>(
                    image,
                    weights,
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
            let weights = Weights {
                response: &response,
                by_response: &pixels(response.len()),
                c: 0.3,
                peak: Some((response.len() / 2, 0.7)),
            };
            let portable = compute::<Portable<f32>, 8>(&image, &weights, &windows);
            // The blocks of AVX-512, on any processor.
            let wide = compute::<Wide<f32>, 16>(&image, &weights, &windows);
            assert_eq!(portable, wide, "{windows:?}");
            let chosen = bits(&windows, |gradient, scratch| {
                let rows = 0..windows.height;
                band_gradient(&image, &weights, &windows, rows, gradient, scratch);
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
