//! What is in a file of weights, whoever wrote it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use burn_store::burn_pack::Tensor;

use super::{Names, WeightsError, pytorch, safetensors};

/// The tensors of a file.
pub(super) struct Checkpoint {
    /// The tensors by the names that they have in a network.
    pub tensors: HashMap<String, Stored>,
    /// The notes that stand beside them.
    pub notes: HashMap<String, String>,
}

/// A tensor of a file.
pub(super) struct Stored {
    /// Its name in the file.
    pub name: String,
    /// Its shape and type, and its numbers when they are asked for.
    pub tensor: Tensor,
    /// How its axes lie.
    pub axes: Axes,
}

/// How the axes of a weight lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axes {
    /// Convolutions as `[out, in, height, width]`, linear layers as `[out, in]`.
    Torch,
    /// Convolutions as `[height, width, in, out]`, those of each channel by itself as
    /// `[height, width, channels, 1]`, linear layers as `[in, out]` or as a 1x1
    /// convolution.
    Keras,
}

/// The note that our own files have, and whose value is the configuration.
pub(super) const CONFIGURATION: &str = "neurn.classifier";

/// What stands in front of the names where a state dict is part of something.
const WRAPPERS: [&str; 4] = ["state_dict.", "model_state_dict.", "model.", "module."];

impl Checkpoint {
    pub(super) fn open(path: &Path, names: &Names) -> Result<Self, WeightsError> {
        let start = start(path)?;
        let (tensors, notes) = if pytorch::is_ours(&start) {
            (pytorch::tensors(path, &start)?, HashMap::new())
        } else if safetensors::is_ours(&start) {
            safetensors::contents(path)?
        } else {
            let expected = "a state dict of PyTorch or a safetensors file";
            let found = format!("something that begins with {:?}", shown(&start));
            return Err(WeightsError::file(path, expected, found));
        };
        let own = notes.contains_key(CONFIGURATION);
        let tensors = match own {
            true => as_they_are(tensors),
            false => renamed(unwrapped(tensors), names),
        };
        Ok(Self { tensors, notes })
    }
}

/// The first bytes of a file.
fn start(path: &Path) -> Result<Vec<u8>, WeightsError> {
    let io = |source| WeightsError::io(path, source);
    let kind = std::fs::metadata(path).map_err(io)?;
    if !kind.is_file() {
        let found = if kind.is_dir() {
            "a folder"
        } else {
            "something else"
        };
        return Err(WeightsError::file(path, "a file", found));
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(64).read_to_end(&mut start).map_err(io)?;
    Ok(start)
}

fn shown(start: &[u8]) -> String {
    start
        .iter()
        .take(16)
        .flat_map(|&byte| std::ascii::escape_default(byte))
        .map(char::from)
        .collect()
}

fn as_they_are(tensors: Vec<Tensor>) -> HashMap<String, Stored> {
    let stored = tensors.into_iter().map(|tensor| {
        let (name, axes) = (tensor.name.clone(), Axes::Torch);
        (name.clone(), Stored { name, tensor, axes })
    });
    stored.collect()
}

/// Without what stands in front of all names, and without the counts of batches,
/// which nothing here needs.
fn unwrapped(mut tensors: Vec<Tensor>) -> Vec<Tensor> {
    tensors.retain(|tensor| !tensor.name.ends_with(".num_batches_tracked"));
    let in_all = |tensors: &[Tensor], wrapper: &&str| {
        !tensors.is_empty()
            && tensors
                .iter()
                .all(|tensor| tensor.name.starts_with(wrapper))
    };
    while let Some(wrapper) = WRAPPERS.iter().find(|wrapper| in_all(&tensors, wrapper)) {
        for tensor in &mut tensors {
            tensor.name.drain(..wrapper.len());
        }
    }
    tensors
}

fn renamed(tensors: Vec<Tensor>, names: &Names) -> HashMap<String, Stored> {
    let keras = tensors.iter().any(|tensor| tensor.name.contains('/'));
    let mut stored = HashMap::new();
    let mut prepared = Vec::new();
    for mut tensor in tensors
        .into_iter()
        .filter(|tensor| !names.is_ignored(&tensor.name))
    {
        let mut axes = Axes::Torch;
        let name = tensor.name.clone();
        if keras {
            axes = Axes::Keras;
            tensor.name = from_keras(&name);
        }
        prepared.push((name, axes, tensor));
    }
    let originals: Vec<_> = prepared
        .iter()
        .map(|(name, axes, _)| (name.clone(), *axes))
        .collect();
    let tensors = prepared.into_iter().map(|(.., tensor)| tensor).collect();
    let (tensors, _) = names.remapper().remap(tensors);
    for ((name, axes), tensor) in originals.into_iter().zip(tensors) {
        stored.insert(tensor.name.clone(), Stored { name, tensor, axes });
    }
    stored
}

/// The path that Keras' name stands for.
fn from_keras(name: &str) -> String {
    let name = name.strip_suffix(":0").unwrap_or(name);
    let mut parts: Vec<&str> = name.split('/').collect();
    if let Some(last) = parts.last_mut() {
        *last = match *last {
            "kernel" | "depthwise_kernel" | "gamma" => "weight",
            "beta" => "bias",
            "moving_mean" => "running_mean",
            "moving_variance" => "running_var",
            other => other,
        };
    }
    // Layers of Keras' own files are groups of the layer's name.
    if parts.len() > 2 && parts[parts.len() - 2] == parts[parts.len() - 3] {
        parts.remove(parts.len() - 2);
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::super::numbers::as_numbers;
    use super::*;

    #[test]
    fn names_of_keras_become_paths() {
        for (theirs, ours) in [
            ("conv1/kernel", "conv1.weight"),
            ("conv1/kernel:0", "conv1.weight"),
            ("conv_dw_1/depthwise_kernel", "conv_dw_1.weight"),
            ("conv1_bn/moving_variance", "conv1_bn.running_var"),
            ("conv1_bn/conv1_bn/gamma", "conv1_bn.weight"),
        ] {
            assert_eq!(from_keras(theirs), ours);
        }
    }

    /// Copied, a file's largest tensor would be in memory twice.
    #[test]
    fn bytes_become_numbers_where_they_are() {
        let bytes: Vec<u8> = (0..1 << 20_u32).map(|x| x as u8).collect();
        let (place, before) = (bytes.as_ptr(), bytes.clone());
        let numbers = as_numbers(bytes);
        assert_eq!(&numbers[..], before);
        assert!(numbers.as_ptr().addr().is_multiple_of(8));
        if place.addr().is_multiple_of(8) {
            assert_eq!(numbers.as_ptr(), place);
        }
    }
}
