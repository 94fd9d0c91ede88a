//! One run, from prepared images to its record.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use burn::tensor::Device;
use burn::train::Interrupter;
use neurn_models::ClassifierConfig;

use super::train::{Interrupted, Trainer, seeded};
use super::{Examples, Run};
use crate::domains::{CLASSES, Domain, ImageSet};
use crate::record::{Epoch, Record, test_key, versions};

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
    /// use neurn_bench::transfer::Split;
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

/// Trains and tests.
///
/// # Panics
///
/// If `run` was not made from known names, or its device runs out of memory.
pub fn run(
    run: &Run,
    config: &ClassifierConfig,
    source: &Domain,
    targets: &[&Domain],
    device: &Device,
    interrupter: &Interrupter,
    observe: &mut dyn FnMut(usize, Option<Epoch>),
) -> Result<Record, Interrupted> {
    let start = Instant::now();
    let training = &run.training;
    let classifier = seeded(config, run.seed, device);
    let frontend = classifier.frontend.clone();
    let examples = |images: &ImageSet, range| {
        Examples::new(images, range, training.image_size).through(&frontend, device)
    };

    let images = &source.train;
    let split = Split::of(
        images.labels().len(),
        training.train_limit,
        training.select_limit,
    );
    let trainer = Trainer {
        training,
        seed: run.seed,
        device,
        interrupter,
    };
    let train = examples(images, 0..split.train);
    let select = examples(images, split.train..split.train + split.select);
    let trained = trainer.train(classifier, &train, &select, observe)?;

    let mut data = BTreeMap::from([(source.name.clone(), images.fingerprint().to_string())]);
    let mut accuracies = BTreeMap::new();
    let mut confusions = BTreeMap::new();
    let mut counts = BTreeMap::new();
    let mut majority = BTreeMap::new();
    for target in targets {
        let count = target.test.labels().len();
        let tested = examples(&target.test, 0..count);
        let confusion = trainer.confusion(&trained.classifier, &tested)?;
        accuracies.insert(target.name.clone(), confusion.accuracy());
        let counted = confusion.counts.iter().map(|row| row.to_vec()).collect();
        confusions.insert(target.name.clone(), counted);
        counts.insert(target.name.clone(), count);
        majority.insert(target.name.clone(), majority_class(&target.test));
        data.insert(
            test_key(&target.name),
            target.test.fingerprint().to_string(),
        );
    }

    Ok(Record {
        id: run.id(config, images.fingerprint()),
        source: source.name.clone(),
        model: run.model.clone(),
        frontend: run.frontend.clone(),
        k: run.k,
        stride: None,
        after: None,
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
        accuracy: accuracies,
        images: counts,
        majority,
        confusion: confusions,
        data,
        synthetic: source.synthetic(),
        images_per_second: trained.images_per_second,
        seconds: start.elapsed().as_secs_f64(),
        finished: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        versions: versions(),
    })
}

/// The share of the most frequent digit, in percent.
fn majority_class(images: &ImageSet) -> f64 {
    let counts: [usize; CLASSES] = images.class_counts();
    let most = counts.into_iter().max().unwrap_or(0);
    100.0 * most as f64 / images.labels().len() as f64
}
