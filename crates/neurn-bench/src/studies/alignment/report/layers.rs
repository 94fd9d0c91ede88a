//! RSA along the layers of each network.

use super::results::{Results, Subject};
use super::shown;
use crate::report::figure::lines::{Axes, Line, Point, Style, lines};
use crate::report::figure::{Figure, Legend, Panel};
use crate::statistics::Estimate;
use crate::studies::alignment::Measure;

pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let frontends = results.frontends(data);
    let group = results.mean_group(data);
    let panel = |subject: &Subject| -> Option<Panel> {
        let layers = results.layers(data, subject);
        if layers.len() < 2 {
            return None;
        }
        let line = |(series, frontend): (usize, &String)| {
            let points = layers.iter().enumerate().filter_map(|(place, layer)| {
                let key = [frontend.as_str(), layer, &group];
                let found = results.find(Measure::Rsa, data, subject, key)?;
                Some(Point {
                    x: (place + 1) as f64,
                    y: Estimate::of(&[found.value])?,
                })
            });
            Line {
                series,
                points: points.collect(),
                style: Style::Marked,
            }
        };
        let axes = Axes {
            x_title: "layer, from the first".to_string(),
            y_title: "RSA".to_string(),
            ticks: (1..=layers.len()).map(|place| place as f64).collect(),
        };
        let curves: Vec<Line> = frontends.iter().enumerate().map(line).collect();
        Some(Panel {
            title: subject.label(),
            drawing: lines(&axes, &curves)?,
        })
    };
    let subjects = results.subjects(data);
    // Untrained ones stand in the tables.
    let trained = subjects
        .iter()
        .filter(|subject| subject.origin.is_trained());
    let mut panels: Vec<Panel> = trained.filter_map(panel).collect();
    if panels.is_empty() {
        panels = subjects.iter().filter_map(panel).collect();
    }
    let title = format!("RSA by layer, {}", shown(data, results.is_simulated(data)));
    let caption = "Spearman's correlation of RDMs, the mean over groups and seeds.".to_string();
    Figure::of(&title, caption, Legend::of_series(frontends), panels)
}
