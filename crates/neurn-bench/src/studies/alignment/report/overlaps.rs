//! Densities of neurons' and of their units' activities, one over the other.

use plotters::prelude::*;

use super::Drawn;
use crate::report::figure::ink::{Drawing, FINE, GRID, INK, drawing, key, letters, series, tick};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::artifact::Densities;

pub(super) fn figure(drawn: &Drawn) -> Option<Figure> {
    let groups = drawn.artifact.frontends.iter().map(|views| {
        let panels = views.densities.iter().map(|densities| Panel {
            title: format!(
                "neuron {}, unit {}: IoU {:.2}",
                densities.neuron, densities.unit, densities.iou
            ),
            drawing: draw(densities),
        });
        Group {
            title: format!("{}, {}", views.frontend, views.last),
            panels: panels.collect(),
        }
    });
    let groups: Vec<Group> = groups.filter(|group| !group.panels.is_empty()).collect();
    (!groups.is_empty()).then(|| Figure {
        title: format!("Densities of activity, {}", drawn.data()),
        caption: format!(
            "{}: densities over scenes of a neuron's responses and of the activation of the unit \
             that it is paired with, both scaled to 0 to 1. Shown are the neurons that go best \
             with a unit of the last layer behind {}.",
            drawn.record.job.network.label(),
            drawn.artifact.frontends[0].frontend
        ),
        legend: Legend::Keys(vec![
            (key(0), "neuron".to_string()),
            (key(1), "unit".to_string()),
        ]),
        groups,
    })
}

fn draw(densities: &Densities) -> Drawing {
    let (low, high) = (-0.25, 1.25);
    let curves = &densities.curves;
    let most = curves.iter().flatten().copied().fold(1e-9_f32, f32::max);
    let [first, last] = densities.ends.map(f64::from);
    drawing([260 * FINE, 200 * FINE], |surface| {
        let mut chart = ChartBuilder::on(surface)
            .margin(6 * FINE)
            .margin_right(14 * FINE)
            .x_label_area_size(40 * FINE)
            .y_label_area_size(20 * FINE)
            .build_cartesian_2d(low..high, 0.0..1.05 * f64::from(most))?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .set_all_tick_mark_size(5 * FINE)
            .x_labels(5)
            .y_labels(0)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(FINE))
            .axis_style(INK.stroke_width(FINE))
            .label_style(letters(INK))
            .axis_desc_style(letters(INK))
            .x_label_formatter(&|value| tick(*value, 1))
            .x_desc("activity")
            .y_desc("density")
            .draw()?;
        for (place, curve) in curves.iter().enumerate() {
            let step = (last - first) / (curve.len() - 1) as f64;
            let points = (0..).zip(curve);
            let points = points.map(|(at, &y)| (first + step * f64::from(at), f64::from(y)));
            let points: Vec<(f64, f64)> =
                points.filter(|(x, _)| (low..=high).contains(x)).collect();
            let colour = series(place);
            let mut area = points.clone();
            area.extend([(high, 0.0), (low, 0.0)]);
            chart.draw_series([Polygon::new(area, colour.mix(0.2).filled())])?;
            chart.draw_series([PathElement::new(points, colour.stroke_width(2 * FINE))])?;
        }
        Ok(())
    })
}
