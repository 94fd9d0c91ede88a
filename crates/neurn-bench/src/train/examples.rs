//! Images as a network takes them: resized, through the frontend, in batches.

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::{Dataset, DatasetError};
use burn::tensor::{Device, Int, Tensor, TensorData};
use image::{Rgb, RgbImage};
use neurn_models::{Frontend, Map, Scale};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

use crate::data::{ImageSet, LabelledImage, Shift, resize};

/// Images of RGB at `side` x `side`, float values, with their digits.
#[derive(Clone, Debug)]
pub struct Examples {
    values: Arc<Vec<f32>>,
    labels: Arc<Vec<u8>>,
    channels: usize,
    side: usize,
}

/// One image of [`Examples`].
#[derive(Clone, Debug)]
pub struct Example {
    values: Vec<f32>,
    label: u8,
}

/// A batch on a device.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[N, C, H, W]`
    pub images: Tensor<4>,
    /// `[N]`
    pub labels: Tensor<1, Int>,
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
        let size = Self::CHANNELS * side * side;
        let mut values = vec![0.0; range.len() * size];
        values
            .par_chunks_mut(size)
            .zip(range.clone())
            .for_each(|(values, index)| {
                let image = images.labelled(index);
                values.copy_from_slice(&resize(&image, Self::CHANNELS, side).pixels);
            });
        Self {
            values: Arc::new(values),
            labels: Arc::new(images.labels()[range].to_vec()),
            channels: Self::CHANNELS,
            side,
        }
    }

    /// The images shifted.
    pub fn shifted(&self, shift: &Shift) -> Self {
        let size = self.channels * self.side * self.side;
        let mut values = vec![0.0; self.values.len()];
        values
            .par_chunks_mut(size)
            .zip(self.values.par_chunks(size))
            .enumerate()
            .for_each(|(index, (shifted, pixels))| {
                let image = LabelledImage {
                    pixels: pixels.to_vec(),
                    channels: self.channels,
                    height: self.side,
                    width: self.side,
                    label: self.labels[index],
                };
                shifted.copy_from_slice(&shift.apply(&image, index).pixels);
            });
        Self {
            values: Arc::new(values),
            ..self.clone()
        }
    }

    /// The images through a frontend without parameters, which therefore need
    /// not pass it again in every epoch.
    pub fn through(&self, frontend: &Frontend, device: &Device) -> Self {
        if let (Map::Identity(_), Scale::None(_)) = (&frontend.map, &frontend.scale) {
            return self.clone();
        }
        let mut values = Vec::with_capacity(self.values.len());
        let mut shape = [0, self.channels, self.side, self.side];
        for batch in self.batches(256, None, device).iter() {
            let batch = batch.expect("examples are in memory");
            let output = frontend.forward(batch.images);
            shape = output.dims();
            values.extend(output.into_data().iter::<f32>());
        }
        let [_, channels, height, width] = shape;
        assert_eq!(height, width, "a frontend keeps images square");
        Self {
            values: Arc::new(values),
            labels: self.labels.clone(),
            channels,
            side: height,
        }
    }

    /// Images one part after another.
    ///
    /// # Panics
    ///
    /// If there is no part, or shapes differ.
    pub fn concat(parts: Vec<Self>) -> Self {
        let first = parts.first().expect("a part at least");
        let (channels, side) = (first.channels, first.side);
        if parts.len() == 1 {
            return first.clone();
        }
        let mut values = Vec::new();
        let mut labels = Vec::new();
        for part in &parts {
            assert_eq!((part.channels, part.side), (channels, side));
            values.extend_from_slice(&part.values);
            labels.extend_from_slice(&part.labels);
        }
        Self {
            values: Arc::new(values),
            labels: Arc::new(labels),
            channels,
            side,
        }
    }

    /// Mean and population deviation of each channel over all images, in f64; 1 for
    /// the deviation of a channel that is the same everywhere.
    pub fn channel_statistics(&self, _device: &Device) -> (Vec<f64>, Vec<f64>) {
        let plane = self.side * self.side;
        let count = (self.labels.len() * plane) as f64;
        let of_channel = |channel: usize| {
            let planes = self.values.chunks_exact(plane);
            planes.skip(channel).step_by(self.channels)
        };
        let channels = 0..self.channels;
        let statistics = channels.map(|channel| {
            let values = || of_channel(channel).flatten().map(|&value| f64::from(value));
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
            (mean, deviation)
        });
        statistics.unzip()
    }

    /// The digits.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Image `index` as a picture.
    ///
    /// # Panics
    ///
    /// If there is no such image, or its channels are not RGB.
    pub fn picture(&self, index: usize) -> RgbImage {
        assert_eq!(self.channels, 3, "a picture is RGB");
        let plane = self.side * self.side;
        let image = &self.values[index * 3 * plane..(index + 1) * 3 * plane];
        RgbImage::from_fn(self.side as u32, self.side as u32, |x, y| {
            let pixel = y as usize * self.side + x as usize;
            Rgb([0, 1, 2].map(|channel: usize| {
                (image[channel * plane + pixel].clamp(0.0, 1.0) * 255.0).round() as u8
            }))
        })
    }

    /// A loader of batches on `device`, shuffled once by `shuffle` or else in
    /// the order they stand in.
    pub fn batches(
        &self,
        batch: usize,
        shuffle: Option<u64>,
        device: &Device,
    ) -> Arc<dyn DataLoader<Batch>> {
        let stack = Stack {
            channels: self.channels,
            side: self.side,
        };
        let mut loader = DataLoaderBuilder::new(stack)
            .batch_size(batch.min(self.labels.len()))
            .set_device(device.clone());
        if let Some(seed) = shuffle {
            loader = loader.shuffle(seed);
        }
        loader.build(self.clone())
    }
}

impl Dataset<Example> for Examples {
    fn get(&self, index: usize) -> Result<Example, DatasetError> {
        let size = self.channels * self.side * self.side;
        Ok(Example {
            values: self.values[index * size..(index + 1) * size].to_vec(),
            label: self.labels[index],
        })
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

impl Batcher<Example, Batch> for Stack {
    fn batch(&self, examples: Vec<Example>, device: &Device) -> Batch {
        let count = examples.len();
        let labels: Vec<i64> = examples.iter().map(|e| i64::from(e.label)).collect();
        let values: Vec<f32> = examples.into_iter().flat_map(|e| e.values).collect();
        let shape = [count, self.channels, self.side, self.side];
        Batch {
            images: Tensor::from_data(TensorData::new(values, shape), device),
            labels: Tensor::from_data(TensorData::new(labels, [count]), device),
        }
    }
}
