//! Augmentation: what happens to the images of a training step, or to what a layer
//! makes of them. Nothing is augmented when a network is tested.
//!
//! Random numbers come from a stream of their own a step, so that neither a
//! resumed epoch nor a run at the same time changes one.

mod mix_style;
mod rand_conv;

pub use mix_style::MixStyle;
pub use rand_conv::RandConv;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Int, Tensor};
use neurn_models::Classifier;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::rng::keyed;

/// What happens to the images of a training step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Augmentation {
    /// Nothing.
    #[default]
    None,
    /// They pass random convolutions, before the frontend.
    RandConv(RandConv),
    /// They may exchange their styles inside the network.
    MixStyle(MixStyle),
}

/// No augmentation has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no augmentation `{0}`; the augmentations are none, rand-conv, mix-style")]
pub struct UnknownAugmentation(pub String);

impl std::str::FromStr for Augmentation {
    type Err = UnknownAugmentation;

    fn from_str(name: &str) -> Result<Self, UnknownAugmentation> {
        let mut all = Self::ALL.into_iter();
        let named = all.find(|augmentation| augmentation.label().unwrap_or("none") == name);
        named.ok_or_else(|| UnknownAugmentation(name.to_string()))
    }
}

impl Augmentation {
    /// Each with its default settings.
    pub const ALL: [Self; 3] = [
        Self::None,
        Self::RandConv(RandConv::DEFAULT),
        Self::MixStyle(MixStyle::DEFAULT),
    ];

    /// What a table calls it, if there is one.
    pub fn label(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::RandConv(_) => Some("rand-conv"),
            Self::MixStyle(_) => Some("mix-style"),
        }
    }

    /// Whether it changes images before the frontend, which then has to be passed in
    /// every step.
    pub fn changes_images(&self) -> bool {
        matches!(self, Self::RandConv(_))
    }

    /// The loss of a step, the mean over its images: of images as they are if the
    /// augmentation changes images or the frontend follows a layer, or else of images
    /// that have passed the frontend.
    ///
    /// # Shapes
    ///
    /// - images: `[N, channels, H, W]`
    /// - labels: `[N]`
    /// - output: `[1]`
    pub fn loss(
        &self,
        classifier: &Classifier,
        images: Tensor<4>,
        labels: Tensor<1, Int>,
        rng: &mut ChaCha8Rng,
    ) -> Tensor<1> {
        let cross_entropy = CrossEntropyLossConfig::new().init(&images.device());
        match self {
            Self::None => cross_entropy.forward(classifier.forward_from_frontend(images), labels),
            Self::RandConv(rand_conv) => rand_conv.loss(classifier, images, labels, rng),
            Self::MixStyle(mix_style) => {
                cross_entropy.forward(mix_style.logits(classifier, images, rng), labels)
            }
        }
    }
}

/// The random numbers of a step.
pub(super) fn step_rng(seed: u64, epoch: usize, step: usize) -> ChaCha8Rng {
    keyed([seed, epoch as u64, step as u64, 0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::seeded;
    use burn::tensor::{Device, TensorData};
    use neurn_models::{BackboneConfig, ClassifierConfig, FrontendConfig, LayerName, MODELS};

    fn classifier(model: &str) -> Classifier {
        let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
        let config = ClassifierConfig::new(FrontendConfig::none(), backbone);
        seeded(&config, 0, &Device::flex())
    }

    /// Not drawn, as other tests seed the process's generator meanwhile.
    fn images(count: usize) -> Tensor<4> {
        let value = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0;
        let values: Vec<f32> = (0..count * 3 * 32 * 32).map(value).collect();
        let data = TensorData::new(values, [count, 3, 32, 32]);
        Tensor::from_data(data, &Device::flex())
    }

    fn labels(count: i64) -> Tensor<1, Int> {
        Tensor::arange(0..count, &Device::flex())
    }

    fn loss(augmentation: Augmentation, classifier: &Classifier, step: usize) -> f32 {
        let mut rng = step_rng(7, 1, step);
        let loss = augmentation.loss(classifier, images(8), labels(8), &mut rng);
        loss.into_scalar()
    }

    /// Every stream that is asked for twice is the same, and no two are.
    #[test]
    fn a_step_has_its_own_stream() {
        use rand::RngExt;
        let first = |seed, epoch, step| step_rng(seed, epoch, step).random::<u64>();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let mut all: Vec<u64> = (0..64)
            .map(|i| first(i / 16, (i / 4 % 4) as usize, (i % 4) as usize))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 64);
    }

    #[test]
    fn none_is_the_cross_entropy_of_the_classifier() {
        let classifier = classifier("digit-net-small");
        let output = classifier.forward(images(8));
        let expected = CrossEntropyLossConfig::new()
            .init(&Device::flex())
            .forward(output, labels(8));
        let expected: f32 = expected.into_scalar();
        assert_eq!(loss(Augmentation::None, &classifier, 0), expected);
    }

    /// The same stream gives the same loss, and each augmentation changes it in some
    /// step.
    #[test]
    fn an_augmentation_depends_on_its_stream_alone() {
        let classifier = classifier("digit-net-small");
        let plain = loss(Augmentation::None, &classifier, 0);
        for augmentation in &Augmentation::ALL[1..] {
            let loss = |step| loss(*augmentation, &classifier, step);
            assert_eq!(loss(3), loss(3));
            let changed = (0..32).filter(|&step| loss(step) != plain).count();
            match augmentation {
                Augmentation::RandConv(_) => assert_eq!(changed, 32),
                // In two places with a chance of a half each: 24 +- 2.4, and six
                // deviations.
                _ => assert!((9..=32).contains(&changed), "{augmentation:?}: {changed}"),
            }
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for augmentation in Augmentation::ALL {
            let name = augmentation.label().unwrap_or("none");
            assert_eq!(name.parse(), Ok(augmentation));
        }
        let error = "cutout".parse::<Augmentation>().unwrap_err().to_string();
        assert!(
            error.contains("`cutout`") && error.contains("rand-conv"),
            "{error}"
        );
    }

    /// With one place, which comes last, MixStyle would do nothing; the published
    /// digit network has one place that does not.
    #[test]
    fn mix_style_spares_the_last_layer() {
        let classifier = classifier("digit-net");
        let images = images(8);
        let always = MixStyle {
            probability: 1.0,
            ..MixStyle::default()
        };
        let output = always.logits(&classifier, images.clone(), &mut step_rng(0, 1, 0));
        let mut rng = step_rng(0, 1, 0);
        let mut after = |layer: &LayerName, x| match layer.is("pool1") {
            true => always.forward(x, &mut rng),
            false => x,
        };
        let images = classifier.normalization.forward(images);
        let by_hand = classifier.backbone.forward_with(images, &mut after);
        assert_eq!(output.into_data(), by_hand.into_data());
    }

    #[test]
    fn mix_style_has_two_places_in_every_model() {
        let mix_style = MixStyle::default();
        let families = ["digit", "vgg", "resnet", "mobilenet-v1"];
        let of_places = |model: &&&str| families.iter().any(|family| model.starts_with(family));
        for model in MODELS.iter().filter(of_places) {
            if model.contains("152") {
                continue;
            }
            let mut count = 0;
            let mut after = |layer: &LayerName, x| {
                count += usize::from(mix_style.follows(layer));
                x
            };
            let classifier = classifier(model);
            let image = Tensor::zeros([1, 3, 32, 32], &Device::flex());
            classifier.backbone.forward_with(image, &mut after);
            assert_eq!(count, 2, "{model}");
        }
    }
}
