//! Pairs of numbers as points, with the diagonal on which they are equal.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ink::{
    Drawing, FINE, GRID, INK, LETTER, LETTERS, decimals, drawing, letters, marker, series, tick,
};

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) series: usize,
    /// Stands beside it where there is room; empty of one without.
    pub(crate) name: String,
}

/// Draws them over two axes of one range; `None` without a point. `titles` are
/// those of the horizontal and of the vertical axis.
pub(crate) fn scatter(points: &[Point], titles: [&str; 2]) -> Option<Drawing> {
    let values = || points.iter().flat_map(|point| [point.x, point.y]);
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    let air = (0.08 * (high - low)).max(1e-3);
    let range = low - air..high + air;
    Some(drawing([368 * FINE, 360 * FINE], |surface| {
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
            .x_desc(titles[0])
            .y_desc(titles[1])
            .draw()?;
        let ends = vec![(range.start, range.start), (range.end, range.end)];
        chart.draw_series([PathElement::new(ends, INK.stroke_width(FINE))])?;
        let mut written: Vec<(i32, i32)> = Vec::new();
        for point in points {
            let at = chart.backend_coord(&(point.x, point.y));
            marker(surface, point.series, at)?;
            let (wide, high) = (6 * LETTER as i32, LETTERS as i32);
            let free = |&(x, y): &(i32, i32)| (at.0 - x).abs() > wide || (at.1 - y).abs() > high;
            if !point.name.is_empty() && written.iter().all(free) {
                written.push(at);
                let style = letters(series(point.series)).pos(Pos::new(HPos::Left, VPos::Center));
                let beside = (at.0 + 7 * FINE as i32, at.1);
                surface.draw(&Text::new(point.name.clone(), beside, &style))?;
            }
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_where_there_is_room() {
        let point = |x: f64, name: &str| Point {
            x,
            y: x,
            series: 1,
            name: name.to_string(),
        };
        let points = [
            point(0.0, "V1"),
            point(0.001, "LM"),
            point(1.0, "AL"),
            point(0.5, ""),
        ];
        let svg = scatter(&points, ["RMSE, none", "RMSE, NeuRN"]).unwrap().svg;
        assert_eq!(svg.matches("h0").count(), 4);
        assert!(svg.contains("V1") && svg.contains("AL") && !svg.contains("LM"));
        assert_eq!(scatter(&[], ["", ""]), None);
    }
}
