//! A network, or a control, behind a frontend -> its layers.

use std::time::Duration;

use burn::tensor::{Device, Tensor, TensorData};
use neurn_models::{Classifier, ClassifierConfig, WeightsFile};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::data::StudyData;
use super::layer::{Layer, Summary};
use super::record::{Job, Learnt, Origin};
use super::settings::SIDE;
use crate::cortex::Stimuli;
use crate::data::cifar10;
use crate::error::Error;
use crate::runner::claims::{Claim, Claims};
use crate::runner::{Context, id};
use crate::train::{
    Checkpoints, Event, Examples, ImageShape, InputStatistics, Method, Split, TrainError, Trainer,
    Training, seeded,
};

/// The model that there are weights of.
pub(super) const MOBILENET: &str = "mobilenet-v1";
/// Side of the images that it sees.
const MOBILENET_SIDE: usize = 112;
/// The only layer of what has none.
const PIXELS: &str = "pixels";
/// How often a network that another job is training is asked for.
const ELSEWHERE: Duration = Duration::from_millis(200);

/// A job under way.
pub(super) struct Subject<'a> {
    pub(super) job: &'a Job,
    pub(super) data: &'a StudyData,
    /// How its layers are summed up.
    pub(super) summary: Summary<'a>,
    pub(super) context: &'a Context<'a>,
}

/// How many images it takes until all networks of a job are trained; of one that is
/// not trained, one a frontend.
pub(super) fn length(job: &Job, data: &StudyData) -> usize {
    let images = match (&job.training, &data.photographs) {
        (Some(training), Some(domain)) if job.network.origin == Origin::Cifar10 => {
            let count = domain.train.labels().len();
            let split = Split::of(count, training.train_limit, training.validation_limit);
            training.images(split.train)
        }
        _ => 1,
    };
    job.methods.len() * images
}

impl Subject<'_> {
    /// All layers behind one of the job's methods, first to last, and what the network
    /// has learnt if it was trained for this.
    ///
    /// # Errors
    ///
    /// If the weights cannot be had, an activation is not finite, or it was asked to
    /// stop.
    pub(super) fn behind(&self, place: usize) -> Result<(Vec<Layer>, Option<Learnt>), Error> {
        let method = &self.job.methods[place];
        let stimuli = self.summary.stimuli;
        let network = &self.job.network;
        match network.origin {
            Origin::Pixels => Ok((vec![self.pixels(stimuli, method)?], None)),
            Origin::Shuffled => {
                let mut order: Vec<usize> = (0..stimuli.scenes()).collect();
                order.shuffle(&mut ChaCha8Rng::seed_from_u64(network.seed));
                let layer = self.pixels(&stimuli.select(&order), method)?;
                Ok((vec![layer], None))
            }
            Origin::Generator => {
                let rates = self
                    .data
                    .rates
                    .clone()
                    .expect("simulated neurons have rates");
                Ok((vec![self.summary.units("rates", rates)], None))
            }
            Origin::Untrained => {
                let config = self.config(method)?;
                let config = scaled(config, self.input(method)?);
                let classifier = seeded(&config, network.seed, self.context.device);
                Ok((self.layers(&classifier, method)?, None))
            }
            Origin::ImageNet => {
                let weights = self.data.weights.as_ref();
                let path = &weights.expect("asked for where there are weights").path;
                let config = scaled(self.config(method)?, self.input(method)?);
                let classifier = seeded(&config, network.seed, self.context.device);
                let file = WeightsFile::new(path).may_end_early();
                let classifier = Classifier {
                    backbone: file.load(classifier.backbone)?,
                    ..classifier
                };
                Ok((self.layers(&classifier, method)?, None))
            }
            Origin::Cifar10 => {
                let (classifier, learnt) = self.trained(place)?;
                Ok((self.layers(&classifier, method)?, Some(learnt)))
            }
        }
    }

    fn pixels(&self, stimuli: &Stimuli, method: &Method) -> Result<Layer, Error> {
        let images = images(stimuli, 1, self.context.device);
        let output = method.frontend.init().forward(images);
        let layer = self.summary.layer(PIXELS, output);
        layer.map_err(|found| self.not_finite(method, PIXELS, found))
    }

    fn layers(&self, classifier: &Classifier, method: &Method) -> Result<Vec<Layer>, Error> {
        let images = classifier.frontend.forward(self.images());
        let images = classifier.normalization.forward(images);
        let mut layers = Vec::new();
        let mut wrong = None;
        // One layer at a time, as all of them take much memory.
        classifier
            .backbone
            .forward_with(images, &mut |name, output| {
                if wrong.is_none() && self.has_weights(name.name()) {
                    match self.summary.layer(name.name(), output.clone()) {
                        Ok(layer) => layers.push(layer),
                        Err(found) => wrong = Some(self.not_finite(method, name.name(), found)),
                    }
                }
                output
            });
        match wrong {
            Some(error) => Err(error),
            None => Ok(layers),
        }
    }

    /// Whether the file has a layer's weights: it has none for the last block, which
    /// is left out of the untrained network too, so that their means are over the same
    /// layers.
    fn has_weights(&self, layer: &str) -> bool {
        self.job.network.model != MOBILENET || !layer.ends_with("_13")
    }

    /// The stimuli at the size that the network sees.
    fn images(&self) -> Tensor<4> {
        let side = self.side();
        let stimuli = self.summary.stimuli.resized(side, side);
        images(&stimuli, Examples::CHANNELS, self.context.device)
    }

    fn side(&self) -> usize {
        match self.job.network.model.as_str() {
            MOBILENET => MOBILENET_SIDE,
            _ => SIDE,
        }
    }

    fn config(&self, method: &Method) -> Result<ClassifierConfig, Error> {
        let images = ImageShape {
            channels: Examples::CHANNELS,
            side: self.side(),
        };
        Ok(method.classifier(&self.job.network.model, cifar10::CLASSES.len(), images)?)
    }

    /// The scale of the input of a network that is not trained here: by the images
    /// that others are trained on, or, without any, by the stimuli.
    fn input(&self, method: &Method) -> Result<InputStatistics, Error> {
        match (method.input.fixed(), &self.data.photographs) {
            (Some(fixed), _) => Ok(fixed),
            (None, Some(domain)) => {
                let range = 0..self.split(&self.data.training).train;
                let train = self.through(Examples::new(&domain.train, range, SIDE), method);
                let found = method.input.statistics(&train, self.context.device);
                Ok(found.map_err(TrainError::from)?)
            }
            (None, None) => Ok(statistics(method.frontend.init().forward(self.images()))),
        }
    }

    fn split(&self, training: &Training) -> Split {
        let domain = self.data.photographs.as_ref().expect("photographs");
        let count = domain.train.labels().len();
        Split::of(count, training.train_limit, training.validation_limit)
    }

    fn through(&self, examples: Examples, method: &Method) -> Examples {
        examples.through(&method.frontend.init(), self.context.device)
    }

    /// Trained, or as it was kept when it had been; with what it has learnt.
    fn trained(&self, place: usize) -> Result<(Classifier, Learnt), Error> {
        let (job, context) = (self.job, self.context);
        let method = &job.methods[place];
        let training = job.training.as_ref().expect("a network that is trained");
        let photographs = self.data.photographs.as_ref().expect("photographs");
        let split = self.split(training);
        let part = |range| self.through(Examples::new(&photographs.train, range, SIDE), method);
        let train = part(0..split.train);
        let validation = part(split.train..split.train + split.validation);
        let input = method.input.statistics(&train, context.device);
        let input = input.map_err(TrainError::from)?;
        let config = scaled(self.config(method)?, input);

        // The jobs of other neurons have the same networks.
        let how = id(&json!([
            training,
            job.images,
            job.network,
            method,
            job.backend
        ]));
        let _claim = self.claim(&format!("network-{how}"))?;
        let checkpoints = Checkpoints::new(context.out.join("networks").join(how));
        let trainer = Trainer {
            classifier: &config,
            training,
            augmentation: &method.augmentation,
            seed: job.network.seed,
            device: context.device,
            interrupter: context.interrupter,
            checkpoints: Some(&checkpoints),
        };
        let before = place * training.images(split.train);
        let epochs = training.steps(split.train).len();
        let mut show = |event| match event {
            Event::Seen(images) => context.progress.reach(before + images),
            Event::Warning(text) => context.progress.warn(&text),
            Event::Epoch(epoch) => context.progress.stage(&format!(
                "{}, epoch {}/{epochs}: validation {:.1} %",
                method.frontend.label(),
                epoch.epoch,
                epoch.validation_accuracy
            )),
        };
        let trained = trainer.train(&train, &validation, &mut show)?;
        let test = photographs.test.labels().len();
        let tested = self.through(Examples::new(&photographs.test, 0..test, SIDE), method);
        let confusion = trainer.confusion(&trained.classifier, &tested);
        let learnt = Learnt {
            frontend: method.frontend.label(),
            epoch: trained.selected.epoch,
            validation_accuracy: trained.selected.validation_accuracy,
            test_accuracy: confusion?.accuracy(),
            test_images: test,
        };
        Ok((trained.classifier, learnt))
    }

    /// The right to train a network; waits while another job has it.
    fn claim(&self, name: &str) -> Result<Claim, Error> {
        let claims = Claims::open(self.context.out.join("claims"))?;
        loop {
            if let Some(claim) = claims.claim(name)? {
                return Ok(claim);
            }
            if self.context.interrupter.should_stop() {
                return Err(Error::Interrupted);
            }
            std::thread::sleep(ELSEWHERE);
        }
    }

    fn not_finite(&self, method: &Method, layer: &str, found: f32) -> Error {
        Error::Activations {
            network: format!(
                "{} behind {}",
                self.job.network.label(),
                method.frontend.label()
            ),
            layer: layer.to_string(),
            found,
        }
    }
}

fn scaled(config: ClassifierConfig, input: InputStatistics) -> ClassifierConfig {
    config.with_mean(input.mean).with_std(input.std)
}

/// Mean and population deviation of each channel; 1 for that of a channel that is the
/// same everywhere.
fn statistics(images: Tensor<4>) -> InputStatistics {
    let [count, channels, height, width] = images.dims();
    let values: Vec<f32> = images.into_data().iter::<f32>().collect();
    let plane = height * width;
    let of_channel = |channel: usize| {
        let planes = values.chunks_exact(plane).skip(channel).step_by(channels);
        planes.flatten().map(|&value| f64::from(value))
    };
    let size = (count * plane) as f64;
    let both = (0..channels).map(|channel| {
        let mean = of_channel(channel).sum::<f64>() / size;
        let variance = of_channel(channel).map(|x| (x - mean).powi(2)).sum::<f64>() / size;
        (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
    });
    let (mean, std) = both.unzip();
    InputStatistics { mean, std }
}

/// The stimuli with their grey in each of the channels, `[scenes, channels, h, w]` in
/// 0..=1.
fn images(stimuli: &Stimuli, channels: usize, device: &Device) -> Tensor<4> {
    let values = (0..stimuli.scenes()).flat_map(|scene| stimuli.scene(scene));
    let values: Vec<f32> = values.map(|&value| value as f32).collect();
    let shape = [stimuli.scenes(), 1, stimuli.height(), stimuli.width()];
    Tensor::<4>::from_data(TensorData::new(values, shape), device).repeat_dim(1, channels)
}
