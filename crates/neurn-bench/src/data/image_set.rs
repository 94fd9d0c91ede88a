//! Labelled images of one shape, as one part (train or test) of a domain.

use burn::data::dataset::{Dataset, DatasetError};
use sha2::{Digest, Sha256};

use crate::fingerprint::hexadecimal;

/// The number of classes of every digit domain.
pub const CLASSES: usize = 10;

/// Grey or colour values of all images of an [`ImageSet`], image after image,
/// each in `[channel, row, column]` order.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// 8-bit values; 0..=255 stands for 0..=1.
    U8(Vec<u8>),
    /// Values in 0..=1, for formats that are not 8-bit (USPS).
    F32(Vec<f32>),
}

impl Pixels {
    fn len(&self) -> usize {
        match self {
            Pixels::U8(values) => values.len(),
            Pixels::F32(values) => values.len(),
        }
    }
}

/// One image with its digit.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledImage {
    /// Values in 0..=1, `[channel, row, column]`.
    pub pixels: Vec<f32>,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The digit, 0..=9.
    pub label: u8,
}

/// Images of one shape with their digits, decoded and held in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageSet {
    pixels: Pixels,
    labels: Vec<u8>,
    channels: usize,
    height: usize,
    width: usize,
    fingerprint: String,
}

impl ImageSet {
    /// Puts decoded images together.
    ///
    /// # Panics
    ///
    /// If the number of values is not `labels * channels * height * width`, or
    /// a label is over 9. Readers check their files before they call this.
    pub fn new(pixels: Pixels, labels: Vec<u8>, [channels, height, width]: [usize; 3]) -> Self {
        assert_eq!(
            pixels.len(),
            labels.len() * channels * height * width,
            "{} labels of {channels}x{height}x{width} images",
            labels.len()
        );
        assert!(labels.iter().all(|&label| usize::from(label) < CLASSES));
        let fingerprint = fingerprint(&pixels, &labels, [channels, height, width]);
        Self {
            pixels,
            labels,
            channels,
            height,
            width,
            fingerprint,
        }
    }

    /// `[channels, height, width]` of every image.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// The digit of every image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The values of all images.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// Image `index` with its digit.
    ///
    /// # Panics
    ///
    /// If `index` is not below the number of images.
    pub fn labelled(&self, index: usize) -> LabelledImage {
        LabelledImage {
            pixels: self.image(index),
            channels: self.channels,
            height: self.height,
            width: self.width,
            label: self.labels[index],
        }
    }

    /// The values of image `index` in 0..=1.
    ///
    /// # Panics
    ///
    /// If `index` is not below the number of images.
    pub fn image(&self, index: usize) -> Vec<f32> {
        let size = self.channels * self.height * self.width;
        let range = index * size..(index + 1) * size;
        match &self.pixels {
            Pixels::U8(values) => values[range]
                .iter()
                .map(|&v| f32::from(v) / 255.0)
                .collect(),
            Pixels::F32(values) => values[range].to_vec(),
        }
    }

    /// How many images of each digit there are.
    pub fn class_counts(&self) -> [usize; CLASSES] {
        let mut counts = [0; CLASSES];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// A hash of shape, labels and values, the same for the same images
    /// whatever container they came in (16 hexadecimal digits of SHA-256).
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn fingerprint(pixels: &Pixels, labels: &[u8], shape: [usize; 3]) -> String {
    let mut hash = Sha256::new();
    hash.update((labels.len() as u64).to_le_bytes());
    for n in shape {
        hash.update((n as u64).to_le_bytes());
    }
    hash.update(labels);
    match pixels {
        Pixels::U8(values) => hash.update(values),
        Pixels::F32(values) => {
            for value in values {
                hash.update(value.to_le_bytes());
            }
        }
    }
    hexadecimal(&hash.finalize()[..8])
}

impl Dataset<LabelledImage> for ImageSet {
    fn get(&self, index: usize) -> Result<LabelledImage, DatasetError> {
        Ok(self.labelled(index))
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}
