//! USPS as the HDF5 file that goes about as `usps.h5`: groups `train` and
//! `test`, each with `data`, 32-bit floats of 0..=1 `[images, 256]`, and
//! `target`, 32-bit integers, the digits.

use std::path::Path;

use hdf5_reader::{H5Type, Hdf5File, OpenOptions};

use super::{EXCESS, Images, MAX_IMAGES, PIXELS};
use crate::data::split::Split;
use crate::data::{DataError, ImageSet, container};

pub(super) fn read(path: &Path, split: Split) -> Result<ImageSet, DataError> {
    container::plain(path)?;
    let most = MAX_IMAGES * PIXELS * size_of::<f32>();
    let options = OpenOptions::default()
        .with_max_chunk_bytes(most)
        .with_max_read_bytes(most);
    let file = Hdf5File::open_with_options(path, options)
        .map_err(|error| DataError::format(path, "an HDF5 file", error.to_string()))?;
    let group = match split {
        Split::Train => "train",
        Split::Test => "test",
    };

    let (shape, mut pixels) = array::<f32>(&file, path, &format!("/{group}/data"))?;
    let &[count, PIXELS] = &shape[..] else {
        let expected = format!("{group}/data of [images, {PIXELS}]");
        return Err(DataError::format(path, expected, format!("{shape:?}")));
    };
    let (shape, targets) = array::<i32>(&file, path, &format!("/{group}/target"))?;
    if shape != [count] {
        let expected = format!("{group}/target of [{count}], as data has images");
        return Err(DataError::format(path, expected, format!("{shape:?}")));
    }

    for (index, value) in pixels.iter_mut().enumerate() {
        if !(-EXCESS..=1.0 + EXCESS).contains(value) {
            let expected = format!("values from 0 to 1 in {group}/data");
            let found = format!("{value} in image {}", index / PIXELS);
            return Err(DataError::format(path, expected, found));
        }
        *value = value.clamp(0.0, 1.0);
    }
    let digit = |(index, &target): (usize, &i32)| {
        u8::try_from(target)
            .ok()
            .filter(|digit| *digit <= 9)
            .ok_or_else(|| {
                let expected = format!("digits from 0 to 9 in {group}/target");
                DataError::format(path, expected, format!("{target} for image {index}"))
            })
    };
    let labels = targets
        .iter()
        .enumerate()
        .map(digit)
        .collect::<Result<_, _>>()?;
    Images { pixels, labels }.finish(path)
}

/// The shape and the values of a data set of exactly this type.
fn array<T: H5Type>(
    file: &Hdf5File,
    path: &Path,
    name: &str,
) -> Result<(Vec<usize>, Vec<T>), DataError> {
    let array = file
        .dataset(name)
        .and_then(|data| data.read_array::<T>())
        .map_err(|error| {
            let expected = format!("{name} of {}", std::any::type_name::<T>());
            DataError::format(path, expected, error.to_string())
        })?;
    let shape = array.shape().to_vec();
    // The offset is of an array that was sliced, which this one is not.
    let (values, _) = array.into_raw_vec_and_offset();
    Ok((shape, values))
}
