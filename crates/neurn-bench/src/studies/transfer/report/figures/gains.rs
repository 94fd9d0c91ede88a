//! The heat map of gains.

use super::super::results::{Cell, Measure, Results};
use super::super::treatment::Setting;
use crate::report::figure::ink::{LESS, MORE, scale, tint};
use crate::report::figure::tiles::Tiles;
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::report::value::{signed_tenths, typeset};
use crate::train::Method;

pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let mut treatments = results.treatments(setting);
    treatments.retain(|treatment| *treatment != Method::default());
    let gain = |treatment: &Method, cells: &[Cell]| {
        let gain = results.gain(setting, treatment, cells);
        gain.map(|gain| gain.estimate.mean)
    };
    // Of one source, all treatments below each other; or else a panel each.
    let panels: Vec<Matrix> = match results.sources {
        [source] => {
            let targets = results.targets.iter().map(|target| Measure {
                name: target.clone(),
                cells: vec![(source.clone(), target.clone())],
            });
            let mut columns: Vec<Measure> = targets.collect();
            columns.push(results.off_diagonal());
            let row = |treatment: &Method| {
                let columns = columns.iter().map(|column| gain(treatment, &column.cells));
                columns.collect()
            };
            vec![Matrix {
                title: format!("trained on {source}"),
                titles: ["".to_string(), "tested on".to_string()],
                rows: treatments.iter().map(Method::label).collect(),
                columns: columns.iter().map(|column| column.name.clone()).collect(),
                values: treatments.iter().map(row).collect(),
            }]
        }
        _ => treatments
            .iter()
            .map(|treatment| Matrix {
                title: treatment.label(),
                titles: ["trained on".to_string(), "tested on".to_string()],
                rows: results.sources.to_vec(),
                columns: results.targets.to_vec(),
                values: results
                    .sources
                    .iter()
                    .map(|source| {
                        let targets = results.targets.iter();
                        let cells = targets.map(|target| [(source.clone(), target.clone())]);
                        cells.map(|cell| gain(treatment, &cell)).collect()
                    })
                    .collect(),
            })
            .collect(),
    };
    let values = panels
        .iter()
        .flat_map(|panel| panel.values.iter().flatten());
    let most = values.flatten().map(|gain| gain.abs()).reduce(f64::max)?;
    // Never so little that a tenth of a point looks like something.
    let most = most.max(1.0);
    Some(Figure {
        id: "gains",
        title: "Where it gains and where it costs".to_string(),
        caption: "Gain over none in points, the mean over seeds: blue where the frontend is \
                  better than none, orange where it is worse."
            .to_string(),
        legend: Legend::Scale(
            [
                signed_tenths(-most),
                format!("{} points", signed_tenths(most)),
            ],
            scale(&[
                tint(LESS, 1.0).0,
                tint(LESS, 0.0).0,
                tint(MORE, 0.0).0,
                tint(MORE, 1.0).0,
            ]),
        ),
        groups: vec![Group {
            title: String::new(),
            panels: panels.iter().map(|panel| panel.draw(most)).collect(),
        }],
    })
}

struct Matrix {
    title: String,
    titles: [String; 2],
    rows: Vec<String>,
    columns: Vec<String>,
    values: Vec<Vec<Option<f64>>>,
}

impl Matrix {
    fn draw(&self, most: f64) -> Panel {
        let tile = |value: &Option<f64>| {
            value.map(|gain| {
                let side = if gain < 0.0 { LESS } else { MORE };
                let (colour, text) = tint(side, gain.abs() / most);
                (typeset(&signed_tenths(gain)), colour, text)
            })
        };
        let tiles = Tiles {
            rows: self.rows.clone(),
            columns: self.columns.clone(),
            tiles: self
                .values
                .iter()
                .map(|row| row.iter().map(tile).collect())
                .collect(),
            titles: self.titles.clone(),
            tile: [56, 30],
        };
        Panel {
            title: self.title.clone(),
            drawing: tiles.draw(),
        }
    }
}
