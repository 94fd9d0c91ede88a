//! Densities of neurons' and of their units' activities, one over the other.

use plotters::prelude::*;

use super::shown;
use crate::measures::{
    DensityGrid, DensityOverlap, Pairing, Scaling, correlation_cost, kde_iou, pair,
};
use crate::report::figure::ink::{Drawing, FINE, GRID, INK, drawing, key, letters, series, tick};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::View;

/// Neurons that are shown.
const SHOWN: usize = 4;

pub(super) fn figure(view: &View) -> Option<Figure> {
    let single = view.neurons.single.as_ref()?;
    let (_, first) = view.layers.first()?;
    // The neurons that a unit of the last layer goes with most.
    let last = first.last()?;
    let cost = correlation_cost(single.responses.as_ref(), last.activations.as_ref());
    let mut pairs = pair(cost.as_ref(), Pairing::Nearest);
    pairs.retain(|(neuron, _)| !single.silent[*neuron]);
    pairs.sort_by(|a, b| cost[*a].total_cmp(&cost[*b]));
    let neurons: Vec<usize> = pairs
        .iter()
        .take(SHOWN)
        .map(|(neuron, _)| *neuron)
        .collect();
    let scaled = |column: &[f64]| Scaling::MinMax.apply(column);
    let groups = view.layers.iter().map(|(frontend, layers)| {
        let layer = layers.last()?;
        let cost = correlation_cost(single.responses.as_ref(), layer.activations.as_ref());
        let pairs = pair(cost.as_ref(), Pairing::Nearest);
        let panels = neurons.iter().map(|&neuron| {
            let unit = pairs.iter().find(|(other, _)| *other == neuron)?.1;
            let overlap = kde_iou(
                &scaled(single.responses.col_as_slice(neuron)),
                &scaled(layer.activations.col_as_slice(unit)),
                DensityGrid::default(),
            );
            Some(Panel {
                title: format!("neuron {neuron}, unit {unit}: IoU {:.2}", overlap.iou),
                drawing: draw(&overlap),
            })
        });
        Some(Group {
            title: format!("{frontend}, {}", layer.name),
            panels: panels.flatten().collect(),
        })
    });
    Some(Figure {
        title: format!(
            "Densities of activity, {}",
            shown(&view.neurons.name, view.neurons.simulated)
        ),
        caption: format!(
            "{}: densities over scenes of a neuron's responses and of the activation of the unit \
             that goes with it most, both scaled to 0 to 1. Shown are the neurons that have the \
             nearest units behind {}.",
            view.label, view.layers[0].0
        ),
        legend: Legend::Keys(vec![
            (key(0), "neuron".to_string()),
            (key(1), "unit".to_string()),
        ]),
        groups: groups.flatten().collect(),
    })
}

fn draw(overlap: &DensityOverlap) -> Drawing {
    let (low, high) = (-0.25, 1.25);
    let curves = [&overlap.first, &overlap.second];
    let most = curves.into_iter().flatten().copied().fold(1e-9, f64::max);
    drawing([260 * FINE, 200 * FINE], |surface| {
        let mut chart = ChartBuilder::on(surface)
            .margin(6 * FINE)
            .margin_right(14 * FINE)
            .x_label_area_size(40 * FINE)
            .y_label_area_size(20 * FINE)
            .build_cartesian_2d(low..high, 0.0..1.05 * most)?;
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
        for (place, curve) in curves.into_iter().enumerate() {
            let points = overlap.grid.iter().copied().zip(curve.iter().copied());
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
