//! What was run: images, seeds, training.

use super::super::results::{Results, distinct};
use super::{Row, Section, Table};
use crate::report::value::Value;

/// What holds for all of the tables.
pub(super) fn section(results: &Results) -> Section {
    let mut section = Section {
        title: "What was run".to_string(),
        paragraphs: Vec::new(),
        tables: Vec::new(),
    };
    if results.records.is_empty() {
        section.paragraphs.push("No run is finished.".to_string());
        return section;
    }
    if results.synthetic() {
        section.paragraphs.push(
            "The domains are synthetic: drawn by a program in the manner of the real four, for \
             those who have no data at hand. These are not results on MNIST, SVHN, USPS or \
             MNIST-M."
                .to_string(),
        );
    }
    section.paragraphs.push(
        "Accuracy in percent on the test images of each target, of a network that was trained \
         and selected on the source alone."
            .to_string(),
    );
    let seeds: Vec<String> = results.seeds().iter().map(ToString::to_string).collect();
    let trainings = distinct(results.settings().iter().map(|setting| setting.training()));
    section.paragraphs.push(format!(
        "Seeds: {}. Training: {}.",
        seeds.join(", "),
        trainings.join("; ")
    ));
    section.tables.push(training_images(results));
    section.tables.push(test_images(results));
    section
}

fn training_images(results: &Results) -> Table {
    let count = |name: &str, count| Row::new(name, vec![Value::Count(count)]);
    let mut rows = Vec::new();
    for source in results.sources {
        let counts = results
            .records
            .iter()
            .filter(|r| r.sources == [source.clone()]);
        let counts = distinct(counts.map(|r| (r.train_images, r.validation_images)));
        for (train, select) in counts {
            let mut row = count(source, train);
            row.values.push(Value::Count(select));
            rows.push(row);
        }
    }
    Table {
        caption: "Images to train on, and further ones to choose the epoch by".to_string(),
        corner: "source".to_string(),
        columns: vec![
            "training images".to_string(),
            "selection images".to_string(),
        ],
        rows,
        notes: Vec::new(),
    }
}

fn test_images(results: &Results) -> Table {
    let rows = results.targets.iter().filter_map(|target| {
        let (images, majority) = results.test_set(target)?;
        Some(Row::new(
            target,
            vec![Value::Count(images), Value::Percent(majority)],
        ))
    });
    Table {
        caption: "Images to test on, and what always answering the most frequent digit comes to"
            .to_string(),
        corner: "target".to_string(),
        columns: vec![
            "test images".to_string(),
            "most frequent digit, %".to_string(),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}
