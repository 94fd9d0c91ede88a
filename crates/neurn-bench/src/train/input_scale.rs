//! What the network's input is scaled by, after the frontend.

use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::Examples;

/// Which mean is subtracted from what the frontend gives, and which deviation it is
/// then divided by.
///
/// Frontends give values of very different sizes: images of digits deviate by 0.29
/// from their mean, their Sobel maps by 0.13. What a network learns depends on the
/// size of its input, so frontends are compared behind `Standardized`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputScale {
    /// Mean and population deviation of each channel over the source's training
    /// images, after the frontend. Nothing is taken from a target.
    #[default]
    Standardized,
    /// `(x - 0.5) / 0.5`, whatever the frontend gives.
    Half,
    /// Values stay as they are.
    Raw,
    /// These, as the ones that belong to published weights.
    Fixed {
        /// Of each channel, or one for all.
        mean: Vec<f64>,
        /// Of each channel, or one for all; over 0.
        std: Vec<f64>,
    },
}

/// Mean and deviation that an [`InputScale`] came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputStatistics {
    /// Of each channel, or one for all.
    pub mean: Vec<f64>,
    /// Of each channel, or one for all.
    pub std: Vec<f64>,
}

impl InputScale {
    /// The names of those without numbers.
    pub const NAMES: [&str; 3] = ["standardized", "half", "raw"];

    /// Mean and deviation for a network that is trained on these images, which have
    /// passed the frontend.
    ///
    /// # Errors
    ///
    /// If an image cannot be read any more.
    pub fn statistics(
        &self,
        train: &Examples,
        device: &Device,
    ) -> Result<InputStatistics, DatasetError> {
        match self.fixed() {
            Some(fixed) => Ok(fixed),
            None => {
                let (mean, std) = train.channel_statistics(device)?;
                Ok(InputStatistics { mean, std })
            }
        }
    }

    /// What it is whatever the images are; `None` of `Standardized`.
    pub fn fixed(&self) -> Option<InputStatistics> {
        let (mean, std) = match self {
            Self::Standardized => return None,
            Self::Half => (vec![0.5], vec![0.5]),
            Self::Raw => (vec![0.0], vec![1.0]),
            Self::Fixed { mean, std } => (mean.clone(), std.clone()),
        };
        Some(InputStatistics { mean, std })
    }

    /// What a table calls it.
    pub fn label(&self) -> String {
        match self {
            Self::Standardized => "standardized".to_string(),
            Self::Half => "half".to_string(),
            Self::Raw => "raw".to_string(),
            Self::Fixed { mean, std } => format!("mean {mean:?}, deviation {std:?}"),
        }
    }
}
