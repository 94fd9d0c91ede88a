//! How values are distributed: a violin for each sample, beside names.

use plotters::prelude::*;

use super::ink::{
    Drawing, FINE, GRID, INK, LETTER, decimals, drawing, letters, room_of, series, tick,
};
use super::ticks::Ticks;
use crate::measures::density::{bandwidth, density as kernel_density};
use crate::statistics::percentile;

/// Points of a violin's outline on one side. The page holds them all.
const POINTS: usize = 48;

/// A sample in a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Violin {
    pub(crate) row: usize,
    pub(crate) series: usize,
    pub(crate) values: Vec<f64>,
}

/// Draws them, each with a bar at its median; `None` without a value. A sample
/// of equal values has no density, and is its bar alone.
///
/// # Panics
///
/// If a value is not a number, or a row has no name.
pub(crate) fn violins(names: &[String], violins: &[Violin], axis: &str) -> Option<Drawing> {
    let curves: Vec<(&Violin, Vec<(f64, f64)>)> = violins
        .iter()
        .filter(|violin| !violin.values.is_empty())
        .map(|violin| (violin, density(&violin.values)))
        .collect();
    let ends = || {
        curves.iter().flat_map(|(violin, curve)| {
            let of_curve = curve.iter().map(|(x, _)| *x);
            of_curve.chain(violin.values.iter().copied())
        })
    };
    let (low, high) = (ends().reduce(f64::min)?, ends().reduce(f64::max)?);
    let air = (0.03 * (high - low)).max(1e-3);
    let range = low - air..high + air;
    let left = room_of(names) * LETTER + 16 * FINE;
    let height = (names.len() as u32 * 40 + 56) * FINE;
    let level = |row: usize| (names.len() - 1 - row) as f64;
    let most = violins.iter().map(|violin| violin.series).max()?;
    let room = 0.8 / (most + 1) as f64;
    Some(drawing([left + 360 * FINE, height], |surface| {
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
            .x_desc(axis)
            .draw()?;
        for (violin, curve) in &curves {
            let aside = room * (violin.series as f64 - most as f64 / 2.0);
            let middle = level(violin.row) - aside;
            let colour = series(violin.series);
            let widest = curve.iter().map(|(_, d)| *d).fold(0.0, f64::max);
            if widest > 0.0 {
                let side = |sign: f64| {
                    let points = curve.iter();
                    points.map(move |(x, d)| (*x, middle + sign * 0.45 * room * d / widest))
                };
                let mut outline: Vec<(f64, f64)> = side(1.0).collect();
                outline.extend(side(-1.0).rev());
                chart.draw_series([Polygon::new(outline, colour.mix(0.45).filled())])?;
            }
            let median = median(&violin.values);
            let bar = vec![(median, middle - 0.4 * room), (median, middle + 0.4 * room)];
            chart.draw_series([PathElement::new(bar, colour.stroke_width(2 * FINE))])?;
        }
        Ok(())
    }))
}

/// The density of a sample by a Gaussian kernel of Scott's bandwidth,
/// `s n^(-1/5)`, from two bandwidths below it to two above it.
/// Empty of equal values.
fn density(values: &[f64]) -> Vec<(f64, f64)> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let wide_enough = |bandwidth: &f64| *bandwidth > 1e-9 * mean.abs();
    let Some(bandwidth) = bandwidth(values).filter(wide_enough) else {
        return Vec::new();
    };
    let low = values.iter().copied().fold(f64::INFINITY, f64::min) - 2.0 * bandwidth;
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 2.0 * bandwidth;
    let at = |point: usize| low + (high - low) * point as f64 / (POINTS - 1) as f64;
    let places: Vec<f64> = (0..POINTS).map(at).collect();
    let density = kernel_density(values, &places);
    places.into_iter().zip(density).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    percentile(&values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_is_symmetric_where_the_values_are() {
        let curve = density(&[-2.0, -1.0, 0.0, 1.0, 2.0]);
        assert_eq!(curve.len(), POINTS);
        for (left, right) in curve.iter().zip(curve.iter().rev()) {
            assert!((left.0 + right.0).abs() < 1e-12 && (left.1 - right.1).abs() < 1e-12);
        }
    }

    #[test]
    fn equal_values_are_a_bar() {
        assert!(density(&[0.1; 7]).is_empty() && density(&[3.0]).is_empty());
        let constant = Violin {
            row: 0,
            series: 1,
            values: vec![0.1; 7],
        };
        let names = ["all".to_string()];
        let drawn = violins(&names, &[constant], "RMSE").expect("a drawing");
        assert!(!drawn.svg.contains("<polygon") && !drawn.svg.contains("NaN"));
        assert_eq!(violins(&names, &[], "RMSE"), None);
    }
}
