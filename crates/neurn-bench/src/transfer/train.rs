//! Training of one classifier with selection on the source, and its test.
//!
//! burn-train's [`Learner`] takes the steps. Its `SupervisedTraining` is not
//! used around it: selection there goes through files in a folder, one
//! shuffle's state runs through all epochs (so an epoch could not be resumed),
//! and a full disk panics.

use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::AdamConfig;
use burn::tensor::{Device, Tensor};
use burn::train::{
    ClassificationOutput, InferenceStep, Interrupter, Learner, TrainOutput, TrainStep,
};
use neurn_models::{Classifier, ClassifierConfig};
use std::sync::Mutex;

use super::Training;
use super::examples::{Batch, Examples};
use crate::domains::CLASSES;
use crate::record::Epoch;

/// A classifier as the learner sees it. Its images have passed the frontend.
#[derive(Module, Debug)]
struct Student {
    classifier: Classifier,
}

impl Student {
    fn classify(&self, batch: Batch) -> ClassificationOutput {
        let output = self.classifier.forward_from_frontend(batch.images);
        let loss = CrossEntropyLossConfig::new()
            .init(&output.device())
            .forward(output.clone(), batch.labels.clone());
        ClassificationOutput::new(loss, output, batch.labels)
    }
}

impl TrainStep for Student {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let item = self.classify(batch);
        TrainOutput::new(self, item.loss.backward(), item)
    }
}

impl InferenceStep for Student {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.classify(batch)
    }
}

/// The run was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// A trained classifier.
#[derive(Debug)]
pub struct Trained {
    /// With the weights of the selected epoch, without autodiff.
    pub classifier: Classifier,
    /// The epoch of the highest accuracy on the selection images, the earliest
    /// of equal ones.
    pub selected: Epoch,
    /// What each epoch came to.
    pub learning: Vec<Epoch>,
    /// Training images a second, selection included.
    pub images_per_second: f64,
}

/// A classifier whose weights depend on the seed alone.
///
/// Burn draws from one generator a process, and a layer draws when it is first
/// used: so the weights are all drawn here, right after seeding, while no other
/// run draws.
pub fn seeded(config: &ClassifierConfig, seed: u64, device: &Device) -> Classifier {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }

    // A run that panicked while it drew leaves nothing behind that matters.
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    device.seed(seed);
    let classifier = config.init(device);
    classifier.visit(&mut Draw);
    classifier
}

/// How often each digit was taken for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Counts by digit, then by answer.
    pub counts: [[u32; CLASSES]; CLASSES],
}

impl Confusion {
    fn count(&mut self, digit: u8, answer: usize) {
        self.counts[usize::from(digit)][answer] += 1;
    }

    /// The share of right answers, in percent.
    pub fn accuracy(&self) -> f64 {
        let all: u32 = self.counts.iter().flatten().sum();
        let right: u32 = (0..CLASSES).map(|digit| self.counts[digit][digit]).sum();
        100.0 * f64::from(right) / f64::from(all)
    }
}

/// What training needs besides a classifier and its images.
#[derive(Clone, Copy)]
pub struct Trainer<'a> {
    /// How it trains.
    pub training: &'a Training,
    /// Of the order of images.
    pub seed: u64,
    /// On what.
    pub device: &'a Device,
    /// Asked before every step whether to stop.
    pub interrupter: &'a Interrupter,
}

impl Trainer<'_> {
    /// Trains on `train` and selects the epoch on `select`, both through the
    /// frontend already.
    ///
    /// `observe` is called after each step with the number of images learnt
    /// from so far, and after each epoch also with what it came to.
    ///
    /// # Panics
    ///
    /// If the training has no epoch.
    pub fn train(
        &self,
        classifier: Classifier,
        train: &Examples,
        select: &Examples,
        observe: &mut dyn FnMut(usize, Option<Epoch>),
    ) -> Result<Trained, Interrupted> {
        assert!(
            self.training.epochs > 0,
            "a training has at least 1 epoch; got 0"
        );
        let start = Instant::now();
        let autodiff = self.device.clone().autodiff();
        let student = Student { classifier }.fork(&autodiff).train();
        // PyTorch's epsilon; Burn's default is a thousand times it.
        let adam = AdamConfig::new().with_epsilon(1e-8).init();
        let mut learner = Learner::new(student, adam, self.training.learning_rate);
        let mut best: Option<(Epoch, Classifier)> = None;
        let mut learning = Vec::new();
        let mut seen = 0;

        for epoch in 1..=self.training.epochs {
            let mut loss = 0.0;
            let batches = train.batches(self.training.batch, Some(self.order(epoch)), &autodiff);
            for batch in batches.iter() {
                if self.interrupter.should_stop() {
                    return Err(Interrupted);
                }
                let batch = batch.expect("examples are in memory");
                let count = batch.labels.dims()[0];
                let output = learner.train_step(batch);
                learner.lr_step();
                learner.optimizer_step(output.grads);
                loss += output.item.loss.into_scalar::<f64>() * count as f64;
                seen += count;
                observe(seen, None);
            }
            let classifier = learner.model().valid().classifier;
            let result = Epoch {
                epoch,
                loss: loss / train.labels().len() as f64,
                select_accuracy: self.accuracy(&classifier, select)?,
            };
            learning.push(result);
            observe(seen, Some(result));
            let better = |(best, _): &(Epoch, _)| result.select_accuracy > best.select_accuracy;
            if best.as_ref().is_none_or(better) {
                best = Some((result, classifier));
            }
        }
        let (selected, classifier) = best.expect("at least one epoch");
        Ok(Trained {
            classifier,
            selected,
            learning,
            images_per_second: seen as f64 / start.elapsed().as_secs_f64(),
        })
    }

    /// Accuracy in percent on images that have passed the frontend already.
    pub fn accuracy(
        &self,
        classifier: &Classifier,
        examples: &Examples,
    ) -> Result<f64, Interrupted> {
        Ok(self.confusion(classifier, examples)?.accuracy())
    }

    /// How often each digit was taken for which, of images that have passed the
    /// frontend already.
    pub fn confusion(
        &self,
        classifier: &Classifier,
        examples: &Examples,
    ) -> Result<Confusion, Interrupted> {
        let mut confusion = Confusion::default();
        let mut labels = examples.labels().iter();
        for batch in examples.batches(256, None, self.device).iter() {
            if self.interrupter.should_stop() {
                return Err(Interrupted);
            }
            let batch = batch.expect("examples are in memory");
            let predicted = classifier
                .forward_from_frontend(batch.images)
                .argmax(1)
                .flatten::<1>(0, 1);
            for (answer, &label) in predicted.into_data().iter::<i64>().zip(&mut labels) {
                confusion.count(label, answer as usize);
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
