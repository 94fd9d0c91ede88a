//! Tensors of a file that PyTorch wrote.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use burn_store::bridge;
use burn_store::burn_pack::{Error as PackError, Tensor};
use burn_store::pytorch_reader::{self, PytorchReader};
use zip::{CompressionMethod, ZipArchive};

use super::WeightsError;
use super::numbers::as_numbers;
use super::pickle::inspect;

/// The layouts that are read: that of PyTorch 1.6 and later, and that of 0.1.10 to
/// 1.5.
enum Layout {
    /// A zip archive of a pickle and the numbers of each tensor.
    Archive,
    /// Pickles and then the numbers of all tensors.
    Stream,
}

/// How a file begins that is a zip archive.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// How a file begins that is a stream of pickles: the first holds a number.
const STREAM: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// The pickles of a stream: that number, the version, the machine, the tensors,
/// and where their numbers are.
const PICKLES: usize = 5;

/// Whether a file that begins like this is PyTorch's.
pub(super) fn is_ours(start: &[u8]) -> bool {
    layout(start).is_some()
}

fn layout(start: &[u8]) -> Option<Layout> {
    if start.starts_with(ARCHIVE) {
        Some(Layout::Archive)
    } else if start.starts_with(STREAM) {
        Some(Layout::Stream)
    } else {
        None
    }
}

/// The tensors, whose numbers are read when they are asked for.
pub(super) fn tensors(path: &Path, start: &[u8]) -> Result<Vec<Tensor>, WeightsError> {
    let damaged = |found: String| {
        WeightsError::file(
            path,
            "a whole state dict of PyTorch, and nothing else",
            found,
        )
    };
    let file = File::open(path).map_err(|source| WeightsError::io(path, source))?;
    match layout(start) {
        Some(Layout::Archive) => inspect_archive(&file),
        Some(Layout::Stream) => {
            let mut reader = BufReader::new(&file);
            (0..PICKLES).try_for_each(|_| inspect(&mut reader))
        }
        None => Err("something else".to_string()),
    }
    .map_err(damaged)?;
    // Parsed only now: the parser takes any number of instructions.
    let reader = PytorchReader::new(path).map_err(|error| damaged(error.to_string()))?;
    Ok(reader.into_tensors().into_values().map(tensor).collect())
}

/// What burn-store makes of a tensor, but for a copy of its numbers.
fn tensor(theirs: pytorch_reader::Tensor) -> Tensor {
    let ours = bridge::from_pytorch(theirs.clone());
    let bytes = ours.byte_len();
    let (.., read) = theirs.into_parts();
    let read = move || {
        let bytes = read().map_err(|error| PackError::IoError(error.to_string()))?;
        Ok(as_numbers(bytes))
    };
    Tensor::deferred(ours.name, ours.dtype, ours.shape, None, bytes, read)
}

/// PyTorch does not compress, so no part is larger than what is in the file, nor
/// are all parts together.
fn inspect_archive(file: &File) -> Result<(), String> {
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| error.to_string())?;
    let mut together = 0_u64;
    let mut pickle = None;
    for index in 0..archive.len() {
        let part = archive
            .by_index_raw(index)
            .map_err(|error| error.to_string())?;
        let name = part.name().map_err(|error| error.to_string())?.to_string();
        if part.compression() != CompressionMethod::Stored {
            return Err(format!("`{name}`, which is compressed"));
        }
        together = together.saturating_add(part.size());
        if together > length {
            return Err(format!("parts of more than the file's {length} bytes"));
        }
        if name == "data.pkl" || name.ends_with("/data.pkl") {
            pickle = Some(index);
        }
    }
    let pickle = pickle.ok_or("an archive without a part data.pkl")?;
    let mut part = archive
        .by_index(pickle)
        .map_err(|error| error.to_string())?;
    inspect(&mut part)
}
