//! The gradient of the contrast map, with work that does not grow with k.
//!
//! With y = sigma / c, g = dL/dy and q* the patch of the peak,
//!
//! ```text
//! a(q)  = (g(q) - [q = q*] sum(g y)) / (c sigma(q))        0 where sigma = 0
//! dL/dx(p) = 1/k^2 sum over the patches q that hold p of a(q) (x(p) - mu(q))
//! ```
//!
//! The sum splits into x(p) times a sum of a and a sum of a mu. Both run over
//! the rows and columns that the border makes of the image, where the patches
//! that hold a place are a square again; each place then gives what it has to
//! the pixel it stands for, which is the adjoint of any border.
//!
//! Sums are f64 and x and mu relative to one pixel of the plane, so the split
//! loses e = 2^-53 times the range of the plane over sigma, and no more.

use std::ops::Range;

use rayon::prelude::*;

use super::super::windows::Windows;
use super::patch::patch_std;
use super::refill;
use crate::MaxScope;

pub(crate) fn contrast_gradient(
    images: &[f32],
    response: &[f32],
    by_response: &[f32],
    [n, c]: [usize; 2],
    windows: &Windows,
    scope: MaxScope,
) -> Vec<f32> {
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
        scope.planes(c),
        windows,
        bands,
    )
}

/// `bands` of each plane; more than one must be higher than half a patch.
pub(super) fn in_bands(
    images: &[f32],
    response: &[f32],
    by_response: &[f32],
    planes: usize,
    group: usize,
    windows: &Windows,
    bands: usize,
) -> Vec<f32> {
    let Windows { height, width, .. } = *windows;
    let input = height * width;
    let output: usize = windows.output().iter().product();
    let mut gradient = vec![0.0; planes * input];

    let peaks: Vec<Option<Peak>> = (0..planes / group)
        .into_par_iter()
        .map(|g| {
            let values = g * group * output..(g + 1) * group * output;
            let (y, by_y) = (&response[values.clone()], &by_response[values]);
            Peak::find(&images[g * group * input..], y, by_y, windows)
        })
        .collect();

    let mut tasks = Vec::with_capacity(planes * bands);
    let mut rest = &mut gradient[..];
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
            // Without a peak the group is flat or not finite, and so constant.
            let Some(peak) = &peaks[plane / group] else {
                return;
            };
            let values = plane * output..(plane + 1) * output;
            let weights = Weights {
                response: &response[values.clone()],
                by_response: &by_response[values],
                square: peak.sigma * peak.sigma,
                peak: (peak.plane == plane % group).then_some((peak.place, peak.share)),
            };
            let image = &images[plane * input..][..input];
            band_gradient(image, &weights, windows, rows, gradient, scratch);
        });
    gradient
}

/// The first patch of a group whose sigma is c.
struct Peak {
    /// Which plane of the group, and which patch of the plane.
    plane: usize,
    place: usize,
    /// c.
    sigma: f64,
    /// `sum(g y)`, by which the gradient at the peak is less.
    share: f64,
}

impl Peak {
    fn find(images: &[f32], y: &[f32], by_y: &[f32], windows: &Windows) -> Option<Self> {
        let [height, width] = windows.output();
        // A division puts 1 there and nowhere else: of two different f32 the
        // quotient rounds to something below 1.
        let first = y.iter().position(|&y| y == 1.0)?;
        let (plane, place) = (first / (height * width), first % (height * width));
        let (row, column) = (
            place / width * windows.stride,
            place % width * windows.stride,
        );
        let image = &images[plane * windows.height * windows.width..];
        let products = y
            .iter()
            .zip(by_y)
            .map(|(&y, &g)| f64::from(y) * f64::from(g));
        Some(Self {
            plane,
            place,
            sigma: f64::from(patch_std(image, windows, row, column)),
            share: products.sum(),
        })
    }
}

/// a(q) of one plane.
struct Weights<'a> {
    response: &'a [f32],
    by_response: &'a [f32],
    /// c^2.
    square: f64,
    peak: Option<(usize, f64)>,
}

impl Weights<'_> {
    #[inline(always)]
    fn at(&self, place: usize) -> f64 {
        let y = f64::from(self.response[place]);
        if y == 0.0 {
            return 0.0;
        }
        let share = match self.peak {
            Some((peak, share)) if peak == place => share,
            _ => 0.0,
        };
        // c sigma = c^2 y
        (f64::from(self.by_response[place]) - share) / (self.square * y)
    }
}

/// What a thread keeps between bands: a few rows.
#[derive(Default)]
struct Scratch {
    /// One row of the image with its border.
    line: Vec<f64>,
    /// Sums of x over k rows, by column.
    pixels: Vec<f64>,
    /// a, a mu, and whether a is not 0, of the last k rows of patches.
    ring: Vec<[f64; 3]>,
    /// Their sums over k rows, by column.
    sums: Vec<[f64; 3]>,
}

/// The gradient of the rows `band` of a plane.
fn band_gradient(
    image: &[f32],
    weights: &Weights,
    windows: &Windows,
    band: Range<usize>,
    gradient: &mut [f32],
    scratch: &mut Scratch,
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
    let shift = f64::from(image[height / 2 * width + width / 2]);
    let size = (k * k) as f64;
    // The places that stand for the band's rows: the border, too, at the ends.
    let first = if band.start == 0 {
        0
    } else {
        band.start + margin
    };
    let last = if band.end == height {
        rows + k - 1
    } else {
        band.end + margin
    };
    // From here on the sums over k rows are whole when `first` is reached.
    let begin = first.saturating_sub(k - 1);

    let Scratch {
        line,
        pixels,
        ring,
        sums,
    } = scratch;
    refill(line, 0.0, columns + k - 1);
    refill(pixels, 0.0, columns + k - 1);
    refill(ring, [0.0; 3], k * columns);
    refill(sums, [0.0; 3], columns);
    let load = |place: usize, line: &mut [f64]| {
        let Some(row) = windows.source(place as isize, height) else {
            line.fill(-shift);
            return;
        };
        let row = &image[row * width..][..width];
        for (x, &pixel) in line[margin..].iter_mut().zip(row) {
            *x = f64::from(pixel) - shift;
        }
        for place in (0..margin).chain(margin + width..line.len()) {
            let source = windows.source(place as isize, width);
            line[place] = source.map_or(0.0, |column| f64::from(row[column])) - shift;
        }
    };

    for place in begin..begin + k - 1 {
        load(place, line);
        for (sum, x) in pixels.iter_mut().zip(&*line) {
            *sum += x;
        }
    }
    for place in begin..last {
        // The patches of row `place` enter, those k before leave.
        let slot = &mut ring[place % k * columns..][..columns];
        for (sum, old) in sums.iter_mut().zip(&mut *slot) {
            for i in 0..3 {
                sum[i] -= old[i];
            }
            *old = [0.0; 3];
        }
        if place < rows {
            load(place + k - 1, line);
            for (sum, x) in pixels.iter_mut().zip(&*line) {
                *sum += x;
            }
            if place.is_multiple_of(stride) {
                let first = place / stride * out_width;
                let mut total: f64 = pixels[..k].iter().sum();
                for column in 0..columns {
                    if column > 0 {
                        total += pixels[column + k - 1] - pixels[column - 1];
                    }
                    if column.is_multiple_of(stride) {
                        let a = weights.at(first + column / stride);
                        slot[column] = [a, a * total / size, f64::from(u8::from(a != 0.0))];
                    }
                }
            }
            load(place, line);
            for (sum, x) in pixels.iter_mut().zip(&*line) {
                *sum -= x;
            }
            for (sum, new) in sums.iter_mut().zip(&*slot) {
                for i in 0..3 {
                    sum[i] += new[i];
                }
            }
        }
        if place < first {
            continue;
        }
        // The places of this row, each held by the patches of k columns.
        let Some(row) = windows.source(place as isize, height) else {
            continue;
        };
        let pixels = &image[row * width..][..width];
        let gradient = &mut gradient[(row - band.start) * width..][..width];
        let mut held = [0.0; 3];
        for place in 0..columns + k - 1 {
            let enters = sums.get(place).copied().unwrap_or_default();
            let leaves = place.checked_sub(k).map_or([0.0; 3], |place| sums[place]);
            for i in 0..3 {
                held[i] += enters[i] - leaves[i];
            }
            // No patch with a gradient, so none here, whatever rounding has
            // left in the sums.
            if held[2] == 0.0 {
                continue;
            }
            let inside = place.wrapping_sub(margin);
            let source = if inside < width {
                Some(inside)
            } else {
                windows.source(place as isize, width)
            };
            if let Some(column) = source {
                let x = f64::from(pixels[column]) - shift;
                gradient[column] += ((x * held[0] - held[1]) / size) as f32;
            }
        }
    }
}
