//! Densities of neurons' and of their units' activities, one over the other.

use super::Drawn;
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::statistics::Estimate;
use crate::studies::alignment::artifact::Densities;

/// Activity is scaled to 0 to 1; a density reaches a little beyond.
const TICKS: [f64; 7] = [-0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25];

/// How far the drawn lines may be from a curve, in parts of the highest density: less
/// than a pixel.
const TOLERANCE: f64 = 0.003;

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
    let highest = densities.curves.iter().flatten().copied();
    let highest = f64::from(highest.fold(0.0, f32::max));
    let curves = densities.curves.iter().enumerate();
    let curves = curves.map(|(series, curve)| {
        let step = (last - first) / (curve.len() - 1) as f64;
        let points = (0..).zip(curve);
        let points = points.map(|(at, &y)| (first + step * f64::from(at), f64::from(y)));
        let shown = points.filter(|(x, _)| (TICKS[0]..=TICKS[6]).contains(x));
        let points = simplified(&shown.collect::<Vec<_>>(), TOLERANCE * highest);
        let points = points.into_iter().filter_map(|(x, y)| {
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

/// Some of the points, so that straight lines between them are as near to all others as
/// this: each as far from the one before as such a line reaches.
fn simplified(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];
    let mut kept = Vec::from_iter(points.first().copied());
    let [mut least, mut most] = ANY;
    for (&point, next) in points.iter().zip(points.iter().skip(1)) {
        let start = kept[kept.len() - 1];
        let slope = |x: f64, y: f64| (y - start.1) / (x - start.0);
        if point != start {
            least = least.max(slope(point.0, point.1 - tolerance));
            most = most.min(slope(point.0, point.1 + tolerance));
        }
        if !(least..=most).contains(&slope(next.0, next.1)) {
            kept.push(point);
            [least, most] = ANY;
        }
    }
    kept.extend(points.last());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_peak_and_loses_what_lies_between() {
        let points: Vec<(f64, f64)> = (0..100)
            .map(|x| {
                (
                    f64::from(x),
                    if x == 40 {
                        3.0
                    } else {
                        0.001 * f64::from(x % 2)
                    },
                )
            })
            .collect();
        let kept = simplified(&points, 0.01);
        let places: Vec<f64> = kept.iter().map(|point| point.0).collect();
        assert_eq!(places, [0.0, 39.0, 40.0, 41.0, 99.0]);
    }
}
