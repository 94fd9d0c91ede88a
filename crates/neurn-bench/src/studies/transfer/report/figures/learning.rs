//! Loss and accuracy against epochs.

use std::collections::BTreeMap;

use super::super::results::{Results, Setting};
use super::{errors, keys, which};
use crate::report::Section;
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Panel};
use crate::statistics::Estimate;
use crate::train::{Epoch, Method};

/// What is drawn of an epoch.
type Quantity = fn(&Epoch) -> f64;

/// A curve of more epochs is thinned.
const POINTS: usize = 16;

/// There is one if the records have learning curves.
pub(in super::super) fn learning(results: &Results, setting: &Setting) -> Option<Section> {
    let shown = results.shown(setting);
    let mut panels = Vec::new();
    for (source, _) in &results.sources {
        let quantities: [(&str, Quantity); 2] = [
            ("training loss", |epoch| epoch.loss),
            ("validation accuracy, %", |epoch| epoch.validation_accuracy),
        ];
        for (name, value) in quantities {
            let curves = shown.iter().zip(0..).map(|(method, series)| {
                let points = curve(results, setting, method, source, value);
                Line {
                    series,
                    // A single epoch makes no line.
                    style: match points.len() {
                        1 => Style::Marked,
                        _ => Style::Plain,
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
    let all = results.methods(setting).len();
    let caption = format!(
        "{}Loss on the training images as they were learnt from, and accuracy on the source's \
         validation images, after each epoch. {}",
        which(&shown, all),
        errors(results)
    );
    let figure = Figure::of("Learning curves", caption, keys(&shown), panels)?;
    Some(Section {
        folded: true,
        ..Section::of_figure(figure)
    })
}

fn curve(
    results: &Results,
    setting: &Setting,
    method: &Method,
    source: &str,
    value: Quantity,
) -> Vec<Point> {
    let mut by_epoch: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for record in results.runs(setting, method, source) {
        let epochs = record.learning.iter();
        for epoch in epochs.filter(|epoch| value(epoch).is_finite()) {
            by_epoch.entry(epoch.epoch).or_default().push(value(epoch));
        }
    }
    let points = by_epoch.into_iter().filter_map(|(epoch, values)| {
        let y = Estimate::of(&values)?;
        Some(Point { x: epoch as f64, y })
    });
    thinned(points.collect())
}

/// At most [`POINTS`], evenly, with the first and the last.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let count = points.len();
    if count <= POINTS {
        return points;
    }
    let places = (0..POINTS).map(|place| place * (count - 1) / (POINTS - 1));
    places.map(|place| points[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_ends() {
        let curve = |count: usize| -> Vec<Point> {
            let y = Estimate::of(&[1.0]).unwrap();
            (1..=count)
                .map(|epoch| Point { x: epoch as f64, y })
                .collect()
        };
        let thin = thinned(curve(1_000));
        assert_eq!(
            (thin.len(), thin[0].x, thin[POINTS - 1].x),
            (POINTS, 1.0, 1_000.0)
        );
        assert_eq!(thinned(curve(POINTS)).len(), POINTS);
    }
}
