//! Whatever records lack, what is written is defined.

use super::made_up::{MadeUp, full, method, names, record};
use crate::report::parse;
use crate::train::Epoch;

/// No format has something that is not a number, and each can be read.
fn check(study: &MadeUp) {
    let report = study.render();
    let html = report.html;
    let document = parse(&html);
    let shown = document.descendants().filter_map(|node| node.text());
    let attributes = document.descendants().flat_map(|node| node.attributes());
    let html: Vec<&str> = shown.chain(attributes.map(|a| a.value())).collect();
    let json = report.json;
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    for text in [
        report.markdown,
        report.csv.clone(),
        json,
        report.latex,
        html.join("\n"),
    ] {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        assert!(
            !words.any(|word| ["nan", "inf", "infinity"].contains(&word.to_lowercase().as_str())),
            "{text}"
        );
    }
    let table = report.csv;
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    assert!(reader.records().all(|row| row.is_ok()));
}

#[test]
fn of_nothing() {
    let mut study = full(&["mnist"]);
    study.records.clear();
    check(&study);
    assert!(study.render().markdown.contains("No run is finished."));
    study.targets.clear();
    check(&study);
}

#[test]
fn of_records_without_domains_to_show() {
    let mut study = full(&["mnist"]);
    study.targets.clear();
    check(&study);
}

#[test]
fn of_one_seed() {
    let mut study = full(&["mnist", "svhn"]);
    study.records.retain(|record| record.seed == 3);
    check(&study);
    let text = study.render().markdown;
    assert!(text.contains("One seed, so without errors."));
    assert!(
        !text.contains("+-") && !text.contains(" [") && !text.contains("Seeds: 5"),
        "{text}"
    );
}

#[test]
fn of_missing_cells() {
    let mut study = full(&["mnist", "svhn"]);
    let (sobel, sigma) = (method("sobel"), method("sigma"));
    // One seed lacks a cell, and one method a source.
    for record in &mut study.records {
        if record.seed == 0 && record.method == sobel {
            record.targets.remove("usps");
        }
    }
    study
        .records
        .retain(|r| r.method != sigma || r.sources != ["svhn"]);
    check(&study);
    let text = study.render().markdown;
    let means = text
        .split("### Accuracy in percent, mean over all sources")
        .nth(1)
        .unwrap();
    let row = |name: &str| {
        let found = means
            .lines()
            .find(|line| line.starts_with(&format!("| {name} |")));
        found.unwrap().to_string()
    };
    // Four seeds have all cells of other domains, all five those of their own.
    assert_eq!(
        row("sobel").matches("(n = 4)").count(),
        1,
        "{}",
        row("sobel")
    );
    assert_eq!(row("sigma (k = 3)"), "| sigma (k = 3) |  |  |");
    assert!(means.contains("Seeds: 5; a value of fewer has their number (n) beside it."));
}

#[test]
fn of_a_source_without_a_baseline() {
    let mut study = full(&["mnist", "svhn"]);
    let none = method("none");
    study
        .records
        .retain(|r| r.method != none || r.sources != ["svhn"]);
    check(&study);
    study.records.retain(|r| r.method != none);
    check(&study);
    assert!(!study.render().markdown.contains("Gain of"));
}

#[test]
fn of_a_baseline_alone_and_of_one_cell() {
    let cell = |name: &str| record(&["mnist"], &method(name), 0, &[("mnist", 98.0)]);
    let mut study = MadeUp {
        records: vec![cell("none")],
        targets: names(&["mnist"]),
    };
    check(&study);
    assert!(!study.render().markdown.contains("other domains"));
    study.records.push(cell("sobel"));
    check(&study);
}

#[test]
fn of_numbers_that_are_none() {
    let mut study = full(&["mnist"]);
    let sobel = method("sobel");
    for record in study.records.iter_mut().filter(|r| r.method == sobel) {
        for result in record.targets.values_mut() {
            result.accuracy = f64::NAN;
            result.majority = f64::NAN;
        }
        record.validation_accuracy = f64::NAN;
        record.learning = vec![Epoch {
            epoch: 1,
            loss: f64::INFINITY,
            validation_accuracy: f64::NAN,
        }];
    }
    check(&study);
}

#[test]
fn of_confusion_that_is_no_matrix() {
    let mut study = full(&["mnist"]);
    let shapes = [
        vec![],
        vec![vec![]],
        vec![vec![1, 2, 3], vec![4]],
        vec![vec![0; 10]; 10],
    ];
    for (record, shape) in study.records.iter_mut().zip(shapes) {
        record.targets.get_mut("mnist").unwrap().confusion = Some(shape);
    }
    check(&study);
}

#[test]
fn of_equal_accuracies_everywhere() {
    let mut study = full(&["mnist"]);
    for record in &mut study.records {
        record
            .targets
            .values_mut()
            .for_each(|result| result.accuracy = 100.0);
        record
            .learning
            .iter_mut()
            .for_each(|epoch| epoch.loss = 0.0);
    }
    check(&study);
}
