//! Densities of neurons' and of their units' activities, one over the other.

use super::Drawn;
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::statistics::Estimate;
use crate::studies::alignment::artifact::Densities;

/// Activity is scaled to 0 to 1; a density reaches a little beyond.
const TICKS: [f64; 7] = [-0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25];

/// At most so many points of a curve are drawn: a segment is a few pixels wide.
const POINTS: usize = 40;

pub(super) fn figure(drawn: &Drawn) -> Option<Figure> {
    let groups = drawn.artifact.frontends.iter().map(|views| Group {
        title: format!("{}, {}", views.frontend, views.last),
        panels: views.densities.iter().filter_map(panel).collect(),
    });
    let title = format!("Densities of activity, {}", drawn.data());
    let caption = format!(
        "{}: densities over scenes of a neuron's responses and of the activation of the unit that \
         it is paired with, both scaled to 0 to 1. Shown are the neurons that go best with a unit \
         of the last layer behind {}.",
        drawn.record.job.network.label(),
        drawn.artifact.frontends[0].frontend
    );
    let legend = Legend::of_series(["neuron", "unit"].map(str::to_string));
    Figure::of_groups(&title, caption, legend, groups.collect())
}

fn panel(densities: &Densities) -> Option<Panel> {
    let [first, last] = densities.ends.map(f64::from);
    let curves = densities.curves.iter().enumerate();
    let curves = curves.map(|(series, curve)| {
        let step = (last - first) / (curve.len() - 1) as f64;
        let points = (0..).zip(curve);
        let points = points.map(|(at, &y)| (first + step * f64::from(at), f64::from(y)));
        let shown = points.filter(|(x, _)| (TICKS[0]..=TICKS[6]).contains(x));
        let shown: Vec<(f64, f64)> = shown.collect();
        // Of each part its highest point, so that no peak is lost.
        let parts = shown.chunks(shown.len().div_ceil(POINTS).max(1));
        let points = parts.filter_map(|part| {
            let (x, y) = *part.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            let y = Estimate::of(&[y])?;
            Some(Point { x, y })
        });
        Line {
            series,
            points: points.collect(),
            style: Style::Filled,
        }
    });
    let axes = Axes {
        x_title: "activity".to_string(),
        y_title: "density".to_string(),
        ticks: TICKS.to_vec(),
    };
    Some(Panel {
        title: format!(
            "neuron {}, unit {}: IoU {:.2}",
            densities.neuron, densities.unit, densities.iou
        ),
        drawing: lines(&axes, &curves.collect::<Vec<_>>())?,
    })
}
