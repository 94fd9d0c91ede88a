//! What is kept of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::Backend;
use crate::runner::Line;
use crate::train::{Epoch, InputStatistics, Method, Training};
use crate::value::within;

/// One run: a network trained on one domain or several, and tested on others.
///
/// A record is one line of `results.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this format, [`Record::SCHEMA`](Line::SCHEMA).
    pub schema: u32,
    /// Identity of the run, made from all its settings and the fingerprints of its
    /// training images, not from its targets.
    pub id: String,
    /// The domains that it was trained on.
    pub sources: Vec<String>,
    /// The backbone.
    pub model: String,
    /// What stood against the shift.
    pub method: Method,
    /// How it was trained.
    pub training: Training,
    /// Seed of the initialization, the order of images and the augmentation.
    pub seed: u64,
    /// The backend.
    pub backend: Backend,
    /// Names of the classes, in order.
    pub classes: Vec<String>,
    /// How many images of the sources it was trained on.
    pub train_images: usize,
    /// How many further images of the sources chose the epoch.
    pub validation_images: usize,
    /// What the network's input was scaled by.
    pub input: InputStatistics,
    /// The epoch that was chosen, from 1.
    pub selected_epoch: usize,
    /// Accuracy on the validation images then, in percent.
    pub validation_accuracy: f64,
    /// What each epoch came to, in order.
    pub learning: Vec<Epoch>,
    /// What it reached on each test set. A shifted test set is named
    /// `mnist+rotation-3`: domain, kind of shift, severity.
    pub targets: BTreeMap<String, TargetResult>,
    /// Fingerprints of the sources' training images.
    pub data: BTreeMap<String, String>,
    /// Whether the domains are drawn by a program.
    pub synthetic: bool,
    /// Training images a second, validation included.
    pub images_per_second: f64,
    /// Wall time of training and testing.
    pub seconds: f64,
    /// Seconds since 1970 when the run ended.
    pub finished: u64,
    /// Versions of what computed it.
    pub versions: BTreeMap<String, String>,
}

/// What a network reached on one test set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetResult {
    /// Right answers, in percent.
    pub accuracy: f64,
    /// How many images there are.
    pub images: usize,
    /// The share of the most frequent class, in percent.
    pub majority: f64,
    /// How often each class (outer) was taken for which (inner). Shifted test sets
    /// have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Vec<Vec<u32>>>,
    /// Of the domain's test images.
    pub fingerprint: String,
}

const PERCENT: [f64; 2] = [0.0, 100.0];

impl Line for Record {
    const SCHEMA: u32 = 2;

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self) -> Result<(), String> {
        within("validation_accuracy", PERCENT, self.validation_accuracy)?;
        within("seconds", [0.0, 1e9], self.seconds)?;
        if self.sources.is_empty() || self.classes.len() < 2 {
            return Err("expected a source and two classes".to_string());
        }
        for (place, epoch) in self.learning.iter().enumerate() {
            let accuracy = epoch.validation_accuracy;
            within("validation_accuracy of an epoch", PERCENT, accuracy)?;
            if epoch.epoch != place + 1 {
                let (expected, found) = (place + 1, epoch.epoch);
                return Err(format!("expected epoch {expected}, found {found}"));
            }
        }
        for (name, target) in &self.targets {
            target
                .check(self.classes.len())
                .map_err(|wrong| format!("{name}: {wrong}"))?;
        }
        Ok(())
    }
}

impl TargetResult {
    fn check(&self, classes: usize) -> Result<(), String> {
        within("accuracy", PERCENT, self.accuracy)?;
        within("majority", PERCENT, self.majority)?;
        let Some(confusion) = &self.confusion else {
            return Ok(());
        };
        if confusion.len() != classes || confusion.iter().any(|row| row.len() != classes) {
            return Err(format!(
                "expected a confusion of {classes} x {classes} classes"
            ));
        }
        let counted: u64 = confusion.iter().flatten().copied().map(u64::from).sum();
        match counted == self.images as u64 {
            true => Ok(()),
            false => Err(format!(
                "expected a confusion of {} images, found one of {counted}",
                self.images
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(change: impl FnOnce(&mut TargetResult)) -> Result<(), String> {
        let mut target = TargetResult {
            accuracy: 50.0,
            images: 4,
            majority: 50.0,
            confusion: Some(vec![vec![1, 1], vec![1, 1]]),
            fingerprint: String::new(),
        };
        change(&mut target);
        target.check(2)
    }

    #[test]
    fn values_that_cannot_be_are_refused() {
        assert_eq!(target(|_| {}), Ok(()));
        type Change = fn(&mut TargetResult);
        let changes: [(Change, &str); 4] = [
            (
                |t| t.accuracy = -5000.0,
                "accuracy: expected a number from 0 to 100",
            ),
            (|t| t.majority = f64::NAN, "majority"),
            (
                |t| t.confusion = Some(vec![vec![4], vec![0, 0]]),
                "2 x 2 classes",
            ),
            (|t| t.images = 5, "expected a confusion of 5 images"),
        ];
        for (change, says) in changes {
            let wrong = target(change).unwrap_err();
            assert!(wrong.contains(says), "{wrong}");
        }
    }
}
