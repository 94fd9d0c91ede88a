//! A convolution of each channel by itself.
//!
//! A channel is laid out with its border of zeros, row after row. Then a tap sees the same
//! values from a place further on, and the output is a sum of shifted copies:
//!
//! ```text
//! plane      0 0 0 0 0 | 0 a b c 0 | 0 d e f 0 | 0 0 0 0 0        width 5
//! output[p]  = sum over taps of weight[tap] * plane[p + 5 * row of tap + column of tap]
//! ```
//!
//! At the last places of a row the taps see two rows at once; what is computed there is
//! left out. With a stride of 2 the even and the odd rows and columns are laid out apart,
//! as phases, so that what a tap sees lies side by side.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::Simd;
use rayon::prelude::*;

use super::geometry::Geometry;
use crate::kernels::activation::{Activation, Bounds};
use crate::kernels::flex::{Real, written};

/// Values that are summed together, in registers.
const LANES: usize = 64;
/// Planes that a thread takes at a time.
const PLANES: usize = 8;

/// The output.
pub(super) fn forward<T: Real>(
    images: &[T],
    weight: &[T],
    bias: &[T],
    geometry: &Geometry,
    activation: Activation,
) -> Vec<T> {
    let layout = Layout::new(geometry);
    let bounds = activation.bounds();
    let write = |output: &mut [MaybeUninit<T>]| {
        let planes = images.par_chunks(PLANES * geometry.pixels());
        let outputs = output.par_chunks_mut(PLANES * geometry.positions());
        outputs.zip(planes).enumerate().for_each_init(
            || (vec![T::ZERO; layout.plane()], vec![T::ZERO; layout.sums]),
            |(plane, sums), (piece, (outputs, planes))| {
                let outputs = outputs.chunks_exact_mut(geometry.positions());
                let planes = planes.chunks_exact(geometry.pixels());
                for (index, (output, pixels)) in outputs.zip(planes).enumerate() {
                    let channel = (piece * PLANES + index) % geometry.inputs;
                    layout.write_plane(plane, pixels);
                    sum(sums, plane, layout.kernel(weight, channel), &layout.taps);
                    finish(
                        output,
                        sums,
                        geometry.output[1],
                        layout.width,
                        bias[channel],
                        bounds,
                    );
                }
            },
        );
    };
    // SAFETY: each plane of the output is finished, which writes each row of it.
    #[allow(unsafe_code)]
    unsafe {
        written(geometry.output_shape().iter().product(), write)
    }
}

/// The gradient by the images: a place of a plane takes from the outputs that saw it.
pub(super) fn by_images<T: Real>(weight: &[T], by_output: &[T], geometry: &Geometry) -> Vec<T> {
    let layout = Layout::new(geometry);
    let mut gradient = vec![T::ZERO; geometry.image_shape().iter().product()];
    let planes = by_output.par_chunks(PLANES * geometry.positions());
    let gradients = gradient.par_chunks_mut(PLANES * geometry.pixels());
    gradients.zip(planes).enumerate().for_each_init(
        || {
            (
                vec![T::ZERO; layout.plane()],
                vec![T::ZERO; layout.outputs()],
            )
        },
        |(plane, outputs), (piece, (gradients, planes))| {
            let gradients = gradients.chunks_exact_mut(geometry.pixels());
            let planes = planes.chunks_exact(geometry.positions());
            for (index, (gradient, values)) in gradients.zip(planes).enumerate() {
                let channel = (piece * PLANES + index) % geometry.inputs;
                layout.write_outputs(&mut outputs[layout.reach..], values);
                // A phase is computed a little beyond its end, where the next begins.
                let kernel = layout.kernel(weight, channel);
                for (phase, taps) in layout.taps_back.iter().enumerate() {
                    let part = &mut plane[phase * layout.phase..];
                    let part = &mut part[..layout.phase.next_multiple_of(LANES)];
                    sum(part, outputs, kernel, taps);
                }
                layout.read_plane(gradient, plane);
            }
        },
    );
    gradient
}

/// The gradients by the weight and by the bias.
pub(super) fn by_weight<T: Real>(
    images: &[T],
    by_output: &[T],
    geometry: &Geometry,
) -> (Vec<T>, Vec<T>) {
    let layout = Layout::new(geometry);
    let mut by_weight = vec![T::ZERO; geometry.inputs * geometry.area()];
    let mut by_bias = vec![T::ZERO; geometry.inputs];
    let channels = by_weight.par_chunks_mut(geometry.area()).zip(&mut by_bias);
    channels.enumerate().for_each_init(
        || (vec![T::ZERO; layout.plane()], vec![T::ZERO; layout.sums]),
        |(plane, outputs), (channel, (by_weight, by_bias))| {
            let mut sums = vec![[T::ZERO; LANES]; geometry.area()];
            let mut bias = [T::ZERO; LANES];
            for image in 0..geometry.batch {
                let index = image * geometry.inputs + channel;
                layout.write_plane(plane, &images[index * geometry.pixels()..]);
                layout.write_outputs(outputs, &by_output[index * geometry.positions()..]);
                for (sums, tap) in sums.iter_mut().zip(&layout.taps) {
                    add_products(sums, outputs, &plane[tap.offset..]);
                }
                add_values(&mut bias, outputs);
            }
            let total = |sums: &[T; LANES]| sums.iter().fold(T::ZERO, |sum, value| sum + *value);
            by_weight
                .iter_mut()
                .zip(&sums)
                .for_each(|(w, sums)| *w = total(sums));
            *by_bias = total(&bias);
        },
    );
    (by_weight, by_bias)
}

/// A tap of the kernel.
#[derive(Clone, Copy)]
struct Tap {
    index: usize,
    /// Where the value that it sees for the first sum lies.
    offset: usize,
}

/// A row of pixels that taps see.
struct Row {
    /// From the first pixel to the last, of which every stride-th is one.
    pixels: Range<usize>,
    /// Where the first lies in the plane.
    at: usize,
}

/// How a plane is laid out.
struct Layout<'a> {
    geometry: &'a Geometry,
    /// Values of a phase.
    phase: usize,
    /// Length of a row of a phase, and of the output.
    width: usize,
    /// Values of the output with what is computed between and after its rows.
    sums: usize,
    /// For the output. The largest offset inside a phase is the reach.
    taps: Vec<Tap>,
    reach: usize,
    /// For the gradient by the images: of each phase, the taps that see it.
    taps_back: Vec<Vec<Tap>>,
    rows: Vec<Row>,
}

impl<'a> Layout<'a> {
    fn new(geometry: &'a Geometry) -> Self {
        let [height, width] = [0, 1].map(|axis| {
            let reach = (geometry.kernel[axis] - 1) * geometry.dilation[axis];
            geometry.output[axis] + reach / geometry.stride[axis]
        });
        let phase = height * width;
        let [down, along] = geometry.stride;
        let offset = |tap: usize| {
            let [row, column] = [tap / geometry.kernel[1], tap % geometry.kernel[1]];
            let [row, column] = [row * geometry.dilation[0], column * geometry.dilation[1]];
            let inside = row / down * width + column / along;
            (row % down * along + column % along) * phase + inside
        };
        let tap = |index| Tap {
            index,
            offset: offset(index),
        };
        let taps: Vec<Tap> = (0..geometry.area()).map(tap).collect();
        let inside = taps.iter().map(|tap| tap.offset % phase);
        let reach = inside.max().unwrap_or(0);
        let back = |index: usize| {
            let seen = taps.iter().filter(|tap| tap.offset / phase == index);
            let back = seen.map(|tap| Tap {
                index: tap.index,
                offset: reach - tap.offset % phase,
            });
            back.collect()
        };
        Self {
            phase,
            width,
            sums: (geometry.output[0] * width).next_multiple_of(LANES),
            taps_back: (0..down * along).map(back).collect(),
            reach,
            rows: rows(geometry, height, width),
            taps,
            geometry,
        }
    }

    /// Values of a plane, and as many after it as a sum may reach.
    fn plane(&self) -> usize {
        self.taps_back.len() * self.phase + self.reach + LANES
    }

    /// Values of an output with zeros before and after it.
    fn outputs(&self) -> usize {
        self.reach + self.sums.max(self.phase.next_multiple_of(LANES)) + LANES
    }

    /// The kernel of a channel.
    fn kernel<'w, T>(&self, weight: &'w [T], channel: usize) -> &'w [T] {
        let area = self.geometry.area();
        &weight[channel * area..][..area]
    }

    /// Writes the pixels of a channel; the border of a new plane is zero and stays it.
    fn write_plane<T: Real>(&self, plane: &mut [T], pixels: &[T]) {
        let along = self.geometry.stride[1];
        for row in &self.rows {
            let pixels = &pixels[row.pixels.clone()];
            let places = &mut plane[row.at..];
            match along {
                1 => places[..pixels.len()].copy_from_slice(pixels),
                _ => {
                    let pairs = places.iter_mut().zip(pixels.iter().step_by(along));
                    pairs.for_each(|(place, pixel)| *place = *pixel);
                }
            }
        }
    }

    /// Reads the pixels of a channel back; what no tap sees stays as it is.
    fn read_plane<T: Real>(&self, pixels: &mut [T], plane: &[T]) {
        let along = self.geometry.stride[1];
        for row in &self.rows {
            let pixels = &mut pixels[row.pixels.clone()];
            let places = &plane[row.at..];
            match along {
                1 => pixels.copy_from_slice(&places[..pixels.len()]),
                _ => {
                    let pairs = pixels.iter_mut().step_by(along).zip(places);
                    pairs.for_each(|(pixel, place)| *pixel = *place);
                }
            }
        }
    }

    /// Writes an output row by row, with the zeros of `outputs` between them.
    fn write_outputs<T: Real>(&self, outputs: &mut [T], values: &[T]) {
        let [height, width] = self.geometry.output;
        let rows = values
            .chunks_exact(width)
            .zip(outputs.chunks_mut(self.width));
        for (values, outputs) in rows.take(height) {
            outputs[..width].copy_from_slice(values);
        }
    }
}

/// The rows of pixels that taps see, in phases of `height` by `width`.
fn rows(geometry: &Geometry, height: usize, width: usize) -> Vec<Row> {
    let [down, along] = geometry.stride;
    let [top, left] = geometry.padding;
    let seen = (height * down).saturating_sub(top);
    let mut rows = Vec::new();
    for y in 0..geometry.image[0].min(seen) {
        let row = y + top;
        for column in 0..along {
            // The first pixel of this phase of columns.
            let first = (column + along - left % along) % along;
            let place = (first + left) / along;
            if first >= geometry.image[1] || place >= width {
                continue;
            }
            let phase = row % down * along + column;
            let count = (geometry.image[1] - first).div_ceil(along);
            let count = count.min(width - place);
            let first = y * geometry.image[1] + first;
            rows.push(Row {
                pixels: first..first + (count - 1) * along + 1,
                at: (phase * height + row / down) * width + place,
            });
        }
    }
    rows
}

/// Writes to each place the sum over taps of weight times the value that the tap sees.
#[macerator::with_simd]
fn sum<S: Simd, T: Real>(sums: &mut [T], values: &[T], kernel: &[T], taps: &[Tap]) {
    for (block, sums) in sums.chunks_exact_mut(LANES).enumerate() {
        let mut lanes = [T::ZERO; LANES];
        for tap in taps {
            let weight = kernel[tap.index];
            let values = &values[block * LANES + tap.offset..][..LANES];
            for (lane, value) in lanes.iter_mut().zip(values) {
                *lane += weight * *value;
            }
        }
        sums.copy_from_slice(&lanes);
    }
}

/// Writes an output, whose rows are `width` long, from sums, whose rows are `step` long.
#[macerator::with_simd]
fn finish<S: Simd, T: Real>(
    output: &mut [MaybeUninit<T>],
    sums: &[T],
    width: usize,
    step: usize,
    bias: T,
    bounds: Bounds<T>,
) {
    for (output, sums) in output.chunks_exact_mut(width).zip(sums.chunks(step)) {
        for (output, sum) in output.iter_mut().zip(sums) {
            output.write(bounds.of(*sum + bias));
        }
    }
}

/// Adds `left * right` to as many sums as there are lanes.
#[macerator::with_simd]
fn add_products<S: Simd, T: Real>(sums: &mut [T; LANES], left: &[T], right: &[T]) {
    let mut lanes = *sums;
    let right = right[..left.len()].chunks_exact(LANES);
    for (left, right) in left.chunks_exact(LANES).zip(right) {
        let pairs = left.iter().zip(right);
        for (lane, (left, right)) in lanes.iter_mut().zip(pairs) {
            *lane += *left * *right;
        }
    }
    *sums = lanes;
}

/// Adds values to as many sums as there are lanes.
#[macerator::with_simd]
fn add_values<S: Simd, T: Real>(sums: &mut [T; LANES], values: &[T]) {
    for values in values.chunks_exact(LANES) {
        sums.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += *value);
    }
}
