//! Tensors of a safetensors file. burn-store maps such a file into memory, where
//! it takes as much again as the tensors made of it; here each is read on its own.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::tensor::{DType, Shape};
use burn_store::burn_pack::{Bytes, Error as PackError, Tensor};
use safetensors::tensor::{Dtype, Metadata};

use super::WeightsError;
use super::numbers::as_numbers;

/// The longest header. That of a network of 1000 tensors takes 100 kB, and what
/// parsing takes of memory is a few times the header.
const MOST_HEADER: u64 = 4 << 20;

/// The tensors, whose numbers are read when they are asked for, and the notes that
/// the file has beside them.
pub(super) type Contents = (Vec<Tensor>, HashMap<String, String>);

/// Whether a file that begins like this is a safetensors file: the length of a
/// header, and the header's first character.
pub(super) fn is_ours(start: &[u8]) -> bool {
    start.get(8) == Some(&b'{')
}

pub(super) fn contents(path: &Path) -> Result<Contents, WeightsError> {
    let io = |source| WeightsError::io(path, source);
    let damaged = |found: String| WeightsError::file(path, "a whole safetensors file", found);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut header = [0; 8];
    file.read_exact(&mut header).map_err(io)?;
    let header = u64::from_le_bytes(header);
    if header > MOST_HEADER || header > length - 8 {
        let expected = format!("a header of at most {MOST_HEADER} bytes, inside the file");
        return Err(WeightsError::file(path, expected, header.to_string()));
    }
    let mut text = vec![0; header as usize];
    file.read_exact(&mut text).map_err(io)?;
    let metadata: Metadata =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    let data = length - 8 - header;
    if metadata.data_len() as u64 != data {
        let found = format!("{data} bytes of numbers for {}", metadata.data_len());
        return Err(damaged(found));
    }
    let file = Arc::new(Mutex::new(file));
    let tensors = metadata.tensors().into_iter().map(|(name, info)| {
        let dtype = dtype(info.dtype)
            .ok_or_else(|| damaged(format!("`{name}` of {:?}, which is not read", info.dtype)))?;
        let (start, end) = info.data_offsets;
        let file = Arc::clone(&file);
        let place = 8 + header + start as u64;
        let bytes = end - start;
        let shape = Shape::from(info.shape.clone());
        let read = move || {
            read(&file, place, bytes).map_err(|error| PackError::IoError(error.to_string()))
        };
        Ok(Tensor::deferred(name, dtype, shape, None, bytes, read))
    });
    let tensors = tensors.collect::<Result<_, _>>()?;
    Ok((tensors, metadata.metadata().clone().unwrap_or_default()))
}

fn read(file: &Mutex<File>, place: u64, length: usize) -> io::Result<Bytes> {
    let mut file = file
        .lock()
        .map_err(|_| io::Error::other("a reader panicked"))?;
    file.seek(SeekFrom::Start(place))?;
    // That so many bytes are there has been checked.
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(as_numbers(bytes))
}

fn dtype(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        Dtype::I8 => DType::I8,
        Dtype::U64 => DType::U64,
        Dtype::U32 => DType::U32,
        Dtype::U16 => DType::U16,
        Dtype::U8 => DType::U8,
        _ => return None,
    })
}
