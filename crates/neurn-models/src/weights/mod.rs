//! Weights from files, and where published ones are.

mod checkpoint;
mod error;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "fetch")]
mod fetch_error;
mod load;
mod names;
mod numbers;
mod pickle;
mod published;
mod pytorch;
mod record;
mod safetensors;

pub use error::WeightsError;
#[cfg(feature = "fetch")]
pub use fetch::WeightsFolder;
#[cfg(feature = "fetch")]
pub use fetch_error::FetchError;
pub use published::{Filter, Labels, Preprocessing, Weights};

pub(crate) use names::Names;
pub(crate) use published::{IMAGENET, SYMMETRIC, weights};

use std::path::{Path, PathBuf};

use crate::Backbone;
use checkpoint::Checkpoint;
use load::Leave;

/// A file of weights for a [`Backbone`]: a state dict of PyTorch (`.pth`, `.th`,
/// `.pt`), or a safetensors file with the names of PyTorch or of Keras.
///
/// ```no_run
/// use burn::tensor::Device;
/// use neurn_models::{Model, WeightsFile};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model: Model = "resnet50".parse()?;
/// let backbone = model.published(1000).init(&Device::default());
/// let backbone = WeightsFile::new("resnet50-0676ba61.pth").load(backbone)?;
///
/// // Ten classes of one's own: the last layer is not that of the file.
/// let own = model.published(10).init(&Device::default());
/// let own = WeightsFile::new("resnet50-0676ba61.pth")
///     .without_head()
///     .load(own)?;
/// # Ok(())
/// # }
/// ```
///
/// # What is in the way of a bad file
///
/// The file has to have every parameter of the network and nothing else, each of
/// its shape and with finite numbers. A network is changed only when all of that
/// is known.
///
/// Nothing in a file is executed: a pickle that names anything but tensors is
/// refused. Memory taken is at most that of the network's parameters twice, and 200
/// MB for what stands beside them; no length in a file is believed before it is
/// compared with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsFile {
    path: PathBuf,
    leave: Leave,
}

impl WeightsFile {
    /// A file that has all weights.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            leave: Leave::default(),
        }
    }

    /// The layer that gives the logits keeps what it has, so that the network may
    /// tell other classes apart than the file's.
    pub fn without_head(mut self) -> Self {
        self.leave.head = true;
        self
    }

    /// The file may end after any layer. The layers after that keep what they have.
    pub fn may_end_early(mut self) -> Self {
        self.leave.end = true;
        self
    }

    /// The network with the weights of the file.
    ///
    /// The statistics of batch norms are shared by a network and its clones, as
    /// Burn has it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is none of those above, or has other tensors
    /// than the network; [`WeightsError::Tensors`] lists all that do not suit.
    pub fn load(&self, backbone: Backbone) -> Result<Backbone, WeightsError> {
        self.load_listing(backbone).map(|(backbone, _)| backbone)
    }

    /// As [`load`](WeightsFile::load), with the parameters that are as they were:
    /// those that [`without_head`](WeightsFile::without_head) and
    /// [`may_end_early`](WeightsFile::may_end_early) leave out.
    ///
    /// # Errors
    ///
    /// As [`load`](WeightsFile::load).
    pub fn load_listing(
        &self,
        backbone: Backbone,
    ) -> Result<(Backbone, Vec<String>), WeightsError> {
        let names = backbone.weight_names();
        let checkpoint = Checkpoint::open(&self.path, &names)?;
        load::load(backbone, checkpoint, &names, self.leave, &self.path)
    }
}
