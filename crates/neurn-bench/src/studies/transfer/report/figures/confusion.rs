//! Which digits are taken for which.

use super::super::results::Results;
use super::super::treatment::Setting;
use crate::report::figure::ink::{MORE, scale, tint};
use crate::report::figure::tiles::Tiles;
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::train::Method;

/// There is one if the records have confusion matrices.
pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let mut groups = Vec::new();
    for source in results.sources {
        for target in results.targets {
            let panels: Vec<Panel> = results
                .treatments(setting)
                .iter()
                .filter_map(|treatment| {
                    let counts = counts(results, setting, treatment, source, target)?;
                    Some(Panel {
                        title: treatment.label(),
                        drawing: tiles(&counts).draw(),
                    })
                })
                .collect();
            if !panels.is_empty() {
                groups.push(Group {
                    title: format!("trained on {source}, tested on {target}"),
                    panels,
                });
            }
        }
    }
    if groups.is_empty() {
        return None;
    }
    Some(Figure {
        id: "confusion",
        title: "Digits taken for others".to_string(),
        caption: "Of the test images of each digit, the percentage that was taken for each digit, \
                  over all seeds. Where it rounds to 0 there is no number."
            .to_string(),
        legend: Legend::Scale(
            ["0".to_string(), "100 %".to_string()],
            scale(&[tint(MORE, 0.0).0, tint(MORE, 1.0).0]),
        ),
        groups,
    })
}

/// Added up over seeds; `None` without an image.
fn counts(
    results: &Results,
    setting: &Setting,
    treatment: &Method,
    source: &str,
    target: &str,
) -> Option<Vec<Vec<u64>>> {
    let mut sum: Vec<Vec<u64>> = Vec::new();
    let records = results
        .of(setting)
        .filter(|record| record.sources == [source]);
    for record in records.filter(|record| record.method == *treatment) {
        let confusion = record
            .targets
            .get(target)
            .and_then(|t| t.confusion.as_ref())
            .into_iter()
            .flatten();
        for (digit, taken) in confusion.enumerate() {
            let digits = taken.len().max(digit + 1).max(sum.len());
            sum.resize(digits, Vec::new());
            for row in &mut sum {
                row.resize(digits, 0);
            }
            for (other, count) in taken.iter().enumerate() {
                sum[digit][other] += u64::from(*count);
            }
        }
    }
    sum.iter().flatten().any(|&count| count > 0).then_some(sum)
}

fn tiles(counts: &[Vec<u64>]) -> Tiles {
    let digits: Vec<String> = (0..counts.len()).map(|digit| digit.to_string()).collect();
    let row = |counts: &Vec<u64>| {
        let all: u64 = counts.iter().sum();
        let tile = |count: &u64| {
            // A digit that the test set lacks.
            (all > 0).then(|| {
                let share = *count as f64 / all as f64;
                let (colour, text) = tint(MORE, share);
                let percent = format!("{:.0}", 100.0 * share);
                let percent = if percent == "0" {
                    String::new()
                } else {
                    percent
                };
                (percent, colour, text)
            })
        };
        counts.iter().map(tile).collect()
    };
    Tiles {
        rows: digits.clone(),
        columns: digits,
        tiles: counts.iter().map(row).collect(),
        titles: ["digit".to_string(), "taken for".to_string()],
        tile: [27, 27],
    }
}
