//! Every number of a study, one entry each, for programs.

use super::results::{Cell, Measure, Results, distinct, parse_shift};
use super::treatment::Setting;
use crate::statistics::{Estimate, PairedDifference};
use crate::train::Method;

/// One treatment on one test set, or the mean over several.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::studies::transfer::report) struct Entry {
    pub(in crate::studies::transfer::report) setting: Setting,
    pub(in crate::studies::transfer::report) treatment: Method,
    /// `None` of a mean over sources.
    pub(in crate::studies::transfer::report) source: Option<String>,
    /// The domain, or the name of the mean.
    pub(in crate::studies::transfer::report) target: String,
    /// Kind and severity.
    pub(in crate::studies::transfer::report) shift: Option<(String, u32)>,
    pub(in crate::studies::transfer::report) accuracy: Estimate,
    pub(in crate::studies::transfer::report) gain: Option<PairedDifference>,
    /// Test images, and the share of their most frequent digit in percent.
    pub(in crate::studies::transfer::report) test_set: Option<(usize, f64)>,
}

/// Cells, shifted ones after those as they are, then means.
pub(in crate::studies::transfer::report) fn entries(results: &Results) -> Vec<Entry> {
    let shifted = results.shifts();
    let shifted = shifted
        .iter()
        .flat_map(|shift| shift.severities.iter().map(|&s| shift.test_set(s)));
    let test_sets = distinct(results.targets.iter().cloned().chain(shifted));
    let mut entries = Vec::new();
    for setting in results.settings() {
        for treatment in results.treatments(&setting) {
            for source in results.sources {
                for test_set in &test_sets {
                    let cells = [(source.clone(), test_set.clone())];
                    let (target, shift) = match parse_shift(test_set) {
                        Some((domain, kind, severity)) => {
                            (domain, Some((kind.to_string(), severity)))
                        }
                        None => (test_set.as_str(), None),
                    };
                    let entry = entry(results, &setting, &treatment, &cells);
                    entries.extend(entry.map(|entry| Entry {
                        source: Some(source.clone()),
                        target: target.to_string(),
                        shift,
                        test_set: results.test_set(test_set),
                        ..entry
                    }));
                }
            }
            for Measure { name, cells } in [results.off_diagonal(), results.diagonal()] {
                let entry = entry(results, &setting, &treatment, &cells);
                entries.extend(entry.map(|entry| Entry {
                    target: name,
                    ..entry
                }));
            }
        }
    }
    entries
}

fn entry(
    results: &Results,
    setting: &Setting,
    treatment: &Method,
    cells: &[Cell],
) -> Option<Entry> {
    Some(Entry {
        setting: setting.clone(),
        treatment: treatment.clone(),
        source: None,
        target: String::new(),
        shift: None,
        accuracy: results.accuracy(setting, treatment, cells)?,
        gain: results.gain(setting, treatment, cells),
        test_set: None,
    })
}
