use std::fs::File;
use std::io::Read;
use std::path::Path;

use burn::tensor::TensorData;
use safetensors::{Dtype, SafeTensors};

use super::KerasError;

/// The largest file: 64 MiB, almost four times a MobileNet with its head.
const MOST_BYTES: u64 = 64 << 20;

/// The longest header. The names and places of a MobileNet's tensors take 15
/// kB, and what parsing takes of memory is many times the header.
const MOST_HEADER: u64 = 1 << 20;

/// All bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, KerasError> {
    let io = |source| KerasError::io(path, source);
    let kind = std::fs::metadata(path).map_err(io)?;
    if !kind.is_file() {
        let found = if kind.is_dir() {
            "a folder"
        } else {
            "something else"
        };
        return Err(KerasError::file(path, "a file", found));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > MOST_BYTES {
        let expected = format!("at most {MOST_BYTES} bytes");
        return Err(KerasError::file(path, expected, "more"));
    }
    Ok(bytes)
}

/// The tensors of a safetensors file.
pub(super) struct Tensors<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    pub(super) fn parse(path: &'a Path, bytes: &'a [u8]) -> Result<Self, KerasError> {
        let header = bytes
            .first_chunk()
            .map(|&length| u64::from_le_bytes(length));
        if let Some(length) = header.filter(|&length| length > MOST_HEADER) {
            let expected = format!("a header of at most {MOST_HEADER} bytes");
            return Err(KerasError::file(path, expected, length.to_string()));
        }
        match SafeTensors::deserialize(bytes) {
            Ok(tensors) => Ok(Self { path, tensors }),
            Err(error) => {
                let found = format!("{} bytes that are none: {error}", bytes.len());
                Err(KerasError::file(path, "a whole safetensors file", found))
            }
        }
    }

    /// The names, in alphabetical order.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = self.tensors.names();
        names.sort_unstable();
        names
    }

    /// The values of a tensor that is of this shape, all of them finite.
    pub(super) fn values<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
    ) -> Result<TensorData, KerasError> {
        let Ok(tensor) = self.tensors.tensor(name) else {
            let expected = "a tensor of this name, as there are later ones";
            return Err(self.error(name, expected, "none"));
        };
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let found = format!("{} of {:?}", tensor.dtype(), tensor.shape());
            return Err(self.error(name, format!("F32 of {shape:?}"), found));
        }
        let (values, _) = tensor.data().as_chunks();
        let values: Vec<f32> = values.iter().map(|&x| f32::from_le_bytes(x)).collect();
        match values.iter().position(|x| !x.is_finite()) {
            Some(index) => {
                let found = format!("{} at {index}", values[index]);
                Err(self.error(name, "finite numbers", found))
            }
            None => Ok(TensorData::new(values, shape)),
        }
    }

    pub(super) fn error(
        &self,
        tensor: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> KerasError {
        KerasError::tensor(self.path, tensor, expected, found)
    }
}
