//! NumPy arrays, one in a `.npy` file and several in a `.npz` archive.
//!
//! The format is that of NumPy's
//! [`numpy.lib.format`](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html),
//! versions 1 to 3: magic, version, the length of the header, the header (a
//! Python dictionary of `descr`, `fortran_order` and `shape`), the values. A
//! `.npz` is a zip archive of `.npy` files, stored or deflated.

use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::CortexError;
use super::error::{MOST_VALUES, open};
use crate::file;
use crate::value::WrongValue;
use header::Header;

mod header;

/// The largest file: values of 8 bytes, and room for a header.
const MOST_BYTES: u64 = 8 * MOST_VALUES as u64 + (1 << 20);

/// An array of any supported type, in C order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    /// 64-bit integers beyond 2^53 are rounded to the nearest.
    pub(super) values: Vec<f64>,
    /// Whether the values are stored as integers.
    pub(super) whole: bool,
}

/// Reads a `.npy` file.
pub(super) fn read(path: &Path) -> Result<Array, CortexError> {
    let (file, length) = open(path, MOST_BYTES)?;
    parse(BufReader::new(file), length).map_err(|error| error.in_file(path))
}

/// Reads the arrays of these names from a `.npz` archive.
pub(super) fn read_archive<const N: usize>(
    path: &Path,
    names: [&str; N],
) -> Result<[Array; N], CortexError> {
    let (file, _) = open(path, N as u64 * MOST_BYTES)?;
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| damaged(path, "archive", "a zip archive", error))?;
    let mut arrays = Vec::with_capacity(N);
    for name in names {
        let entry = archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| damaged(path, name, "an array of this name", error))?;
        let size = entry.size();
        let array = parse(BufReader::new(entry), size);
        arrays.push(array.map_err(|error| under(error, name).in_file(path))?);
    }
    Ok(arrays.try_into().expect("one array a name"))
}

/// The array that a `.npy` file of so many bytes is. How much memory it takes is
/// known from its header, before any is taken: 8 bytes a value, whatever it is
/// stored as.
pub(super) fn parse(mut reader: impl Read, length: u64) -> Result<Array, CortexError> {
    let header = Header::read(&mut reader)?;
    let size = header.element.size();
    let count = header
        .shape
        .iter()
        .try_fold(1_usize, |product, &side| product.checked_mul(side));
    let Some(count) = count.filter(|&count| count <= MOST_VALUES) else {
        let expected = format!("at most {MOST_VALUES} values");
        return Err(CortexError::values(
            "shape",
            expected,
            format!("{:?}", header.shape),
        ));
    };
    let bytes = (count * size) as u64;
    if length.checked_sub(header.length) != Some(bytes) {
        let expected = format!("{:?} values of {size} bytes", header.shape);
        let found = format!("{} bytes", length.saturating_sub(header.length));
        return Err(CortexError::values("values", expected, found));
    }
    let mut values = Vec::with_capacity(count);
    let mut part = vec![0; size * (1 << 13)];
    while values.len() < count {
        let part = &mut part[..size * (count - values.len()).min(1 << 13)];
        reader
            .read_exact(part)
            .map_err(|error| unreadable("values", &error))?;
        let decode = |chunk| header.element.decode(chunk, header.big_endian);
        values.extend(part.chunks_exact(size).map(decode));
    }
    // An archive compares checksums at the end of an entry.
    match reader.read(&mut [0]) {
        Ok(0) => {}
        Ok(_) => return Err(CortexError::values("values", "the end", "more bytes")),
        Err(error) => return Err(unreadable("values", &error)),
    }
    if header.fortran_order {
        values = c_order(&header.shape, &values);
    }
    Ok(Array {
        whole: header.element.whole(),
        shape: header.shape,
        values,
    })
}

fn unreadable(field: &str, error: &io::Error) -> CortexError {
    CortexError::values(field, "readable bytes", error.to_string())
}

/// Values of Fortran order, where the first index runs fastest, in C order.
fn c_order(shape: &[usize], values: &[f64]) -> Vec<f64> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for side in shape {
        strides.push(stride);
        stride *= side;
    }
    let mut index = vec![0; shape.len()];
    let mut from = 0;
    let mut ordered = Vec::with_capacity(values.len());
    for _ in values {
        ordered.push(values[from]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            from += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            from -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

fn damaged(path: &Path, field: &str, expected: &str, error: ZipError) -> CortexError {
    match error {
        ZipError::Io(source) if source.kind() == io::ErrorKind::PermissionDenied => {
            file::at(path)(source).into()
        }
        error => CortexError::file(path, field, expected, error.to_string()),
    }
}

/// The same, of a field of `name`.
fn under(error: CortexError, name: &str) -> CortexError {
    match error {
        CortexError::Values(wrong) => CortexError::Values(WrongValue {
            key: format!("{name}: {}", wrong.key),
            ..wrong
        }),
        other => other,
    }
}
