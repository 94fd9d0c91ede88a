//! Every number of a study, one entry each, for programs.

use super::super::results::{Cell, Measure, Results, distinct, parse_shift};
use super::super::treatment::{Setting, Treatment};
use crate::statistics::{Estimate, PairedDifference};

/// One treatment on one test set, or the mean over several.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Entry {
    pub(in super::super) setting: Setting,
    pub(in super::super) treatment: Treatment,
    /// `None` of a mean over sources.
    pub(in super::super) source: Option<String>,
    /// The domain, or the name of the mean.
    pub(in super::super) target: String,
    /// Kind and severity.
    pub(in super::super) shift: Option<(String, u32)>,
    pub(in super::super) accuracy: Estimate,
    pub(in super::super) gain: Option<PairedDifference>,
    /// Test images, and the share of their most frequent digit in percent.
    pub(in super::super) test_set: Option<(usize, f64)>,
}

/// Cells, shifted ones after those as they are, then means.
pub(in super::super) fn entries(results: &Results) -> Vec<Entry> {
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
    treatment: &Treatment,
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
