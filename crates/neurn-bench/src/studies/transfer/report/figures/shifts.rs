//! Accuracy against the severity of a shift.

use super::super::results::{Results, Setting, Shift};
use super::{errors, keys, which};
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Group, Panel};
use crate::train::Method;

pub(in super::super) fn shifts(results: &Results, setting: &Setting) -> Option<Figure> {
    let shown = results.shown(setting);
    let mut groups = Vec::new();
    for (source, domain, shifts) in results.shifted() {
        let panels = shifts
            .iter()
            .filter_map(|shift| panel(results, setting, &shown, &source, shift));
        groups.push(Group {
            title: format!("trained on {source}, tested on {domain}"),
            panels: panels.collect(),
        });
    }
    let caption = format!(
        "{}Accuracy on test images that are changed more and more; severity 0 is the images as \
         they are. {}",
        which(&shown, results.methods(setting).len()),
        errors(results)
    );
    Figure::of_groups("Accuracy under shifts", caption, keys(&shown), groups)
}

fn panel(
    results: &Results,
    setting: &Setting,
    shown: &[Method],
    source: &str,
    shift: &Shift,
) -> Option<Panel> {
    let severities = shift
        .severities
        .iter()
        .map(|&s| (f64::from(s), shift.test_set(s)));
    let test_sets: Vec<(f64, String)> = [(0.0, shift.domain.clone())]
        .into_iter()
        .chain(severities)
        .collect();
    let of_methods = shown.iter().zip(0..).map(|(method, series)| {
        let points = test_sets.iter().filter_map(|(x, test_set)| {
            let cells = [(source.to_string(), test_set.clone())];
            let y = results.accuracy(setting, method, &cells)?;
            Some(Point { x: *x, y })
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
        ticks: test_sets.iter().map(|(severity, _)| *severity).collect(),
    };
    let drawing = lines(&axes, &of_methods.collect::<Vec<_>>())?;
    Some(Panel {
        title: shift.kind.clone(),
        drawing,
    })
}
