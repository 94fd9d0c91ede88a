//! Lines with error bars over a horizontal axis.

use plotters::prelude::*;
use std::ops::Range;

use super::ink::{Drawing, FINE, GRID, INK, decimals, drawing, letters, marker, series, tick};
use super::ticks::Ticks;
use crate::statistics::Estimate;

/// A mean over seeds at a place of the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: Estimate,
}

/// Points in order, in the colour of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) series: usize,
    pub(crate) points: Vec<Point>,
    pub(crate) style: Style,
}

/// What is drawn besides a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Style {
    Plain,
    /// Its points are places that something was measured at.
    Marked,
    /// The area between it and nought, as under a density.
    Filled,
}

/// What the lines are drawn over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axes {
    pub(crate) x_title: String,
    pub(crate) y_title: String,
    /// Places of the horizontal axis that may be labelled, in order; the first and
    /// the last are its ends.
    pub(crate) ticks: Vec<f64>,
}

impl Axes {
    /// At most eight, evenly thinned.
    fn labelled(&self) -> Vec<f64> {
        let step = self.ticks.len().div_ceil(8).max(1);
        self.ticks.iter().step_by(step).copied().collect()
    }

    /// Of the labels: as few as say where each is, up to four.
    fn decimals(&self) -> usize {
        let say = |decimals: &i32| {
            let parts = self.ticks.iter().map(|tick| tick * 10_f64.powi(*decimals));
            parts
                .into_iter()
                .all(|part| (part - part.round()).abs() < 1e-6)
        };
        (0..4).find(say).unwrap_or(4) as usize
    }

    fn range(&self) -> Range<f64> {
        let (first, last) = (self.ticks.first(), self.ticks.last());
        let first = first.copied().unwrap_or(0.0);
        let last = last.copied().unwrap_or(0.0);
        let air = match last > first {
            true => 0.04 * (last - first),
            false => 0.5,
        };
        first - air..last + air
    }
}

/// Draws them; `None` without a point.
pub(crate) fn lines(axes: &Axes, lines: &[Line]) -> Option<Drawing> {
    let range = vertical(lines)?;
    Some(drawing([368 * FINE, 264 * FINE], |surface| {
        let x = Ticks {
            range: axes.range(),
            ticks: axes.labelled(),
        };
        let mut chart = ChartBuilder::on(surface)
            .margin(6 * FINE)
            .margin_right(12 * FINE)
            .x_label_area_size(40 * FINE)
            .y_label_area_size(54 * FINE)
            .build_cartesian_2d(x, range.clone())?;
        let decimals = decimals(&range);
        let places = axes.decimals();
        chart
            .configure_mesh()
            .disable_x_mesh()
            .set_all_tick_mark_size(5 * FINE)
            .y_labels(6)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(FINE))
            .axis_style(INK.stroke_width(FINE))
            .label_style(letters(INK))
            .axis_desc_style(letters(INK))
            .x_label_formatter(&|place| tick(*place, places))
            .y_label_formatter(&|value| tick(*value, decimals))
            .x_desc(&axes.x_title)
            .y_desc(&axes.y_title)
            .draw()?;
        for line in lines {
            let style = series(line.series).stroke_width(2 * FINE);
            let points = line.points.iter().map(|point| (point.x, point.y.mean));
            let points: Vec<(f64, f64)> = points.collect();
            if let (Style::Filled, [first, .., last]) = (line.style, points.as_slice()) {
                let mut area = points.clone();
                area.extend([(last.0, 0.0), (first.0, 0.0)]);
                let fill = series(line.series).mix(0.2).filled();
                chart.draw_series([Polygon::new(area, fill)])?;
            }
            chart.draw_series([PathElement::new(points, style)])?;
            for Point { x, y } in &line.points {
                if let Some(error) = y.standard_error {
                    let bar = vec![(*x, y.mean - error), (*x, y.mean + error)];
                    chart.draw_series([PathElement::new(bar, style)])?;
                }
            }
            let marked = line.points.iter().filter(|_| line.style == Style::Marked);
            for Point { x, y } in marked {
                marker(surface, line.series, chart.backend_coord(&(*x, y.mean)))?;
            }
        }
        Ok(())
    }))
}

/// What all points and their bars take, with air.
fn vertical(lines: &[Line]) -> Option<Range<f64>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let error = |point: &Point| point.y.standard_error.unwrap_or(0.0);
    let low = points().map(|p| p.y.mean - error(p)).reduce(f64::min)?;
    let filled = lines.iter().any(|line| line.style == Style::Filled);
    let low = if filled { low.min(0.0) } else { low };
    let high = points().map(|p| p.y.mean + error(p)).reduce(f64::max)?;
    let air = (0.06 * (high - low)).max(0.05);
    Some(low - air..high + air)
}
