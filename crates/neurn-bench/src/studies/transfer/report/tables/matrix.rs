//! Sources by targets, two tables a treatment.

use super::super::results::{Cell, Results};
use super::super::treatment::Setting;
use super::{Row, Table};
use crate::report::value::{Notation, Value};
use crate::train::Method;

/// Accuracy, and the gain over the baseline if that was run.
pub(super) fn tables(results: &Results, setting: &Setting) -> Vec<Table> {
    let mut tables = Vec::new();
    for treatment in results.treatments(setting) {
        let label = treatment.label();
        let mut accuracy = matrix(results, format!("Accuracy in percent, {label}"), &|cells| {
            Value::accuracy(results.accuracy(setting, &treatment, cells))
        });
        let majority = results.targets.iter().map(|target| {
            let set = results.test_set(target);
            Value::percent(set.map(|(_, majority)| majority))
        });
        let majority = Row::new("most frequent digit", majority.collect());
        accuracy.rows.push(majority);
        tables.push(accuracy);
        let with_baseline = treatment != Method::default()
            && results.treatments(setting).contains(&Method::default());
        if with_baseline {
            let caption = format!("Gain of {label} over none, in points");
            tables.push(matrix(results, caption, &|cells| {
                Value::gain(results.gain(setting, &treatment, cells))
            }));
        }
    }
    tables
}

/// One table, with the off-diagonal mean below it.
fn matrix(results: &Results, caption: String, value: &dyn Fn(&[Cell]) -> Value) -> Table {
    let rows = results.sources.iter().map(|source| {
        let targets = results.targets.iter();
        let values = targets.map(|target| value(&[(source.clone(), target.clone())]));
        Row::new(source, values.collect())
    });
    let mut table = Table::over_seeds(
        caption,
        "trained on \\ tested on",
        results.targets.to_vec(),
        rows.collect(),
    );
    let off_diagonal = results.off_diagonal();
    let mean = value(&off_diagonal.cells);
    if mean != Value::Missing {
        table.notes.insert(
            0,
            format!(
                "Mean over the {} off-diagonal cells (source and target differ): {}.",
                off_diagonal.cells.len(),
                mean.text(Notation::Plain)
            ),
        );
    }
    table
}
