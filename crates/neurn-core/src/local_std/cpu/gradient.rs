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

use rayon::prelude::*;

use super::patch::patch_std;
use super::{Windows, group};
use crate::MaxScope;

pub(crate) fn contrast_gradient(
    images: &[f32],
    response: &[f32],
    by_response: &[f32],
    [n, c]: [usize; 2],
    windows: &Windows,
    scope: MaxScope,
) -> Vec<f32> {
    let planes = n * c;
    let group = group(scope, c);
    let input = windows.height * windows.width;
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
    gradient.par_chunks_mut(input).enumerate().for_each_init(
        Scratch::default,
        |scratch, (plane, gradient)| {
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
            plane_gradient(image, &weights, windows, gradient, scratch);
        },
    );
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

/// What a thread keeps between planes: a few rows.
#[derive(Default)]
struct Scratch {
    /// Sums of x over k rows, by column.
    pixels: Vec<f64>,
    /// a, a mu, and whether a is not 0, of the last k rows of patches.
    ring: Vec<[f64; 3]>,
    /// Their sums over k rows, by column.
    sums: Vec<[f64; 3]>,
}

fn plane_gradient(
    image: &[f32],
    weights: &Weights,
    windows: &Windows,
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
    let shift = f64::from(image[height / 2 * width + width / 2]);
    let size = (k * k) as f64;
    // Where each place of a row stands in the image.
    let sources: Vec<Option<usize>> = (0..columns + k - 1)
        .map(|place| windows.source(place as isize, width))
        .collect();
    let row_of = |place: usize| {
        let row = windows.source(place as isize, height)?;
        Some(&image[row * width..][..width])
    };
    let pixel = |row: Option<&[f32]>, source: Option<usize>| match (row, source) {
        (Some(row), Some(column)) => f64::from(row[column]) - shift,
        _ => -shift,
    };
    let Scratch { pixels, ring, sums } = scratch;
    pixels.clear();
    pixels.resize(columns + k - 1, 0.0);
    ring.clear();
    ring.resize(k * columns, [0.0; 3]);
    sums.clear();
    sums.resize(columns, [0.0; 3]);

    for place in 0..k - 1 {
        let row = row_of(place);
        for (sum, &source) in pixels.iter_mut().zip(&sources) {
            *sum += pixel(row, source);
        }
    }
    for place in 0..rows + k - 1 {
        // The patches of row `place` enter, those k before leave.
        let slot = &mut ring[place % k * columns..][..columns];
        for (sum, old) in sums.iter_mut().zip(&mut *slot) {
            for i in 0..3 {
                sum[i] -= old[i];
            }
            *old = [0.0; 3];
        }
        if place < rows {
            let (enters, leaves) = (row_of(place + k - 1), row_of(place));
            for (sum, &source) in pixels.iter_mut().zip(&sources) {
                *sum += pixel(enters, source);
            }
            if place.is_multiple_of(stride) {
                let first = place / stride * out_width;
                let mut total: f64 = pixels[..k - 1].iter().sum();
                for column in 0..columns {
                    total += pixels[column + k - 1];
                    if column.is_multiple_of(stride) {
                        let a = weights.at(first + column / stride);
                        slot[column] = [a, a * total / size, f64::from(u8::from(a != 0.0))];
                    }
                    total -= pixels[column];
                }
            }
            for (sum, &source) in pixels.iter_mut().zip(&sources) {
                *sum -= pixel(leaves, source);
            }
            for (sum, new) in sums.iter_mut().zip(&*slot) {
                for i in 0..3 {
                    sum[i] += new[i];
                }
            }
        }
        // The places of this row, each held by the patches of k columns.
        let Some(row) = windows.source(place as isize, height) else {
            continue;
        };
        let pixels = &image[row * width..][..width];
        let gradient = &mut gradient[row * width..][..width];
        let mut held = [0.0; 3];
        for (column, &source) in sources.iter().enumerate() {
            for i in 0..3 {
                held[i] += sums.get(column).map_or(0.0, |sum| sum[i]);
            }
            // No patch with a gradient, so none here, whatever rounding has
            // left in the sums.
            if let (Some(source), true) = (source, held[2] > 0.0) {
                let x = f64::from(pixels[source]) - shift;
                gradient[source] += ((x * held[0] - held[1]) / size) as f32;
            }
            if let Some(first) = (column + 1).checked_sub(k) {
                for i in 0..3 {
                    held[i] -= sums[first][i];
                }
            }
        }
    }
}
