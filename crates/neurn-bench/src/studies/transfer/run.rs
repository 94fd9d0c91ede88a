//! One run, from prepared images to its record.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use burn::tensor::Device;
use burn::train::Interrupter;
use neurn_models::ClassifierConfig;

use super::Run;
use crate::data::{CLASSES, Domain, Shift};
use crate::studies::transfer::record::{Record, test_key, versions};
use crate::train::{Checkpoints, Event, Examples, Interrupted, Trainer};

/// Which images of a source train and which select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first so many train.
    pub train: usize,
    /// The so many after them select.
    pub select: usize,
}

impl Split {
    /// A sixth of the images selects, at most `select_limit`; of the rest at
    /// most `train_limit` train. MNIST's 60,000 with the limits 10,000 and
    /// 2,000 are split as the field does.
    ///
    /// ```
    /// use neurn_bench::studies::transfer::Split;
    ///
    /// assert_eq!(Split::of(60_000, 10_000, 2_000), Split { train: 10_000, select: 2_000 });
    /// assert_eq!(Split::of(4_434, 10_000, 2_000), Split { train: 3_695, select: 739 });
    /// ```
    pub fn of(count: usize, train_limit: usize, select_limit: usize) -> Self {
        let select = (count / 6).clamp(1, select_limit.max(1));
        Self {
            train: count.saturating_sub(select).min(train_limit),
            select: select.min(count),
        }
    }
}

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
        let name = self.name();
        let fingerprint = record.data.get(&test_key(&self.domain.name));
        record.accuracy.contains_key(&name)
            && record.images.get(&name) == Some(&self.count)
            && fingerprint.map(String::as_str) == Some(self.domain.test.fingerprint())
    }

    fn examples(&self, side: usize) -> Examples {
        let examples = Examples::new(&self.domain.test, 0..self.count, side);
        match &self.shift {
            Some(shift) => examples.shifted(shift),
            None => examples,
        }
    }
}

/// A run with all that it needs.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Its settings.
    pub run: &'a Run,
    /// The classifier that they make.
    pub classifier: &'a ClassifierConfig,
    /// What it is trained on.
    pub source: &'a Domain,
    /// What it is tested on.
    pub targets: &'a [Target<'a>],
}

impl Job<'_> {
    /// The run's identity.
    pub fn id(&self) -> String {
        let fingerprint = self.source.train.fingerprint();
        self.run.id(self.classifier, fingerprint)
    }

    /// Which images of the source train and which select.
    pub fn split(&self) -> Split {
        let training = &self.run.training;
        let count = self.source.train.labels().len();
        Split::of(count, training.train_limit, training.select_limit)
    }

    /// Trains and tests.
    ///
    /// # Panics
    ///
    /// If the device fails, or runs out of memory.
    pub fn carry_out(
        &self,
        device: &Device,
        checkpoints: Option<&Checkpoints>,
        interrupter: &Interrupter,
        observe: &mut dyn FnMut(Event),
    ) -> Result<Record, Interrupted> {
        let start = Instant::now();
        let run = self.run;
        let training = &run.training;
        // A frontend that comes first is passed once and not in every epoch.
        let first = self.classifier.after.is_none();
        let frontend = first.then(|| self.classifier.frontend.init());
        let through = |examples: Examples| match &frontend {
            Some(frontend) => examples.through(frontend, device),
            None => examples,
        };
        let augmentation = run.augmentation();
        let trainer = Trainer {
            classifier: self.classifier,
            training,
            augmentation: &augmentation,
            seed: run.seed,
            device,
            interrupter,
            checkpoints,
        };

        let images = &self.source.train;
        let split = self.split();
        let part = |range| through(Examples::new(images, range, training.image_size));
        let train = part(0..split.train);
        let select = part(split.train..split.train + split.select);
        let trained = trainer.train(&train, &select, observe)?;

        let fingerprint = images.fingerprint().to_string();
        let mut record = Record {
            id: self.id(),
            source: self.source.name.clone(),
            model: run.model.clone(),
            frontend: run.frontend.clone(),
            k: run.k,
            stride: run.stride,
            after: run.after.clone(),
            seed: run.seed,
            device: run.backend,
            epochs: training.epochs,
            batch: training.batch,
            learning_rate: training.learning_rate,
            train_images: split.train,
            select_images: split.select,
            selected_epoch: trained.selected.epoch,
            select_accuracy: trained.selected.select_accuracy,
            learning: trained.learning,
            accuracy: BTreeMap::new(),
            images: BTreeMap::new(),
            majority: BTreeMap::new(),
            confusion: BTreeMap::new(),
            data: BTreeMap::from([(self.source.name.clone(), fingerprint)]),
            synthetic: self.source.synthetic(),
            images_per_second: trained.images_per_second,
            seconds: 0.0,
            finished: 0,
            versions: versions(),
        };
        for target in self.targets {
            let name = target.name();
            let examples = through(target.examples(training.image_size));
            let confusion = trainer.confusion(&trained.classifier, &examples)?;
            record.accuracy.insert(name.clone(), confusion.accuracy());
            record.images.insert(name.clone(), target.count);
            let labels = &target.domain.test.labels()[..target.count];
            record.majority.insert(name.clone(), majority_class(labels));
            if target.shift.is_none() {
                let test = &target.domain.test;
                let counts = confusion.counts.iter().map(|row| row.to_vec()).collect();
                record.confusion.insert(name.clone(), counts);
                let key = test_key(&target.domain.name);
                record.data.insert(key, test.fingerprint().to_string());
            }
        }
        record.seconds = start.elapsed().as_secs_f64();
        record.finished = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Ok(record)
    }
}

/// The share of the most frequent digit, in percent.
fn majority_class(labels: &[u16]) -> f64 {
    let count = |digit| labels.iter().filter(|label| **label == digit).count();
    let most = (0..CLASSES as u16).map(count).max().unwrap_or(0);
    100.0 * most as f64 / labels.len() as f64
}
