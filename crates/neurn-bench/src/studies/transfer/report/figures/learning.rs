//! Loss and accuracy against epochs.

use crate::train::Method;
use std::collections::BTreeMap;

use super::super::results::Results;
use super::super::treatment::Setting;
use super::{errors, keys};
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Group, Panel};
use crate::statistics::Estimate;
use crate::train::Epoch;

/// What is drawn of an epoch.
type Quantity = fn(&Epoch) -> f64;

/// There is one if the records have learning curves.
pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let treatments = results.treatments(setting);
    let mut panels = Vec::new();
    for source in results.sources {
        let quantities: [(&str, Quantity); 2] = [
            ("training loss", |epoch| epoch.loss),
            ("validation accuracy, %", |epoch| epoch.validation_accuracy),
        ];
        for (name, value) in quantities {
            let curves = treatments.iter().zip(0..).map(|(treatment, series)| {
                let points = curve(results, setting, treatment, source, value);
                Line {
                    series,
                    // A single epoch makes no line.
                    style: if points.len() == 1 {
                        Style::Marked
                    } else {
                        Style::Plain
                    },
                    points,
                }
            });
            let curves: Vec<Line> = curves.collect();
            let places = curves.iter().flat_map(|curve| &curve.points);
            let mut ticks: Vec<f64> = places.map(|point| point.x).collect();
            ticks.sort_unstable_by(f64::total_cmp);
            ticks.dedup();
            let axes = Axes {
                x_title: "epoch".to_string(),
                y_title: name.to_string(),
                ticks,
            };
            panels.extend(lines(&axes, &curves).map(|drawing| Panel {
                title: format!("trained on {source}"),
                drawing,
            }));
        }
    }
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "learning",
        title: "Learning curves".to_string(),
        caption: format!(
            "Cross-entropy on the training images as they were learnt from, and accuracy on the \
             source's selection images, after each epoch. {}",
            errors(results)
        ),
        legend: keys(results, setting, &treatments),
        groups: vec![Group {
            title: String::new(),
            panels,
        }],
    })
}

fn curve(
    results: &Results,
    setting: &Setting,
    treatment: &Method,
    source: &str,
    value: Quantity,
) -> Vec<Point> {
    let mut by_epoch: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let records = results
        .of(setting)
        .filter(|record| record.sources == [source]);
    for record in records.filter(|record| record.method == *treatment) {
        for epoch in record
            .learning
            .iter()
            .filter(|epoch| value(epoch).is_finite())
        {
            by_epoch.entry(epoch.epoch).or_default().push(value(epoch));
        }
    }
    let points = by_epoch.into_iter().filter_map(|(epoch, values)| {
        let y = Estimate::of(&values)?;
        Some(Point { x: epoch as f64, y })
    });
    points.collect()
}
