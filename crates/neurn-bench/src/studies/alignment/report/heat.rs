//! The heat map of RSA: groups by layers, with ceilings.

use super::results::{Results, Subject};
use super::shown;
use crate::report::figure::ink::{MORE, scale, tint};
use crate::report::figure::tiles::{Tile, Tiles};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::report::value::typeset;

pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let groups = results.groups(data);
    let subjects: Vec<Subject> = results
        .subjects(data)
        .into_iter()
        .filter(|subject| results.layers(data, subject).len() > 1)
        .collect();
    let value = |subject: &Subject, frontend: &str, layer: &str, group: &str| {
        results.find("rsa", data, subject, frontend, layer, group)
    };
    let frontends = results.frontends(data);
    let mut most = 0.0_f64;
    for subject in &subjects {
        for layer in results.layers(data, subject) {
            for (group, frontend) in groups
                .iter()
                .flat_map(|g| frontends.iter().map(move |f| (g, f)))
            {
                if let Some(found) = value(subject, frontend, &layer, group) {
                    most = most.max(found.value).max(found.ceiling.unwrap_or(0.0));
                }
            }
        }
    }
    if subjects.is_empty() || most <= 0.0 {
        return None;
    }
    let tile = |value: Option<f64>| -> Option<Tile> {
        value.map(|value| {
            let (colour, text) = tint(MORE, (value / most).clamp(0.0, 1.0));
            (typeset(&hundredths(value)), colour, text)
        })
    };
    let panel = |subject: &Subject, frontend: &String| {
        let mut columns = results.layers(data, subject);
        let rows = groups.iter().map(|group| {
            let layers = columns.iter();
            let found: Vec<_> = layers
                .map(|layer| value(subject, frontend, layer, group))
                .collect();
            let ceiling = found.iter().flatten().find_map(|found| found.ceiling);
            let mut tiles: Vec<Option<Tile>> = found
                .iter()
                .map(|found| tile(found.map(|found| found.value)))
                .collect();
            tiles.push(tile(ceiling));
            tiles
        });
        let tiles: Vec<_> = rows.collect();
        columns.push("ceiling".to_string());
        let drawing = Tiles {
            rows: groups.clone(),
            columns,
            tiles,
            titles: ["".to_string(), "layer".to_string()],
            tile: [40, 24],
        };
        Panel {
            title: frontend.clone(),
            drawing: drawing.draw(),
        }
    };
    Some(Figure {
        title: format!(
            "RSA by layer and group, {}",
            shown(data, results.is_simulated(data))
        ),
        caption: "Spearman's correlation of RDMs, the mean over seeds; the last column is the \
                  ceiling, the root of the reliability of the group's RDM."
            .to_string(),
        legend: Legend::Scale(
            ["0.00".to_string(), hundredths(most)],
            scale(&[tint(MORE, 0.0).0, tint(MORE, 1.0).0]),
        ),
        groups: subjects
            .iter()
            .map(|subject| Group {
                title: subject.label(),
                panels: frontends
                    .iter()
                    .map(|frontend| panel(subject, frontend))
                    .collect(),
            })
            .collect(),
    })
}

fn hundredths(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.as_str() {
        "-0.00" => "0.00".to_string(),
        _ => text,
    }
}
