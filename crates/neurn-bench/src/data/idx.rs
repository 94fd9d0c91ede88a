//! IDX, the format of MNIST (<http://yann.lecun.com/exdb/mnist/>): a magic
//! number `0x00000800 + D`, where `08` means bytes, then `D` sizes, then the
//! values with the last index running fastest. Numbers are big-endian, 32 bits.

use std::io::Read;
use std::path::Path;

use super::split::CLASSES;
use super::{DataError, container};

/// The most bytes of values a file may have: 1 GiB. MNIST has 45 MiB.
pub(super) const MAX_BYTES: u64 = 1 << 30;

/// An array of bytes of `D` dimensions.
pub(super) struct Idx<const D: usize> {
    /// All at least 1.
    pub(super) sizes: [usize; D],
    /// As many as the product of the sizes.
    pub(super) values: Vec<u8>,
}

/// Reads an IDX file, compressed or not.
pub(super) fn read<const D: usize>(path: &Path) -> Result<Idx<D>, DataError> {
    let mut reader = container::open(path)?;
    let mut number = || -> Result<u32, DataError> {
        let mut bytes = [0; 4];
        let expected = format!("an IDX header of {} bytes", 4 * (D + 1));
        reader
            .read_exact(&mut bytes)
            .map_err(|source| container::unreadable(path, &expected, source))?;
        Ok(u32::from_be_bytes(bytes))
    };

    let magic = 0x0800 + D as u32;
    let found = number()?;
    if found != magic {
        let expected = format!("IDX bytes of {D} dimensions (magic {magic:#010x})");
        return Err(DataError::format(path, expected, format!("{found:#010x}")));
    }
    let mut sizes = [0; D];
    for size in &mut sizes {
        *size = number()? as usize;
    }
    let length = sizes
        .iter()
        .try_fold(1, |product: u64, &size| product.checked_mul(size as u64))
        .filter(|length| (1..=MAX_BYTES).contains(length))
        .ok_or_else(|| {
            let expected = format!("sizes with a product of 1 to {MAX_BYTES}");
            DataError::format(path, expected, format!("sizes {sizes:?}"))
        })?;
    let expected = format!("{length} bytes after the header (sizes {sizes:?})");
    let values = container::rest(reader, path, length, &expected)?;
    Ok(Idx { sizes, values })
}

/// Reads the digits that belong to `count` images.
pub(super) fn labels(path: &Path, count: usize, images: &Path) -> Result<Vec<u8>, DataError> {
    let labels = read::<1>(path)?.values;
    if labels.len() != count {
        let expected = format!("{count} labels, as {} has images", images.display());
        return Err(DataError::format(path, expected, labels.len().to_string()));
    }
    match labels
        .iter()
        .position(|&label| usize::from(label) >= CLASSES)
    {
        None => Ok(labels),
        Some(index) => Err(DataError::format(
            path,
            "labels from 0 to 9",
            format!("{} for image {index}", labels[index]),
        )),
    }
}
