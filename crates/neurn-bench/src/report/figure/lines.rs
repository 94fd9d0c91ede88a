//! Lines with error bars over a horizontal axis.

use plotters::prelude::*;
use std::ops::Range;

use super::ink::{Drawing, FINE, GRID, INK, decimals, drawing, letters, marker, series};
use super::ticks::Ticks;
use crate::report::value::typeset;
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
    /// Whether its points are places that something was measured at.
    pub(crate) marked: bool,
}

/// What the lines are drawn over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axes {
    pub(crate) x_title: String,
    pub(crate) y_title: String,
    /// Whole numbers that were measured at, in order.
    pub(crate) ticks: Vec<usize>,
}

impl Axes {
    /// At most eight, evenly thinned.
    fn labelled(&self) -> Vec<f64> {
        let step = self.ticks.len().div_ceil(8);
        self.ticks
            .iter()
            .step_by(step)
            .map(|&tick| tick as f64)
            .collect()
    }

    fn range(&self) -> Range<f64> {
        let (first, last) = (self.ticks.first(), self.ticks.last());
        let first = first.copied().unwrap_or(0) as f64;
        let last = last.copied().unwrap_or(0) as f64;
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
            .x_label_formatter(&|place| format!("{place:.0}"))
            .y_label_formatter(&|value| typeset(&format!("{value:.decimals$}")))
            .x_desc(&axes.x_title)
            .y_desc(&axes.y_title)
            .draw()?;
        for line in lines {
            let style = series(line.series).stroke_width(2 * FINE);
            let points = line.points.iter().map(|point| (point.x, point.y.mean));
            chart.draw_series([PathElement::new(points.collect::<Vec<_>>(), style)])?;
            for Point { x, y } in &line.points {
                if let Some(error) = y.standard_error {
                    let bar = vec![(*x, y.mean - error), (*x, y.mean + error)];
                    chart.draw_series([PathElement::new(bar, style)])?;
                }
                if line.marked {
                    marker(surface, line.series, chart.backend_coord(&(*x, y.mean)))?;
                }
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
    let high = points().map(|p| p.y.mean + error(p)).reduce(f64::max)?;
    let air = (0.06 * (high - low)).max(0.05);
    Some(low - air..high + air)
}
