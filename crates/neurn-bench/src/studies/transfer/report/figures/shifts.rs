//! Accuracy against the severity of a shift.

use super::super::results::Results;
use super::super::treatment::Setting;
use super::{errors, keys};
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Group, Panel};

pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let treatments = results.treatments(setting);
    let mut groups = Vec::new();
    for (source, domain, shifts) in results.shifted() {
        let mut panels = Vec::new();
        for shift in shifts {
            let test_sets = [(0, domain.clone())].into_iter();
            let test_sets =
                test_sets.chain(shift.severities.iter().map(|&s| (s, shift.test_set(s))));
            let test_sets: Vec<(u32, String)> = test_sets.collect();
            let of_treatments = treatments.iter().zip(0..).map(|(treatment, series)| {
                let points = test_sets.iter().filter_map(|(severity, test_set)| {
                    let cells = [(source.clone(), test_set.clone())];
                    let y = results.accuracy(setting, treatment, &cells)?;
                    let x = f64::from(*severity);
                    Some(Point { x, y })
                });
                Line {
                    series,
                    points: points.collect(),
                    style: Style::Marked,
                }
            });
            let axes = Axes {
                x_title: "severity".to_string(),
                y_title: "accuracy, %".to_string(),
                ticks: test_sets
                    .iter()
                    .map(|(severity, _)| f64::from(*severity))
                    .collect(),
            };
            let drawing = lines(&axes, &of_treatments.collect::<Vec<_>>());
            panels.extend(drawing.map(|drawing| Panel {
                title: shift.kind.clone(),
                drawing,
            }));
        }
        if !panels.is_empty() {
            groups.push(Group {
                title: format!("trained on {source}, tested on {domain}"),
                panels,
            });
        }
    }
    if groups.is_empty() {
        return None;
    }
    Some(Figure {
        id: "shifts",
        title: "Accuracy under shifts".to_string(),
        caption: format!(
            "Accuracy on test images that are changed more and more; severity 0 is the images as \
             they are. {}",
            errors(results)
        ),
        legend: keys(results, setting, &treatments),
        groups,
    })
}
