//! The paper's scatter: RMSE of each group without and with a frontend.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::results::{Results, treatments, without_layers};
use super::shown;
use crate::cortex::{Area, Kind};
use crate::report::figure::ink::{
    Drawing, FINE, GRID, INK, LETTER, LETTERS, decimals, drawing, key, letters, marker, series,
    tick,
};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::BASELINE;

/// What a group is, by its name, in the order of the legend.
const SORTS: [&str; 4] = ["area", "genotype", "kind or all", "area and layer"];

struct Point {
    name: String,
    sort: usize,
    without: f64,
    with: f64,
}

pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let frontends = results.frontends(data);
    let mut groups = Vec::new();
    let mut sorts = Vec::new();
    for frontend in treatments(&frontends) {
        let mut panels = Vec::new();
        for subject in results.subjects(data) {
            let layer = results.mean_layer(data, &subject);
            let rmse = |frontend: &str, group: &str| {
                let found = results.find("rmse", data, &subject, frontend, &layer, group);
                found.map(|found| found.value)
            };
            let points: Vec<Point> = without_layers(results.groups(data))
                .into_iter()
                .filter_map(|name| {
                    Some(Point {
                        without: rmse(BASELINE, &name)?,
                        with: rmse(frontend, &name)?,
                        sort: sort(&name),
                        name,
                    })
                })
                .collect();
            if subject.model == "shuffled-pixels" || points.is_empty() {
                continue;
            }
            sorts.extend(points.iter().map(|point| point.sort));
            panels.push(Panel {
                title: subject.label(),
                drawing: draw(&points, frontend),
            });
        }
        if !panels.is_empty() {
            groups.push(Group {
                title: frontend.clone(),
                panels,
            });
        }
    }
    sorts.sort_unstable();
    sorts.dedup();
    (!groups.is_empty()).then(|| Figure {
        id: "scatter",
        title: format!(
            "RMSE without and with, {}",
            shown(data, results.is_simulated(data))
        ),
        caption: "RMSE of each group without (across) and with (up) a frontend, the mean over \
                  layers and seeds. Below the diagonal the frontend brings it nearer."
            .to_string(),
        legend: Legend::Keys(
            sorts
                .iter()
                .map(|&sort| (key(sort), SORTS[sort].to_string()))
                .collect(),
        ),
        groups,
    })
}

fn sort(name: &str) -> usize {
    if name.contains('/') {
        3
    } else if name.parse::<Area>().is_ok() {
        0
    } else if name.parse::<Kind>().is_ok() || name == "all" {
        2
    } else {
        1
    }
}

fn draw(points: &[Point], frontend: &str) -> Drawing {
    let values = || points.iter().flat_map(|point| [point.without, point.with]);
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    let air = (0.08 * (high - low)).max(1e-3);
    let range = low - air..high + air;
    drawing([368 * FINE, 360 * FINE], |surface| {
        let mut chart = ChartBuilder::on(surface)
            .margin(6 * FINE)
            .margin_right(12 * FINE)
            .x_label_area_size(40 * FINE)
            .y_label_area_size(58 * FINE)
            .build_cartesian_2d(range.clone(), range.clone())?;
        let decimals = decimals(&range).max(2);
        let tick = |value: &f64| tick(*value, decimals);
        chart
            .configure_mesh()
            .set_all_tick_mark_size(5 * FINE)
            .x_labels(5)
            .y_labels(5)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(FINE))
            .axis_style(INK.stroke_width(FINE))
            .label_style(letters(INK))
            .axis_desc_style(letters(INK))
            .x_label_formatter(&tick)
            .y_label_formatter(&tick)
            .x_desc("RMSE, none")
            .y_desc(format!("RMSE, {frontend}"))
            .draw()?;
        let ends = vec![(range.start, range.start), (range.end, range.end)];
        chart.draw_series([PathElement::new(ends, INK.stroke_width(FINE))])?;
        let mut written: Vec<(i32, i32)> = Vec::new();
        for point in points {
            let at = chart.backend_coord(&(point.without, point.with));
            marker(surface, point.sort, at)?;
            // The names of areas, where there is room: of all others there would
            // be too many.
            let (wide, high) = (6 * LETTER as i32, LETTERS as i32);
            let free = |&(x, y): &(i32, i32)| (at.0 - x).abs() > wide || (at.1 - y).abs() > high;
            if point.sort == 0 && written.iter().all(free) {
                written.push(at);
                let style = letters(series(0)).pos(Pos::new(HPos::Left, VPos::Center));
                let beside = (at.0 + 7 * FINE as i32, at.1);
                surface.draw(&Text::new(point.name.clone(), beside, &style))?;
            }
        }
        Ok(())
    })
}
