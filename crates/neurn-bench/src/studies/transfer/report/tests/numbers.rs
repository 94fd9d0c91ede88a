//! The numbers against some that were made by hand.

use std::collections::BTreeMap;

use super::super::results::{Results, Setting};
use super::made_up::{MadeUp, method, names, record, result};
use crate::studies::transfer::record::Record;
use crate::train::{InputScale, Method};

fn results(study: &MadeUp) -> Results<'_> {
    Results::new(study.records.iter().collect(), &study.targets)
}

/// Two sources, two seeds.
fn study() -> MadeUp {
    let of = |name: &str, seed, [mm, mu, um, uu]: [f64; 4]| -> [Record; 2] {
        let method = method(name);
        [
            record(&["mnist"], &method, seed, &[("mnist", mm), ("usps", mu)]),
            record(&["usps"], &method, seed, &[("mnist", um), ("usps", uu)]),
        ]
    };
    let records = [
        of("neurn", 0, [96.0, 70.0, 60.0, 95.0]),
        of("neurn", 1, [97.0, 74.0, 62.0, 94.0]),
        of("none", 0, [98.0, 60.0, 50.0, 96.0]),
        of("none", 1, [98.0, 66.0, 52.0, 97.0]),
    ];
    MadeUp {
        records: records.into_iter().flatten().collect(),
        targets: names(&["mnist", "usps"]),
    }
}

#[test]
fn the_baseline_is_the_first_row() {
    let study = study();
    let results = results(&study);
    let labels = results.methods(&results.settings()[0]);
    let labels: Vec<String> = labels.iter().map(Method::label).collect();
    assert_eq!(labels, ["none", "neurn (k = 3)"]);
}

/// Of records behind another input scale, none behind that one.
#[test]
fn the_baseline_has_the_input_scale_that_there_is() {
    let mut study = study();
    let half = |method: Method| Method {
        input: InputScale::Half,
        ..method
    };
    for record in &mut study.records {
        record.method = half(record.method.clone());
    }
    let setting = Setting::of(&study.records[0]);
    let gain = |study: &MadeUp| {
        let results = results(study);
        let others = results.others().cells;
        let gain = results.gain(&setting, &half(method("neurn")), &others);
        (
            results.baseline(&setting),
            gain.map(|gain| gain.estimate.mean),
        )
    };
    assert_eq!(gain(&study), (half(Method::default()), Some(9.5)));
    // One that is standardized goes before it.
    let others = [("mnist", 98.0), ("usps", 60.0)];
    study
        .records
        .push(record(&["mnist"], &Method::default(), 0, &others));
    assert_eq!(gain(&study), (Method::default(), None));
}

#[test]
fn means_are_made_by_seed_then_over_seeds() {
    let mut study = study();
    let neurn = method("neurn");
    let setting = Setting::of(&study.records[0]);
    let others = results(&study).others().cells;
    let by_seed = results(&study).by_seed(&setting, &neurn, &others);
    assert_eq!(by_seed, BTreeMap::from([(0, 65.0), (1, 68.0)]));
    let accuracy = results(&study).accuracy(&setting, &neurn, &others).unwrap();
    assert_eq!((accuracy.mean, accuracy.standard_error), (66.5, Some(1.5)));
    // 65 - 55 and 68 - 59, so that the standard error is 0.5 and the quantile 12.706.
    let gain = results(&study).gain(&setting, &neurn, &others).unwrap();
    let interval = gain.interval.unwrap();
    assert_eq!(gain.estimate.mean, 9.5);
    assert!((interval.low - (9.5 - 6.353)).abs() < 1e-3, "{interval:?}");
    assert!((interval.high - (9.5 + 6.353)).abs() < 1e-3, "{interval:?}");
    // A seed that lacks a cell has no mean, and so no pair.
    study.records[7].targets.clear();
    study.records[6].targets.clear();
    let gain = results(&study).gain(&setting, &neurn, &others).unwrap();
    assert_eq!((gain.estimate.mean, gain.interval), (10.0, None));
}

#[test]
fn networks_that_were_trained_otherwise_are_not_compared() {
    let mut study = study();
    let none = study
        .records
        .iter_mut()
        .filter(|record| record.method == Method::default());
    none.for_each(|record| record.training.epochs += 1);
    let results = results(&study);
    assert_eq!(results.settings().len(), 2);
    let cells = results.others().cells;
    assert_eq!(
        results.gain(&results.settings()[0], &method("neurn"), &cells),
        None
    );
}

#[test]
fn a_later_record_of_the_same_run_counts() {
    let mut study = study();
    let mut again = study.records[0].clone();
    again.targets = [("usps".to_string(), result(80.0))].into();
    study.records.push(again);
    let results = results(&study);
    let setting = &results.settings()[0];
    let of = |target: &str| {
        let cell = [("mnist".to_string(), target.to_string())];
        results.by_seed(setting, &method("neurn"), &cell)[&0]
    };
    assert_eq!((of("mnist"), of("usps")), (96.0, 80.0));
}

/// A single source of five seeds; each accuracy is of the seed, the method and usps.
fn seeds(methods: &[(Method, f64)]) -> MadeUp {
    let mut records = Vec::new();
    for seed in 0..5 {
        for (place, (method, accuracy)) in methods.iter().enumerate() {
            // A part that all methods have in common, and one of their own.
            let own = 0.1 * ((seed as usize * (place + 3)) % 5) as f64;
            let accuracy = accuracy + seed as f64 + own;
            records.push(record(
                &["mnist"],
                method,
                seed,
                &[("mnist", 98.0), ("usps", accuracy)],
            ));
        }
    }
    MadeUp {
        records,
        targets: names(&["mnist", "usps"]),
    }
}

#[test]
fn methods_are_compared_with_neurn_and_corrected() {
    let study = seeds(&[
        (method("none"), 50.0),
        (method("neurn"), 60.0),
        (method("sobel"), 60.05),
        (method("sobel-max"), 63.0),
    ]);
    let results = results(&study);
    let setting = &results.settings()[0];
    let methods = results.methods(setting);
    let cells = results.primary().cells;
    let compared = results.compare(setting, &methods, &method("neurn"), &cells);
    let verdicts = compared.iter().map(|c| (c.method.label(), c.verdict()));
    assert_eq!(
        verdicts.collect::<Vec<_>>(),
        [
            ("none".to_string(), "worse"),
            ("sobel".to_string(), "level"),
            ("sobel over max".to_string(), "better"),
        ]
    );
    for comparison in &compared {
        // Three comparisons, and what seeds have in common is most of their spread.
        let (p, alone) = (comparison.p.unwrap(), comparison.difference.p.unwrap());
        assert!(alone <= p && p <= 3.0 * alone, "{p} {alone}");
        assert!(comparison.correlation.unwrap() > 0.9);
    }
    let text = study.render().markdown;
    assert!(
        text.contains("corrected by Holm for the 3 comparisons made there"),
        "{text}"
    );
    assert!(
        text.contains("Of the 2 other methods: 1 better, 1 level, 0 worse. The best of them is sobel over max: +"),
        "{text}"
    );
}

/// Each method at the rate with the best validation, whatever its targets say.
#[test]
fn the_learning_rate_is_chosen_by_validation() {
    let mut study = seeds(&[(method("none"), 50.0), (method("neurn"), 60.0)]);
    let mut slow = study.records.clone();
    for record in &mut slow {
        record.training.learning_rate = 1e-4;
        let none = record.method == Method::default();
        record.validation_accuracy = if none { 97.0 } else { 99.0 };
        let usps = if none { 90.0 } else { 40.0 };
        record.targets.insert("usps".to_string(), result(usps));
    }
    study.records.extend(slow);
    let text = study.render().markdown;
    let row = "| neurn (k = 3) | 99.0 +- 0.0 | 98.0 +- 0.0 | 0.0001 |";
    assert!(text.contains(row) && text.contains("| none | 97.0 +- 0.0 | 98.0 +- 0.0 | 0.001 |"));
    assert!(
        text.contains("| neurn (k = 3) | 98.0 +- 0.0 | 40.0 +- 0.0 |"),
        "{text}"
    );
    assert!(!text.contains("90.0 +- 0.0"), "{text}");
}

/// What each factor adds is known: a map 5, the largest value 2, standardized 3.
#[test]
fn main_effects_are_what_was_put_in() {
    let frontends = [
        ("none", 0.0),
        ("sigma", 5.0),
        ("neurn", 7.0),
        ("sobel", 5.0),
        ("sobel-max", 7.0),
    ];
    let inputs = [
        (InputScale::Standardized, 3.0),
        (InputScale::Half, 0.0),
        (InputScale::Raw, 0.0),
    ];
    let mut methods = Vec::new();
    for (input, of_input) in inputs {
        methods.extend(frontends.map(|(name, of_frontend)| {
            let input = input.clone();
            (
                Method {
                    input,
                    ..method(name)
                },
                50.0 + of_input + of_frontend,
            )
        }));
    }
    let mut study = seeds(&methods);
    // Nothing but what was put in.
    for (record, place) in study.records.iter_mut().zip((0..methods.len()).cycle()) {
        let accuracy = methods[place].1 + record.seed as f64;
        record.targets.insert("usps".to_string(), result(accuracy));
    }
    let text = study.render().markdown;
    let table = text
        .split("### Main effects in points, other domains")
        .nth(1);
    let table = table.expect("a table");
    for row in [
        "| sigma (k = 3) instead of none | map | +5.0 [+5.0, +5.0] | < 0.001 | 3 |",
        "| sobel instead of sigma (k = 3) | map | 0.0 [0.0, 0.0] | 1.000 | 6 |",
        "| its largest instead of none | scale of the image | +2.0 [+2.0, +2.0] | < 0.001 | 6 |",
        "| standardized instead of half | scale of the input | +3.0 [+3.0, +3.0] | < 0.001 | 5 |",
        "| half instead of raw | scale of the input | 0.0 [0.0, 0.0] | 1.000 | 5 |",
    ] {
        assert!(table.contains(row), "{row}\n{table}");
    }
}

/// Each domain is left out once: a column each, and no matrices.
#[test]
fn leaving_one_out_has_a_column_for_each() {
    let all = ["art", "photo", "sketch"];
    let mut records = Vec::new();
    for (name, gain) in [("none", 0.0), ("neurn", 4.0)] {
        for out in all {
            let sources: Vec<&str> = all.into_iter().filter(|name| *name != out).collect();
            for seed in 0..3 {
                let accuracies = all.map(|target| match target == out {
                    true => (target, 60.0 + gain + seed as f64),
                    false => (target, 90.0),
                });
                records.push(record(&sources, &method(name), seed, &accuracies));
            }
        }
    }
    let study = MadeUp {
        records,
        targets: names(&all),
    };
    let text = study.render().markdown;
    // In the order in which the sources were run.
    assert!(
        text.contains("### Accuracy in percent, trained on all other domains\n\n| method | other domains | art | photo | sketch |"),
        "{text}"
    );
    assert!(text.contains("| none | 61.0 +- 0.6 | 61.0 +- 0.6 | 61.0 +- 0.6 | 61.0 +- 0.6 |"));
    assert!(!text.contains("trained on \\ tested on"));
}

/// Of each kind the mean over severities, of a seed that has them all.
#[test]
fn shifts_have_a_table_of_their_own() {
    let sets = [
        ("mnist-m", 90.0),
        ("mnist-m+inversion-1", 80.0),
        ("mnist-m+inversion-2", 60.0),
        ("mnist-m+blur-1", 50.0),
    ];
    let study = MadeUp {
        records: vec![
            record(&["mnist-m"], &method("none"), 0, &sets),
            record(&["mnist-m"], &method("none"), 1, &sets[..2]),
        ],
        targets: names(&["mnist-m"]),
    };
    let text = study.render().markdown;
    let (plain, shifted) = text
        .split_once("### Accuracy in percent, trained on mnist-m, tested on shifted mnist-m\n")
        .expect("a table of its own");
    assert!(!plain.contains("| blur |"), "{plain}");
    assert!(
        shifted.contains(
            "| method | mean of shifts | as it is | blur | inversion | whole inversion |"
        ),
        "{shifted}"
    );
    assert!(
        shifted.contains(
            "| none | 63.3 (n = 1) | 90.0 +- 0.0 | 50.0 (n = 1) | 70.0 (n = 1) | 60.0 (n = 1) |"
        ),
        "{shifted}"
    );
}
