//! Accuracy on shifted test images.

use super::super::results::{Measure, Results};
use super::super::treatment::Setting;
use super::Table;
use super::treatments::{accuracies, gains};

/// Two tables for each source and domain: a column a kind of shift.
pub(super) fn tables(results: &Results, setting: &Setting) -> Vec<Table> {
    let mut tables = Vec::new();
    for (source, domain, shifts) in results.shifted() {
        let clean = Measure {
            name: "as it is".to_string(),
            cells: vec![(source.clone(), domain.clone())],
        };
        let all = Measure {
            name: "mean of shifts".to_string(),
            cells: shifts
                .iter()
                .flat_map(|shift| shift.cells(&source))
                .collect(),
        };
        let kinds = shifts.iter().map(|shift| Measure {
            name: shift.kind.clone(),
            cells: shift.cells(&source),
        });
        let columns: Vec<Measure> = [clean].into_iter().chain(kinds).chain([all]).collect();
        let where_ = format!("trained on {source}, tested on shifted {domain}");
        let mut both = vec![accuracies(
            results,
            setting,
            &columns,
            format!("Accuracy in percent, {where_}"),
        )];
        both.extend(gains(
            results,
            setting,
            &columns,
            format!("Gain over none in points, {where_}"),
        ));
        let count = |test_set: &str| results.test_set(test_set).map(|(images, _)| images);
        let first = shifts
            .first()
            .and_then(|s| count(&s.cells(&source).first()?.1));
        let images = match (first, count(&domain)) {
            (Some(first), Some(all)) if first < all => Some(format!(
                "Shifted are the first {first} test images; as it is, it is tested on all {all}."
            )),
            _ => None,
        };
        for mut table in both {
            table.notes.extend(images.clone());
            table.notes.push(
                "A kind of shift is the mean over its severities, made for each seed that has \
                 them all, then over seeds."
                    .to_string(),
            );
            tables.push(table);
        }
    }
    tables
}
