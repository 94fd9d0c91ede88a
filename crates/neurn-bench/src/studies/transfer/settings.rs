//! The settings of one run, and its identity.

use burn::tensor::Tensor;
use neurn_models::{BackboneConfig, ClassifierConfig, UnknownFrontend, UnknownLayer, UnknownModel};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::frontends::{augmentation, frontend};
use crate::data::CLASSES;
use crate::device::{self, Backend};
use crate::fingerprint::hexadecimal;
use crate::train::{Augmentation, Examples, Training, seeded};

/// The settings of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The domain to train on.
    pub source: String,
    /// The backbone.
    pub model: String,
    /// What stands against the shift, one of [`FRONTENDS`](super::FRONTENDS).
    pub frontend: String,
    /// Side of its patch, if it has one.
    pub k: Option<usize>,
    /// Every how many-th patch it keeps, if not every.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// The backbone's layer that it follows, if it does not come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Seed of the initialisation and of the order of images.
    pub seed: u64,
    /// How it is trained.
    pub training: Training,
    /// On what.
    pub backend: Backend,
}

/// Why no network can be made of a run's settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No frontend has the name.
    #[error(transparent)]
    Frontend(#[from] UnknownFrontend),
    /// No model has the name.
    #[error(transparent)]
    Model(#[from] UnknownModel),
    /// The frontend cannot stand where it is to stand.
    #[error(transparent)]
    Layer(#[from] UnknownLayer),
    /// The layers do not fit images of that size.
    #[error("{model} with {frontend} on images of {side}x{side}: {reason}")]
    Size {
        /// The backbone.
        model: String,
        /// The frontend.
        frontend: String,
        /// Side of the images.
        side: usize,
        /// What does not fit.
        reason: String,
    },
}

impl Run {
    /// The classifier that is trained, with every option of its frontend and
    /// backbone.
    pub fn classifier(&self) -> Result<ClassifierConfig, SettingsError> {
        let stride = self.stride.unwrap_or(1);
        let frontend = frontend(&self.frontend, self.k.unwrap_or(3), stride)?;
        // Side of what reaches the backbone.
        let side = match self.after {
            None => self.training.image_size.div_ceil(stride),
            Some(_) => self.training.image_size,
        };
        let backbone = BackboneConfig::from_name(&self.model, CLASSES, Examples::CHANNELS, side)?;
        let smallest = backbone.smallest_image();
        if side < smallest {
            let reason = format!("expected at least {smallest}x{smallest} before the backbone");
            return Err(self.size_error(format!("{reason}, found {side}x{side}")));
        }
        let config = ClassifierConfig::new(frontend, backbone).with_after(self.after.clone());
        match &self.after {
            Some(layer) => self.check(&config, layer).map(|()| config),
            None => Ok(config),
        }
    }

    /// Whether an image passes a classifier whose frontend follows a layer.
    fn check(&self, config: &ClassifierConfig, layer: &str) -> Result<(), SettingsError> {
        let Some(device) = device::cpu() else {
            return Ok(());
        };
        let side = self.training.image_size;
        let image = Tensor::<4>::zeros([1, Examples::CHANNELS, side, side], &device);
        let without = config.clone().with_after(None).init(&device);
        if !without.backbone.has_layer(layer) {
            without.backbone.features(image, &[layer])?;
            return Ok(());
        }
        let passes = device::quietly(|| {
            seeded(config, 0, &device).forward(image).into_data();
            Ok(())
        });
        passes.map_err(|reason| self.size_error(reason))
    }

    fn size_error(&self, reason: String) -> SettingsError {
        SettingsError::Size {
            model: self.model.clone(),
            frontend: self.frontend_label(),
            side: self.training.image_size,
            reason,
        }
    }

    /// What happens to the images of a step.
    pub fn augmentation(&self) -> Augmentation {
        augmentation(&self.frontend)
    }

    /// The identity of this run of this classifier on a source of this
    /// fingerprint: 16 hexadecimal digits of the SHA-256 of all settings. The
    /// targets are not among them.
    pub fn id(&self, classifier: &ClassifierConfig, fingerprint: &str) -> String {
        let settings = serde_json::json!({
            "run": self,
            "classifier": classifier,
            "augmentation": self.augmentation(),
            "data": fingerprint,
        });
        hexadecimal(&Sha256::digest(settings.to_string())[..8])
    }

    /// The frontend with its settings, as a table names it.
    pub fn frontend_label(&self) -> String {
        frontend_label(&self.frontend, self.k, self.stride, self.after.as_deref())
    }
}

/// A frontend with its settings, as a table names it:
/// `neurn (k = 3, stride 2) after conv1`.
pub fn frontend_label(
    frontend: &str,
    k: Option<usize>,
    stride: Option<usize>,
    after: Option<&str>,
) -> String {
    let k = k.map(|k| format!("k = {k}"));
    let stride = stride.map(|stride| format!("stride {stride}"));
    let settings: Vec<String> = k.into_iter().chain(stride).collect();
    let mut label = frontend.to_string();
    if !settings.is_empty() {
        label += &format!(" ({})", settings.join(", "));
    }
    if let Some(layer) = after {
        label += &format!(" after {layer}");
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            source: "mnist".to_string(),
            model: "digit-net".to_string(),
            frontend: "neurn".to_string(),
            k: Some(3),
            stride: None,
            after: None,
            seed: 0,
            training: Training::default(),
            backend: Backend::Flex,
        }
    }

    #[test]
    fn every_setting_is_part_of_the_identity() {
        let run = run();
        let identify = |run: &Run| run.id(&run.classifier().unwrap(), "data");
        let id = identify(&run);
        assert_eq!(id, identify(&run));
        let classifier = run.classifier().unwrap();
        let mut others = vec![
            run.id(&classifier, "other data"),
            run.id(&classifier.with_mean(vec![0.0]), "data"),
        ];
        let changes: [fn(&mut Run); 16] = [
            |run| run.source = "usps".to_string(),
            |run| run.model = "vgg19".to_string(),
            |run| run.frontend = "none".to_string(),
            |run| run.frontend = "rand-conv".to_string(),
            |run| run.frontend = "mix-style".to_string(),
            |run| run.k = Some(5),
            |run| run.stride = Some(2),
            |run| run.after = Some("conv1".to_string()),
            |run| run.seed = 1,
            |run| run.backend = Backend::Wgpu,
            |run| run.training.epochs += 1,
            |run| run.training.batch += 1,
            |run| run.training.learning_rate *= 2.0,
            |run| run.training.image_size += 1,
            |run| run.training.train_limit += 1,
            |run| run.training.select_limit += 1,
        ];
        for change in changes {
            let mut other = run.clone();
            change(&mut other);
            others.push(identify(&other));
        }
        others.push(id);
        let count = others.len();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), count);
    }

    #[test]
    fn labels_name_what_is_set() {
        assert_eq!(frontend_label("none", None, None, None), "none");
        assert_eq!(
            frontend_label("neurn", Some(5), Some(2), Some("conv1")),
            "neurn (k = 5, stride 2) after conv1"
        );
    }
}
