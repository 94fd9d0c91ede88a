//! Labelled images of one shape, as one split (train, validation or test) of a
//! domain.

use std::sync::Arc;

use burn::data::dataset::{Dataset, DatasetError};
use sha2::{Digest, Sha256};

use super::DataError;
use super::folder::Files;
use crate::fingerprint::hexadecimal;

/// Grey or colour values of all images of an [`ImageSet`] in memory, image after
/// image, each in `[channel, row, column]` order.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 8-bit values; 0..=255 stands for 0..=1.
    U8(Vec<u8>),
    /// Values in 0..=1, for formats that are not 8-bit (USPS).
    F32(Vec<f32>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::F32(values) => values.len(),
        }
    }
}

/// One image with its label.
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
    /// The place of its class in [`Domain::classes`](super::Domain::classes).
    pub label: u16,
}

/// Images of one shape with their labels. A clone shares the images.
///
/// They are in memory, or in files that are decoded when an image is asked for.
#[derive(Clone, Debug)]
pub struct ImageSet {
    source: Source,
    labels: Arc<[u16]>,
    shape: [usize; 3],
    fingerprint: String,
}

#[derive(Clone, Debug)]
enum Source {
    Memory(Arc<Values>),
    Files(Arc<Files>),
}

/// Of images in files: that they are of the same content.
impl PartialEq for ImageSet {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.source, &other.source) {
            (Source::Memory(values), Source::Memory(others)) => values == others,
            (Source::Files(_), Source::Files(_)) => self.fingerprint == other.fingerprint,
            _ => false,
        };
        same && self.labels == other.labels && self.shape == other.shape
    }
}

impl ImageSet {
    /// Puts decoded images together.
    ///
    /// # Panics
    ///
    /// If the number of values is not `labels * channels * height * width`.
    /// Readers check their files before they call this.
    pub fn new<L: Into<u16>>(
        values: Values,
        labels: Vec<L>,
        shape @ [channels, height, width]: [usize; 3],
    ) -> Self {
        assert_eq!(
            values.len(),
            labels.len() * channels * height * width,
            "{} labels of {channels}x{height}x{width} images",
            labels.len()
        );
        let labels: Arc<[u16]> = labels.into_iter().map(Into::into).collect();
        Self {
            fingerprint: fingerprint(&values, &labels, shape),
            source: Source::Memory(Arc::new(values)),
            labels,
            shape,
        }
    }

    /// Pictures in files, RGB.
    pub(super) fn of_files(files: Files, labels: Arc<[u16]>, fingerprint: String) -> Self {
        Self {
            shape: [3, files.side(), files.side()],
            source: Source::Files(Arc::new(files)),
            labels,
            fingerprint,
        }
    }

    /// `[channels, height, width]` of every image.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The label of every image.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The values of all images, if they are in memory.
    pub fn values(&self) -> Option<&Values> {
        match &self.source {
            Source::Memory(values) => Some(values),
            Source::Files(_) => None,
        }
    }

    /// Image `index` with its label.
    ///
    /// # Errors
    ///
    /// If it is read from a file, and that cannot be read or is another than it
    /// was.
    ///
    /// # Panics
    ///
    /// If `index` is not below the number of images.
    pub fn labelled(&self, index: usize) -> Result<LabelledImage, DataError> {
        let [channels, height, width] = self.shape;
        Ok(LabelledImage {
            pixels: self.image(index)?,
            channels,
            height,
            width,
            label: self.labels[index],
        })
    }

    /// The values of image `index` in 0..=1.
    ///
    /// # Errors
    ///
    /// As [`labelled`](Self::labelled).
    ///
    /// # Panics
    ///
    /// If `index` is not below the number of images.
    pub fn image(&self, index: usize) -> Result<Vec<f32>, DataError> {
        let size: usize = self.shape.iter().product();
        let range = index * size..(index + 1) * size;
        match &self.source {
            Source::Memory(values) => Ok(match &**values {
                Values::U8(values) => unit(&values[range]),
                Values::F32(values) => values[range].to_vec(),
            }),
            Source::Files(files) => Ok(unit(&files.values(index)?)),
        }
    }

    /// How many images of each label there are, up to the highest label.
    pub fn class_counts(&self) -> Vec<usize> {
        let classes = self.labels.iter().max().map_or(0, |&most| most.into());
        let mut counts = vec![0; classes + 1];
        for &label in &*self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// A hash of what the images are made of (16 hexadecimal digits of SHA-256).
    /// Of images in memory: of shape, labels and values, the same for the same
    /// images whatever container they came in. Of images in files: of class, name and
    /// content of each file.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// 8-bit values in 0..=1.
fn unit(values: &[u8]) -> Vec<f32> {
    values.iter().map(|&v| f32::from(v) / 255.0).collect()
}

fn fingerprint(values: &Values, labels: &[u16], shape: [usize; 3]) -> String {
    let mut hash = Sha256::new();
    hash.update((labels.len() as u64).to_le_bytes());
    for n in shape {
        hash.update((n as u64).to_le_bytes());
    }
    // A byte each where that is enough: records hold such hashes.
    match labels.iter().all(|&label| label < 256) {
        true => labels.iter().for_each(|&label| hash.update([label as u8])),
        false => labels.iter().for_each(|l| hash.update(l.to_le_bytes())),
    }
    match values {
        Values::U8(values) => hash.update(values),
        Values::F32(values) => {
            for value in values {
                hash.update(value.to_le_bytes());
            }
        }
    }
    hexadecimal(&hash.finalize()[..8])
}

impl Dataset<LabelledImage> for ImageSet {
    fn get(&self, index: usize) -> Result<LabelledImage, DatasetError> {
        self.labelled(index).map_err(DatasetError::new)
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records hold these hashes. By Python's hashlib: SHA-256 of the number of
    /// labels and the shape as little-endian u64, the labels and the values.
    #[test]
    fn fingerprints_are_what_they_were() {
        let bytes = ImageSet::new(Values::U8((0..8).collect()), vec![3_u8, 9], [1, 2, 2]);
        assert_eq!(bytes.fingerprint(), "b2bf10e70bef5f41");
        let floats = ImageSet::new(Values::F32(vec![0.25, 1.0]), vec![3_u8, 9], [1, 1, 1]);
        assert_eq!(floats.fingerprint(), "097076b477d5a9d6");
        let many = ImageSet::new(Values::U8(vec![1, 2]), vec![3_u16, 300], [1, 1, 1]);
        assert_eq!(many.fingerprint(), "4e45e7227e140efa");
        assert_eq!(many.class_counts()[298..], [0, 0, 1]);
    }
}
