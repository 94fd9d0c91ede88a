//! Weights of a [`MobileNet`] from safetensors files with the names and the
//! order of axes that Keras has.

mod error;
mod file;
mod part;

pub use error::KerasError;

use std::path::Path;

use super::MobileNet;
use file::Tensors;
use part::{Part, Weights};

/// Which layers have weights from a file, and which do not.
///
/// The linear layer that gives the logits is called `conv_preds`, as in Keras.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedLayers {
    /// The layers with the file's weights, first to last.
    pub loaded: Vec<String>,
    /// The layers after them, which are as they were.
    pub missing: Vec<String>,
}

impl LoadedLayers {
    /// The last layer with the file's weights.
    pub fn last(&self) -> Option<&str> {
        self.loaded.last().map(String::as_str)
    }
}

impl MobileNet {
    /// The network with the weights of a safetensors file in which every tensor
    /// has the name and the order of axes of Keras:
    ///
    /// | tensor | shape |
    /// |---|---|
    /// | `conv1/kernel`, `conv_pw_1/kernel`, ... | `[height, width, inputs, outputs]` |
    /// | `conv_dw_1/depthwise_kernel`, ... | `[height, width, channels, 1]` |
    /// | `conv1_bn/gamma`, `beta`, `moving_mean`, `moving_variance`, and so for each `conv_dw_1_bn`, `conv_pw_1_bn`, ... | `[channels]` |
    /// | `conv_preds/kernel` | `[1, 1, 1024, num_classes]` |
    /// | `conv_preds/bias` | `[num_classes]` |
    ///
    /// The file may end after any layer. The layers after that keep what they
    /// have, and the second value says which they are.
    ///
    /// ```no_run
    /// use burn::tensor::Device;
    /// use neurn_models::{Backbone, MobileNetConfig};
    ///
    /// # fn main() -> Result<(), neurn_models::KerasError> {
    /// let network = MobileNetConfig::new(10).init(&Device::default());
    /// let (network, layers) = network.load_keras("mobilenet.safetensors")?;
    /// println!("loaded up to {:?}", layers.last());
    /// let backbone = Backbone::MobileNet(network);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not a whole safetensors file or larger
    /// than 64 MiB; if a tensor is not of 32-bit floating point numbers, not of
    /// the network's shape or has values that are not finite, or if a variance
    /// is negative; if a tensor has another name than those above; if one of a
    /// layer is missing while others of that layer, or of a later one, are
    /// there.
    pub fn load_keras(
        mut self,
        path: impl AsRef<Path>,
    ) -> Result<(Self, LoadedLayers), KerasError> {
        let path = path.as_ref();
        let bytes = file::read(path)?;
        let tensors = Tensors::parse(path, &bytes)?;
        let layers = load(self.parts(), &tensors)?;
        Ok((self, layers))
    }

    /// What has weights, first to last.
    fn parts(&mut self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::new("conv1", Weights::Mixing(&mut self.conv1))];
        for (index, block) in (1..).zip(&mut self.blocks) {
            let depthwise = Weights::Depthwise(&mut block.depthwise);
            parts.push(Part::new(format!("conv_dw_{index}"), depthwise));
            let pointwise = Weights::Mixing(&mut block.pointwise);
            parts.push(Part::new(format!("conv_pw_{index}"), pointwise));
        }
        parts.push(Part::new("conv_preds", Weights::Head(&mut self.fc)));
        parts
    }
}

fn load(mut parts: Vec<Part<'_>>, tensors: &Tensors<'_>) -> Result<LoadedLayers, KerasError> {
    let mut loaded = 1;
    for name in tensors.names() {
        match parts.iter().position(|part| part.has(name)) {
            Some(index) => loaded = loaded.max(index + 1),
            None => {
                let expected = "names that Keras gives a MobileNet's tensors";
                return Err(tensors.error(name, expected, "this one"));
            }
        }
    }
    for part in &mut parts[..loaded] {
        part.load(tensors)?;
    }
    let mut loaded_names: Vec<String> = parts.into_iter().map(|part| part.name).collect();
    let missing = loaded_names.split_off(loaded);
    Ok(LoadedLayers {
        loaded: loaded_names,
        missing,
    })
}
