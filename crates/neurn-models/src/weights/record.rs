//! A classifier in one file: its weights, and its configuration in a note.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use burn::config::{Config, config_to_json};
use burn::tensor::Device;
use burn_store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};

use super::checkpoint::{CONFIGURATION, Checkpoint};
use super::load::{Leave, load};
use super::{Names, WeightsError};
use crate::{BackboneConfig, Classifier, ClassifierConfig};

/// The longest configuration.
const MOST_CONFIGURATION: usize = 64 << 10;

/// The most classes or channels of one.
const MOST_CLASSES: usize = 1 << 20;

/// The largest side of the images of one.
const MOST_SIDE: usize = 1 << 13;

impl ClassifierConfig {
    /// Writes a classifier of this configuration into a safetensors file, its
    /// configuration with it: a frontend has no weights, and without it the weights
    /// mean something else. The file is put in its place when it is whole.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(
        &self,
        classifier: &Classifier,
        path: impl AsRef<Path>,
    ) -> Result<(), WeightsError> {
        let path = path.as_ref();
        let mut store = SafetensorsStore::from_file(path)
            .with_to_adapter(BurnToPyTorchAdapter)
            .skip_enum_variants(true)
            .overwrite(true)
            .metadata(CONFIGURATION, config_to_json(self));
        let saved = classifier.save_into(&mut store);
        saved.map_err(|error| WeightsError::file(path, "to write it", error.to_string()))
    }

    /// Reads what [`save`](ClassifierConfig::save) has written: the configuration,
    /// and the classifier with its frontend and its weights.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, has no configuration, or has other tensors than
    /// a classifier of its configuration.
    pub fn load_classifier(
        path: impl AsRef<Path>,
        device: &Device,
    ) -> Result<(Self, Classifier), WeightsError> {
        let path = path.as_ref();
        let names = Names::new("backbone");
        let checkpoint = Checkpoint::open(path, &names)?;
        let expected = "a classifier that ClassifierConfig::save has written";
        let Some(text) = checkpoint.notes.get(CONFIGURATION) else {
            return Err(WeightsError::file(
                path,
                expected,
                "weights without a configuration",
            ));
        };
        if text.len() > MOST_CONFIGURATION {
            return Err(WeightsError::file(path, expected, "a long configuration"));
        }
        let config = Self::load_binary(text.as_bytes())
            .map_err(|error| WeightsError::file(path, expected, error.to_string()))?;
        let classifier =
            init(&config, device).map_err(|found| WeightsError::file(path, expected, found))?;
        let (classifier, _) = load(classifier, checkpoint, &names, Leave::default(), path)?;
        Ok((config, classifier))
    }
}

/// The classifier of a configuration from a file, which may hold any numbers.
fn init(config: &ClassifierConfig, device: &Device) -> Result<Classifier, String> {
    let backbone = &config.backbone;
    let sizes = [backbone.num_classes(), backbone.channels()];
    if sizes.iter().any(|size| !(1..=MOST_CLASSES).contains(size)) {
        return Err(format!("a configuration of {sizes:?} classes and channels"));
    }
    if image_size(backbone) > MOST_SIDE {
        return Err(format!(
            "a configuration for images of {}",
            image_size(backbone)
        ));
    }
    // What else `init` asserts is in many places; nothing of it outlives a panic.
    let init = AssertUnwindSafe(|| config.init(device));
    catch_unwind(init).map_err(|_| "a configuration that is none of a classifier".to_string())
}

fn image_size(backbone: &BackboneConfig) -> usize {
    match backbone {
        BackboneConfig::DigitNet(config) => config.image_size,
        BackboneConfig::Vit(config) => config.image_size,
        _ => 0,
    }
}
