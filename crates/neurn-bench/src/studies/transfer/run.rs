//! One run, from images to its record.

use std::collections::BTreeMap;
use std::time::Instant;

use neurn_models::Frontend;

use super::job::Job;
use super::record::{Record, TargetResult};
use crate::data::{Domain, Shift};
use crate::error::Error;
use crate::runner::{Context, Line};
use crate::studies::made::{now, versions};
use crate::train::{
    Checkpoints, Confusion, Event, Examples, ImageShape, InputStatistics, Split, TrainError,
    Trained, Trainer,
};

/// What a network is tested on: the test images of a domain, or the first of
/// them, shifted.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Where the images are from.
    pub domain: &'a Domain,
    /// What is done to them.
    pub shift: Option<Shift>,
    /// How many of them, from the first.
    pub count: usize,
}

impl Target<'_> {
    /// `mnist`, or `mnist+rotation-3`.
    pub fn name(&self) -> String {
        match self.shift {
            Some(shift) => format!("{}+{shift}", self.domain.name),
            None => self.domain.name.clone(),
        }
    }

    /// Whether a record has the accuracy on these very images.
    pub fn is_in(&self, record: &Record) -> bool {
        record.targets.get(&self.name()).is_some_and(|result| {
            result.images == self.count && result.fingerprint == self.domain.test.fingerprint()
        })
    }

    fn examples(&self, side: usize) -> Examples {
        let examples = Examples::new(&self.domain.test, 0..self.count, side);
        match &self.shift {
            Some(shift) => examples.shifted(shift),
            None => examples,
        }
    }

    fn result(&self, confusion: Confusion) -> TargetResult {
        let labels = &self.domain.test.labels()[..self.count];
        TargetResult {
            accuracy: confusion.accuracy(),
            images: self.count,
            majority: majority(labels),
            confusion: self.shift.is_none().then_some(confusion.counts),
            fingerprint: self.domain.test.fingerprint().to_string(),
        }
    }
}

/// A job with its images.
pub(super) struct Run<'a> {
    pub(super) job: &'a Job,
    pub(super) sources: Vec<&'a Domain>,
    pub(super) targets: &'a [Target<'a>],
}

impl Run<'_> {
    /// How many images of a source are for what.
    pub(super) fn split(&self, source: &Domain) -> Split {
        let training = &self.job.training;
        let limits = (training.train_limit, training.validation_limit);
        let count = source.train.labels().len();
        match &source.validation {
            None => Split::of(count, limits.0, limits.1),
            Some(images) => Split {
                train: count.min(limits.0),
                validation: images.labels().len().min(limits.1),
            },
        }
    }

    /// Trains and tests.
    pub(super) fn record(&self, context: &Context) -> Result<Record, Error> {
        let start = Instant::now();
        let Job {
            method, training, ..
        } = self.job;
        let images = ImageShape {
            channels: Examples::CHANNELS,
            side: training.image_size,
        };
        let classes = self.job.classes.len();
        let classifier = method.classifier(&self.job.model, classes, images)?;
        let first = method.after.is_none().then(|| method.frontend.init());
        let through = |examples: Examples| through(examples, first.as_ref(), context);

        let [raw, validation] = self.parts();
        let train = through(raw.clone());
        let validation = through(validation);
        let input = method.input.statistics(&train, context.device);
        let input = input.map_err(TrainError::from)?;
        let classifier = classifier
            .with_mean(input.mean.clone())
            .with_std(input.std.clone());

        let checkpoints = Checkpoints::new(context.checkpoints.to_path_buf());
        let trainer = Trainer {
            classifier: &classifier,
            training,
            augmentation: &method.augmentation,
            seed: self.job.seed,
            device: context.device,
            interrupter: context.interrupter,
            checkpoints: Some(&checkpoints),
        };
        let train = match method.frontend_passes_once() {
            true => train,
            false => raw,
        };
        let mut observe = |event| show(event, training.steps(train.labels().len()).len(), context);
        let trained = trainer.train(&train, &validation, &mut observe)?;

        let mut targets = BTreeMap::new();
        for target in self.targets {
            let examples = through(target.examples(training.image_size));
            let confusion = trainer.confusion(&trained.classifier, &examples)?;
            targets.insert(target.name(), target.result(confusion));
        }
        let counts = [train.labels().len(), validation.labels().len()];
        let seconds = start.elapsed().as_secs_f64();
        Ok(self.finished(context, counts, input, trained, targets, seconds))
    }

    /// The training images of all sources, and their validation images.
    fn parts(&self) -> [Examples; 2] {
        let side = self.job.training.image_size;
        let mut train = Vec::new();
        let mut validation = Vec::new();
        for source in &self.sources {
            let split = self.split(source);
            train.push((&source.train, 0..split.train));
            validation.push(match &source.validation {
                Some(images) => (images, 0..split.validation),
                None => (&source.train, split.train..split.train + split.validation),
            });
        }
        [train, validation].map(|parts| Examples::of(&parts, side))
    }

    fn finished(
        &self,
        context: &Context,
        [train_images, validation_images]: [usize; 2],
        input: InputStatistics,
        trained: Trained,
        targets: BTreeMap<String, TargetResult>,
        seconds: f64,
    ) -> Record {
        let job = self.job;
        Record {
            schema: Record::SCHEMA,
            id: context.id.to_string(),
            sources: job.sources.clone(),
            model: job.model.clone(),
            method: job.method.clone(),
            training: job.training.clone(),
            seed: job.seed,
            backend: job.backend,
            classes: job.classes.clone(),
            train_images,
            validation_images,
            input,
            selected_epoch: trained.selected.epoch,
            validation_accuracy: trained.selected.validation_accuracy,
            learning: trained.learning,
            targets,
            data: job.data.clone(),
            synthetic: self.sources.iter().any(|source| source.synthetic()),
            images_per_second: trained.images_per_second,
            seconds,
            finished: now(),
            versions: versions(),
        }
    }
}

/// Through a frontend that comes first.
fn through(examples: Examples, frontend: Option<&Frontend>, context: &Context) -> Examples {
    match frontend {
        Some(frontend) => examples.through(frontend, context.device),
        None => examples,
    }
}

/// What a training tells, as a person sees it.
fn show(event: Event, epochs: usize, context: &Context) {
    match event {
        Event::Seen(images) => context.progress.reach(images),
        Event::Warning(text) => context.progress.warn(&text),
        Event::Epoch(epoch) => context.progress.stage(&format!(
            "epoch {}/{epochs}: loss {:.3}, validation {:.1} %",
            epoch.epoch, epoch.loss, epoch.validation_accuracy
        )),
    }
}

/// The share of the most frequent class, in percent.
fn majority(labels: &[u16]) -> f64 {
    let mut counts = BTreeMap::new();
    for label in labels {
        *counts.entry(label).or_insert(0_usize) += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    100.0 * most as f64 / labels.len() as f64
}
