//! Which classes are taken for which.

use super::super::results::{Results, Setting};
use crate::report::Section;
use crate::report::figure::ink::{MORE, scale, tint};
use crate::report::figure::tiles::Tiles;
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::report::table::{Row, Table};
use crate::report::value::Value;
use crate::train::Method;

/// Of more classes there is a list in the place of a matrix.
const MOST_TILES: usize = 12;
/// Methods that are shown.
const METHODS: usize = 3;
/// Lines of a list.
const LISTED: usize = 10;

/// How often each class (outer) was taken for which (inner).
type Counts = Vec<Vec<u64>>;

/// There is one if the records have confusion matrices: of none, NeuRN and the best of
/// the others, by target, added up over seeds and over the sources that it is none of.
pub(in super::super) fn confusion(results: &Results, setting: &Setting) -> Option<Section> {
    let classes = &results.records.first()?.classes;
    let methods = methods(results, setting);
    let mut groups = Vec::new();
    let mut tables = Vec::new();
    for target in results.targets {
        let counted = methods.iter().filter_map(|method| {
            let counts = counts(results, setting, method, target, classes.len())?;
            Some((method.label(), counts))
        });
        let counted: Vec<(String, Counts)> = counted.collect();
        if counted.is_empty() {
            continue;
        }
        match classes.len() > MOST_TILES {
            true => tables.extend(counted.iter().map(|(label, counts)| {
                list(
                    format!("Most frequent confusions, {label}, tested on {target}"),
                    counts,
                    classes,
                )
            })),
            false => groups.push(Group {
                title: format!("tested on {target}"),
                panels: counted
                    .iter()
                    .map(|(label, counts)| Panel {
                        title: label.clone(),
                        drawing: tiles(counts, classes).draw(),
                    })
                    .collect(),
            }),
        }
    }
    let title = "Classes taken for others";
    let caption = "Of the test images of each class, the percentage that was taken for each class, \
                   over all seeds and all sources that are not the target. Where it rounds to 0 \
                   there is no number.";
    let legend = Legend::Scale(
        ["0".to_string(), "100 %".to_string()],
        scale(&[tint(MORE, 0.0).0, tint(MORE, 1.0).0]),
    );
    let figure = Figure::of_groups(title, caption.to_string(), legend, groups);
    (figure.is_some() || !tables.is_empty()).then(|| Section {
        title: title.to_string(),
        figures: figure.into_iter().collect(),
        tables,
        folded: true,
        ..Section::default()
    })
}

/// None, NeuRN and the best.
fn methods(results: &Results, setting: &Setting) -> Vec<Method> {
    let shown = results.shown(setting);
    let cells = results.primary().cells;
    let accuracy = |method: &&Method| {
        let accuracy = results.accuracy(setting, method, &cells);
        accuracy.map_or(f64::NEG_INFINITY, |accuracy| accuracy.mean)
    };
    let best = shown
        .iter()
        .max_by(|a, b| accuracy(a).total_cmp(&accuracy(b)))
        .cloned();
    let few = [
        Some(results.baseline(setting)),
        results.neurn(setting),
        best,
    ];
    let mut methods = shown;
    methods.retain(|method| few.contains(&Some(method.clone())));
    methods.truncate(METHODS);
    methods
}

/// Added up over seeds and sources; `None` without an image. A matrix of another
/// number of classes does not count.
fn counts(
    results: &Results,
    setting: &Setting,
    method: &Method,
    target: &String,
    classes: usize,
) -> Option<Counts> {
    let mut sum = vec![vec![0; classes]; classes];
    // Of a single domain, its own.
    let others = results
        .others()
        .cells
        .iter()
        .any(|(_, other)| other == target);
    let runs = results
        .of(setting)
        .filter(|record| record.method == *method);
    for record in runs.filter(|record| !(others && record.sources.contains(target))) {
        let found = record
            .targets
            .get(target)
            .and_then(|result| result.confusion.as_ref());
        let Some(confusion) = found
            .filter(|rows| rows.len() == classes && rows.iter().all(|row| row.len() == classes))
        else {
            continue;
        };
        for (row, taken) in sum.iter_mut().zip(confusion) {
            for (sum, count) in row.iter_mut().zip(taken) {
                *sum += u64::from(*count);
            }
        }
    }
    sum.iter().flatten().any(|&count| count > 0).then_some(sum)
}

fn tiles(counts: &Counts, classes: &[String]) -> Tiles {
    let row = |counts: &Vec<u64>| {
        let all: u64 = counts.iter().sum();
        let tile = |count: &u64| {
            // A class that the test set lacks.
            (all > 0).then(|| {
                let share = *count as f64 / all as f64;
                let (colour, text) = tint(MORE, share);
                let percent = format!("{:.0}", 100.0 * share);
                let percent = if percent == "0" {
                    String::new()
                } else {
                    percent
                };
                (percent, colour, text)
            })
        };
        counts.iter().map(tile).collect()
    };
    Tiles {
        rows: classes.to_vec(),
        columns: classes.to_vec(),
        tiles: counts.iter().map(row).collect(),
        titles: ["class".to_string(), "taken for".to_string()],
        tile: [27, 27],
    }
}

/// The classes that are taken most often for another one, by their share.
fn list(caption: String, counts: &Counts, classes: &[String]) -> Table {
    let mut confusions: Vec<(f64, usize, usize)> = Vec::new();
    for (class, taken) in counts.iter().enumerate() {
        let all: u64 = taken.iter().sum();
        let others = taken
            .iter()
            .enumerate()
            .filter(|(other, count)| *other != class && **count > 0);
        confusions.extend(
            others.map(|(other, count)| (100.0 * *count as f64 / all as f64, class, other)),
        );
    }
    confusions.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rows = confusions
        .into_iter()
        .take(LISTED)
        .map(|(share, class, other)| {
            let values = vec![Value::Text(classes[other].clone()), Value::Percent(share)];
            Row::new(&classes[class], values)
        });
    let columns = ["taken for", "of its images, %"].map(str::to_string);
    Table::new(caption, "class", columns.to_vec(), rows.collect(), &[])
}
