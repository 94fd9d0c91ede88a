//! Training of one classifier with validation on the source, and its test.
//!
//! A plain loop over Burn's optimizer. burn-train's `SupervisedTraining` selects
//! through files in a folder, runs one shuffle's state through all epochs (so an
//! epoch could not be resumed) and panics on a full disk; its `Learner` keeps the
//! optimizer's state to itself.

use std::time::Instant;

use burn::data::dataset::DatasetError;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use burn::train::Interrupter;
use neurn_models::{AdamConfig, Classifier, ClassifierConfig};

use super::batches::Batch;
use super::checkpoint::{Checkpoint, Checkpoints, Progress};
use super::examples::Examples;
use super::{Augmentation, Epoch, Training, seeded};

/// Why a training or a test did not end.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// An image cannot be read any more.
    #[error(transparent)]
    Data(#[from] DatasetError),
}

/// What a training tells while it is under way.
#[derive(Clone, Debug)]
pub enum Event {
    /// So many images were learnt from so far, over all epochs.
    Seen(usize),
    /// An epoch ended.
    Epoch(Epoch),
    /// A checkpoint could not be read or kept; training goes on without.
    Warning(String),
}

/// A trained classifier.
#[derive(Debug)]
pub struct Trained {
    /// With the weights of the selected epoch, without autodiff.
    pub classifier: Classifier,
    /// The epoch of the highest accuracy on the validation images, the earliest
    /// of equal ones.
    pub selected: Epoch,
    /// What each epoch came to.
    pub learning: Vec<Epoch>,
    /// Training images a second, validation included.
    pub images_per_second: f64,
}

/// How often each class was taken for which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// Counts by class, then by answer.
    pub counts: Vec<Vec<u32>>,
}

impl Confusion {
    fn of(classes: usize) -> Self {
        Self {
            counts: vec![vec![0; classes]; classes],
        }
    }

    /// The share of right answers, in percent.
    pub fn accuracy(&self) -> f64 {
        let all: u32 = self.counts.iter().flatten().sum();
        let rows = self.counts.iter().enumerate();
        let right: u32 = rows.map(|(class, row)| row[class]).sum();
        100.0 * f64::from(right) / f64::from(all)
    }
}

/// What training needs besides images.
#[derive(Clone, Copy)]
pub struct Trainer<'a> {
    /// What is trained.
    pub classifier: &'a ClassifierConfig,
    /// How it trains.
    pub training: &'a Training,
    /// What happens to the images of a step.
    pub augmentation: &'a Augmentation,
    /// Of the weights, the order of images and the augmentation.
    pub seed: u64,
    /// On what.
    pub device: &'a Device,
    /// Asked before every step whether to stop.
    pub interrupter: &'a Interrupter,
    /// Where epochs are kept, if they are.
    pub checkpoints: Option<&'a Checkpoints>,
}

/// A step's loss waits on the device until so many are there, as reading one
/// waits for all that was asked of the device before.
const LOSSES_READ_AT_ONCE: usize = 16;

impl Trainer<'_> {
    /// Trains on `train` and chooses the epoch on `validation`, from the latest
    /// checkpoint if there is one. The images of `validation` have passed the frontend
    /// already if it comes first; those of `train`, if it also
    /// [passes once](super::Method::frontend_passes_once).
    ///
    /// # Panics
    ///
    /// If the training has no epoch.
    pub fn train(
        &self,
        train: &Examples,
        validation: &Examples,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Trained, TrainError> {
        let images = train.labels().len();
        let steps = self.training.steps(images);
        assert!(!steps.is_empty(), "a training has at least 1 epoch; got 0");
        let mut at = self.begin(observe);

        while let Some(&steps) = steps.get(at.progress.learning.len()) {
            let start = Instant::now();
            let epoch = at.progress.learning.len() + 1;
            let before = (epoch - 1) * images;
            let loss = self.epoch(&mut at, train, epoch, steps, &mut |seen| {
                observe(Event::Seen(before + seen));
            })?;
            let classifier = at.classifier.valid();
            let result = Epoch {
                epoch,
                loss,
                validation_accuracy: self.accuracy(&classifier, validation)?,
            };
            observe(Event::Epoch(result));
            let better = |best: Epoch| result.validation_accuracy > best.validation_accuracy;
            if selected(&at.progress.learning).is_none_or(better) {
                at.best = classifier;
            }
            at.progress.learning.push(result);
            at.progress.seconds += start.elapsed().as_secs_f64();
            // After the last epoch what remains is the test.
            if let Some(checkpoints) = self.checkpoints
                && let Err(error) = checkpoints.keep(&at)
            {
                observe(Event::Warning(format!("no checkpoint: {error}")));
            }
        }

        let Progress { seconds, learning } = at.progress;
        Ok(Trained {
            classifier: at.best,
            selected: selected(&learning).expect("at least one epoch"),
            images_per_second: self.training.images(images) as f64 / seconds,
            learning,
        })
    }

    /// The latest checkpoint, or the beginning.
    fn begin(&self, observe: &mut dyn FnMut(Event)) -> Checkpoint {
        let optimizer = AdamConfig::new().init();
        let latest = self
            .checkpoints
            .map(|kept| kept.latest(self.classifier, self.device, &optimizer));
        let new = || seeded(self.classifier, self.seed, self.device);
        let begin = match latest {
            Some(Ok(Some(checkpoint))) => checkpoint,
            Some(Err(error)) => {
                let text = format!("the run begins anew, as its checkpoint is of no use: {error}");
                observe(Event::Warning(text));
                beginning(new(), optimizer)
            }
            Some(Ok(None)) | None => beginning(new(), optimizer),
        };
        let autodiff = self.device.clone().autodiff();
        Checkpoint {
            classifier: begin.classifier.fork(&autodiff).train(),
            ..begin
        }
    }

    /// Takes so many steps and returns the mean loss over their images.
    fn epoch(
        &self,
        at: &mut Checkpoint,
        train: &Examples,
        epoch: usize,
        steps: usize,
        seen: &mut dyn FnMut(usize),
    ) -> Result<f64, TrainError> {
        let autodiff = self.device.clone().autodiff();
        let mut sum = 0.0;
        let mut waiting = Vec::new();
        let mut count = 0;
        let batches = train.batches(self.training.batch, Some(self.order(epoch)), &autodiff);
        for (step, batch) in batches.iter().take(steps).enumerate() {
            if self.interrupter.should_stop() {
                return Err(TrainError::Interrupted);
            }
            let Batch { images, labels } = batch?;
            let size = labels.dims()[0];
            let mut rng = super::augment::step_rng(self.seed, epoch, step);
            let loss = self
                .augmentation
                .loss(&at.classifier, images, labels, &mut rng);
            waiting.push(loss.clone().detach() * size as f64);
            let gradients = GradientsParams::from_grads(loss.backward(), &at.classifier);
            let learning_rate = self.training.learning_rate;
            at.classifier = at
                .optimizer
                .step(learning_rate, at.classifier.clone(), gradients);
            count += size;
            if waiting.len() == LOSSES_READ_AT_ONCE {
                sum += read(&mut waiting);
                seen(count);
            }
        }
        sum += read(&mut waiting);
        seen(count);
        Ok(sum / count as f64)
    }

    /// Accuracy in percent on images that have passed the frontend already.
    pub fn accuracy(
        &self,
        classifier: &Classifier,
        examples: &Examples,
    ) -> Result<f64, TrainError> {
        Ok(self.confusion(classifier, examples)?.accuracy())
    }

    /// How often each class was taken for which, of images that have passed the
    /// frontend already.
    pub fn confusion(
        &self,
        classifier: &Classifier,
        examples: &Examples,
    ) -> Result<Confusion, TrainError> {
        let mut confusion = Confusion::of(self.classifier.backbone.num_classes());
        let mut labels = examples.labels().iter();
        for batch in examples.batches(256, None, self.device).iter() {
            if self.interrupter.should_stop() {
                return Err(TrainError::Interrupted);
            }
            let batch = batch?;
            let predicted = classifier
                .forward_from_frontend(batch.images)
                .argmax(1)
                .flatten::<1>(0, 1);
            for (answer, &label) in predicted.into_data().iter::<i64>().zip(&mut labels) {
                confusion.counts[usize::from(label)][answer as usize] += 1;
            }
        }
        Ok(confusion)
    }

    /// The seed of an epoch's order. Of its own each time, so that an epoch
    /// does not depend on how many went before it in the same process.
    fn order(&self, epoch: usize) -> u64 {
        self.seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64)
    }
}

fn beginning(classifier: Classifier, optimizer: ModuleOptimizer) -> Checkpoint {
    Checkpoint {
        best: classifier.clone(),
        classifier,
        optimizer,
        progress: Progress {
            seconds: 0.0,
            learning: Vec::new(),
        },
    }
}

/// The epoch of the highest accuracy, the earliest of equal ones.
fn selected(learning: &[Epoch]) -> Option<Epoch> {
    learning.iter().copied().reduce(|best, epoch| {
        match epoch.validation_accuracy > best.validation_accuracy {
            true => epoch,
            false => best,
        }
    })
}

/// The sum of the losses that wait on a device.
fn read(losses: &mut Vec<Tensor<1>>) -> f64 {
    if losses.is_empty() {
        return 0.0;
    }
    let losses = Tensor::cat(std::mem::take(losses), 0).into_data();
    losses.iter::<f64>().sum()
}
