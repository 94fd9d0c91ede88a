//! Dots with error bars beside names: one row each.

use plotters::prelude::*;

use super::ink::{
    Drawing, FINE, GRID, INK, LETTER, decimals, drawing, letters, marker, room_of, series, tick,
};
use super::ticks::Ticks;

/// A dot in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) row: usize,
    pub(crate) series: usize,
    pub(crate) value: f64,
    /// Ends of the bar.
    pub(crate) bar: Option<[f64; 2]>,
}

/// Draws them; `None` without a dot. `line` is a value to compare with; the axis
/// reaches at least `air` beyond the ends.
pub(crate) fn dots(
    names: &[String],
    dots: &[Dot],
    title: &str,
    line: Option<f64>,
    air: f64,
) -> Option<Drawing> {
    let ends = dots
        .iter()
        .flat_map(|dot| dot.bar.unwrap_or([dot.value; 2]));
    let ends = || {
        ends.clone()
            .chain(dots.iter().map(|dot| dot.value))
            .chain(line)
    };
    let (low, high) = (ends().reduce(f64::min)?, ends().reduce(f64::max)?);
    if dots.is_empty() {
        return None;
    }
    let air = (0.06 * (high - low)).max(air);
    let range = low - air..high + air;
    let decimals = decimals(&range);
    let left = room_of(names) * LETTER + 16 * FINE;
    let (width, height) = (
        left + 330 * FINE,
        names.len() as u32 * 26 * FINE + 56 * FINE,
    );
    // From the top, with room for several series in a row.
    let level = |row: usize| (names.len() - 1 - row) as f64;
    let mut together: Vec<usize> = dots.iter().map(|dot| dot.series).collect();
    together.sort_unstable();
    together.dedup();
    let aside = |series: usize| {
        let place = together
            .iter()
            .position(|&other| other == series)
            .unwrap_or(0);
        0.6 * ((place as f64 + 0.5) / together.len() as f64 - 0.5)
    };
    Some(drawing([width, height], |surface| {
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
        chart
            .configure_mesh()
            .disable_y_mesh()
            .set_all_tick_mark_size(5 * FINE)
            .x_label_formatter(&|value| tick(*value, decimals))
            .x_labels(7)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(FINE))
            .axis_style(INK.stroke_width(FINE))
            .label_style(letters(INK))
            .axis_desc_style(letters(INK))
            .y_label_formatter(&|level| {
                let row = names.len() - 1 - level.round() as usize;
                names[row].clone()
            })
            .x_desc(title)
            .draw()?;
        if let Some(value) = line {
            let ends = vec![(value, -0.6), (value, names.len() as f64 - 0.4)];
            chart.draw_series([PathElement::new(ends, INK.stroke_width(FINE))])?;
        }
        for dot in dots {
            let level = level(dot.row) - aside(dot.series);
            if let Some([low, high]) = dot.bar {
                let bar = vec![(low, level), (high, level)];
                let style = series(dot.series).stroke_width(2 * FINE);
                chart.draw_series([PathElement::new(bar, style)])?;
            }
            marker(
                surface,
                dot.series,
                chart.backend_coord(&(dot.value, level)),
            )?;
        }
        Ok(())
    }))
}
