//! How a network is trained, and what each epoch came to.

use serde::{Deserialize, Deserializer, Serialize};

use crate::value::{WrongValue, within};

/// How networks are trained: by Adam, on a part of the source's training images,
/// with validation on another part of them after every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// Passes over the training images.
    pub epochs: usize,
    /// Steps in all. If it is given, `epochs` counts for nothing, and the last pass
    /// ends early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// Images a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Side of the square that every image is resized to.
    pub image_size: usize,
    /// At most so many images of a source are trained on, from its first.
    pub train_limit: usize,
    /// At most so many further images of a source are for validation.
    pub validation_limit: usize,
}

impl Default for Training {
    /// The field's protocol for a single source: the first 10,000 images, the
    /// 2,000 after them for validation, 10 epochs of Adam at 1e-3 with batches of
    /// 64, 32 x 32 pixels.
    fn default() -> Self {
        Self {
            epochs: 10,
            iterations: None,
            batch: 64,
            learning_rate: 1e-3,
            image_size: 32,
            train_limit: 10_000,
            validation_limit: 2_000,
        }
    }
}

impl Training {
    /// The steps of each epoch over so many images.
    ///
    /// ```
    /// use neurn_bench::train::Training;
    ///
    /// let training = Training { epochs: 2, batch: 64, ..Training::default() };
    /// assert_eq!(training.steps(100), [2, 2]);
    /// let training = Training { iterations: Some(5), ..training };
    /// assert_eq!(training.steps(100), [2, 2, 1]);
    /// ```
    pub fn steps(&self, images: usize) -> Vec<usize> {
        let pass = images.div_ceil(self.batch).max(1);
        match self.iterations {
            None => vec![pass; self.epochs],
            Some(all) => {
                let passes = (0..all.div_ceil(pass)).map(|before| pass.min(all - before * pass));
                passes.collect()
            }
        }
    }

    /// How many images are learnt from in all, of so many a pass.
    pub fn images(&self, pass: usize) -> usize {
        let steps = self.steps(pass);
        let last = steps.last().map_or(0, |steps| pass.min(steps * self.batch));
        (steps.len().saturating_sub(1)) * pass + last
    }

    /// That every number is of use, the side of images among these.
    ///
    /// # Errors
    ///
    /// The first that is not, as `training.epochs`.
    pub fn check(&self, sides: [usize; 2]) -> Result<(), WrongValue> {
        for (key, found) in [
            ("training.epochs", self.epochs),
            ("training.iterations", self.iterations.unwrap_or(1)),
            ("training.batch", self.batch),
            ("training.train_limit", self.train_limit),
            ("training.validation_limit", self.validation_limit),
        ] {
            within(key, [1, 1_000_000], found)?;
        }
        within("training.image_size", sides, self.image_size)?;
        let rate = self.learning_rate;
        match rate > 0.0 && rate.is_finite() {
            true => Ok(()),
            false => Err(WrongValue::new(
                "training.learning_rate",
                "a positive number",
                rate,
            )),
        }
    }

    /// How long it is, as a table says it.
    pub fn length(&self) -> String {
        match (self.iterations, self.epochs) {
            (Some(1), _) => "1 iteration".to_string(),
            (Some(iterations), _) => format!("{iterations} iterations"),
            (None, 1) => "1 epoch".to_string(),
            (None, epochs) => format!("{epochs} epochs"),
        }
    }
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean loss over the training images, as they were learnt from. Of a training
    /// that diverged it is not a number, which JSON writes as null.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// Accuracy on the validation images, in percent.
    pub validation_accuracy: f64,
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
                validation_accuracy: 9.75,
            };
            let json: Epoch = serde_json::from_value(serde_json::to_value(epoch).unwrap()).unwrap();
            let toml: Epoch = toml::from_str(&toml::to_string(&epoch).unwrap()).unwrap();
            assert_eq!(toml.loss.to_bits(), loss.to_bits());
            assert_eq!(json.loss.is_finite(), loss.is_finite());
            assert_eq!((json.epoch, json.validation_accuracy), (3, 9.75));
        }
        // Without it, it is no epoch.
        let text = r#"{"epoch": 1, "validation_accuracy": 2}"#;
        assert!(serde_json::from_str::<Epoch>(text).is_err());
    }
}
