//! Everything that can go wrong outside the program.

use std::path::PathBuf;

use crate::cortex::CortexError;
use crate::data::DataError;
use crate::device::DeviceError;
use crate::file::FileError;
use crate::runner::journal::JournalError;
use crate::studies::SettingsError;
use crate::train::{MethodError, TrainError};

/// Why a study could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A domain could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Neural data could not be had.
    #[error(transparent)]
    Cortex(#[from] CortexError),
    /// The weights of a network could not be had.
    #[error(transparent)]
    Weights(#[from] neurn_models::WeightsError),
    /// A layer gives what no measure can take.
    #[error("{network}: expected finite activations in layer `{layer}`, found {found}")]
    Activations {
        /// Which network, with its frontend and seed.
        network: String,
        /// The layer.
        layer: String,
        /// A value that is not.
        found: f32,
    },
    /// A backend could not be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Records could not be read or kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A picture could not be read or drawn.
    #[error("{}: {source}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// What the image library said.
        source: image::ImageError,
    },
    /// A domain has too few images to train and select on.
    #[error("{domain}: expected at least {expected} training images, found {found}")]
    TooFewImages {
        /// The domain.
        domain: String,
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Settings or a plan that cannot be carried out.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A method that no network can be made with.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// An image could not be read while a network was trained or tested.
    #[error(transparent)]
    Image(burn::data::dataset::DatasetError),
    /// Every device is gone before all was done.
    #[error(
        "{left} runs are left and no device; finished runs are kept and the same command goes on \
         from there. {}",
        lost.join("; ")
    )]
    NoDeviceLeft {
        /// How many runs have no record.
        left: usize,
        /// The devices, and why they are gone.
        lost: Vec<String>,
    },
    /// Runs that failed on a device that works.
    #[error("{} runs failed, the others are kept; the first: {}", .0.len(), .0[0])]
    RunsFailed(Vec<String>),
    /// An argument that no study can be made of.
    #[error("{0}")]
    Argument(String),
    /// The study was asked to stop. What was finished is kept.
    #[error("interrupted; finished runs are kept and the same command goes on from there")]
    Interrupted,
}

impl Error {
    /// The exit code a program ends with: 2 for arguments, 130 after Ctrl-C
    /// (128 + SIGINT), 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Argument(_)
            | Error::Settings(_)
            | Error::Method(_)
            | Error::Device(DeviceError::NotBuilt(_)) => 2,
            Error::Interrupted => 130,
            _ => 1,
        }
    }
}

impl From<TrainError> for Error {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Interrupted => Self::Interrupted,
            TrainError::Data(error) => Self::Image(error),
        }
    }
}
