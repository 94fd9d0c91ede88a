//! How a network is trained, and what each epoch came to.

use serde::{Deserialize, Deserializer, Serialize};

/// How networks are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Side of the square that every image is resized to.
    pub image_size: usize,
    /// At most so many images of the source are trained on, from its first.
    pub train_limit: usize,
    /// At most so many images after those choose the epoch.
    pub select_limit: usize,
}

impl Default for Training {
    /// The field's protocol for a single source: the first 10,000 images, the
    /// 2,000 after them to select, 10 epochs of Adam at 1e-3 with batches of
    /// 64, 32 x 32 pixels.
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            learning_rate: 1e-3,
            image_size: 32,
            train_limit: 10_000,
            select_limit: 2_000,
        }
    }
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean cross-entropy over the training images, as they were learnt from. Of a
    /// training that diverged it is not a number, which JSON writes as null.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// Accuracy on the selection images, in percent.
    pub select_accuracy: f64,
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a record as in a checkpoint.
    #[test]
    fn a_loss_that_is_no_number_is_read_back() {
        for loss in [f64::NAN, f64::INFINITY, 0.25] {
            let epoch = Epoch {
                epoch: 3,
                loss,
                select_accuracy: 9.75,
            };
            let json: Epoch = serde_json::from_value(serde_json::to_value(epoch).unwrap()).unwrap();
            let toml: Epoch = toml::from_str(&toml::to_string(&epoch).unwrap()).unwrap();
            assert_eq!(toml.loss.to_bits(), loss.to_bits());
            assert_eq!(json.loss.is_finite(), loss.is_finite());
            assert_eq!((json.epoch, json.select_accuracy), (3, 9.75));
        }
        // Without it, it is no epoch.
        assert!(serde_json::from_str::<Epoch>(r#"{"epoch": 1, "select_accuracy": 2}"#).is_err());
    }
}
