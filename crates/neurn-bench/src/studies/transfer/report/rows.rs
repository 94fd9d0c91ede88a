//! Every number of a study, one row each, for programs.

use crate::studies::distinct;
use serde::Serialize;

use super::results::{Cell, Measure, Results, Setting, parse_shift};
use crate::report::Rows;
use crate::statistics::sampling_error;
use crate::train::Method;

/// One method on one test set, or the mean over several. Percentages, and differences
/// in points; empty where something was not measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Entry {
    synthetic: bool,
    model: String,
    backend: String,
    training: String,
    learning_rate: f64,
    method: String,
    /// Empty of a mean over several.
    sources: String,
    /// The domain, or the name of the mean.
    target: String,
    shift: Option<String>,
    severity: Option<u32>,
    seeds: usize,
    accuracy: f64,
    standard_error: Option<f64>,
    /// Of the test set's size.
    sampling_error: Option<f64>,
    gain: Option<f64>,
    gain_standard_error: Option<f64>,
    gain_low: Option<f64>,
    gain_high: Option<f64>,
    /// Two-sided, by the paired t test, not corrected.
    gain_p: Option<f64>,
    gain_correlation: Option<f64>,
    images: Option<usize>,
    majority: Option<f64>,
}

/// Cells, shifted ones after those as they are, then means.
pub(super) fn rows(results: &Results) -> Rows {
    let shifted = results.shifts();
    let shifted = shifted
        .iter()
        .flat_map(|shift| shift.severities.iter().map(|&s| shift.test_set(s)));
    let test_sets = distinct(results.targets.iter().cloned().chain(shifted));
    let mut entries = Vec::new();
    for setting in results.settings() {
        for method in results.methods(&setting) {
            for (source, _) in &results.sources {
                for test_set in &test_sets {
                    let cells = [(source.clone(), test_set.clone())];
                    let found = entry(results, &setting, &method, &cells);
                    entries.extend(found.map(|entry| of_cell(results, entry, &cells[0])));
                }
            }
            for Measure { name, cells } in [results.others(), results.own()] {
                let entry = entry(results, &setting, &method, &cells);
                entries.extend(entry.map(|entry| Entry {
                    target: name,
                    ..entry
                }));
            }
        }
    }
    Rows::of(&entries, &entries)
}

fn of_cell(results: &Results, entry: Entry, (source, test_set): &Cell) -> Entry {
    let (target, shift, severity) = match parse_shift(test_set) {
        Some((domain, kind, severity)) => (domain, Some(kind.to_string()), Some(severity)),
        None => (test_set.as_str(), None, None),
    };
    let set = results.test_set(test_set);
    Entry {
        sources: source.clone(),
        target: target.to_string(),
        shift,
        severity,
        sampling_error: set.map(|set| sampling_error(entry.accuracy, set.images)),
        images: set.map(|set| set.images),
        majority: set.map(|set| set.majority),
        ..entry
    }
}

fn entry(results: &Results, setting: &Setting, method: &Method, cells: &[Cell]) -> Option<Entry> {
    let accuracy = results.accuracy(setting, method, cells)?;
    let (source, _) = cells.first()?;
    let record = results.runs(setting, method, source).next()?;
    let methods = std::slice::from_ref(method);
    let compared = results.compare(setting, methods, &results.baseline(setting), cells);
    let gain = compared.first().map(|comparison| comparison.difference);
    let interval = gain.and_then(|gain| gain.interval);
    Some(Entry {
        synthetic: record.synthetic,
        model: setting.model.clone(),
        backend: setting.backend.to_string(),
        training: setting.training(),
        learning_rate: record.training.learning_rate,
        method: method.label(),
        sources: String::new(),
        target: String::new(),
        shift: None,
        severity: None,
        seeds: accuracy.count,
        accuracy: accuracy.mean,
        standard_error: accuracy.standard_error,
        sampling_error: None,
        gain: gain.map(|gain| gain.estimate.mean),
        gain_standard_error: gain.and_then(|gain| gain.estimate.standard_error),
        gain_low: interval.map(|interval| interval.low),
        gain_high: interval.map(|interval| interval.high),
        gain_p: gain.and_then(|gain| gain.p),
        gain_correlation: compared
            .first()
            .and_then(|comparison| comparison.correlation),
        images: None,
        majority: None,
    })
}
