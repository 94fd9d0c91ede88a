//! What is compared with cortex: networks, and the controls beside them.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use burn::train::Interrupter;
use faer::Mat;
use neurn_models::{BackboneConfig, Classifier, ClassifierConfig, FrontendConfig, WeightsFile};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::features::{Layer, Summary};
use crate::cortex::Stimuli;
use crate::data::{CLASSES, Domain};
use crate::error::Error;
use crate::fingerprint::hexadecimal;
use crate::train::{
    Augmentation, Checkpoints, Event, Examples, MethodError, Split, Trainer, Training, seeded,
};

/// One of them, with every frontend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its name in tables.
    pub model: String,
    /// Where its weights are from.
    pub origin: Origin,
    /// Of its weights, or of an order of scenes.
    pub seed: u64,
}

/// Where a candidate's weights are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It has none: the pixels themselves.
    Pixels,
    /// The pixels, the scenes in a random order.
    Shuffled,
    /// The expected responses that simulated neurons were made from.
    Generator,
    /// As they were drawn.
    Untrained,
    /// Learnt from CIFAR-10.
    Cifar10,
    /// Read from a file; learnt from ImageNet.
    ImageNet,
}

impl Origin {
    /// As it stands in a measurement's `training`.
    pub fn training(self) -> &'static str {
        match self {
            Self::Pixels | Self::Shuffled | Self::Generator => "none",
            Self::Untrained => "untrained",
            Self::Cifar10 => "cifar10",
            Self::ImageNet => "imagenet",
        }
    }
}

/// What candidates need to become layers.
#[derive(Clone, Copy)]
pub struct Studio<'a> {
    /// How networks learn.
    pub training: &'a Training,
    /// What they learn from.
    pub photographs: Option<&'a Domain>,
    /// The weights of MobileNet V1.
    pub mobilenet: Option<&'a PathBuf>,
    /// The truth behind simulated neurons, scenes x neurons.
    pub rates: Option<&'a Mat<f64>>,
    /// Where networks are kept once they have learnt.
    pub networks: &'a PathBuf,
    /// On what.
    pub device: &'a Device,
    /// Whether to stop.
    pub interrupter: &'a Interrupter,
}

/// The only layer of what has none.
const PIXELS: &str = "pixels";
/// Side of the images that a network learns from and sees here.
pub const SIDE: usize = 32;
/// The model that there are weights of.
pub const MOBILENET: &str = "mobilenet-v1";
/// Side of the images that it sees.
const MOBILENET_SIDE: usize = 112;

impl Candidate {
    /// As it is called while one waits for it.
    pub fn label(&self) -> String {
        match self.origin {
            Origin::Pixels | Origin::Generator | Origin::ImageNet => self.model.clone(),
            Origin::Shuffled => format!("{}, seed {}", self.model, self.seed),
            origin => format!("{}, {}, seed {}", self.model, origin.training(), self.seed),
        }
    }

    /// The frontends that it has: a truth has none.
    pub fn frontends<'a>(&self, frontends: &'a [String]) -> &'a [String] {
        match self.origin {
            Origin::Generator => &frontends[..1],
            _ => frontends,
        }
    }

    /// All layers behind a frontend, first to last.
    ///
    /// # Errors
    ///
    /// If the weights cannot be had, an activation is not finite, or it was asked
    /// to stop.
    pub fn layers(
        &self,
        frontend_name: &str,
        summary: &Summary,
        studio: &Studio,
    ) -> Result<Vec<Layer>, Error> {
        let config = frontend(frontend_name);
        let stimuli = summary.stimuli;
        let device = studio.device;
        let pixels = |stimuli: &Stimuli| {
            let images = images(stimuli, 1, device);
            let output = config.init().forward(images);
            let layer = summary.layer(PIXELS, output);
            layer.map_err(|found| self.not_finite(frontend_name, PIXELS, found))
        };
        match self.origin {
            Origin::Pixels => Ok(vec![pixels(stimuli)?]),
            Origin::Shuffled => {
                let mut order: Vec<usize> = (0..stimuli.scenes()).collect();
                order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed));
                Ok(vec![pixels(&stimuli.select(&order))?])
            }
            Origin::Generator => {
                let rates = studio.rates.expect("simulated neurons have rates");
                Ok(vec![summary.units("rates", rates.clone())])
            }
            _ => {
                let classifier = self.classifier(config, frontend_name, studio)?;
                self.of_network(&classifier, frontend_name, summary, device)
            }
        }
    }

    fn of_network(
        &self,
        classifier: &Classifier,
        frontend_name: &str,
        summary: &Summary,
        device: &Device,
    ) -> Result<Vec<Layer>, Error> {
        let side = match self.model.as_str() {
            MOBILENET => MOBILENET_SIDE,
            _ => SIDE,
        };
        let images = images(&summary.stimuli.resized(side, side), 3, device);
        let images = classifier
            .normalization
            .forward(classifier.frontend.forward(images));
        let mut layers = Vec::new();
        let mut wrong = None;
        // One layer at a time, as all of them take much memory.
        classifier
            .backbone
            .forward_with(images, &mut |name, output| {
                if wrong.is_none() && self.is_known(name.name()) {
                    match summary.layer(name.name(), output.clone()) {
                        Ok(layer) => layers.push(layer),
                        Err(found) => {
                            wrong = Some(self.not_finite(frontend_name, name.name(), found));
                        }
                    }
                }
                output
            });
        match wrong {
            Some(error) => Err(error),
            None => Ok(layers),
        }
    }

    /// Whether the file has a layer's weights: it has none for the last block,
    /// which is left out of the untrained network too, so that their means are
    /// over the same layers.
    fn is_known(&self, layer: &str) -> bool {
        self.model != MOBILENET || !layer.ends_with("_13")
    }

    /// Everything that makes up its layers but weights, for the identity of a run.
    pub fn identity(&self, frontend_name: &str) -> Result<serde_json::Value, Error> {
        let config = frontend(frontend_name);
        let network = match self.origin {
            Origin::Pixels | Origin::Shuffled | Origin::Generator => None,
            _ => Some(burn::config::config_to_json(&self.config(config.clone())?)),
        };
        Ok(serde_json::json!({
            "candidate": self,
            "frontend": burn::config::config_to_json(&config),
            "network": network,
        }))
    }

    fn config(&self, frontend: FrontendConfig) -> Result<ClassifierConfig, Error> {
        let backbone = BackboneConfig::from_name(&self.model, CLASSES, Examples::CHANNELS, SIDE)
            .map_err(MethodError::from)?;
        Ok(ClassifierConfig::new(frontend, backbone))
    }

    fn classifier(
        &self,
        frontend: FrontendConfig,
        frontend_name: &str,
        studio: &Studio,
    ) -> Result<Classifier, Error> {
        let config = self.config(frontend)?;
        match self.origin {
            Origin::Cifar10 => self.trained(&config, frontend_name, studio),
            Origin::ImageNet => {
                let path = studio.mobilenet.expect("asked for where there are weights");
                let classifier = seeded(&config, self.seed, studio.device);
                let file = WeightsFile::new(path).may_end_early();
                let backbone = file.load(classifier.backbone)?;
                Ok(Classifier {
                    backbone,
                    ..classifier
                })
            }
            _ => Ok(seeded(&config, self.seed, studio.device)),
        }
    }

    /// Trained, or as it was kept when it had been.
    fn trained(
        &self,
        config: &ClassifierConfig,
        frontend_name: &str,
        studio: &Studio,
    ) -> Result<Classifier, Error> {
        let domain = studio
            .photographs
            .expect("asked for where there are photographs");
        let training = studio.training;
        let count = domain.train.labels().len();
        let split = Split::of(count, training.train_limit, training.validation_limit);
        if split.train == 0 {
            return Err(Error::TooFewImages {
                domain: domain.name.clone(),
                expected: 2,
                found: count,
            });
        }
        let through = |range| {
            Examples::new(&domain.train, range, SIDE)
                .through(&config.frontend.init(), studio.device)
        };
        // Another network of the same name is not taken for this one.
        let digest = Sha256::digest(burn::config::config_to_json(config));
        let digest = hexadecimal(&digest[..4]);
        let folder = format!("{}-{frontend_name}-{}-{digest}", self.model, self.seed);
        let checkpoints = Checkpoints::new(studio.networks.join(folder));
        let trainer = Trainer {
            classifier: config,
            training,
            augmentation: &Augmentation::None,
            seed: self.seed,
            device: studio.device,
            interrupter: studio.interrupter,
            checkpoints: Some(&checkpoints),
        };
        let trained = trainer.train(
            &through(0..split.train),
            &through(split.train..split.train + split.validation),
            &mut |event| {
                if let Event::Warning(text) = event {
                    eprintln!("{}: {text}", self.label());
                }
            },
        );
        match trained {
            Ok(trained) => Ok(trained.classifier),
            Err(_) => Err(Error::Interrupted),
        }
    }

    fn not_finite(&self, frontend: &str, layer: &str, found: f32) -> Error {
        Error::Activations {
            network: format!("{} behind {frontend}", self.label()),
            layer: layer.to_string(),
            found,
        }
    }
}

/// The stimuli with their grey in each of the channels, `[scenes, channels, h,
/// w]` in 0..=1.
fn images(stimuli: &Stimuli, channels: usize, device: &Device) -> Tensor<4> {
    let values = (0..stimuli.scenes()).flat_map(|scene| stimuli.scene(scene));
    let values: Vec<f32> = values.map(|&value| value as f32).collect();
    let shape = [stimuli.scenes(), 1, stimuli.height(), stimuli.width()];
    Tensor::<4>::from_data(TensorData::new(values, shape), device).repeat_dim(1, channels)
}

/// The frontend of a name that was checked with the settings.
fn frontend(name: &str) -> FrontendConfig {
    name.parse().expect("checked with the settings")
}
