use std::error::Error;
use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

use super::{
    BackboneConfig, cifar_resnet, convnext, densenet, digit_net, efficientnet, inception,
    mobilenet, mobilenet_v2, resnet, resnet_v2, squeezenet, vgg, vit, xception,
};
use crate::Weights;
use crate::trainable_parameters;

/// The models of each family. A new family is a line here.
const FAMILIES: &[&[Entry]] = &[
    digit_net::MODELS,
    vgg::MODELS,
    resnet::MODELS,
    resnet_v2::MODELS,
    cifar_resnet::MODELS,
    mobilenet::MODELS,
    mobilenet_v2::MODELS,
    efficientnet::MODELS,
    densenet::MODELS,
    squeezenet::MODELS,
    inception::MODELS,
    xception::MODELS,
    convnext::MODELS,
    vit::MODELS,
];

/// What a family's file says of one of its models.
pub(super) struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its configuration, from the number of classes, the channels of the images
    /// and their side, with everything else at its default.
    pub config: fn(usize, usize, usize) -> BackboneConfig,
    /// Its configuration as published, from the number of classes.
    pub published: fn(usize) -> BackboneConfig,
    /// Side of the images that it was published for.
    pub image_size: usize,
    /// Where weights are.
    pub weights: &'static [Weights],
}

const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

const NAMES: [&str; COUNT] = {
    let mut names = [""; COUNT];
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut model = 0;
        while model < FAMILIES[family].len() {
            names[count] = FAMILIES[family][model].name;
            count += 1;
            model += 1;
        }
        family += 1;
    }
    names
};

/// The names of all models.
pub const MODELS: &[&str] = &NAMES;

/// A model by its name.
///
/// ```
/// use neurn_models::Model;
///
/// # fn main() -> Result<(), neurn_models::UnknownModel> {
/// let model: Model = "resnet50v2".parse()?;
/// assert_eq!(model.parameters(1000), 25_568_360);
/// assert!(model.layers().contains(&"layer4.2".to_string()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Model(&'static Entry);

impl Model {
    /// All models.
    pub fn all() -> impl Iterator<Item = Self> {
        FAMILIES.iter().copied().flatten().map(Self)
    }

    /// Its name, one of [`MODELS`].
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its configuration for images of `channels` channels, with everything else
    /// at its default: global average pool for a head and the ImageNet stem.
    ///
    /// Only the digit networks and ViT depend on `image_size`, the height and
    /// width of the images.
    pub fn config(self, num_classes: usize, channels: usize, image_size: usize) -> BackboneConfig {
        (self.0.config)(num_classes, channels, image_size)
    }

    /// Its configuration as published, which is the one that the published weights
    /// are for.
    pub fn published(self, num_classes: usize) -> BackboneConfig {
        (self.0.published)(num_classes)
    }

    /// Height and width of the images that it was published for.
    pub fn image_size(self) -> usize {
        self.0.image_size
    }

    /// Trainable parameters of the published network.
    pub fn parameters(self, num_classes: usize) -> usize {
        trainable_parameters(&self.published(num_classes).init(&Device::default()))
    }

    /// Multiply-adds of the published network for one image; see
    /// [`Operation::multiply_adds`](crate::Operation::multiply_adds).
    ///
    /// # Panics
    ///
    /// If the image is too small, or not of the size that the network takes.
    pub fn multiply_adds(self, num_classes: usize, height: usize, width: usize) -> u64 {
        let operations = self.published(num_classes).operations(height, width);
        operations.iter().map(|each| each.multiply_adds()).sum()
    }

    /// The names of its layers, first to last.
    pub fn layers(self) -> Vec<String> {
        let backbone = self.published(1).init(&Device::default());
        backbone.layer_names()
    }

    /// Where weights are, the best first; empty: nowhere in a form that this crate
    /// reads.
    pub fn weights(self) -> &'static [Weights] {
        self.0.weights
    }
}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        let found = Self::all().find(|model| model.name() == name);
        found.ok_or_else(|| UnknownModel {
            name: name.to_string(),
        })
    }
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Model {}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Model").field(&self.name()).finish()
    }
}

impl BackboneConfig {
    /// [`Model::config`] of the model called `name`.
    ///
    /// # Errors
    ///
    /// If the name is not one of [`MODELS`].
    pub fn from_name(
        name: &str,
        num_classes: usize,
        channels: usize,
        image_size: usize,
    ) -> Result<Self, UnknownModel> {
        let model: Model = name.parse()?;
        Ok(model.config(num_classes, channels, image_size))
    }
}

/// No model has the name asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownModel {
    /// The name asked for.
    pub name: String,
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no model `{}`; the models are {}",
            self.name,
            MODELS.join(", ")
        )
    }
}

impl Error for UnknownModel {}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::HashSet;

    #[test]
    fn every_model_has_its_name_classes_and_channels() {
        for model in Model::all() {
            let config = model.config(7, 1, 32);
            assert_eq!(config.name(), model.name());
            assert_eq!(config.num_classes(), 7, "{model}");
            assert_eq!(config.channels(), 1, "{model}");
            let published = model.published(9);
            assert_eq!(published.name(), model.name());
            assert_eq!((published.num_classes(), published.channels()), (9, 3));
            assert_eq!(model.name().parse(), Ok(model));
        }
    }

    #[test]
    fn no_name_is_given_twice() {
        let names: HashSet<_> = MODELS.iter().collect();
        assert_eq!(names.len(), MODELS.len());
        assert_eq!(names.len(), Model::all().count());
    }

    #[test]
    fn weights_stand_with_their_model() {
        for model in Model::all() {
            for weights in model.weights() {
                assert_eq!(weights.model(), model);
            }
        }
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_known_ones() {
        let error = BackboneConfig::from_name("alexnet", 10, 3, 32).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("there is no model `alexnet`; the models are digit-net, "));
        for name in MODELS {
            assert!(message.contains(name), "{message}");
        }
    }
}
