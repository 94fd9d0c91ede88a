use std::ops::Range;

use rayon::prelude::*;

use super::axis::Axis;
use super::band::{Band, Part, Tile, Tiling, rounded};
use super::product::{LANES, Places, ROWS, Sums, WIDTH, multiply};
use crate::kernels::convolution::geometry::Geometry;
use crate::kernels::flex::{Real, each};

/// Parts of the batch whose sums are made side by side, where the weight is small enough.
const PARTS: usize = 8;
/// Bytes of those sums, at most.
const BYTES: usize = 8 << 20;
/// Rows of sums that a thread takes at a time, where it is not.
const PIECE: usize = 96;

/// The gradients by the weight and by the bias.
pub(in super::super) fn by_weight<T: Real>(
    images: &[T],
    by_output: &[T],
    geometry: &Geometry,
) -> (Vec<T>, Vec<T>) {
    let pass = ByWeight::new(images, by_output, geometry);
    let parts = if pass.size() * PARTS * size_of::<T>() <= BYTES {
        PARTS
    } else {
        1
    };
    let images = geometry
        .batch
        .div_ceil(parts)
        .next_multiple_of(pass.tiling.images)
        .max(1);
    let parts: Vec<Range<usize>> = (0..geometry.batch)
        .step_by(images)
        .map(|first| first..(first + images).min(geometry.batch))
        .collect();
    let sums: Vec<(Vec<T>, Vec<T>)> = match parts.len() {
        0 | 1 => parts
            .into_iter()
            .map(|part| pass.part(part, true))
            .collect(),
        _ => parts
            .into_par_iter()
            .map(|part| pass.part(part, false))
            .collect(),
    };
    let mut bias = vec![T::ZERO; geometry.outputs];
    for (_, part) in &sums {
        bias.iter_mut()
            .zip(part)
            .for_each(|(bias, part)| *bias += *part);
    }
    (pass.weight(&sums), bias)
}

struct ByWeight<'a, T> {
    images: &'a [T],
    by_output: &'a [T],
    geometry: &'a Geometry,
    axes: [Axis; 2],
    tiling: Tiling,
    /// Outputs of a block.
    width: usize,
    /// Blocks of outputs of a group, and rows of sums of a block, which are channels and
    /// taps.
    blocks: usize,
    rows: usize,
}

impl<'a, T: Real> ByWeight<'a, T> {
    fn new(images: &'a [T], by_output: &'a [T], geometry: &'a Geometry) -> Self {
        let axes = [Axis::forward(geometry, 0), Axis::forward(geometry, 1)];
        let outputs = geometry.outputs_a_group();
        let width = outputs.next_multiple_of(LANES).min(WIDTH);
        let rows = geometry.inputs_a_group() * geometry.area();
        Self {
            images,
            by_output,
            geometry,
            tiling: Tiling::new(geometry.batch, axes[0].count, axes[1].count),
            axes,
            width,
            blocks: outputs.div_ceil(width),
            rows: rows.next_multiple_of(ROWS),
        }
    }

    /// Sums of all groups.
    fn size(&self) -> usize {
        self.geometry.groups * self.blocks * self.rows * self.width
    }

    /// The sums over some images: of the weight, by group, block of outputs, channel and
    /// tap; and of the bias.
    fn part(&self, part: Range<usize>, parallel: bool) -> (Vec<T>, Vec<T>) {
        let geometry = self.geometry;
        let mut sums = vec![T::ZERO; self.size()];
        let mut bias = vec![T::ZERO; geometry.outputs];
        let mut memory = (Vec::new(), Vec::new());
        let (image, output) = (
            geometry.inputs * geometry.pixels(),
            geometry.outputs * geometry.positions(),
        );
        for first in part.clone().step_by(self.tiling.images) {
            let count = self.tiling.images.min(part.end - first);
            let images = &self.images[first * image..][..count * image];
            let by_output = &self.by_output[first * output..][..count * output];
            each(parallel, &mut bias, 16, |piece, bias| {
                for (index, bias) in bias.iter_mut().enumerate() {
                    let planes = by_output.chunks_exact(geometry.positions());
                    let planes = planes.skip(piece * 16 + index).step_by(geometry.outputs);
                    planes.for_each(|plane| *bias += sum(plane));
                }
            });
            for tile in self.tiling.tiles(count, geometry.output[0]) {
                for (group, sums) in sums
                    .chunks_exact_mut(self.blocks * self.rows * self.width)
                    .enumerate()
                {
                    self.tile(sums, images, by_output, &tile, group, &mut memory, parallel);
                }
            }
        }
        (sums, bias)
    }

    /// Adds the sums of a tile, of one group.
    #[allow(clippy::too_many_arguments)]
    fn tile(
        &self,
        sums: &mut [T],
        images: &[T],
        by_output: &[T],
        tile: &Tile,
        group: usize,
        (values, panels): &mut (Vec<T>, Vec<T>),
        parallel: bool,
    ) {
        let geometry = self.geometry;
        let axes = self.axes.each_ref();
        let channels = geometry.inputs_a_group();
        let band = Band::new(tile, channels, axes);
        values.resize(band.len(), T::ZERO);
        band.fill(
            values,
            images,
            (geometry.inputs, group * channels),
            geometry.image,
            parallel,
        );
        let part = Part::whole(tile, axes);
        let positions = band.positions(tile.rows.start, &part, axes);
        let rows = rounded(band.offsets(axes));
        self.panels(panels, by_output, tile, group, parallel);
        // A piece of the sums of a block.
        let blocks = sums.chunks_mut(self.rows * self.width);
        let mut work: Vec<(usize, usize, &mut [T])> = blocks
            .enumerate()
            .flat_map(|(block, sums)| {
                let pieces = sums.chunks_mut(PIECE * self.width).enumerate();
                pieces.map(move |(piece, sums)| (block, piece, sums))
            })
            .collect();
        each(parallel, &mut work, 1, |_, work| {
            for (block, piece, sums) in work {
                let count = sums.len() / self.width;
                let places = Places {
                    bases: &rows[*piece * PIECE..][..count],
                    offsets: &positions,
                };
                let panel = &panels[*block * positions.len() * self.width..];
                multiply(sums, values, places, panel, self.width, Sums::GoOn);
            }
        });
    }

    /// The gradient by a tile of a group's output as panels: by block of outputs, then
    /// position.
    fn panels(
        &self,
        panels: &mut Vec<T>,
        by_output: &[T],
        tile: &Tile,
        group: usize,
        parallel: bool,
    ) {
        const SIDE: usize = 16;
        let geometry = self.geometry;
        let (outputs, width) = (geometry.outputs_a_group(), geometry.output[1]);
        let line = tile.rows.len() * width;
        let positions = tile.images * line;
        panels.resize(self.blocks * positions * self.width, T::ZERO);
        each(parallel, panels, positions * self.width, |block, panel| {
            let used = self.width.min(outputs - block * self.width);
            for (image, panel) in panel.chunks_exact_mut(line * self.width).enumerate() {
                let first = image * geometry.outputs + group * outputs + block * self.width;
                let plane = |column: usize| {
                    let plane = (first + column) * geometry.positions();
                    &by_output[plane + tile.rows.start * width..][..line]
                };
                for (piece, panel) in panel.chunks_mut(SIDE * self.width).enumerate() {
                    for column in 0..used {
                        let values = plane(column)[piece * SIDE..].iter();
                        let rows = panel.chunks_exact_mut(self.width);
                        rows.zip(values)
                            .for_each(|(row, value)| row[column] = *value);
                    }
                }
            }
        });
    }

    /// The sums of all parts, in the order of the weight.
    fn weight(&self, parts: &[(Vec<T>, Vec<T>)]) -> Vec<T> {
        let geometry = self.geometry;
        let row = geometry.inputs_a_group() * geometry.area();
        let outputs = geometry.outputs_a_group();
        let mut weight = vec![T::ZERO; geometry.outputs * row];
        for (group, weight) in weight.chunks_mut((outputs * row).max(1)).enumerate() {
            // Outputs whose sums lie side by side.
            each(true, weight, LANES * row, |piece, weight| {
                let column = piece * LANES;
                let block = group * self.blocks + column / self.width;
                for (sums, _) in parts {
                    let sums = &sums[block * self.rows * self.width + column % self.width..];
                    self.add(weight, sums);
                }
            });
        }
        weight
    }

    /// Adds the sums of some outputs, channel by channel and tap by tap.
    fn add(&self, weight: &mut [T], sums: &[T]) {
        let (channels, area) = (self.geometry.inputs_a_group(), self.geometry.area());
        for channel in 0..channels {
            for tap in 0..area {
                let weight = weight[channel * area + tap..].iter_mut();
                let sums = &sums[(tap * channels + channel) * self.width..];
                for (weight, sum) in weight.step_by(channels * area).zip(sums) {
                    *weight += *sum;
                }
            }
        }
    }
}

fn sum<T: Real>(values: &[T]) -> T {
    const LANES: usize = 16;
    let mut lanes = [T::ZERO; LANES];
    for values in values.chunks(LANES) {
        lanes
            .iter_mut()
            .zip(values)
            .for_each(|(lane, value)| *lane += *value);
    }
    lanes.iter().fold(T::ZERO, |sum, lane| sum + *lane)
}
