//! NumPy arrays, one in a `.npy` file and several in a `.npz` archive.
//!
//! The format is that of NumPy's
//! [`numpy.lib.format`](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html),
//! versions 1 to 3: magic, version, the length of the header, the header (a
//! Python dictionary of `descr`, `fortran_order` and `shape`), the values. A
//! `.npz` is a zip archive of `.npy` files, stored or deflated.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::CortexError;
use super::error::length;
use header::Header;

mod header;

/// The largest file, and the largest array unpacked: 2 GiB.
const MOST_BYTES: u64 = 2 << 30;

/// How many bytes deflate makes at most of one: 1032, and some room for what
/// is short.
const EXPANSION: u64 = 1_100;

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
    let length = length(path, MOST_BYTES)?;
    let file = File::open(path).map_err(|source| CortexError::io(path, source))?;
    let bytes = all(file, length).map_err(|source| CortexError::io(path, source))?;
    parse(&bytes).map_err(|error| error.in_file(path))
}

/// Reads the arrays of these names from a `.npz` archive.
pub(super) fn read_archive<const N: usize>(
    path: &Path,
    names: [&str; N],
) -> Result<[Array; N], CortexError> {
    let length = length(path, MOST_BYTES)?;
    let file = File::open(path).map_err(|source| CortexError::io(path, source))?;
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|error| damaged(path, "archive", "a zip archive", error))?;
    let most = MOST_BYTES.min(length.saturating_mul(EXPANSION));
    let mut arrays = Vec::with_capacity(N);
    for name in names {
        let entry = archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| damaged(path, name, "an array of this name", error))?;
        let size = entry.size();
        if size > most {
            let expected = format!("at most {most} bytes");
            return Err(CortexError::file(path, name, expected, size.to_string()));
        }
        let bytes = all(entry, size).map_err(|source| {
            let expected = format!("{size} bytes");
            CortexError::file(path, name, expected, format!("damaged data: {source}"))
        })?;
        arrays.push(parse(&bytes).map_err(|error| under(error, name).in_file(path))?);
    }
    Ok(arrays.try_into().expect("one array a name"))
}

/// The array that the bytes of a `.npy` file are.
pub(super) fn parse(bytes: &[u8]) -> Result<Array, CortexError> {
    let (header, values) = Header::split(bytes)?;
    let size = header.element.size();
    let count = header
        .shape
        .iter()
        .try_fold(1_usize, |product, &side| product.checked_mul(side));
    let expected = count.and_then(|count| count.checked_mul(size));
    if expected != Some(values.len()) {
        let expected = format!("{:?} values of {size} bytes", header.shape);
        let found = format!("{} bytes", values.len());
        return Err(CortexError::values("values", expected, found));
    }
    let decode = |chunk| header.element.decode(chunk, header.big_endian);
    let values: Vec<f64> = values.chunks_exact(size).map(decode).collect();
    let values = if header.fortran_order {
        c_order(&header.shape, &values)
    } else {
        values
    };
    Ok(Array {
        whole: header.element.whole(),
        shape: header.shape,
        values,
    })
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

/// All bytes, which are as many as were announced. Memory grows with what is
/// there.
fn all(reader: impl Read, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(length.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        let found = format!("{} of {length} bytes", bytes.len());
        Err(std::io::Error::other(found))
    }
}

fn damaged(path: &Path, field: &str, expected: &str, error: ZipError) -> CortexError {
    match error {
        ZipError::Io(source) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            CortexError::io(path, source)
        }
        error => CortexError::file(path, field, expected, error.to_string()),
    }
}

/// The same, of a field of `name`.
fn under(error: CortexError, name: &str) -> CortexError {
    match error {
        CortexError::Values {
            field,
            expected,
            found,
        } => CortexError::values(format!("{name}: {field}"), expected, found),
        other => other,
    }
}
