//! What was run: images, seeds, training.

use super::super::rates::{self, Rates};
use super::super::results::{Results, source_label};
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::Value;
use crate::statistics::sampling_error;
use crate::studies::distinct;

/// What holds for all of the tables.
pub(in super::super) fn run(results: &Results, rates: &[Rates]) -> Section {
    let mut section = Section {
        title: "What was run".to_string(),
        ..Section::default()
    };
    if results.records.is_empty() {
        section.paragraphs.push("No run is finished.".to_string());
        return section;
    }
    section.paragraphs.push(
        "Accuracy in percent on the test images of each target, of a network that was trained \
         and validated on its sources alone. Methods are compared with none: no frontend, no \
         augmentation, and the input standardized by the source unless a table says otherwise."
            .to_string(),
    );
    let seeds: Vec<String> = results.seeds().iter().map(ToString::to_string).collect();
    let settings = results.settings();
    let trainings = settings
        .iter()
        .map(|s| format!("{} on {}: {}", s.model, s.backend, s.training()));
    let trainings = distinct(trainings);
    let rates = rates::table(rates);
    let rate = match (
        &rates,
        distinct(results.records.iter().map(|r| r.training.learning_rate)).as_slice(),
    ) {
        (None, [rate]) => format!(" at {rate}"),
        _ => String::new(),
    };
    section.paragraphs.push(format!(
        "Seeds: {}. Training: {}{rate}.",
        seeds.join(", "),
        trainings.join("; ")
    ));
    section.tables.push(training_images(results));
    section.tables.push(test_images(results));
    section.tables.extend(rates);
    section
}

fn training_images(results: &Results) -> Table {
    let mut rows = Vec::new();
    for (source, _) in &results.sources {
        let own = results
            .records
            .iter()
            .filter(|r| source_label(r) == *source);
        for (train, validation) in distinct(own.map(|r| (r.train_images, r.validation_images))) {
            let counts = [train, validation].map(Value::Count);
            rows.push(Row::new(source, counts.to_vec()));
        }
    }
    let caption = "Images to train on, and further ones to choose the epoch by";
    let columns = ["training images", "validation images"].map(str::to_string);
    Table::new(caption, "source", columns.to_vec(), rows, &[])
}

fn test_images(results: &Results) -> Table {
    let rows = results.targets.iter().filter_map(|target| {
        let set = results.test_set(target)?;
        let values = vec![
            Value::Count(set.images),
            Value::Percent(set.majority),
            Value::Percent(sampling_error(50.0, set.images)),
        ];
        Some(Row::new(target, values))
    });
    let columns = [
        "test images",
        "most frequent class, %",
        "sampling error at 50 %, points",
    ];
    let note = "Always answering the most frequent class comes to its share. The sampling error is \
                the standard error that comes from the number of images, the largest at 50 %.";
    let columns = columns.map(str::to_string).to_vec();
    Table::new(
        "Images to test on",
        "target",
        columns,
        rows.collect(),
        &[note],
    )
}
