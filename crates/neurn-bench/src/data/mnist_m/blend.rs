//! MNIST-M made of digits and photographs.

use rand::RngExt;
use rayon::prelude::*;

use super::Photographs;
use crate::data::rng::keyed;
use crate::data::{DataError, ImageSet, Values};

impl Photographs {
    /// The first `count` of the digits, or all if there are fewer, each on a
    /// patch of a photograph: in every channel |patch - digit|. Photograph and
    /// place of patch `i` depend on `seed` and `i` alone.
    ///
    /// The digits are grey, or else it is their first channel that counts.
    pub fn blend(&self, digits: &ImageSet, count: usize, seed: u64) -> Result<ImageSet, DataError> {
        let [_, height, width] = digits.shape();
        for (path, photograph) in &self.all {
            let (columns, rows) = photograph.dimensions();
            if (columns as usize) < width || (rows as usize) < height {
                let expected = format!("at least {width}x{height} pixels");
                return Err(DataError::format(
                    path,
                    expected,
                    format!("{columns}x{rows}"),
                ));
            }
        }

        let labels = &digits.labels()[..count.min(digits.labels().len())];
        let mut pixels = vec![0; labels.len() * 3 * height * width];
        pixels
            .par_chunks_mut(3 * height * width)
            .enumerate()
            .try_for_each(|(index, blended)| {
                let mut rng = keyed([seed, index as u64, 0, 0]);
                let (_, photograph) = &self.all[rng.random_range(0..self.all.len())];
                let columns = photograph.width() as usize;
                let top = rng.random_range(0..=photograph.height() as usize - height);
                let left = rng.random_range(0..=columns - width);
                let digit = digits.image(index)?;
                for (channel, blended) in blended.chunks_exact_mut(height * width).enumerate() {
                    let rows = blended
                        .chunks_exact_mut(width)
                        .zip(digit.chunks_exact(width));
                    for (row, (blended, digit)) in rows.enumerate() {
                        let start = 3 * ((top + row) * columns + left) + channel;
                        let patch = photograph.as_raw()[start..].iter().step_by(3);
                        for ((value, digit), patch) in blended.iter_mut().zip(digit).zip(patch) {
                            *value = patch.abs_diff((255.0 * digit).round() as u8);
                        }
                    }
                }
                Ok::<_, DataError>(())
            })?;
        Ok(ImageSet::new(
            Values::U8(pixels),
            labels.to_vec(),
            [3, height, width],
        ))
    }
}
