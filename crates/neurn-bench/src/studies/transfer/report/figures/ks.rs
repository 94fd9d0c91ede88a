//! Accuracy against the side of the patch.

use super::super::results::{Measure, Results, distinct};
use super::super::treatment::Setting;
use super::errors;
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Group, Legend, Panel, ink};
use crate::train::Method;

/// There is one if a frontend was run with several patches.
pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let treatments = results.treatments(setting);
    let without_k = |treatment: &Method| treatment.with_patch(3);
    let mut families = distinct(treatments.iter().map(without_k));
    let members = |family: &Method| -> Vec<(usize, &Method)> {
        let of_family = treatments.iter().filter(|t| without_k(t) == *family);
        let mut members: Vec<_> = of_family.filter_map(|t| Some((t.patch()?, t))).collect();
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
        let baseline = results.accuracy(setting, &Method::default(), &cells);
        let level = baseline.map(|y| Line {
            series: 0,
            points: [first, last].map(|x| Point { x, y }).to_vec(),
            style: Style::Plain,
        });
        let of_families = families.iter().zip(1..).map(|(family, series)| Line {
            series,
            points: members(family)
                .into_iter()
                .filter_map(|(k, treatment)| {
                    let y = results.accuracy(setting, treatment, &cells)?;
                    Some(Point { x: k as f64, y })
                })
                .collect(),
            style: Style::Marked,
        });
        let axes = Axes {
            x_title: "k, pixels".to_string(),
            y_title: "accuracy, %".to_string(),
            ticks: ticks.iter().map(|&k| k as f64).collect(),
        };
        let all: Vec<Line> = level.into_iter().chain(of_families).collect();
        lines(&axes, &all).map(|drawing| Panel {
            title: name,
            drawing,
        })
    };
    let panels: Vec<Panel> = results.measures().into_iter().filter_map(panel).collect();
    if panels.is_empty() {
        return None;
    }
    let mut keys = Vec::new();
    if treatments.contains(&Method::default()) {
        keys.push((ink::key(0), "none, which has no k".to_string()));
    }
    let of_families = families.iter().zip(1..);
    keys.extend(of_families.map(|(family, series)| (ink::key(series), family.label())));
    Some(Figure {
        id: "patches",
        title: "Accuracy against k".to_string(),
        caption: format!(
            "Accuracy of each frontend that has a patch against the patch's side. {}",
            errors(results)
        ),
        legend: Legend::Keys(keys),
        groups: vec![Group {
            title: String::new(),
            panels,
        }],
    })
}
