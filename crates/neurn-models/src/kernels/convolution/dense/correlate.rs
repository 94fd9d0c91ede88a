//! The output of a convolution, and the gradient by its images, which is one too: of the
//! gradient by the output, with the kernels turned around.

use std::mem::MaybeUninit;
use std::ops::Range;

use macerator::Simd;
use rayon::prelude::*;

use super::axis::Axis;
use super::band::{Band, Part, Tiling, rounded};
use super::product::{LANES, Places, Sums, WIDTH, multiply};
use crate::kernels::activation::Activation;
use crate::kernels::convolution::geometry::Geometry;
use crate::kernels::flex::{Real, each, written};

/// Rows of a panel that stay in the second cache while all targets of a tile pass.
const DEPTH: usize = 1024;
/// Groups of images from which on each thread takes groups. Below, all threads share the
/// tiles of one group.
const MANY: usize = 8;
/// Channels read whose kernels are brought together.
const CHANNELS: usize = 16;
/// Bytes of a weight that stays in the second cache beside all else.
const LARGE: usize = 1 << 20;

/// The output.
pub(in super::super) fn forward<T: Real>(
    images: &[T],
    weight: &[T],
    bias: &[T],
    geometry: &Geometry,
    activation: Activation,
) -> Vec<T> {
    let row = geometry.inputs_a_group() * geometry.area();
    let correlation = Correlation {
        geometry,
        from: Side {
            channels: geometry.inputs,
            size: geometry.image,
            step: geometry.area(),
        },
        to: Side {
            channels: geometry.outputs,
            size: geometry.output,
            step: row,
        },
        finish: Finish { bias, activation },
    };
    let axes = [Axis::forward(geometry, 0), Axis::forward(geometry, 1)];
    let size = geometry.output_shape().iter().product();
    // SAFETY: the two axes name each position of the output once, and a phase writes all.
    #[allow(unsafe_code)]
    unsafe {
        written(size, |output| {
            correlation.write_phase(output, images, weight, &axes)
        })
    }
}

/// The gradient by the images.
pub(in super::super) fn by_images<T: Real>(
    weight: &[T],
    by_output: &[T],
    geometry: &Geometry,
) -> Vec<T> {
    let row = geometry.inputs_a_group() * geometry.area();
    let correlation = Correlation {
        geometry,
        from: Side {
            channels: geometry.outputs,
            size: geometry.output,
            step: row,
        },
        to: Side {
            channels: geometry.inputs,
            size: geometry.image,
            step: geometry.area(),
        },
        finish: Finish {
            bias: &vec![T::ZERO; geometry.inputs],
            activation: Activation::None,
        },
    };
    let size = geometry.image_shape().iter().product();
    let phases = |gradient: &mut [MaybeUninit<T>]| {
        for down in Axis::backward(geometry, 0) {
            for along in Axis::backward(geometry, 1) {
                let axes = [down.clone(), along];
                correlation.write_phase(gradient, by_output, weight, &axes);
            }
        }
    };
    // SAFETY: the phases of the strides name each pixel once, and each writes all of its own.
    #[allow(unsafe_code)]
    unsafe {
        written(size, phases)
    }
}

/// What is read, or what is written.
struct Side {
    /// Of all groups.
    channels: usize,
    size: [usize; 2],
    /// From one channel to the next in the weight of a group.
    step: usize,
}

impl Side {
    fn image(&self) -> usize {
        self.channels * self.size[0] * self.size[1]
    }
}

struct Correlation<'a, T> {
    geometry: &'a Geometry,
    from: Side,
    to: Side,
    finish: Finish<'a, T>,
}

/// What is done to a sum before it is written.
struct Finish<'a, T> {
    /// Added, by channel written.
    bias: &'a [T],
    activation: Activation,
}

impl<T: Real> Correlation<'_, T> {
    /// Writes all targets of two axes.
    fn write_phase(&self, to: &mut [MaybeUninit<T>], from: &[T], weight: &[T], axes: &[Axis; 2]) {
        let [_, channels] = self.channels();
        let batch = self.geometry.batch;
        // A large weight passes the cache once a tile, so tiles are large.
        let numbers =
            self.channels().iter().product::<usize>() * axes[0].taps.len() * axes[1].taps.len();
        let most = if numbers * size_of::<T>() > LARGE {
            batch
        } else {
            batch.div_ceil(MANY)
        };
        let tiling = Tiling::new(most, axes[0].count, axes[1].count);
        let width = channels.next_multiple_of(LANES).min(WIDTH);
        let phase = Phase {
            correlation: self,
            panels: self.panels(weight, axes, width),
            axes,
            tiling,
            width,
            parallel: batch.div_ceil(tiling.images) < MANY,
        };
        let [to_size, from_size] = [&self.to, &self.from].map(|side| tiling.images * side.image());
        match phase.parallel {
            true => {
                let memory = &mut Memory::default();
                let groups = to.chunks_mut(to_size).zip(from.chunks(from_size));
                groups.for_each(|(to, from)| phase.images(to, from, memory));
            }
            false => {
                let groups = to.par_chunks_mut(to_size).zip(from.par_chunks(from_size));
                groups.for_each_init(Memory::default, |memory, (to, from)| {
                    phase.images(to, from, memory);
                });
            }
        }
    }

    /// Channels of a group, read and written.
    fn channels(&self) -> [usize; 2] {
        [&self.from, &self.to].map(|side| side.channels / self.geometry.groups)
    }

    /// The weight as panels: by group, block of channels written, tap and channel read.
    fn panels(&self, weight: &[T], axes: &[Axis; 2], width: usize) -> Vec<T> {
        let [from, to] = self.channels();
        let columns = self.geometry.kernel[1];
        let rows = axes[0].taps.iter();
        let taps = rows.flat_map(|row| {
            let along = axes[1].taps.iter();
            along.map(|tap| row.index * columns + tap.index)
        });
        let taps: Vec<usize> = taps.collect();
        let blocks = to.div_ceil(width);
        let size = taps.len() * from * width;
        if size == 0 {
            return Vec::new();
        }
        let group = from * to * self.geometry.area();
        let write = |panels: &mut [MaybeUninit<T>]| {
            each(true, panels, size, |piece, panel| {
                let (index, block) = (piece / blocks, piece % blocks);
                let weight = &weight[index * group + block * width * self.to.step..];
                let used = width.min(to - block * width);
                for first in (0..width).step_by(LANES) {
                    let weight = weight.get(first * self.to.step..).unwrap_or_default();
                    let used = used.saturating_sub(first).min(LANES);
                    self.panel(&mut panel[first..], weight, &taps, width, used);
                }
            });
        };
        // SAFETY: a panel has a row of `width` numbers for each tap and channel, and all are
        // written, LANES at a time.
        #[allow(unsafe_code)]
        unsafe {
            written(self.geometry.groups * blocks * size, write)
        }
    }

    /// [`LANES`] columns of a panel, of which so many are used and the others zero.
    fn panel(
        &self,
        panel: &mut [MaybeUninit<T>],
        weight: &[T],
        taps: &[usize],
        width: usize,
        used: usize,
    ) {
        let [from, _] = self.channels();
        let area = self.geometry.area();
        let mut kernels = vec![T::ZERO; LANES * CHANNELS * area];
        for first in (0..from).step_by(CHANNELS) {
            let count = CHANNELS.min(from - first);
            let weight = weight.get(first * self.from.step..).unwrap_or_default();
            // What a row of the panel needs lies far apart where the channels read lie side
            // by side, and is brought together first.
            let (kernels, to, from_step) = match self.to.step > self.from.step {
                true => {
                    let copies = kernels.chunks_mut(CHANNELS * area);
                    for (copy, weight) in copies.zip(weight.chunks(self.to.step)).take(used) {
                        copy[..count * area].copy_from_slice(&weight[..count * area]);
                    }
                    (&kernels[..], CHANNELS * area, area)
                }
                false => (weight, self.to.step, self.from.step),
            };
            for channel in 0..count {
                for (row, tap) in taps.iter().enumerate() {
                    let place = (row * from + first + channel) * width;
                    let (place, rest) = panel[place..][..LANES].split_at_mut(used);
                    if used > 0 {
                        let kernels = kernels[channel * from_step + tap..].chunks(to);
                        for (place, kernel) in place.iter_mut().zip(kernels) {
                            place.write(kernel[0]);
                        }
                    }
                    rest.fill(MaybeUninit::new(T::ZERO));
                }
            }
        }
    }
}

struct Phase<'a, T> {
    correlation: &'a Correlation<'a, T>,
    panels: Vec<T>,
    axes: &'a [Axis; 2],
    tiling: Tiling,
    /// Channels of a block.
    width: usize,
    /// Whether all threads share a tile.
    parallel: bool,
}

/// Neighbouring taps.
struct Piece {
    down: Range<usize>,
    along: Range<usize>,
}

impl Piece {
    /// Those that a part of the targets needs, as runs of taps in order, row by row.
    #[allow(clippy::single_range_in_vec_init)]
    fn of(&self, part: &Part, columns: usize) -> Vec<Range<usize>> {
        let both = |a: &Range<usize>, b: &Range<usize>| a.start.max(b.start)..a.end.min(b.end);
        let (down, along) = (
            both(&self.down, &part.down.taps),
            both(&self.along, &part.along.taps),
        );
        match along.len() {
            _ if down.is_empty() || along.is_empty() => Vec::new(),
            all if all == columns => vec![down.start * columns..down.end * columns],
            _ => down
                .map(|row| row * columns + along.start..row * columns + along.end)
                .collect(),
        }
    }
}

/// What a tile needs.
#[derive(Default)]
struct Memory<T> {
    band: Vec<T>,
    sums: Vec<T>,
}

/// A part of a tile, where its targets stand, and where those of an image are written in a
/// plane.
struct Targets {
    part: Part,
    positions: Vec<usize>,
    places: Vec<usize>,
}

impl<T: Real> Phase<'_, T> {
    /// The targets of some images.
    fn images(&self, to: &mut [MaybeUninit<T>], from: &[T], memory: &mut Memory<T>) {
        let correlation = self.correlation;
        let axes = self.axes.each_ref();
        let [channels, _] = correlation.channels();
        let (all, size) = (correlation.from.channels, correlation.from.size);
        let images = from.len() / correlation.from.image();
        for tile in self.tiling.tiles(images, self.axes[0].count) {
            let band = Band::new(&tile, channels, axes);
            let parts = Part::of(&tile, axes, size, channels)
                .into_iter()
                .map(|part| Targets {
                    positions: rounded(band.positions(tile.rows.start, &part, axes)),
                    places: self.places(&part),
                    part,
                });
            let parts: Vec<Targets> = parts.collect();
            let offsets = band.offsets(axes);
            memory.band.resize(band.len(), T::ZERO);
            for group in 0..correlation.geometry.groups {
                let first = group * channels;
                band.fill(&mut memory.band, from, (all, first), size, self.parallel);
                self.group(to, memory, &parts, &offsets, group);
            }
        }
    }

    /// Where the targets of a part lie in a plane.
    fn places(&self, part: &Part) -> Vec<usize> {
        let [down, along] = self.axes;
        let line = |y: usize| (down.start + y * down.step) * self.correlation.to.size[1];
        let columns = || part.along.targets.clone();
        let rows = part.down.targets.clone();
        rows.flat_map(|y| columns().map(move |x| line(y) + along.start + x * along.step))
            .collect()
    }

    /// The targets of a group, a block of channels at a time, or all blocks at once where
    /// threads share a tile.
    fn group(
        &self,
        to: &mut [MaybeUninit<T>],
        memory: &mut Memory<T>,
        parts: &[Targets],
        offsets: &[usize],
        group: usize,
    ) {
        let [_, channels] = self.correlation.channels();
        let rows: usize = parts.iter().map(|part| part.positions.len()).sum();
        let blocks = channels.div_ceil(self.width);
        let together = if self.parallel { blocks } else { 1 };
        let size = rows * self.width;
        memory.sums.resize(together * size, T::ZERO);
        for first in (0..blocks).step_by(together) {
            each(self.parallel, &mut memory.sums, size, |index, sums| {
                let block = group * blocks + first + index;
                self.block(sums, &memory.band, parts, offsets, block);
            });
            let end = ((first + together) * self.width).min(channels);
            let range = group * channels + first * self.width..group * channels + end;
            self.write(to, &memory.sums, parts, range);
        }
    }

    /// The sums of a block of channels. A piece of the panel that the cache holds passes all
    /// parts before the next.
    fn block(
        &self,
        sums: &mut [T],
        band: &[T],
        parts: &[Targets],
        offsets: &[usize],
        block: usize,
    ) {
        let [channels, _] = self.correlation.channels();
        let columns = self.axes[1].taps.len();
        let panel = &self.panels[block * offsets.len() * self.width..];
        let mut begun = vec![false; parts.len()];
        for piece in self.pieces(channels) {
            let mut rest = &mut *sums;
            for (
                Targets {
                    part, positions, ..
                },
                begun,
            ) in parts.iter().zip(&mut begun)
            {
                let (own, others) = rest.split_at_mut(positions.len() * self.width);
                rest = others;
                for rows in piece.of(part, columns) {
                    let rows = rows.start * channels..rows.end * channels;
                    let places = Places {
                        bases: positions,
                        offsets: &offsets[rows.clone()],
                    };
                    let begin = if *begun { Sums::GoOn } else { Sums::New };
                    multiply(
                        own,
                        band,
                        places,
                        &panel[rows.start * self.width..],
                        self.width,
                        begin,
                    );
                    *begun = true;
                }
            }
        }
        let mut rest = sums;
        for (Targets { positions, .. }, begun) in parts.iter().zip(begun) {
            let (own, others) = rest.split_at_mut(positions.len() * self.width);
            rest = others;
            if !begun {
                own.fill(T::ZERO);
            }
        }
    }

    /// The taps in pieces whose panels the cache holds.
    fn pieces(&self, channels: usize) -> Vec<Piece> {
        let [rows, columns] = self.axes.each_ref().map(|axis| axis.taps.len());
        if rows * columns * channels <= DEPTH {
            return vec![Piece {
                down: 0..rows,
                along: 0..columns,
            }];
        }
        let step = (DEPTH / channels).max(1);
        let row = |down: usize| {
            (0..columns).step_by(step).map(move |first| Piece {
                down: down..down + 1,
                along: first..(first + step).min(columns),
            })
        };
        (0..rows).flat_map(row).collect()
    }

    /// Writes the sums of some channels to their places.
    fn write(
        &self,
        to: &mut [MaybeUninit<T>],
        sums: &[T],
        parts: &[Targets],
        channels: Range<usize>,
    ) {
        let side = &self.correlation.to;
        let plane = side.size[0] * side.size[1];
        let rows: usize = parts.iter().map(|part| part.positions.len()).sum();
        each(self.parallel, to, side.image(), |image, to| {
            let to = &mut to[channels.start * plane..channels.end * plane];
            each(self.parallel, to, LANES * plane, |piece, to| {
                let column = piece * LANES;
                let block = column / self.width * rows * self.width;
                let sums = &sums[block + column % self.width..];
                write_planes(to, sums, parts, self, image, channels.start + column);
            });
        });
    }
}

/// Writes the sums of [`LANES`] planes of an image, or of fewer, to their places. `first` is
/// the channel of the first. So many pass together because their sums lie side by side.
#[macerator::with_simd]
fn write_planes<'a, S: Simd, T: Real>(
    to: &mut [MaybeUninit<T>],
    sums: &[T],
    parts: &[Targets],
    phase: &'a Phase<'a, T>,
    image: usize,
    first: usize,
) {
    let (width, side) = (phase.width, &phase.correlation.to);
    let Finish { bias, activation } = &phase.correlation.finish;
    let bounds = activation.bounds();
    let mut biases = [T::ZERO; LANES];
    let pairs = biases.iter_mut().zip(&bias[first..]);
    pairs.for_each(|(to, bias)| *to = *bias);
    let mut begin = 0;
    for Targets {
        positions, places, ..
    } in parts
    {
        let sums = &sums[(begin + image * places.len()) * width..];
        let pieces = sums.chunks(LANES * width).zip(places.chunks(LANES));
        for (sums, places) in pieces {
            // By position, then channel.
            let mut tile = [[T::ZERO; LANES]; LANES];
            for (tile, sums) in tile.iter_mut().zip(sums.chunks(width)).take(places.len()) {
                let sums = sums.iter().zip(&biases);
                for (value, (sum, bias)) in tile.iter_mut().zip(sums) {
                    *value = bounds.of(*sum + *bias);
                }
            }
            let planes = to.chunks_exact_mut(side.size[0] * side.size[1]);
            for (channel, plane) in planes.enumerate() {
                write_column(plane, &tile, channel % LANES, places);
            }
        }
        begin += positions.len();
    }
}

/// Writes one channel of a tile to its places in a plane, which ascend.
#[inline(always)]
fn write_column<T: Real>(
    plane: &mut [MaybeUninit<T>],
    tile: &[[T; LANES]; LANES],
    channel: usize,
    places: &[usize],
) {
    let (first, last) = (places[0], places[places.len() - 1]);
    if last - first + 1 != places.len() {
        for (place, values) in places.iter().zip(tile) {
            plane[*place].write(values[channel]);
        }
        return;
    }
    let line = &mut plane[first..=last];
    match <&mut [MaybeUninit<T>; LANES]>::try_from(&mut *line) {
        Ok(line) => {
            for x in 0..LANES {
                line[x].write(tile[x][channel]);
            }
        }
        Err(_) => {
            for (place, values) in line.iter_mut().zip(tile) {
                place.write(values[channel]);
            }
        }
    }
}
