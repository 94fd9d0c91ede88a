//! What is kept of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::Backend;
use crate::runner::journal::Line;
use crate::train::Epoch;

/// One run: a network trained on one domain and tested on several.
///
/// A record is one line of `results.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Identity of the run, made from all its settings, the fingerprint of its
    /// training data and the backend, not from its targets.
    pub id: String,
    /// The domain it was trained on.
    pub source: String,
    /// The backbone.
    pub model: String,
    /// What stood before it.
    pub frontend: String,
    /// Side of NeuRN's patch; null without NeuRN.
    pub k: Option<usize>,
    /// Every how many-th patch the frontend kept, if not every.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// The backbone's layer that the frontend followed, if it did not come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Seed of the initialisation and the order of images.
    pub seed: u64,
    /// The backend.
    pub device: Backend,
    /// Passes over the training images.
    pub epochs: usize,
    /// Images a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// How many images of the source it was trained on.
    pub train_images: usize,
    /// How many further images of the source chose the epoch.
    pub select_images: usize,
    /// The epoch that was chosen, from 1.
    pub selected_epoch: usize,
    /// Accuracy on those images, in percent.
    pub select_accuracy: f64,
    /// What each epoch came to, in order.
    #[serde(default)]
    pub learning: Vec<Epoch>,
    /// Accuracy on each test set, in percent. A shifted test set is named
    /// `mnist+rotation-3`: domain, kind of shift, severity.
    pub accuracy: BTreeMap<String, f64>,
    /// How many images each test set holds.
    pub images: BTreeMap<String, usize>,
    /// The share of the most frequent digit of each test set, in percent.
    pub majority: BTreeMap<String, f64>,
    /// How often each digit (outer) of a test set was taken for which (inner).
    /// Shifted test sets have none.
    #[serde(default)]
    pub confusion: BTreeMap<String, Vec<Vec<u32>>>,
    /// Fingerprints: of the source's training part under its name, and of each
    /// test set under `NAME/test`.
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

impl Line for Record {
    const SCHEMA: u32 = 1;

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self) -> Result<(), String> {
        for (name, found) in &self.accuracy {
            if !(0.0..=100.0).contains(found) {
                return Err(format!(
                    "{name}: expected an accuracy from 0 to 100, found {found}"
                ));
            }
        }
        Ok(())
    }
}

/// The key of a test set in [`Record::data`].
pub fn test_key(domain: &str) -> String {
    format!("{domain}/test")
}

/// Versions of neurn and Burn.
pub fn versions() -> BTreeMap<String, String> {
    [
        ("neurn", env!("CARGO_PKG_VERSION")),
        ("burn", burn_version()),
    ]
    .map(|(name, version)| (name.to_string(), version.to_string()))
    .into()
}

/// The version of Burn that the lock file of this build names.
fn burn_version() -> &'static str {
    let lock = include_str!("../../../../../Cargo.lock");
    let after = lock.split_once("name = \"burn\"\nversion = \"");
    after
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_is_named_as_it_was_locked() {
        assert!(versions()["burn"].starts_with("0.22."), "{:?}", versions());
    }
}
