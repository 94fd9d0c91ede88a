//! The bytes of a file, whatever it is compressed with.
//!
//! gzip ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)) and bzip2 are told
//! by their first bytes and not by the file's name, since programs that
//! download files may unpack them and keep the name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;

use super::DataError;
use crate::file;

/// A file as it stands; a folder or a device is refused.
pub(super) fn plain(path: &Path) -> Result<BufReader<File>, DataError> {
    let file = file::open(path).map_err(file::at(path))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// A file, unpacked if it is compressed.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let mut file = plain(path)?;
    let start = file.fill_buf().map_err(file::at(path))?;
    Ok(match start {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(file)),
        [b'B', b'Z', b'h', ..] => Box::new(MultiBzDecoder::new(file)),
        _ => Box::new(file),
    })
}

/// All that is left to read, which has to be `length` bytes. Memory grows with
/// what is really there and not with what a header announced.
pub(super) fn rest(
    reader: impl Read,
    path: &Path,
    length: u64,
    expected: &str,
) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    match reader
        .take(length.saturating_add(1))
        .read_to_end(&mut bytes)
    {
        Ok(read) if read as u64 == length => Ok(bytes),
        Ok(read) if read as u64 > length => Err(DataError::format(path, expected, "more bytes")),
        Ok(read) => Err(DataError::format(path, expected, format!("{read} bytes"))),
        Err(source) => {
            let expected = format!("{expected}, of which {} could be read", bytes.len());
            Err(unreadable(path, &expected, source))
        }
    }
}

/// What a failed read says of a file: that its content is broken, or that the
/// system refused.
pub(super) fn unreadable(path: &Path, expected: &str, source: io::Error) -> DataError {
    match source.kind() {
        ErrorKind::UnexpectedEof => DataError::format(path, expected, "the end of the file"),
        ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other => {
            DataError::format(path, expected, format!("damaged data: {source}"))
        }
        _ => file::at(path)(source).into(),
    }
}
