//! What is compared: everything that stands against a shift.

use burn::tensor::{Device, Tensor};
use neurn_models::{BackboneConfig, ClassifierConfig, FrontendConfig, UnknownLayer, UnknownModel};
use serde::{Deserialize, Serialize};

use super::{Augmentation, InputScale, seeded};
use crate::device;

/// What is done to images and to the network's input, in training and in tests.
///
/// The default is nothing but a standardized input, which methods are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// The map that images pass, and its scale.
    pub frontend: FrontendConfig,
    /// The backbone's layer that the frontend follows; none: it comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What the network's input is scaled by.
    #[serde(default)]
    pub input: InputScale,
    /// What happens to the images of a training step.
    #[serde(default)]
    pub augmentation: Augmentation,
}

impl Default for Method {
    fn default() -> Self {
        Self::of(FrontendConfig::none())
    }
}

/// Why no network can be made with a method.
#[derive(Debug, thiserror::Error)]
pub enum MethodError {
    /// No model has the name.
    #[error(transparent)]
    Model(#[from] UnknownModel),
    /// The frontend cannot stand where it is to stand.
    #[error(transparent)]
    Layer(#[from] UnknownLayer),
    /// The layers do not fit images of that size.
    #[error("{model} with {method} on images of {side}x{side}: {reason}")]
    Size {
        /// The backbone.
        model: String,
        /// The method.
        method: String,
        /// Side of the images.
        side: usize,
        /// What does not fit.
        reason: String,
    },
}

/// The images that a network is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Channels.
    pub channels: usize,
    /// Height and width.
    pub side: usize,
}

impl Method {
    /// A frontend that comes first, with a standardized input.
    pub fn of(frontend: FrontendConfig) -> Self {
        Self {
            frontend,
            after: None,
            input: InputScale::default(),
            augmentation: Augmentation::default(),
        }
    }

    /// What tables, figures and terminals call it: `neurn (k = 3) after conv1 +
    /// rand-conv, input half`. A standardized input is not named.
    pub fn label(&self) -> String {
        let mut label = match (self.frontend.is_none(), self.augmentation.label()) {
            (true, Some(augmentation)) => augmentation.to_string(),
            (false, Some(augmentation)) => {
                format!("{} + {augmentation}", self.frontend.label())
            }
            (_, None) => self.frontend.label(),
        };
        if let Some(layer) = &self.after {
            label += &format!(" after {layer}");
        }
        if self.input != InputScale::Standardized {
            label += &format!(", input {}", self.input.label());
        }
        label
    }

    /// Whether the frontend gives the same of an image in every epoch, so that it
    /// need not be passed again.
    pub fn frontend_passes_once(&self) -> bool {
        self.after.is_none() && !self.augmentation.changes_images()
    }

    /// The classifier that is trained, its input not scaled yet.
    ///
    /// # Errors
    ///
    /// If there is no such model, or the images are too small for it.
    pub fn classifier(
        &self,
        model: &str,
        classes: usize,
        images: ImageShape,
    ) -> Result<ClassifierConfig, MethodError> {
        // What reaches the backbone.
        let (channels, side) = match self.after {
            None => (
                self.frontend.channels(images.channels),
                images.side.div_ceil(self.frontend.stride()),
            ),
            Some(_) => (images.channels, images.side),
        };
        let size_error = |reason| self.size_error(model, images, reason);
        if let Some(k) = self.patch().filter(|k| *k / 2 > images.side) {
            let reason = format!("expected a patch of at most twice the image's side, found {k}");
            return Err(size_error(reason));
        }
        let backbone = BackboneConfig::from_name(model, classes, channels, side)?;
        let smallest = backbone.smallest_image();
        if side < smallest {
            let reason = format!(
                "expected at least {smallest}x{smallest} before the backbone, found {side}x{side}"
            );
            return Err(size_error(reason));
        }
        let config = ClassifierConfig::new(self.frontend.clone(), backbone);
        Ok(config.with_after(self.after.clone()))
    }

    /// That there is the layer that the frontend follows, and that an image passes the
    /// whole network: one forward pass on the CPU, where this build computes on it.
    ///
    /// # Errors
    ///
    /// As [`classifier`](Self::classifier), and if there is no such layer or the
    /// frontend does not fit what it gives.
    pub fn check(
        &self,
        model: &str,
        classes: usize,
        images: ImageShape,
    ) -> Result<(), MethodError> {
        let config = self.classifier(model, classes, images)?;
        let (Some(layer), Some(device)) = (&self.after, device::cpu()) else {
            return Ok(());
        };
        let passes = check_layer(&config, layer, images, &device)?;
        passes.map_err(|reason| self.size_error(model, images, reason))
    }

    fn size_error(&self, model: &str, images: ImageShape, reason: String) -> MethodError {
        MethodError::Size {
            model: model.to_string(),
            method: self.label(),
            side: images.side,
            reason,
        }
    }

    /// The same with a patch of another side, if it has one.
    pub fn with_patch(&self, k: usize) -> Self {
        let mut method = self.clone();
        if let Some(side) = method.frontend.patch_mut() {
            *side = k;
        }
        method
    }

    /// Side of its patch.
    pub fn patch(&self) -> Option<usize> {
        self.frontend.patch()
    }
}

/// Whether there is the layer; and whether an image passes the frontend after it.
fn check_layer(
    config: &ClassifierConfig,
    layer: &str,
    images: ImageShape,
    device: &Device,
) -> Result<Result<(), String>, UnknownLayer> {
    let image = Tensor::<4>::zeros([1, images.channels, images.side, images.side], device);
    let without = config.clone().with_after(None).init(device);
    if !without.backbone.has_layer(layer) {
        without.backbone.features(image, &[layer])?;
        return Ok(Ok(()));
    }
    Ok(device::quietly(|| {
        seeded(config, 0, device).forward(image).into_data();
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(frontend: &str) -> Method {
        Method::of(frontend.parse().unwrap())
    }

    #[test]
    fn labels_name_what_is_set() {
        assert_eq!(Method::default().label(), "none");
        let method = Method {
            after: Some("conv1".to_string()),
            input: InputScale::Half,
            augmentation: Augmentation::RandConv(Default::default()),
            ..named("neurn")
        };
        assert_eq!(
            method.label(),
            "neurn (k = 3) + rand-conv after conv1, input half"
        );
        let alone = Method {
            augmentation: Augmentation::MixStyle(Default::default()),
            ..Method::default()
        };
        assert_eq!(alone.label(), "mix-style");
    }

    /// In records, which are JSON, and in plans, which are TOML.
    #[test]
    fn a_method_is_read_back_as_it_was_written() {
        for frontend in neurn_models::FRONTENDS {
            for augmentation in Augmentation::ALL {
                let method = Method {
                    augmentation,
                    ..named(frontend)
                };
                let json = serde_json::to_string(&method).unwrap();
                assert_eq!(serde_json::from_str::<Method>(&json).unwrap(), method);
                let text = toml::to_string(&method).unwrap();
                assert_eq!(toml::from_str::<Method>(&text).unwrap(), method, "{text}");
            }
        }
    }

    #[test]
    fn a_network_takes_what_its_frontend_gives() {
        let images = ImageShape {
            channels: 3,
            side: 32,
        };
        let config = named("image-and-neurn").classifier("digit-net-small", 7, images);
        assert_eq!(config.unwrap().backbone.channels(), 6);
        let error = named("neurn").classifier(
            "digit-net",
            10,
            ImageShape {
                channels: 3,
                side: 4,
            },
        );
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("digit-net with neurn (k = 3) on images of 4x4"),
            "{error}"
        );
        let nowhere = Method {
            after: Some("conv99".to_string()),
            ..named("neurn")
        };
        let error = nowhere
            .check("digit-net-small", 10, images)
            .unwrap_err()
            .to_string();
        assert!(error.contains("conv99"), "{error}");
    }
}
