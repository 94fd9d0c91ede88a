//! Accuracy against the layer that a frontend follows.

use super::super::results::{Results, Setting};
use super::super::tables::{anywhere, layered, place};
use super::errors;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::{Figure, Legend, Panel, ink};
use crate::studies::distinct;

/// There is one if a frontend follows a layer.
pub(in super::super) fn layers(results: &Results, setting: &Setting) -> Option<Figure> {
    let methods = layered(results, setting);
    let families = distinct(methods.iter().map(anywhere));
    let places = distinct(methods.iter().map(|t| place(t).to_string()));
    let mut panels = Vec::new();
    for measure in results.measures() {
        let mut all = Vec::new();
        for method in &methods {
            let Some(accuracy) = results.accuracy(setting, method, &measure.cells) else {
                continue;
            };
            let position = |of: Option<usize>| of.unwrap_or(0);
            let own = anywhere(method);
            all.push(Dot {
                row: position(places.iter().position(|name| *name == place(method))),
                series: 1 + position(families.iter().position(|family| *family == own)),
                value: accuracy.mean,
                bar: accuracy
                    .standard_error
                    .map(|error| [accuracy.mean - error, accuracy.mean + error]),
            });
        }
        let baseline = results.accuracy(setting, &results.baseline(setting), &measure.cells);
        let line = baseline.map(|accuracy| accuracy.mean);
        panels.extend(
            dots(&places, &all, "accuracy, %", line, 0.5).map(|drawing| Panel {
                title: measure.name,
                drawing,
            }),
        );
    }
    let keys = families.iter().zip(1..);
    let keys = keys.map(|(family, series)| (ink::key(series), family.label()));
    let caption = format!(
        "Accuracy by what comes before the frontend, from the image to the last layer; the \
         upright line is none. {}",
        errors(results)
    );
    let legend = Legend::Keys(keys.collect());
    Figure::of("Accuracy by layer", caption, legend, panels)
}
