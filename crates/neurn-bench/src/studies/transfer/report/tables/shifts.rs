//! Accuracy on shifted test images.

use super::super::figures;
use super::super::results::{Measure, Results, Setting, Shift};
use super::methods::{accuracies, gains};
use crate::report::Section;
use crate::report::table::Table;

/// Two tables for each source and domain: a column a kind of shift.
pub(in super::super) fn shifts(results: &Results, setting: &Setting) -> Option<Section> {
    let mut tables = Vec::new();
    for (source, domain, shifts) in results.shifted() {
        let columns = columns(&source, &domain, &shifts);
        let what = format!("trained on {source}, tested on shifted {domain}");
        let mut both = vec![accuracies(results, setting, &columns, &what)];
        both.extend(gains(results, setting, &columns, &what));
        let images = fewer_images(results, &source, &domain, &shifts);
        for mut table in both {
            table.notes.extend(images.clone());
            table.notes.push(
                "A kind of shift is the mean over its severities, made for each seed that has \
                 them all. Whole inversion is the last severity of inversion alone."
                    .to_string(),
            );
            tables.push(table);
        }
    }
    (!tables.is_empty()).then(|| Section {
        title: "Under shifts".to_string(),
        figures: figures::shifts(results, setting).into_iter().collect(),
        tables: tables as Vec<Table>,
        ..Section::default()
    })
}

/// The domain as it is, each kind of shift, and all of them.
fn columns(source: &str, domain: &str, shifts: &[Shift]) -> Vec<Measure> {
    let cell = |test_set: String| vec![(source.to_string(), test_set)];
    let mut columns = vec![Measure::new("as it is", cell(domain.to_string()))];
    for shift in shifts {
        columns.push(Measure::new(&shift.kind, shift.cells(source)));
        if let ("inversion", Some(&last)) = (shift.kind.as_str(), shift.severities.last()) {
            columns.push(Measure::new("whole inversion", cell(shift.test_set(last))));
        }
    }
    let all = shifts.iter().flat_map(|shift| shift.cells(source));
    columns.push(Measure::new("mean of shifts", all.collect()));
    columns
}

fn fewer_images(results: &Results, source: &str, domain: &str, shifts: &[Shift]) -> Option<String> {
    let count = |test_set: &str| results.test_set(test_set).map(|set| set.images);
    let (_, first) = shifts.first()?.cells(source).into_iter().next()?;
    let (first, all) = (count(&first)?, count(domain)?);
    (first < all).then(|| {
        format!("Shifted are the first {first} test images; as it is, it is tested on all {all}.")
    })
}
