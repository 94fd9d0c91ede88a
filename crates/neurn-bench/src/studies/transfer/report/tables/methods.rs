//! A row a method.

use super::super::results::{Comparison, Measure, Results, Setting};
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::{Value, hundredths};
use crate::statistics::{Estimate, sampling_error};
use crate::train::Method;

/// Accuracy, gains over the baseline, and differences to NeuRN.
pub(in super::super) fn methods(results: &Results, setting: &Setting) -> Option<Section> {
    let one_cell_each = results.columns().is_some();
    let columns = results.measures();
    if columns.is_empty() {
        return None;
    }
    let trained = match results.sources.as_slice() {
        [(source, _)] => format!("trained on {source}"),
        _ if one_cell_each => "trained on all other domains".to_string(),
        _ => "mean over all sources".to_string(),
    };
    let mut accuracy = accuracies(results, setting, &columns, &trained);
    if one_cell_each {
        let majority = Row::new("most frequent class", majorities(results, &columns));
        accuracy.rows.insert(0, majority);
        accuracy.rows.push(sampling(results, setting, &columns));
        accuracy.notes.push(
            "The sampling error is the standard error that comes from the number of test images, \
             at the mean accuracy of all methods. Seeds do not show it, as all share the images."
                .to_string(),
        );
    }
    let mut tables = vec![accuracy];
    tables.extend(gains(results, setting, &columns, &trained));
    tables.extend(beside_neurn(results, setting));
    let others = results.others();
    if columns.contains(&others) {
        let note = format!(
            "Other domains: the mean of the {} cells whose target is none of the sources, made \
             for each seed that has them all.",
            others.cells.len()
        );
        tables[0].notes.push(note);
    }
    Some(Section {
        title: "Methods".to_string(),
        tables,
        ..Section::default()
    })
}

/// The share of the most frequent class, of each column the mean.
fn majorities(results: &Results, columns: &[Measure]) -> Vec<Value> {
    let of = |column: &Measure| {
        let shares = column
            .cells
            .iter()
            .map(|(_, target)| results.test_set(target));
        let shares: Option<Vec<f64>> = shares.map(|set| set.map(|set| set.majority)).collect();
        Value::percent(shares.map(|shares| shares.iter().sum::<f64>() / shares.len() as f64))
    };
    columns.iter().map(of).collect()
}

/// Of a mean of m test sets it is the root of the sum of their squares, over m.
fn sampling(results: &Results, setting: &Setting, columns: &[Measure]) -> Row {
    let methods = results.methods(setting);
    let of_cell = |cell: &(String, String)| {
        let cells = std::slice::from_ref(cell);
        let accuracies = methods
            .iter()
            .filter_map(|m| results.accuracy(setting, m, cells));
        let accuracies: Vec<f64> = accuracies.map(|accuracy| accuracy.mean).collect();
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        let images = results.test_set(&cell.1)?.images;
        (!accuracies.is_empty()).then(|| sampling_error(mean, images))
    };
    let of = |column: &Measure| {
        let errors: Option<Vec<f64>> = column.cells.iter().map(of_cell).collect();
        Value::percent(errors.map(|errors| {
            let squares: f64 = errors.iter().map(|error| error * error).sum();
            squares.sqrt() / errors.len() as f64
        }))
    };
    Row::new("sampling error", columns.iter().map(of).collect())
}

/// The accuracy of every method.
pub(super) fn accuracies(
    results: &Results,
    setting: &Setting,
    columns: &[Measure],
    what: &str,
) -> Table {
    let methods = results.methods(setting);
    let rows = methods.iter().map(|method| {
        let of = |c: &Measure| Value::accuracy(results.accuracy(setting, method, &c.cells));
        Row::new(&method.label(), columns.iter().map(of).collect())
    });
    let caption = format!("Accuracy in percent, {what}");
    Table::over_seeds(caption, "method", names(columns), rows.collect())
}

/// The gain of every method over the baseline, if that was run. The first column is
/// tested.
pub(super) fn gains(
    results: &Results,
    setting: &Setting,
    columns: &[Measure],
    what: &str,
) -> Option<Table> {
    let methods = results.methods(setting);
    let baseline = results.baseline(setting);
    let compare = |column: &Measure| results.compare(setting, &methods, &baseline, &column.cells);
    let compared: Vec<Vec<Comparison>> = columns.iter().map(compare).collect();
    let of_method = |comparisons: &[Comparison], method: &Method| {
        comparisons
            .iter()
            .find(|comparison| comparison.method == *method)
            .cloned()
    };
    let first = compared.first()?;
    if compared.iter().all(Vec::is_empty) {
        return None;
    }
    let others = methods.iter().filter(|method| **method != baseline);
    let rows = others.map(|method| {
        let of = |all: &Vec<Comparison>| {
            Value::gain(of_method(all, method).map(|comparison| comparison.difference))
        };
        let mut values: Vec<Value> = compared.iter().map(of).collect();
        let tested = of_method(first, method).map(|comparison| comparison.values());
        let [_, p, r] = tested.unwrap_or([Value::Missing, Value::Missing, Value::Missing]);
        values.splice(1..1, [p, r]);
        Row::new(&method.label(), values)
    });
    let mut head = names(columns);
    head.splice(1..1, ["p (Holm)".to_string(), "r".to_string()]);
    let caption = format!("Gain over none in points, {what}");
    let mut table = Table::over_seeds(caption, "method", head, rows.collect());
    let column = &columns.first()?.name;
    table
        .notes
        .extend(tested_note(first, &format!("the column \"{column}\"")));
    Some(table)
}

/// Each method beside NeuRN, by what the study is read by. With none alone it would say
/// the gain again.
fn beside_neurn(results: &Results, setting: &Setting) -> Option<Table> {
    let neurn = results.neurn(setting)?;
    let primary = results.primary();
    let methods = results.methods(setting);
    let comparisons = results.compare(setting, &methods, &neurn, &primary.cells);
    let baseline = results.baseline(setting);
    if comparisons
        .iter()
        .all(|comparison| comparison.method == baseline)
    {
        return None;
    }
    let rows = comparisons.iter().map(|comparison| {
        let mut values = comparison.values().to_vec();
        values.push(Value::Text(comparison.verdict().to_string()));
        Row::new(&comparison.method.label(), values)
    });
    let columns = ["difference", "p (Holm)", "r", "verdict"].map(str::to_string);
    let caption = format!(
        "Difference to {} in points, {}",
        neurn.label(),
        primary.name
    );
    let mut table = Table::over_seeds(caption, "method", columns.to_vec(), rows.collect());
    table
        .notes
        .extend(tested_note(&comparisons, "the difference"));
    if table.seeds() > 1 {
        table.notes.push(
            "A method is called better or worse where p is below 0.05, else level: the seeds do \
             not tell the two apart."
                .to_string(),
        );
    }
    Some(table)
}

/// What p and r are of, and what pairing comes to.
fn tested_note(comparisons: &[Comparison], what: &str) -> Option<String> {
    let tested = comparisons
        .iter()
        .filter(|comparison| comparison.p.is_some())
        .count();
    let correlations = comparisons
        .iter()
        .filter_map(|comparison| comparison.correlation);
    let pairing = match Estimate::of(&correlations.collect::<Vec<_>>()) {
        None => String::new(),
        Some(r) => format!(
            " r is the correlation over seeds that pairing finds; its mean is {}.",
            hundredths(r.mean)
        ),
    };
    let corrected = match tested {
        0 => return None,
        1 => String::new(),
        _ => format!(", corrected by Holm for the {tested} comparisons made there"),
    };
    Some(format!(
        "p is that of a two-sided paired t test of {what}{corrected}.{pairing}"
    ))
}

fn names(columns: &[Measure]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}
