//! Records that no network has made.

use crate::train::Method;
use std::collections::BTreeMap;

use super::super::treatment::Method;
use super::super::{Rendered, Report};
use crate::device::Backend;
use crate::studies::transfer::record::Record;
use crate::train::Epoch;

/// A study.
pub(super) struct MadeUp {
    pub(super) records: Vec<Record>,
    pub(super) sources: Vec<String>,
    pub(super) targets: Vec<String>,
}

impl MadeUp {
    pub(super) fn report(&self) -> Report<'_> {
        Report {
            title: "A study",
            records: &self.records,
            sources: &self.sources,
            targets: &self.targets,
            gallery: &[],
        }
    }

    pub(super) fn render(&self) -> Rendered {
        self.report().render().expect("there is no picture")
    }
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(super) fn treatment(frontend: &str, k: Option<usize>, after: Option<&str>) -> Method {
    Method {
        frontend: frontend.to_string(),
        k,
        stride: None,
        after: after.map(ToString::to_string),
    }
}

/// A record with these accuracies and nothing drawn from them.
pub(super) fn record(
    source: &str,
    treatment: &Method,
    seed: u64,
    accuracy: &[(&str, f64)],
) -> Record {
    let targets = || accuracy.iter().map(|(target, _)| target.to_string());
    Record {
        id: format!("{source} {} {seed}", treatment.label()),
        source: source.to_string(),
        model: "digit-net".to_string(),
        frontend: treatment.frontend.clone(),
        k: treatment.k,
        stride: treatment.stride,
        after: treatment.after.clone(),
        seed,
        device: Backend::Flex,
        epochs: 4,
        batch: 64,
        learning_rate: 0.001,
        train_images: 10_000,
        select_images: 2_000,
        selected_epoch: 4,
        select_accuracy: 98.0,
        learning: Vec::new(),
        accuracy: accuracy
            .iter()
            .map(|(target, percent)| (target.to_string(), *percent))
            .collect(),
        images: targets().map(|target| (target, 1_952)).collect(),
        majority: targets().map(|target| (target, 18.75)).collect(),
        confusion: BTreeMap::new(),
        data: BTreeMap::new(),
        synthetic: false,
        images_per_second: 1_000.0,
        seconds: 60.0,
        finished: 1_700_000_000,
        versions: BTreeMap::new(),
    }
}

/// A study that has everything: seeds, patches, layers, shifts, learning
/// curves, confusion.
pub(super) fn full(sources: &[&str]) -> MadeUp {
    let targets = ["mnist", "svhn", "usps", "mnist-m"];
    let mut treatments = vec![treatment("none", None, None)];
    treatments.extend([3, 5, 7].map(|k| treatment("neurn", Some(k), None)));
    treatments.extend([3, 5, 7].map(|k| treatment("sigma", Some(k), None)));
    treatments
        .extend(["conv1", "conv2", "fc1"].map(|layer| treatment("neurn", Some(3), Some(layer))));
    treatments.push(Method {
        stride: Some(2),
        ..treatment("neurn", Some(3), None)
    });
    for frontend in [
        "sobel",
        "instance-norm",
        "rand-conv",
        "laplacian-of-gaussian",
    ] {
        treatments.push(treatment(frontend, None, None));
    }
    let mut records = Vec::new();
    for source in sources {
        for seed in 0..5 {
            for (place, treatment) in treatments.iter().enumerate() {
                records.push(full_record(source, &targets, treatment, seed, place));
            }
        }
    }
    MadeUp {
        records,
        sources: names(sources),
        targets: names(&targets),
    }
}

fn full_record(
    source: &str,
    targets: &[&str],
    treatment: &Method,
    seed: u64,
    place: usize,
) -> Record {
    // Some number in 0..1 for each of these.
    let some = |of: &str, step: usize| {
        let mut hash = 1_469_598_103_934_665_603_u64 ^ (seed * 7 + place as u64 * 131);
        for byte in of.bytes().chain(source.bytes()).chain([step as u8]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
        }
        (hash >> 40) as f64 / (1 << 24) as f64
    };
    let mut record = record(source, treatment, seed, &[]);
    for target in targets {
        let own = if *target == source { 95.0 } else { 50.0 };
        let gain = if *target == source {
            0.0
        } else {
            2.0 * (place % 7) as f64 - 3.0
        };
        let accuracy = own + gain + 4.0 * some(target, 0);
        record.accuracy.insert(target.to_string(), accuracy);
        record.images.insert(target.to_string(), 1_952);
        record.majority.insert(target.to_string(), 18.75);
        let right = (accuracy * 10.0) as u32;
        let confusion = (0..10).map(|digit| {
            let mut row = vec![(1_000 - right) / 9; 10];
            row[digit] = right;
            row
        });
        record
            .confusion
            .insert(target.to_string(), confusion.collect());
    }
    for kind in ["rotation", "gaussian-noise", "contrast", "blur"] {
        for severity in 1..=5 {
            let accuracy =
                95.0 - (8.0 + place as f64 / 3.0) * severity as f64 + 4.0 * some(kind, severity);
            let test_set = format!("{source}+{kind}-{severity}");
            record.images.insert(test_set.clone(), 1_952);
            record.majority.insert(test_set.clone(), 18.75);
            record.accuracy.insert(test_set, accuracy);
        }
    }
    record.learning = (1..=10)
        .map(|epoch| Epoch {
            epoch,
            loss: 2.0 / epoch as f64 + 0.2 * some("loss", epoch),
            select_accuracy: 98.0 - 20.0 / epoch as f64 + some("select", epoch),
        })
        .collect();
    record
}
