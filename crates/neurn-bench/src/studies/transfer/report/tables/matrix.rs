//! Sources by targets, two tables a method.

use super::super::results::{Cell, Results, Setting};
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::Value;

/// Accuracy, and the gain over the baseline if that was run. Of several sources that
/// share a target.
pub(in super::super) fn matrices(results: &Results, setting: &Setting) -> Option<Section> {
    if results.columns().is_some() {
        return None;
    }
    let mut tables = Vec::new();
    let methods = results.methods(setting);
    let baseline = results.baseline(setting);
    for method in &methods {
        let label = method.label();
        tables.push(matrix(
            results,
            format!("Accuracy in percent, {label}"),
            &|cells| Value::accuracy(results.accuracy(setting, method, cells)),
        ));
        if *method != baseline && methods.contains(&baseline) {
            let caption = format!("Gain of {label} over none, in points");
            tables.push(matrix(results, caption, &|cells| {
                Value::gain(results.gain(setting, method, cells))
            }));
        }
    }
    Some(Section {
        title: "Sources by targets".to_string(),
        tables,
        folded: true,
        ..Section::default()
    })
}

fn matrix(results: &Results, caption: String, value: &dyn Fn(&[Cell]) -> Value) -> Table {
    let rows = results.sources.iter().map(|(source, _)| {
        let targets = results.targets.iter();
        let values = targets.map(|target| value(&[(source.clone(), target.clone())]));
        Row::new(source, values.collect())
    });
    Table::over_seeds(
        caption,
        "trained on \\ tested on",
        results.targets.to_vec(),
        rows.collect(),
    )
}
