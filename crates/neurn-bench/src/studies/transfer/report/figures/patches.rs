//! Accuracy against the side of the patch.

use crate::studies::distinct;
use neurn_models::MapConfig;

use super::super::results::{Measure, Results, Setting};
use super::errors;
use crate::report::Section;
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Legend, Panel, ink};
use crate::train::Method;

/// There is one if a method was run with several patches.
pub(in super::super) fn patches(results: &Results, setting: &Setting) -> Option<Section> {
    let methods = results.methods(setting);
    let mut families = distinct(
        methods
            .iter()
            .filter_map(|method| Some(of_any_k(method)?.1)),
    );
    let members = |family: &Method| -> Vec<(usize, Method)> {
        let with_k = methods.iter().filter_map(|method| {
            let (k, own) = of_any_k(method)?;
            (own == *family).then(|| (k, method.clone()))
        });
        let mut members: Vec<_> = with_k.collect();
        members.sort_by_key(|(k, _)| *k);
        members
    };
    families.retain(|family| members(family).len() > 1);
    let mut ticks: Vec<usize> = families
        .iter()
        .flat_map(|family| members(family).into_iter().map(|(k, _)| k))
        .collect();
    ticks.sort_unstable();
    ticks.dedup();
    let (first, last) = (*ticks.first()? as f64, *ticks.last()? as f64);
    let panel = |Measure { name, cells }: Measure| {
        let baseline = results.accuracy(setting, &results.baseline(setting), &cells);
        let level = baseline.map(|y| Line {
            series: 0,
            points: [first, last].map(|x| Point { x, y }).to_vec(),
            style: Style::Plain,
        });
        let point = |(k, method): (usize, Method)| {
            let y = results.accuracy(setting, &method, &cells)?;
            Some(Point { x: k as f64, y })
        };
        let of_families = families.iter().zip(1..).map(|(family, series)| Line {
            series,
            points: members(family).into_iter().filter_map(point).collect(),
            style: Style::Marked,
        });
        let axes = Axes {
            x_title: "k, pixels".to_string(),
            y_title: "accuracy, %".to_string(),
            ticks: ticks.iter().map(|&k| k as f64).collect(),
        };
        let all: Vec<Line> = level.into_iter().chain(of_families).collect();
        let drawing = lines(&axes, &all)?;
        Some(Panel {
            title: name,
            drawing,
        })
    };
    let panels: Vec<Panel> = results.measures().into_iter().filter_map(panel).collect();
    let mut keys = vec![(ink::key(0), "none, which has no k".to_string())];
    keys.retain(|_| methods.contains(&results.baseline(setting)));
    keys.extend(
        (1..)
            .zip(&families)
            .map(|(series, family)| (ink::key(series), name(family))),
    );
    let caption = format!(
        "Accuracy of each method that has a patch against the patch's side. {}",
        errors(results)
    );
    let figure = Figure::of("Accuracy against k", caption, Legend::Keys(keys), panels);
    figure.map(Section::of_figure)
}

/// The side of its patch, and the method with a side of 0.
fn of_any_k(method: &Method) -> Option<(usize, Method)> {
    let mut any = method.clone();
    let k = match &mut any.frontend.map {
        MapConfig::NeuRn(config) | MapConfig::WithNeuRn(config) => &mut config.k,
        MapConfig::Sigma(config) => &mut config.k,
        _ => return None,
    };
    let own = std::mem::take(k);
    Some((own, any))
}

/// Without the side.
fn name(family: &Method) -> String {
    let label = family.label();
    label.replace(" (k = 0)", "").replace("k = 0, ", "")
}
