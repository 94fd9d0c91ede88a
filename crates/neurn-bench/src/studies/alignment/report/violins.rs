//! How RMSE is distributed over the neurons of each group.

use plotters::prelude::*;

use super::results::without_layers;
use super::shown;
use crate::measures::{DensityGrid, kde_iou, paired_costs, rmse_matrix};
use crate::report::figure::ink::{
    Drawing, FINE, GRID, INK, LETTER, decimals, drawing, key, letters, series, tick,
};
use crate::report::figure::ticks::Ticks;
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::statistics::percentile;
use crate::studies::alignment::View;

/// Values of one frontend in one group.
struct Violin {
    row: usize,
    frontend: usize,
    values: Vec<f64>,
}

pub(super) fn figure(view: &View) -> Option<Figure> {
    let single = view.neurons.single.as_ref()?;
    // The mean over layers, neuron by neuron.
    let rmse: Vec<Vec<f64>> = view
        .layers
        .iter()
        .map(|(_, layers)| {
            let mut sums = vec![0.0; single.responses.ncols()];
            for layer in layers {
                let distances = rmse_matrix(
                    single.representations.as_ref(),
                    layer.maps.as_ref(),
                    view.scaling,
                );
                let costs = paired_costs(distances.as_ref(), view.pairing);
                for (sum, cost) in sums.iter_mut().zip(costs) {
                    *sum += cost.unwrap_or(0.0) / layers.len() as f64;
                }
            }
            sums
        })
        .collect();
    let all = view.neurons.groups.iter();
    let shown_groups = without_layers(all.clone().map(|group| group.name.clone()).collect());
    let groups: Vec<_> = all
        .filter(|group| shown_groups.contains(&group.name))
        .collect();
    let mut violins = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        for (frontend, rmse) in rmse.iter().enumerate() {
            violins.push(Violin {
                row,
                frontend,
                values: group.members.iter().map(|&neuron| rmse[neuron]).collect(),
            });
        }
    }
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let keys = view.layers.iter().enumerate();
    Some(Figure {
        id: "violins",
        title: format!(
            "RMSE of single neurons, {}",
            shown(&view.neurons.name, view.neurons.simulated)
        ),
        caption: format!(
            "{}: the distribution over the neurons of each group, each neuron with its mean over \
             layers; the bar is the median. Pairing: {}; scaling: {}.",
            view.label, view.pairing, view.scaling
        ),
        legend: Legend::Keys(
            keys.map(|(place, (name, _))| (key(place), name.clone()))
                .collect(),
        ),
        groups: vec![Group {
            title: String::new(),
            panels: vec![Panel {
                title: String::new(),
                drawing: draw(&names, &violins, view.layers.len()),
            }],
        }],
    })
}

fn draw(names: &[String], violins: &[Violin], frontends: usize) -> Drawing {
    // Each with the curve of its density.
    let curves: Vec<(&Violin, Vec<f64>, Vec<f64>)> = violins
        .iter()
        .map(|violin| {
            let settings = DensityGrid {
                points: 120,
                bandwidths: 2.0,
            };
            let overlap = kde_iou(&violin.values, &violin.values, settings);
            (violin, overlap.grid, overlap.first)
        })
        .collect();
    let ends = || {
        let grids = curves
            .iter()
            .flat_map(|(_, grid, _)| grid.first().into_iter().chain(grid.last()));
        grids
            .chain(violins.iter().flat_map(|violin| &violin.values))
            .copied()
    };
    let low = ends().fold(f64::INFINITY, f64::min);
    let high = ends().fold(f64::NEG_INFINITY, f64::max);
    let air = (0.03 * (high - low)).max(1e-3);
    let range = low - air..high + air;
    let longest = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0) as u32;
    let left = longest * LETTER + 16 * FINE;
    let height = (names.len() as u32 * 40 + 56) * FINE;
    let level = |row: usize| (names.len() - 1 - row) as f64;
    drawing([left + 360 * FINE, height], |surface| {
        let y = Ticks {
            range: -0.6..names.len() as f64 - 0.4,
            ticks: (0..names.len()).map(level).collect(),
        };
        let mut chart = ChartBuilder::on(surface)
            .margin(4 * FINE)
            .margin_right(12 * FINE)
            .x_label_area_size(42 * FINE)
            .y_label_area_size(left)
            .build_cartesian_2d(range.clone(), y)?;
        let decimals = decimals(&range);
        chart
            .configure_mesh()
            .disable_y_mesh()
            .set_all_tick_mark_size(5 * FINE)
            .x_labels(6)
            .x_label_formatter(&|value| tick(*value, decimals))
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(FINE))
            .axis_style(INK.stroke_width(FINE))
            .label_style(letters(INK))
            .axis_desc_style(letters(INK))
            .y_label_formatter(&|level| names[names.len() - 1 - level.round() as usize].clone())
            .x_desc("RMSE")
            .draw()?;
        let room = 0.8 / frontends as f64;
        for (violin, grid, density) in &curves {
            let aside = room * (violin.frontend as f64 - (frontends as f64 - 1.0) / 2.0);
            let middle = level(violin.row) - aside;
            let colour = series(violin.frontend);
            let most = density.iter().copied().fold(0.0, f64::max);
            if most > 0.0 {
                let side = |sign: f64| {
                    let points = grid.iter().zip(density);
                    points.map(move |(&x, &d)| (x, middle + sign * 0.45 * room * d / most))
                };
                let mut outline: Vec<(f64, f64)> = side(1.0).collect();
                outline.extend(side(-1.0).collect::<Vec<_>>().into_iter().rev());
                chart.draw_series([Polygon::new(outline.clone(), colour.mix(0.35).filled())])?;
                outline.push(outline[0]);
                chart.draw_series([PathElement::new(outline, colour.stroke_width(FINE))])?;
            }
            let median = median(&violin.values);
            let bar = vec![(median, middle - 0.4 * room), (median, middle + 0.4 * room)];
            chart.draw_series([PathElement::new(bar, colour.stroke_width(2 * FINE))])?;
        }
        Ok(())
    })
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    percentile(&values, 0.5)
}
