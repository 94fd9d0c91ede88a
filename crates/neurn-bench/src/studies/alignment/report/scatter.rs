//! The paper's scatter: RMSE of each group without and with a frontend.

use super::results::{Results, treatments, without_layers};
use super::shown;
use crate::cortex::{Area, Kind};
use crate::report::figure::ink::key;
use crate::report::figure::scatter::{Point, scatter};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::{BASELINE, Measure};

/// What a group is, by its name, in the order of the legend.
const KINDS: [&str; 4] = ["area", "genotype", "kind or all", "area and layer"];

pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let frontends = results.frontends(data);
    let mut groups = Vec::new();
    let mut kinds = Vec::new();
    for frontend in treatments(&frontends) {
        let mut panels = Vec::new();
        for subject in results.subjects(data) {
            let layer = results.mean_layer(data, &subject);
            let rmse = |frontend: &str, group: &str| {
                let found = results.find(Measure::Rmse, data, &subject, [frontend, &layer, group]);
                found.map(|found| found.value)
            };
            let points: Vec<Point> = without_layers(results.groups(data))
                .into_iter()
                .filter_map(|name| {
                    Some(Point {
                        x: rmse(BASELINE, &name)?,
                        y: rmse(frontend, &name)?,
                        series: kind(&name),
                        // The names of areas: of all others there would be too many.
                        name: if kind(&name) == 0 {
                            name
                        } else {
                            String::new()
                        },
                    })
                })
                .collect();
            let titles = ["RMSE, none", &format!("RMSE, {frontend}")];
            let Some(drawing) = scatter(&points, titles) else {
                continue;
            };
            if subject.is_shuffled() {
                continue;
            }
            kinds.extend(points.iter().map(|point| point.series));
            panels.push(Panel {
                title: subject.label(),
                drawing,
            });
        }
        groups.push(Group {
            title: frontend.clone(),
            panels,
        });
    }
    kinds.sort_unstable();
    kinds.dedup();
    let title = format!(
        "RMSE without and with, {}",
        shown(data, results.is_simulated(data))
    );
    let caption = "RMSE of each group without (across) and with (up) a frontend, the mean over \
                   layers and seeds. Below the diagonal the frontend brings it nearer.";
    let keys = kinds.iter();
    let keys = keys.map(|&kind| (key(kind), KINDS[kind].to_string()));
    let legend = Legend::Keys(keys.collect());
    Figure::of_groups(&title, caption.to_string(), legend, groups)
}

fn kind(name: &str) -> usize {
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
