//! Rivals at training time: what happens to the images of a step, or to what a
//! layer makes of them. Nothing is augmented when a network is tested.
//!
//! Random numbers come from a stream of their own a step, so that neither a
//! resumed epoch nor a run at the same time changes one.

mod mix_style;
mod rand_conv;

pub use mix_style::MixStyle;
pub use rand_conv::RandConv;

use burn::tensor::Tensor;
use neurn_models::{Classifier, LayerName};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// What happens to the images of a step. Its settings are part of a run's
/// identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub enum Augmentation {
    /// Nothing.
    #[default]
    None,
    /// They may pass a random convolution.
    RandConv(RandConv),
    /// They may exchange their styles inside the network.
    MixStyle(MixStyle),
}

impl Augmentation {
    /// The logits of a step's images, which have passed the frontend already.
    ///
    /// # Shapes
    ///
    /// - images: `[N, channels, H, W]`
    /// - output: `[N, num_classes]`
    pub fn forward(
        &self,
        classifier: &Classifier,
        images: Tensor<4>,
        chance: &mut ChaCha8Rng,
    ) -> Tensor<2> {
        match self {
            Self::None => classifier.forward_from_frontend(images),
            Self::RandConv(rand_conv) => {
                let images = classifier.normalization.forward(images);
                let images = rand_conv.forward(images, chance);
                let mut after = |layer: &_, x| classifier.after_layer(layer, x);
                classifier.backbone.forward_with(images, &mut after)
            }
            Self::MixStyle(mix_style) => {
                let images = classifier.normalization.forward(images);
                let last = classifier.backbone.layer_names().pop();
                let is_last = |layer: &LayerName| last.as_ref().is_some_and(|l| layer.is(l));
                let mut after = |layer: &LayerName, x| {
                    let x = classifier.after_layer(layer, x);
                    match mix_style.follows(layer) && (mix_style.last || !is_last(layer)) {
                        true => mix_style.forward(x, chance),
                        false => x,
                    }
                };
                classifier.backbone.forward_with(images, &mut after)
            }
        }
    }
}

/// The random numbers of a step.
pub(super) fn chance(seed: u64, epoch: usize, step: usize) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key
        .chunks_exact_mut(8)
        .zip([seed, epoch as u64, step as u64])
    {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::seeded;
    use burn::tensor::{Device, TensorData};
    use neurn_models::{BackboneConfig, ClassifierConfig, FrontendConfig, MODELS};

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

    /// Every stream that is asked for twice is the same, and no two are.
    #[test]
    fn a_step_has_its_own_chance() {
        use rand::RngExt;
        let first = |seed, epoch, step| chance(seed, epoch, step).random::<u64>();
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let mut all: Vec<u64> = (0..64)
            .map(|i| first(i / 16, (i / 4 % 4) as usize, (i % 4) as usize))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 64);
    }

    #[test]
    fn none_is_the_classifier() {
        let classifier = classifier("digit-net-small");
        let images = images(4);
        let output = Augmentation::None.forward(&classifier, images.clone(), &mut chance(0, 1, 0));
        let expected = classifier.forward(images);
        assert_eq!(output.into_data(), expected.into_data());
    }

    /// The same chance gives the same logits, and each rival changes them in some
    /// step.
    #[test]
    fn rivals_depend_on_chance_alone() {
        let classifier = classifier("digit-net-small");
        let images = images(8);
        let plain = classifier.forward(images.clone()).into_data();
        for rival in [
            Augmentation::RandConv(RandConv::default()),
            Augmentation::MixStyle(MixStyle::default()),
        ] {
            let output = |step| {
                let mut chance = chance(7, 1, step);
                let output = rival.forward(&classifier, images.clone(), &mut chance);
                output.into_data()
            };
            assert_eq!(output(3), output(3));
            let changed = (0..64).filter(|&step| output(step) != plain).count();
            match rival {
                Augmentation::RandConv(_) => assert_eq!(changed, 64),
                // In two places with a chance of a half each: 48 +- 3.5, and six
                // deviations.
                _ => assert!((27..=64).contains(&changed), "{rival:?}: {changed}"),
            }
        }
    }

    /// With one place, which comes last, MixStyle would do nothing; the published
    /// digit network has one place that does not.
    #[test]
    fn mix_style_spares_the_last_layer() {
        let classifier = classifier("digit-net");
        let images = images(8);
        let rival = Augmentation::MixStyle(MixStyle {
            chance: 1.0,
            ..MixStyle::default()
        });
        let output = rival.forward(&classifier, images.clone(), &mut chance(0, 1, 0));
        let mut once = chance(0, 1, 0);
        let mut after = |layer: &LayerName, x| match layer.is("pool1") {
            true => MixStyle {
                chance: 1.0,
                ..MixStyle::default()
            }
            .forward(x, &mut once),
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
