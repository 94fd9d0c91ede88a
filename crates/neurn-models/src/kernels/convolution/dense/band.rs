//! A tile: what is computed together, and the part of the images that it sees.

use std::ops::Range;

use super::axis::{Axis, Segment};
use super::product::{LANES, ROWS};
use crate::kernels::flex::{Real, each};

/// Targets of a tile, about. More cost memory, fewer are computed less efficiently.
const TARGETS: usize = 768;

/// What writing a piece of a row of targets costs, in products of a target and a row of the
/// panel: some cycles for each of 64 channels, where such a product takes two.
const WRITE: usize = 128;

/// Whole images, or some rows of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub images: usize,
    /// Rows of targets, the same of each image.
    pub rows: Range<usize>,
}

/// How many images, and rows of them, a tile has. Chosen by sizes alone, so that results do
/// not depend on the number of threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiling {
    /// 1, if an image is cut into rows.
    pub images: usize,
    pub rows: usize,
}

impl Tiling {
    /// For targets of `height` by `width` in so many images.
    pub fn new(batch: usize, height: usize, width: usize) -> Self {
        let images = (TARGETS / (height * width)).clamp(1, batch.max(1));
        Self {
            images,
            rows: if images > 1 {
                height
            } else {
                (TARGETS / width).clamp(1, height)
            },
        }
    }

    /// The tiles of some images, no more than a tile holds.
    pub fn tiles(self, images: usize, height: usize) -> impl Iterator<Item = Tile> {
        (0..height).step_by(self.rows).map(move |row| Tile {
            images,
            rows: row..(row + self.rows).min(height),
        })
    }
}

/// Rows of fewer pixels are kept with their channels side by side, so that what a product
/// reads one after another lies so; of longer ones each channel is kept by itself, since that
/// is a plain copy.
const SHORT: usize = 20;

/// The part of some channels that a tile sees, with zeros beyond the border.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    images: usize,
    channels: usize,
    height: usize,
    width: usize,
    /// The first row and column of the images, or of the zeros before them.
    top: isize,
    left: isize,
}

impl Band {
    pub fn new(tile: &Tile, channels: usize, [down, along]: [&Axis; 2]) -> Self {
        Self {
            images: tile.images,
            channels,
            height: down.span(tile.rows.len()),
            width: along.span(along.count),
            top: (tile.rows.start * down.stride) as isize + down.low(),
            left: along.low(),
        }
    }

    pub fn len(&self) -> usize {
        self.images * self.image()
    }

    /// Numbers of an image.
    fn image(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// From a pixel to the next, and from a channel to the next.
    fn steps(&self) -> [usize; 2] {
        match self.width < SHORT && self.channels > 1 {
            true => [self.channels, 1],
            false => [1, self.height * self.width],
        }
    }

    /// Copies the pixels. `images` are those of the tile, of which each has `all` channels
    /// of `size`; the band's begin at `first`.
    pub fn fill<T: Real>(
        &self,
        band: &mut [T],
        images: &[T],
        (all, first): (usize, usize),
        [height, width]: [usize; 2],
        parallel: bool,
    ) {
        let plane = height * width;
        each(parallel, band, self.image(), |image, band| {
            let channels = &images[(image * all + first) * plane..][..self.channels * plane];
            for row in 0..self.height {
                let source = usize::try_from(self.top + row as isize);
                let source = source.ok().filter(|source| *source < height);
                match (source, self.steps()) {
                    (None, [1, step]) => {
                        for channel in band.chunks_exact_mut(step) {
                            channel[row * self.width..][..self.width].fill(T::ZERO);
                        }
                    }
                    (None, [step, _]) => {
                        let line = self.width * step;
                        band[row * line..][..line].fill(T::ZERO);
                    }
                    (Some(source), [1, step]) => {
                        let channels = channels.chunks_exact(plane);
                        for (band, channel) in band.chunks_exact_mut(step).zip(channels) {
                            let line = &mut band[row * self.width..][..self.width];
                            self.fill_line(line, &channel[source * width..][..width]);
                        }
                    }
                    (Some(source), [step, _]) => {
                        let line = &mut band[row * self.width * step..][..self.width * step];
                        self.interleave(line, &channels[source * width..], plane, width);
                    }
                }
            }
        });
    }

    /// Pixels of a source line that the band has, and the first place that they have in it.
    fn inside(&self, width: usize) -> (Range<usize>, usize) {
        let before = ((-self.left).max(0) as usize).min(self.width);
        let skipped = (self.left.max(0) as usize).min(width);
        let count = (width - skipped).min(self.width - before);
        (skipped..skipped + count, before)
    }

    fn fill_line<T: Real>(&self, line: &mut [T], source: &[T]) {
        let (inside, before) = self.inside(source.len());
        let after = before + inside.len();
        line[..before].fill(T::ZERO);
        line[before..after].copy_from_slice(&source[inside]);
        line[after..].fill(T::ZERO);
    }

    /// Writes a line of all channels, pixel by pixel, few channels at a time, whose lines the
    /// nearest cache holds.
    fn interleave<T: Real>(&self, line: &mut [T], source: &[T], plane: usize, width: usize) {
        let (inside, before) = self.inside(width);
        let after = before + inside.len();
        line[..before * self.channels].fill(T::ZERO);
        line[after * self.channels..].fill(T::ZERO);
        let line = &mut line[before * self.channels..after * self.channels];
        for first in (0..self.channels).step_by(LANES) {
            let count = LANES.min(self.channels - first);
            let source = &source[first * plane + inside.start..];
            for (pixel, target) in line.chunks_exact_mut(self.channels).enumerate() {
                let target = &mut target[first..][..count];
                for (target, source) in target.iter_mut().zip(source[pixel..].chunks(plane)) {
                    *target = source[0];
                }
            }
        }
    }

    /// Where targets of a tile stand in the band, image by image.
    pub fn positions(&self, first: usize, part: &Part, [down, along]: [&Axis; 2]) -> Vec<usize> {
        let [step, _] = self.steps();
        let mut positions = Vec::new();
        for image in 0..self.images {
            for row in part.down.targets.clone() {
                let row = (row - first) * down.stride * self.width;
                let columns = part.along.targets.clone();
                let image = image * self.image();
                positions.extend(columns.map(|x| image + (row + x * along.stride) * step));
            }
        }
        positions
    }

    /// How much further on the pixel of each tap and channel lies.
    pub fn offsets(&self, [down, along]: [&Axis; 2]) -> Vec<usize> {
        let [pixel_step, channel_step] = self.steps();
        let mut offsets = Vec::new();
        for row in &down.taps {
            for column in &along.taps {
                let row = (row.shift - down.low()) as usize;
                let pixel = row * self.width + (column.shift - along.low()) as usize;
                let channels = 0..self.channels;
                offsets.extend(channels.map(|c| pixel * pixel_step + c * channel_step));
            }
        }
        offsets
    }
}

/// Targets of a tile that the same taps see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub down: Segment,
    pub along: Segment,
}

impl Part {
    /// All targets of a tile and all taps.
    pub fn whole(tile: &Tile, [down, along]: [&Axis; 2]) -> Self {
        let whole = |axis: &Axis, targets: Range<usize>| Segment {
            targets,
            taps: 0..axis.taps.len(),
        };
        Self {
            down: whole(down, tile.rows.clone()),
            along: whole(along, 0..along.count),
        }
    }

    pub fn targets(&self, tile: &Tile) -> usize {
        tile.images * self.down.targets.len() * self.along.targets.len()
    }

    /// What it costs, counted in products of a target and a row of the panel: those that are
    /// multiplied, and the writing of each row of targets, if it is not a whole row.
    fn cost(&self, tile: &Tile, along: &Axis, channels: usize) -> usize {
        let taps = self.down.taps.len() * self.along.taps.len();
        let products = self.targets(tile).next_multiple_of(ROWS) * taps.max(1) * channels;
        let whole = self.along.targets.len() == along.count;
        let rows = tile.images * self.down.targets.len();
        products + if whole { 0 } else { rows * WRITE }
    }

    /// A tile in parts: such that taps that see zeros are left out along none, one or both
    /// axes, whatever costs least. The images have so many channels.
    pub fn of(
        tile: &Tile,
        [down, along]: [&Axis; 2],
        [height, width]: [usize; 2],
        channels: usize,
    ) -> Vec<Self> {
        let whole = Self::whole(tile, [down, along]);
        let rows = [vec![whole.down], down.segments(tile.rows.clone(), height)];
        let columns = [vec![whole.along], along.segments(0..along.count, width)];
        let choices = rows.iter().flat_map(|rows| {
            columns.iter().map(move |columns| {
                let pairs = rows
                    .iter()
                    .flat_map(|down| columns.iter().map(move |a| (down, a)));
                let parts = pairs.map(|(down, along)| Self {
                    down: down.clone(),
                    along: along.clone(),
                });
                parts.collect::<Vec<_>>()
            })
        });
        let cost = |parts: &Vec<Self>| -> usize {
            let costs = parts.iter().map(|part| part.cost(tile, along, channels));
            costs.sum()
        };
        choices.min_by_key(cost).expect("four choices")
    }
}

/// Repeats the last place until there are as many as a product needs.
pub(super) fn rounded(mut places: Vec<usize>) -> Vec<usize> {
    if let Some(last) = places.last().copied() {
        places.resize(places.len().next_multiple_of(ROWS), last);
    }
    places
}
