//! Images as a network takes them: resized, through the frontend, in batches.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::{Device, Tensor, TensorData};
use image::{Rgb, RgbImage};
use neurn_models::{Frontend, Map, Scale};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

use super::batches::{Batch, Batches, Stacked};
use crate::data::{ImageSet, LabelledImage, Shift, resize};

/// Images at `side` x `side` with their labels. A clone shares the images.
///
/// Images in memory are kept as a network takes them, in 32 bits and through the
/// frontend. Those in files are decoded, shifted and put through the frontend
/// batch by batch, as their number has no bound.
#[derive(Clone, Debug)]
pub struct Examples {
    source: Source,
    labels: Arc<[u16]>,
    channels: usize,
    side: usize,
}

#[derive(Clone, Debug)]
enum Source {
    /// As a network takes them.
    Values(Arc<Vec<f32>>),
    /// What becomes of each when it is asked for.
    Files(Box<Files>),
}

#[derive(Clone, Debug)]
struct Files {
    parts: Vec<Part>,
    side: usize,
    shift: Option<Shift>,
    frontend: Option<(Frontend, Device)>,
}

/// So many images of a set, from one on.
#[derive(Clone, Debug)]
struct Part {
    images: ImageSet,
    range: Range<usize>,
}

/// One image of [`Examples`], not through the frontend if it is from a file.
#[derive(Clone, Debug)]
pub struct Example {
    values: Vec<f32>,
    label: u16,
}

impl Examples {
    /// Channels of every image, whatever its domain.
    pub const CHANNELS: usize = 3;

    /// The images of `range`, resized to RGB at `side` x `side`, in 0..=1.
    ///
    /// # Panics
    ///
    /// If the range reaches beyond the images.
    pub fn new(images: &ImageSet, range: Range<usize>, side: usize) -> Self {
        Self::of(&[(images, range)], side)
    }

    /// The images of several ranges, one after the other, resized to RGB at `side` x
    /// `side`, in 0..=1.
    ///
    /// # Panics
    ///
    /// If a range reaches beyond its images.
    pub fn of(parts: &[(&ImageSet, Range<usize>)], side: usize) -> Self {
        let labels = parts.iter();
        let labels = labels.flat_map(|(images, range)| &images.labels()[range.clone()]);
        let labels: Arc<[u16]> = labels.copied().collect();
        let source = match parts.iter().all(|(images, _)| images.values().is_some()) {
            false => Source::Files(Box::new(Files {
                parts: parts
                    .iter()
                    .map(|(images, range)| Part {
                        images: (*images).clone(),
                        range: range.clone(),
                    })
                    .collect(),
                side,
                shift: None,
                frontend: None,
            })),
            true => {
                let parts = parts.iter();
                let values =
                    parts.flat_map(|(images, range)| in_memory(images, range.clone(), side));
                Source::Values(Arc::new(values.collect()))
            }
        };
        Self {
            source,
            labels,
            channels: Self::CHANNELS,
            side,
        }
    }

    /// The images shifted, each by its place here.
    ///
    /// # Panics
    ///
    /// If images from files have passed a frontend or a shift.
    pub fn shifted(&self, shift: &Shift) -> Self {
        let source = match &self.source {
            Source::Values(values) => {
                let size = self.channels * self.side * self.side;
                let mut shifted = vec![0.0; values.len()];
                let images = shifted.par_chunks_mut(size).zip(values.par_chunks(size));
                images.enumerate().for_each(|(index, (shifted, pixels))| {
                    let image = LabelledImage {
                        pixels: pixels.to_vec(),
                        channels: self.channels,
                        height: self.side,
                        width: self.side,
                        label: self.labels[index],
                    };
                    shifted.copy_from_slice(&shift.apply(&image, index).pixels);
                });
                Source::Values(Arc::new(shifted))
            }
            Source::Files(files) => {
                let first = files.shift.is_none() && files.frontend.is_none();
                assert!(first, "a shift comes first");
                Source::Files(Box::new(Files {
                    shift: Some(*shift),
                    ..(**files).clone()
                }))
            }
        };
        Self {
            source,
            ..self.clone()
        }
    }

    /// The images through a frontend without parameters: now if they are in
    /// memory, so that they need not pass it again in every epoch, and else with
    /// every batch.
    ///
    /// # Panics
    ///
    /// If the frontend does not keep images square, or images from files have
    /// passed one already.
    pub fn through(&self, frontend: &Frontend, device: &Device) -> Self {
        if let (Map::Identity(_), Scale::None(_)) = (&frontend.map, &frontend.scale) {
            return self.clone();
        }
        let mut shape = [0, self.channels, self.side, self.side];
        let source = match &self.source {
            Source::Values(values) => {
                let mut through = Vec::with_capacity(values.len());
                for batch in self.batches(256, None, device).iter() {
                    let batch = batch.expect("examples are in memory");
                    let output = frontend.forward(batch.images);
                    shape = output.dims();
                    through.extend(output.into_data().iter::<f32>());
                }
                Source::Values(Arc::new(through))
            }
            Source::Files(files) => {
                assert!(files.frontend.is_none(), "one frontend comes first");
                shape[0] = 1;
                shape = frontend.forward(Tensor::zeros(shape, device)).dims();
                Source::Files(Box::new(Files {
                    frontend: Some((frontend.clone(), device.clone())),
                    ..(**files).clone()
                }))
            }
        };
        let [_, channels, height, width] = shape;
        assert_eq!(height, width, "a frontend keeps images square");
        Self {
            source,
            labels: self.labels.clone(),
            channels,
            side: height,
        }
    }

    /// The labels.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Image `index` as a picture; values outside of 0..=1 are cut off.
    ///
    /// # Errors
    ///
    /// If its file cannot be read any more.
    ///
    /// # Panics
    ///
    /// If there is no such image, or its channels are not RGB.
    pub fn picture(&self, index: usize) -> Result<RgbImage, DatasetError> {
        assert_eq!(self.channels, 3, "a picture is RGB");
        let example = self.get(index)?;
        let image = match &self.source {
            Source::Files(files) => match &files.frontend {
                Some((frontend, device)) => {
                    let shape = [1, Self::CHANNELS, files.side, files.side];
                    let image = TensorData::new(example.values, shape);
                    let image = frontend.forward(Tensor::from_data(image, device));
                    image.into_data().iter::<f32>().collect()
                }
                None => example.values,
            },
            Source::Values(_) => example.values,
        };
        let plane = self.side * self.side;
        let picture = RgbImage::from_fn(self.side as u32, self.side as u32, |x, y| {
            let pixel = y as usize * self.side + x as usize;
            Rgb([0, 1, 2].map(|channel: usize| {
                (image[channel * plane + pixel].clamp(0.0, 1.0) * 255.0).round() as u8
            }))
        });
        Ok(picture)
    }

    /// A loader of batches on `device`, shuffled once by `shuffle` or else in
    /// the order they stand in. Images from files are decoded on several threads,
    /// a few batches ahead.
    pub fn batches(
        &self,
        batch: usize,
        shuffle: Option<u64>,
        device: &Device,
    ) -> Arc<dyn DataLoader<Batch>> {
        let (side, frontend) = match &self.source {
            Source::Files(files) => (files.side, files.frontend.as_ref()),
            Source::Values(_) => (self.side, None),
        };
        let stack = Stack {
            channels: match frontend {
                Some(_) => Self::CHANNELS,
                None => self.channels,
            },
            side,
        };
        let mut loader = DataLoaderBuilder::new(stack).batch_size(batch.min(self.labels.len()));
        if let Some(seed) = shuffle {
            loader = loader.shuffle(seed);
        }
        Arc::new(Batches {
            loader: loader.build(self.clone()),
            ahead: matches!(self.source, Source::Files(_)),
            frontend: frontend.map(|(frontend, _)| frontend.clone()),
            device: device.clone(),
        })
    }

    /// The mean and the population deviation of each channel over all images, as
    /// a network takes them; 1 for a deviation of 0.
    ///
    /// Sums are of 64 bits and of differences to the first value of the channel,
    /// so a channel of one value has exactly that mean.
    ///
    /// # Errors
    ///
    /// If a file cannot be read any more.
    ///
    /// # Panics
    ///
    /// If there are no images.
    pub fn channel_statistics(
        &self,
        device: &Device,
    ) -> Result<(Vec<f64>, Vec<f64>), DatasetError> {
        assert!(!self.labels.is_empty(), "statistics are of some images");
        let size = self.channels * self.side * self.side;
        let batch = (STATISTICS_VALUES / size).clamp(1, 256);
        let mut first = Vec::new();
        let mut sums = vec![[0.0; 2]; self.channels];
        for batch in self.batches(batch, None, device).iter() {
            let values: Vec<f32> = batch?.images.into_data().iter::<f32>().collect();
            let plane = self.side * self.side;
            if first.is_empty() {
                first.extend(values.chunks(plane).take(self.channels).map(|c| c[0]));
            }
            let of_plane = |(index, plane): (usize, &[f32])| {
                let first = f64::from(first[index % self.channels]);
                let difference = |&value: &f32| f64::from(value) - first;
                plane
                    .iter()
                    .map(difference)
                    .fold([0.0; 2], |[sum, squares], d| [sum + d, squares + d * d])
            };
            let planes: Vec<[f64; 2]> =
                values.par_chunks(plane).enumerate().map(of_plane).collect();
            for (index, plane) in planes.into_iter().enumerate() {
                let [sum, squares] = &mut sums[index % self.channels];
                *sum += plane[0];
                *squares += plane[1];
            }
        }
        let count = (self.labels.len() * self.side * self.side) as f64;
        let statistics = first.iter().zip(sums).map(|(&first, [sum, squares])| {
            let mean = sum / count;
            let deviation = (squares / count - mean * mean).max(0.0).sqrt();
            let deviation = if deviation == 0.0 { 1.0 } else { deviation };
            (f64::from(first) + mean, deviation)
        });
        Ok(statistics.unzip())
    }
}

/// So many values are read from a device at a time for statistics.
const STATISTICS_VALUES: usize = 1 << 24;

/// The values of images in memory.
fn in_memory(images: &ImageSet, range: Range<usize>, side: usize) -> Vec<f32> {
    let size = Examples::CHANNELS * side * side;
    let mut values = vec![0.0; range.len() * size];
    values
        .par_chunks_mut(size)
        .zip(range)
        .for_each(|(values, index)| {
            let image = images.labelled(index).expect("images are in memory");
            values.copy_from_slice(&resize(&image, Examples::CHANNELS, side).pixels);
        });
    values
}

impl Files {
    fn get(&self, index: usize) -> Result<Example, DatasetError> {
        let mut place = index;
        let part = self.parts.iter().find(|part| match part.range.len() {
            count if place < count => true,
            count => {
                place -= count;
                false
            }
        });
        let Part { images, range } = part.expect("an index below the number of images");
        let image = images.labelled(range.start + place);
        let mut image = image.map_err(DatasetError::new)?;
        if images.shape() != [Examples::CHANNELS, self.side, self.side] {
            image = resize(&image, Examples::CHANNELS, self.side);
        }
        if let Some(shift) = &self.shift {
            image = shift.apply(&image, index);
        }
        Ok(Example {
            values: image.pixels,
            label: image.label,
        })
    }
}

impl Dataset<Example> for Examples {
    fn get(&self, index: usize) -> Result<Example, DatasetError> {
        match &self.source {
            Source::Values(values) => {
                let size = self.channels * self.side * self.side;
                Ok(Example {
                    values: values[index * size..(index + 1) * size].to_vec(),
                    label: self.labels[index],
                })
            }
            Source::Files(files) => files.get(index),
        }
    }

    fn get_many(&self, indices: Vec<usize>) -> Result<Vec<Example>, DatasetError> {
        match &self.source {
            Source::Values(_) => indices.into_iter().map(|index| self.get(index)).collect(),
            Source::Files(files) => {
                let indices = indices.into_par_iter();
                indices.map(|index| files.get(index)).collect()
            }
        }
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}

/// Stacks examples to a batch.
struct Stack {
    channels: usize,
    side: usize,
}

impl Batcher<Example, Stacked> for Stack {
    fn batch(&self, examples: Vec<Example>, _: &Device) -> Stacked {
        let count = examples.len();
        let labels: Vec<i64> = examples.iter().map(|e| i64::from(e.label)).collect();
        let values: Vec<f32> = examples.into_iter().flat_map(|e| e.values).collect();
        let shape = [count, self.channels, self.side, self.side];
        Stacked {
            images: TensorData::new(values, shape),
            labels: TensorData::new(labels, [count]),
        }
    }
}

#[cfg(test)]
mod tests;
