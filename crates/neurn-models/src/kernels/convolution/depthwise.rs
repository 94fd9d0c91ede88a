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

use macerator::Simd;
use rayon::prelude::*;

use super::geometry::Geometry;
use crate::kernels::activation::Activation;
use crate::kernels::flex::Real;

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
    let mut output = vec![T::ZERO; geometry.output_shape().iter().product()];
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
                sum(sums, plane, &layout.taps(weight, channel));
                let bias = bias[channel];
                let rows = sums.chunks(layout.width);
                for (output, sums) in output.chunks_exact_mut(geometry.output[1]).zip(rows) {
                    let pairs = output.iter_mut().zip(sums);
                    pairs.for_each(|(output, sum)| *output = activation.of(*sum + bias));
                }
            }
        },
    );
    output
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
                for phase in 0..layout.phases {
                    let part = &mut plane[phase * layout.phase..];
                    let part = &mut part[..layout.phase.next_multiple_of(LANES)];
                    sum(part, outputs, &layout.taps_back(weight, channel, phase));
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
                for (sums, offset) in sums.iter_mut().zip(&layout.offsets) {
                    add_products(sums, outputs, &plane[*offset..]);
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

/// How a plane is laid out.
struct Layout<'a> {
    geometry: &'a Geometry,
    /// Phases, and the values of each.
    phases: usize,
    phase: usize,
    /// Length of a row of a phase, and of the output.
    width: usize,
    /// Values of the output with what is computed between and after its rows.
    sums: usize,
    /// Where the first output of each tap lies.
    offsets: Vec<usize>,
    /// The largest of them inside a phase.
    reach: usize,
}

impl<'a> Layout<'a> {
    fn new(geometry: &'a Geometry) -> Self {
        let [height, width] = [0, 1].map(|axis| {
            let reach = (geometry.kernel[axis] - 1) * geometry.dilation[axis];
            geometry.output[axis] + reach / geometry.stride[axis]
        });
        let phase = height * width;
        let offset = |tap: usize| {
            let [row, column] = [tap / geometry.kernel[1], tap % geometry.kernel[1]];
            let [row, column] = [row * geometry.dilation[0], column * geometry.dilation[1]];
            let [down, along] = geometry.stride;
            let inside = row / down * width + column / along;
            (row % down * along + column % along) * phase + inside
        };
        let offsets: Vec<usize> = (0..geometry.area()).map(offset).collect();
        Self {
            geometry,
            phases: geometry.stride[0] * geometry.stride[1],
            phase,
            width,
            sums: (geometry.output[0] * width).next_multiple_of(LANES),
            reach: offsets
                .iter()
                .map(|offset| offset % phase)
                .max()
                .unwrap_or(0),
            offsets,
        }
    }

    /// Values of a plane, and as many after it as a sum may reach.
    fn plane(&self) -> usize {
        self.phases * self.phase + self.reach + LANES
    }

    /// Values of an output with zeros before and after it.
    fn outputs(&self) -> usize {
        self.reach + self.sums.max(self.phase.next_multiple_of(LANES)) + LANES
    }

    fn taps<T: Real>(&self, weight: &[T], channel: usize) -> Vec<(T, usize)> {
        let weight = &weight[channel * self.geometry.area()..];
        weight
            .iter()
            .copied()
            .zip(self.offsets.iter().copied())
            .collect()
    }

    /// The taps that see a phase, and for each where the output of the first place lies.
    fn taps_back<T: Real>(&self, weight: &[T], channel: usize, phase: usize) -> Vec<(T, usize)> {
        let mut taps = self.taps(weight, channel);
        taps.retain(|(_, offset)| offset / self.phase == phase);
        taps.iter_mut()
            .for_each(|(_, offset)| *offset = self.reach - *offset % self.phase);
        taps
    }

    /// Calls `f` with each row of pixels that a tap sees, and where it begins in the plane.
    fn rows(&self, mut f: impl FnMut(std::ops::Range<usize>, usize)) {
        let [height, width] = self.geometry.image;
        let [down, along] = self.geometry.stride;
        let [top, left] = self.geometry.padding;
        let rows = self.phase / self.width;
        for y in 0..height.min((rows * down).saturating_sub(top)) {
            let row = y + top;
            for column in 0..along {
                // The first pixel of this phase of columns.
                let first = (column + along - left % along) % along;
                let place = (first + left) / along;
                if first >= width || place >= self.width {
                    continue;
                }
                let phase = row % down * along + column;
                let count = (width - first).div_ceil(along).min(self.width - place);
                let at = phase * self.phase + row / down * self.width + place;
                f(
                    y * width + first..y * width + first + (count - 1) * along + 1,
                    at,
                );
            }
        }
    }

    /// Writes the pixels of a channel; the border of a new plane is zero and stays it.
    fn write_plane<T: Real>(&self, plane: &mut [T], pixels: &[T]) {
        let along = self.geometry.stride[1];
        self.rows(|row, at| {
            let row = &pixels[row];
            match along {
                1 => plane[at..][..row.len()].copy_from_slice(row),
                _ => {
                    let pairs = plane[at..].iter_mut().zip(row.iter().step_by(along));
                    pairs.for_each(|(place, pixel)| *place = *pixel);
                }
            }
        });
    }

    /// Reads the pixels of a channel back; what no tap sees stays as it is.
    fn read_plane<T: Real>(&self, pixels: &mut [T], plane: &[T]) {
        let along = self.geometry.stride[1];
        self.rows(|row, at| {
            let row = &mut pixels[row];
            match along {
                1 => row.copy_from_slice(&plane[at..][..row.len()]),
                _ => {
                    let pairs = row.iter_mut().step_by(along).zip(&plane[at..]);
                    pairs.for_each(|(pixel, place)| *pixel = *place);
                }
            }
        });
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

/// Writes to each place the sum over taps of weight times the value that the tap sees.
#[macerator::with_simd]
fn sum<S: Simd, T: Real>(sums: &mut [T], values: &[T], taps: &[(T, usize)]) {
    for (block, sums) in sums.chunks_exact_mut(LANES).enumerate() {
        let mut lanes = [T::ZERO; LANES];
        for &(weight, offset) in taps {
            let values = &values[block * LANES + offset..][..LANES];
            for (lane, value) in lanes.iter_mut().zip(values) {
                *lane += weight * *value;
            }
        }
        sums.copy_from_slice(&lanes);
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
fn add_values<T: Real>(sums: &mut [T; LANES], values: &[T]) {
    for values in values.chunks_exact(LANES) {
        sums.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += *value);
    }
}
