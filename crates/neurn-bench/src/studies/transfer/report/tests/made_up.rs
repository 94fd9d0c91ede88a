//! Records that no network has made.

use std::collections::BTreeMap;

use neurn_models::MapConfig;

use super::super::document;
use crate::device::Backend;
use crate::report::{Document, Rendered};
use crate::studies::transfer::record::{Record, TargetResult};
use crate::train::{Augmentation, Epoch, InputStatistics, Method, Training};

/// A study.
pub(super) struct MadeUp {
    pub(super) records: Vec<Record>,
    pub(super) targets: Vec<String>,
}

impl MadeUp {
    pub(super) fn document(&self) -> Document {
        document("A study", &self.records, &self.targets)
    }

    pub(super) fn render(&self) -> Rendered {
        self.document().render()
    }
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A frontend by name, or rand-conv.
pub(super) fn method(name: &str) -> Method {
    match name {
        "rand-conv" => Method {
            augmentation: Augmentation::RandConv(Default::default()),
            ..Method::default()
        },
        name => Method::of(name.parse().expect("a frontend")),
    }
}

pub(super) fn with_k(name: &str, side: usize) -> Method {
    let mut method = method(name);
    match &mut method.frontend.map {
        MapConfig::NeuRn(config) => config.k = side,
        MapConfig::Sigma(config) => config.k = side,
        _ => panic!("{name} has no patch"),
    }
    method
}

pub(super) fn after(name: &str, layer: &str) -> Method {
    Method {
        after: Some(layer.to_string()),
        ..method(name)
    }
}

pub(super) fn result(accuracy: f64) -> TargetResult {
    TargetResult {
        accuracy,
        images: 1_952,
        majority: 18.75,
        confusion: None,
        fingerprint: String::new(),
    }
}

/// A record with these accuracies and nothing else to be drawn.
pub(super) fn record(
    sources: &[&str],
    method: &Method,
    seed: u64,
    accuracy: &[(&str, f64)],
) -> Record {
    let targets = accuracy
        .iter()
        .map(|(target, percent)| (target.to_string(), result(*percent)));
    Record {
        schema: 2,
        id: format!("{sources:?} {} {seed}", method.label()),
        sources: names(sources),
        model: "digit-net".to_string(),
        method: method.clone(),
        training: Training {
            epochs: 4,
            ..Training::default()
        },
        seed,
        backend: Backend::Flex,
        classes: (0..10).map(|class| class.to_string()).collect(),
        train_images: 10_000,
        validation_images: 2_000,
        input: InputStatistics {
            mean: vec![0.0],
            std: vec![1.0],
        },
        selected_epoch: 4,
        validation_accuracy: 98.0,
        learning: Vec::new(),
        targets: targets.collect(),
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
    let mut methods = vec![method("none")];
    methods.extend([3, 5, 7].map(|k| with_k("neurn", k)));
    methods.extend([3, 5, 7].map(|k| with_k("sigma", k)));
    methods.extend(["conv1", "conv2", "fc1"].map(|layer| after("neurn", layer)));
    let mut strided = method("neurn");
    if let MapConfig::NeuRn(config) = &mut strided.frontend.map {
        config.stride = 2;
    }
    methods.push(strided);
    methods.extend(
        [
            "sobel",
            "instance-norm",
            "rand-conv",
            "laplacian-of-gaussian",
        ]
        .map(method),
    );
    let mut records = Vec::new();
    for source in sources {
        for seed in 0..5 {
            for (place, method) in methods.iter().enumerate() {
                records.push(full_record(source, &targets, method, seed, place));
            }
        }
    }
    MadeUp {
        records,
        targets: names(&targets),
    }
}

fn full_record(source: &str, targets: &[&str], method: &Method, seed: u64, place: usize) -> Record {
    // Some number in 0..1 for each of these.
    let some = |of: &str, step: usize| {
        let mut hash = 1_469_598_103_934_665_603_u64 ^ (seed * 7 + place as u64 * 131);
        for byte in of.bytes().chain(source.bytes()).chain([step as u8]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
        }
        (hash >> 40) as f64 / (1 << 24) as f64
    };
    let mut record = record(&[source], method, seed, &[]);
    for target in targets {
        let own = if *target == source { 95.0 } else { 50.0 };
        let gain = if *target == source {
            0.0
        } else {
            2.0 * (place % 7) as f64 - 3.0
        };
        let accuracy = own + gain + 4.0 * some(target, 0);
        let right = (accuracy * 10.0) as u32;
        let confusion = (0..10).map(|digit| {
            let mut row = vec![(1_000 - right) / 9; 10];
            row[digit] = right;
            row
        });
        let result = TargetResult {
            confusion: Some(confusion.collect()),
            ..result(accuracy)
        };
        record.targets.insert(target.to_string(), result);
    }
    for kind in ["rotation", "noise", "contrast", "inversion"] {
        for severity in 1..=5 {
            let accuracy =
                95.0 - (8.0 + place as f64 / 3.0) * severity as f64 + 4.0 * some(kind, severity);
            let test_set = format!("{source}+{kind}-{severity}");
            record.targets.insert(test_set, result(accuracy));
        }
    }
    record.learning = (1..=10)
        .map(|epoch| Epoch {
            epoch,
            loss: 2.0 / epoch as f64 + 0.2 * some("loss", epoch),
            validation_accuracy: 98.0 - 20.0 / epoch as f64 + some("validation", epoch),
        })
        .collect();
    record
}
