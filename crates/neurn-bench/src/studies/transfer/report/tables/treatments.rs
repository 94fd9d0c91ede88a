//! A row a treatment.

use super::super::results::{Measure, Results};
use super::super::treatment::Setting;
use super::{Row, Table};
use crate::report::value::Value;
use crate::train::Method;

/// Of one source: a column a target, and their mean without the source.
pub(super) fn of_source(results: &Results, setting: &Setting, source: &str) -> Vec<Table> {
    let targets = results.targets.iter().map(|target| Measure {
        name: target.clone(),
        cells: vec![(source.to_string(), target.clone())],
    });
    let mut columns: Vec<Measure> = targets.collect();
    let off_diagonal = results.off_diagonal();
    // With one cell it would be that cell again.
    if off_diagonal.cells.len() > 1 {
        columns.push(off_diagonal);
    }
    let mut accuracy = accuracies(
        results,
        setting,
        &columns,
        format!("Accuracy in percent, trained on {source}"),
    );
    let majority = columns.iter().map(|column| {
        let shares = column
            .cells
            .iter()
            .map(|(_, target)| results.test_set(target));
        let shares: Option<Vec<f64>> = shares.map(|set| set.map(|(_, share)| share)).collect();
        let mean = |shares: Vec<f64>| shares.iter().sum::<f64>() / shares.len() as f64;
        Value::percent(shares.map(mean))
    });
    let majority = Row::new("most frequent digit", majority.collect());
    accuracy.rows.insert(0, majority);
    let gain = gains(
        results,
        setting,
        &columns,
        format!("Gain over none in points, trained on {source}"),
    );
    let mut tables = vec![accuracy];
    tables.extend(gain);
    for table in &mut tables {
        table.notes.extend(mean_note(results, &columns));
    }
    tables
}

/// Of several sources: their means.
pub(super) fn of_means(results: &Results, setting: &Setting) -> Vec<Table> {
    let columns: Vec<Measure> = [results.off_diagonal(), results.diagonal()]
        .into_iter()
        .filter(|measure| !measure.cells.is_empty())
        .collect();
    let mut tables = vec![accuracies(
        results,
        setting,
        &columns,
        "Mean accuracy in percent over all sources".to_string(),
    )];
    tables.extend(gains(
        results,
        setting,
        &columns,
        "Gain over none in points, mean over all sources".to_string(),
    ));
    for table in &mut tables {
        table.notes.extend(mean_note(results, &columns));
    }
    tables
}

/// How the means over cells were made.
fn mean_note(results: &Results, columns: &[Measure]) -> Option<String> {
    let off_diagonal = results.off_diagonal();
    columns.contains(&off_diagonal).then(|| {
        format!(
            "The off-diagonal mean is that of the {} cells in which source and target differ, \
             made for each seed that has them all, then over seeds.",
            off_diagonal.cells.len()
        )
    })
}

/// The accuracy of every treatment.
pub(super) fn accuracies(
    results: &Results,
    setting: &Setting,
    columns: &[Measure],
    caption: String,
) -> Table {
    let treatments = results.treatments(setting);
    let rows = treatments.iter().map(|treatment| {
        let of = |c: &Measure| Value::accuracy(results.accuracy(setting, treatment, &c.cells));
        Row::new(&treatment.label(), columns.iter().map(of).collect())
    });
    Table::over_seeds(caption, "frontend", names(columns), rows.collect())
}

/// The gain of every treatment over the baseline, if that was run.
pub(super) fn gains(
    results: &Results,
    setting: &Setting,
    columns: &[Measure],
    caption: String,
) -> Option<Table> {
    let treatments = results.treatments(setting);
    let others = treatments.iter().filter(|t| **t != Method::default());
    let rows = others.map(|treatment| {
        let of = |c: &Measure| Value::gain(results.gain(setting, treatment, &c.cells));
        Row::new(&treatment.label(), columns.iter().map(of).collect())
    });
    let rows: Vec<Row> = rows.collect();
    let any = rows
        .iter()
        .any(|row| row.values.iter().any(|v| *v != Value::Missing));
    any.then(|| Table::over_seeds(caption, "frontend", names(columns), rows))
}

fn names(columns: &[Measure]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}
