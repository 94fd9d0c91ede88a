//! The numbers against some that were made by hand.

use crate::train::Method;
use std::collections::BTreeMap;

use super::super::results::Results;
use super::super::treatment::Setting;
use super::made_up::{MadeUp, names, record, treatment};
use crate::studies::transfer::record::Record;

fn results(study: &MadeUp) -> Results<'_> {
    Results {
        records: &study.records,
        sources: &study.sources,
        targets: &study.targets,
    }
}

/// Two sources, two seeds; the second seed of the baseline lacks a cell.
fn study() -> MadeUp {
    let none = treatment("none", None, None);
    let neurn = treatment("neurn", Some(3), None);
    let of = |treatment: &Method, seed, [mm, mu, um, uu]: [f64; 4]| -> [Record; 2] {
        [
            record("mnist", treatment, seed, &[("mnist", mm), ("usps", mu)]),
            record("usps", treatment, seed, &[("mnist", um), ("usps", uu)]),
        ]
    };
    let mut records = Vec::new();
    records.extend(of(&neurn, 0, [96.0, 70.0, 60.0, 95.0]));
    records.extend(of(&neurn, 1, [97.0, 74.0, 62.0, 94.0]));
    records.extend(of(&none, 0, [98.0, 60.0, 50.0, 96.0]));
    records.extend(of(&none, 1, [98.0, 66.0, 52.0, 97.0]));
    MadeUp {
        records,
        sources: names(&["mnist", "usps"]),
        targets: names(&["mnist", "usps"]),
    }
}

#[test]
fn the_baseline_is_the_first_row() {
    let study = study();
    let results = results(&study);
    let labels = results.treatments(&results.settings()[0]);
    let labels: Vec<String> = labels.iter().map(Method::label).collect();
    assert_eq!(labels, ["none", "neurn (k = 3)"]);
}

#[test]
fn means_are_made_by_seed_then_over_seeds() {
    let mut study = study();
    let neurn = treatment("neurn", Some(3), None);
    let setting = Setting::of(&study.records[0]);
    let off_diagonal = results(&study).off_diagonal().cells;
    let by_seed = results(&study).by_seed(&setting, &neurn, &off_diagonal);
    assert_eq!(by_seed, BTreeMap::from([(0, 65.0), (1, 68.0)]));
    let accuracy = results(&study)
        .accuracy(&setting, &neurn, &off_diagonal)
        .unwrap();
    assert_eq!((accuracy.mean, accuracy.standard_error), (66.5, Some(1.5)));
    // 65 - 55 and 68 - 59
    let gain = results(&study)
        .gain(&setting, &neurn, &off_diagonal)
        .unwrap();
    let interval = gain.interval.unwrap();
    assert_eq!(
        (gain.estimate.mean, interval.low, interval.high),
        (9.5, 9.0, 10.0)
    );
    // A seed that lacks a cell has no mean, and so no pair.
    study.records[7].accuracy.clear();
    study.records[6].accuracy.clear();
    let gain = results(&study)
        .gain(&setting, &neurn, &off_diagonal)
        .unwrap();
    assert_eq!((gain.estimate.mean, gain.interval), (10.0, None));
}

#[test]
fn networks_that_were_trained_otherwise_are_not_compared() {
    let mut study = study();
    for record in study
        .records
        .iter_mut()
        .filter(|record| record.frontend == "none")
    {
        record.epochs += 1;
    }
    let results = results(&study);
    assert_eq!(results.settings().len(), 2);
    let neurn = treatment("neurn", Some(3), None);
    let cells = results.off_diagonal().cells;
    assert_eq!(results.gain(&results.settings()[0], &neurn, &cells), None);
}

#[test]
fn a_later_record_of_the_same_run_counts() {
    let mut study = study();
    let mut again = study.records[0].clone();
    again.accuracy = [("usps".to_string(), 80.0)].into();
    study.records.push(again);
    let results = results(&study);
    let setting = &results.settings()[0];
    let neurn = treatment("neurn", Some(3), None);
    let of = |target: &str| {
        let cell = [("mnist".to_string(), target.to_string())];
        results.by_seed(setting, &neurn, &cell)[&0]
    };
    assert_eq!((of("mnist"), of("usps")), (96.0, 80.0));
}

#[test]
fn labels() {
    let strided = Method {
        stride: Some(2),
        ..treatment("neurn", Some(3), Some("conv1"))
    };
    assert_eq!(strided.label(), "neurn (k = 3, stride 2) after conv1");
    assert_eq!(treatment("mix-style", None, None).label(), "mix-style");
    assert_eq!(treatment("neurn", Some(5), None).label(), "neurn (k = 5)");
}

/// Of each kind the mean over severities, of a seed that has them all.
#[test]
fn shifts_have_a_table_of_their_own() {
    let none = treatment("none", None, None);
    let sets = [
        ("mnist-m", 90.0),
        ("mnist-m+gaussian-noise-1", 80.0),
        ("mnist-m+gaussian-noise-2", 60.0),
        ("mnist-m+blur-1", 50.0),
    ];
    let study = MadeUp {
        records: vec![
            record("mnist-m", &none, 0, &sets),
            record("mnist-m", &none, 1, &sets[..2]),
        ],
        sources: names(&["mnist-m"]),
        targets: names(&["mnist-m"]),
    };
    let text = study.render().markdown;
    let (plain, shifted) = text
        .split_once("### Accuracy in percent, trained on mnist-m, tested on shifted mnist-m\n")
        .expect("a table of its own");
    assert!(
        !plain.contains("blur") && !plain.contains("noise"),
        "{plain}"
    );
    assert!(
        shifted.contains("| frontend | as it is | blur | gaussian-noise | mean of shifts |"),
        "{shifted}"
    );
    assert!(
        shifted.contains("| none | 90.0 +- 0.0 | 50.0 (n = 1) | 70.0 (n = 1) | 63.3 (n = 1) |"),
        "{shifted}"
    );
}
