//! Arrays of bytes in MATLAB files of version 5 ("MAT-File Format", The
//! MathWorks): a header of 128 bytes, then elements, each a type and a length
//! (32 bits each) and that many bytes. An array is an element whose content is
//! again elements: flags, sizes, name, values. It may stand in the file as it
//! is or as a zlib stream. Values run with the first index fastest.
//!
//! Only what is asked for is unpacked, and no length is believed before its
//! bytes are there.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::ZlibDecoder;

use super::{DataError, container};
use crate::file;

/// The most bytes an array may have: 2 GiB. The largest part of SVHN (`extra`)
/// has 1.6 GiB.
pub(super) const MAX_BYTES: u64 = 1 << 31;

const INT8: u32 = 1;
const UINT8: u32 = 2;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// The bit of an array's flags that says its values are complex numbers.
const COMPLEX: u32 = 0x0800;

/// An array of bytes.
#[derive(Default)]
pub(super) struct Array {
    /// At least two, the first running fastest.
    pub(super) sizes: Vec<usize>,
    /// As many as the product of the sizes.
    pub(super) values: Vec<u8>,
}

/// Reads the arrays of these names.
pub(super) fn read<const N: usize>(path: &Path, names: [&str; N]) -> Result<[Array; N], DataError> {
    let mut file = container::plain(path)?;
    header(&mut file, path)?;

    let mut arrays = [const { None }; N];
    while let Some(missing) = arrays.iter().position(Option::is_none) {
        let mut start = [0; 8];
        let Some(()) = start_of_element(&mut file, &mut start, path)? else {
            let expected = format!("an array named {}", names[missing]);
            return Err(DataError::format(path, expected, "the end of the file"));
        };
        let [kind, length] = words(start);
        let mut content = file.by_ref().take(length.into());
        let found = match kind {
            COMPRESSED => {
                let mut packed = Element::new(ZlibDecoder::new(&mut content), path);
                let [kind, _] = words(packed.bytes()?);
                packed.check(kind == MATRIX, "an array", || {
                    format!("an element of type {kind}")
                })?;
                let found = packed.array(&names)?;
                if found.is_some() {
                    packed.end()?;
                }
                found
            }
            MATRIX => Element::new(&mut content, path).array(&names)?,
            _ => None,
        };
        if let Some((index, array)) = found {
            arrays[index].get_or_insert(array);
        }
        io::copy(&mut content, &mut io::sink()).map_err(file::at(path))?;
        if content.limit() > 0 {
            let expected = format!("an element of {length} bytes");
            let found = format!("the end of the file {} bytes earlier", content.limit());
            return Err(DataError::format(path, expected, found));
        }
    }
    Ok(arrays.map(Option::unwrap_or_default))
}

fn header(file: &mut impl Read, path: &Path) -> Result<(), DataError> {
    let expected = "a MATLAB file of version 5, little-endian";
    let mut header = [0; 128];
    file.read_exact(&mut header)
        .map_err(|source| container::unreadable(path, expected, source))?;
    if header[124..] == [0x00, 0x01, b'I', b'M'] {
        return Ok(());
    }
    let start = header[..20].escape_ascii();
    let version = &header[124..];
    Err(DataError::format(
        path,
        expected,
        format!("{start}..., version {version:02x?}"),
    ))
}

/// Fills `start`, or finds the end of the file.
fn start_of_element(
    file: &mut impl Read,
    start: &mut [u8; 8],
    path: &Path,
) -> Result<Option<()>, DataError> {
    let mut bytes = Vec::with_capacity(8);
    file.take(8)
        .read_to_end(&mut bytes)
        .map_err(file::at(path))?;
    match bytes.len() {
        0 => Ok(None),
        8 => {
            start.copy_from_slice(&bytes);
            Ok(Some(()))
        }
        n => Err(DataError::format(
            path,
            "8 bytes before an element",
            n.to_string(),
        )),
    }
}

fn words([a, b, c, d, e, f, g, h]: [u8; 8]) -> [u32; 2] {
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ]
}

/// The content of an array, from its flags on.
struct Element<'a, R> {
    reader: R,
    path: &'a Path,
}

impl<'a, R: Read> Element<'a, R> {
    fn new(reader: R, path: &'a Path) -> Self {
        Self { reader, path }
    }

    /// The array, if it has one of these names, and which.
    fn array(&mut self, names: &[&str]) -> Result<Option<(usize, Array)>, DataError> {
        let (kind, length, _) = self.tag()?;
        self.check((kind, length) == (UINT32, 8), "flags of an array", || {
            format!("{length} bytes of type {kind}")
        })?;
        let [flags, _] = words(self.bytes()?);

        let (kind, length, padding) = self.tag()?;
        self.check(
            kind == INT32 && length % 4 == 0 && (8..=4 * 32).contains(&length),
            "2 to 32 sizes of an array",
            || format!("{length} bytes of type {kind}"),
        )?;
        let mut sizes = Vec::new();
        for size in self.take(length, padding)?.chunks_exact(4) {
            let size = size
                .iter()
                .rev()
                .fold(0, |size, &byte| size << 8 | u32::from(byte));
            sizes.push(size as usize);
        }

        let (kind, length, padding) = self.tag()?;
        self.check(kind == INT8 && length <= 1024, "a name of an array", || {
            format!("{length} bytes of type {kind}")
        })?;
        let name = self.take(length, padding)?;
        let Some(index) = names.iter().position(|wanted| wanted.as_bytes() == name) else {
            return Ok(None);
        };

        let wanted = names[index];
        let (kind, length, padding) = self.tag()?;
        self.check(
            kind == UINT8 && flags & COMPLEX == 0,
            &format!("bytes in {wanted}"),
            || format!("values of type {kind}, flags {flags:#x}"),
        )?;
        let product = sizes
            .iter()
            .try_fold(1, |product: u64, &size| product.checked_mul(size as u64))
            .filter(|product| (1..=MAX_BYTES).contains(product));
        self.check(
            product == Some(length.into()),
            &format!("in {wanted} as many bytes as its sizes {sizes:?} say, at most {MAX_BYTES}"),
            || format!("{length} bytes"),
        )?;
        let values = self.take(length, padding)?;
        Ok(Some((index, Array { sizes, values })))
    }

    /// Type, length and number of padding bytes. What is shorter than five
    /// bytes stands in a word of its own after a type and a length of 16 bits.
    fn tag(&mut self) -> Result<(u32, u32, u32), DataError> {
        let word = u32::from_le_bytes(self.bytes()?);
        let (kind, short) = (word & 0xffff, word >> 16);
        if short > 0 {
            self.check(short <= 4, "a short element of 1 to 4 bytes", || {
                short.to_string()
            })?;
            return Ok((kind, short, 4 - short));
        }
        let length = u32::from_le_bytes(self.bytes()?);
        Ok((kind, length, length.wrapping_neg() % 8))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], DataError> {
        let mut bytes = [0; N];
        self.reader
            .read_exact(&mut bytes)
            .map_err(|source| container::unreadable(self.path, "an array", source))?;
        Ok(bytes)
    }

    /// `length` bytes; those of the padding after them are left out.
    fn take(&mut self, length: u32, padding: u32) -> Result<Vec<u8>, DataError> {
        let expected = format!("{length} bytes of an array");
        let all = u64::from(length) + u64::from(padding);
        let mut bytes = Vec::new();
        self.reader
            .by_ref()
            .take(all)
            .read_to_end(&mut bytes)
            .map_err(|source| container::unreadable(self.path, &expected, source))?;
        self.check(bytes.len() as u64 == all, &expected, || {
            format!("{} bytes", bytes.len())
        })?;
        bytes.truncate(length as usize);
        Ok(bytes)
    }

    /// Nothing may follow. Reading on makes zlib compare its checksum.
    fn end(&mut self) -> Result<(), DataError> {
        let expected = "the end of a compressed array";
        let more = self
            .reader
            .read(&mut [0])
            .map_err(|source| container::unreadable(self.path, expected, source))?;
        self.check(more == 0, expected, || "more bytes".to_owned())
    }

    fn check(
        &self,
        holds: bool,
        expected: &str,
        found: impl FnOnce() -> String,
    ) -> Result<(), DataError> {
        if holds {
            return Ok(());
        }
        Err(DataError::format(self.path, expected, found()))
    }
}
