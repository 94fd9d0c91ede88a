//! Accuracy against the layer that a frontend follows.

use super::super::results::{Results, distinct};
use super::super::tables::{anywhere, layered, place};
use super::super::treatment::Setting;
use super::errors;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::{Figure, Group, Legend, Panel, ink};
use crate::train::Method;

/// There is one if a frontend follows a layer.
pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let treatments = layered(results, setting);
    let families = distinct(treatments.iter().map(anywhere));
    let places = distinct(treatments.iter().map(|t| place(t).to_string()));
    let mut panels = Vec::new();
    for measure in results.measures() {
        let mut all = Vec::new();
        for treatment in &treatments {
            let Some(accuracy) = results.accuracy(setting, treatment, &measure.cells) else {
                continue;
            };
            let position = |of: Option<usize>| of.unwrap_or(0);
            all.push(Dot {
                row: position(places.iter().position(|name| *name == place(treatment))),
                series: 1 + position(families.iter().position(|f| *f == anywhere(treatment))),
                value: accuracy.mean,
                bar: accuracy
                    .standard_error
                    .map(|error| [accuracy.mean - error, accuracy.mean + error]),
            });
        }
        let baseline = results.accuracy(setting, &Method::default(), &measure.cells);
        let line = baseline.map(|accuracy| accuracy.mean);
        panels.extend(
            dots(&places, &all, "accuracy, %", line, 0.5).map(|drawing| Panel {
                title: measure.name,
                drawing,
            }),
        );
    }
    if panels.is_empty() {
        return None;
    }
    let keys = families.iter().zip(1..);
    let keys = keys.map(|(family, series)| (ink::key(series), family.label()));
    Some(Figure {
        id: "layers",
        title: "Accuracy by layer".to_string(),
        caption: format!(
            "Accuracy by what comes before the frontend, from the image to the last layer; the \
             upright line is none. {}",
            errors(results)
        ),
        legend: Legend::Keys(keys.collect()),
        groups: vec![Group {
            title: String::new(),
            panels,
        }],
    })
}
