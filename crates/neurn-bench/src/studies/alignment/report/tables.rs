//! The tables of a study of alignment.

use super::answer;
use super::results::{Results, Subject, Summary, treatments, without_layers};
use super::shown;
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::Value;
use crate::studies::alignment::{BASELINE, Measure, UnitMap, difference};
use crate::studies::distinct;

/// The tables of a data set, long as they are.
pub(super) fn of_data(results: &Results, data: &str) -> Section {
    let mut tables = vec![nearness(results, data)];
    tables.extend(by_layer(results, data));
    tables.extend(sites(results, data));
    tables.extend(groups(results, data));
    let simulated = results.is_simulated(data);
    if simulated {
        mark(&mut tables);
    }
    Section {
        title: format!("{}: all tables", shown(data, simulated)),
        paragraphs: answer::sentences(results, data),
        tables,
        folded: true,
        ..Section::default()
    }
}

/// Says of each table that its neurons are simulated.
fn mark(tables: &mut [Table]) {
    for table in tables {
        table.caption = format!("Simulated: {}", table.caption);
    }
}

/// What the networks have learnt that were trained for this.
pub(super) fn networks(results: &Results) -> Option<Section> {
    let learnt = || results.records.iter().flat_map(|record| &record.learnt);
    let frontends = distinct(learnt().map(|learnt| learnt.frontend.clone()));
    let trained = results.records.iter().filter(|r| !r.learnt.is_empty());
    let models = distinct(trained.map(|record| &record.job.network.model));
    let rows = models.into_iter().map(|model| {
        let accuracies = frontends.iter();
        let accuracies = accuracies.map(|frontend| results.accuracy(model, frontend));
        Row::new(model, accuracies.map(Value::accuracy).collect())
    });
    let rows = rows.collect();
    let images = learnt().next()?.test_images;
    let caption = format!("Accuracy on {images} test images of CIFAR-10, in percent");
    Some(Section {
        title: "What the networks have learnt".to_string(),
        tables: vec![Table::over_seeds(caption, "network", frontends, rows)],
        ..Section::default()
    })
}

/// What was compared and how; `None` without a record.
pub(super) fn how_to_read(results: &Results) -> Option<Section> {
    let job = &results.records.first()?.job;
    let settings = &job.comparison;
    let paragraphs = vec![
        "RMSE is the papers': between a neuron's map (the mean image weighted by its responses) \
         and that of its unit, both scaled; less is nearer. KDE-IoU, also the papers', is how far \
         the densities of the two activities overlap. RSA is Spearman's correlation between RDMs; \
         ridge r that between responses and what a layer predicts of scenes that it was not \
         fitted on, corrected: over the root of the neuron's reliability. Of all but RMSE, more \
         is nearer."
            .to_string(),
        "In brackets are 95 % bootstrap intervals: over scenes for RSA, over neurons for the \
         others, so none of them covers both. A value over several seeds of a network is their \
         mean, with the mean ends of their intervals, which do not cover how seeds differ; a \
         gain counts only if all seeds are on one side. CKA that is not debiased is high for any \
         two representations of many units."
            .to_string(),
        "Controls: the pixels, the pixels with the scenes in another order (shuffled), and \
         networks that have learnt nothing. A gain over none that they share is no gain of what \
         a network has learnt. RMSE and KDE-IoU do not see the order of scenes, so shuffled \
         pixels have the values of pixels there, and what a network has of them it has without \
         knowing what a neuron answers to. The more units a layer has, the nearer the nearest \
         is: pixels have one."
            .to_string(),
        format!(
            "Settings: RDMs by {}, pairing {}, {} scaled by {}, {}. {} draws of scenes, {} of \
             neurons (200 for CKA), {} permutations. Of single neurons, groups of fewer than {} \
             are left out; means over groups are of groups that share no neurons and have a \
             ceiling of 0.5 or more.",
            settings.distance,
            settings.pairing,
            match settings.maps {
                UnitMap::Mean => "mean maps of units",
                UnitMap::Weighted => "maps of units by their activations",
            },
            settings.scaling,
            match settings.choose {
                true => "the most central neurons of each cluster",
                false => "all neurons",
            },
            settings.scene_draws,
            settings.neuron_draws,
            settings.permutations,
            settings.least_neurons
        ),
    ];
    Some(Section {
        title: "What was run, and how to read it".to_string(),
        paragraphs,
        ..Section::default()
    })
}

/// What each frontend gains.
pub(super) fn gains(results: &Results, data: &str) -> Vec<Table> {
    let measures = results.measures(data);
    let frontends = results.frontends(data);
    let table = |frontend: &String| {
        let rows = results.subjects(data).into_iter().filter_map(|subject| {
            let values: Vec<Value> = measures
                .iter()
                .map(|&measure| {
                    Summary::cell(results.gain(measure, data, &subject, frontend), true)
                })
                .collect();
            let any = values.iter().any(|value| *value != Value::Missing);
            any.then(|| row(results, data, &subject, values))
        });
        let caption = format!("How much nearer {frontend} brings it than {BASELINE}");
        let columns = measures.iter().map(Measure::to_string).collect();
        let note = "Mean over layers and groups. Positive is nearer, also for RMSE, whose sign is \
                    turned.";
        Table::new(
            caption,
            "what is compared",
            columns,
            rows.collect(),
            &[note],
        )
    };
    let mut tables: Vec<Table> = treatments(&frontends).map(table).collect();
    if results.is_simulated(data) {
        mark(&mut tables);
    }
    tables
}

fn row(results: &Results, data: &str, subject: &Subject, values: Vec<Value>) -> Row {
    let seeds = results.seeds(data, subject);
    let name = match seeds {
        1 => subject.label(),
        _ => format!("{} ({seeds} seeds)", subject.label()),
    };
    Row::new(&name, values)
}

fn nearness(results: &Results, data: &str) -> Table {
    let measures = results.measures(data);
    let mut rows = Vec::new();
    let mut ceilings = vec![Value::Missing; measures.len()];
    for subject in results.subjects(data) {
        for frontend in results.frontends(data) {
            let found: Vec<Option<Summary>> = measures
                .iter()
                .map(|&measure| results.overall(measure, data, &subject, &frontend))
                .collect();
            if found.iter().all(Option::is_none) {
                continue;
            }
            for (ceiling, summary) in ceilings.iter_mut().zip(&found) {
                if let Some(value) = summary.and_then(|summary| summary.ceiling) {
                    *ceiling = Value::number(value);
                }
            }
            let values = found
                .into_iter()
                .map(|summary| Summary::cell(summary, false));
            let mut row = row(results, data, &subject, values.collect());
            row.name = format!("{}: {frontend}", row.name);
            rows.push(row);
        }
    }
    rows.push(Row::new("ceiling", ceilings));
    let columns = measures.iter().map(Measure::to_string).collect();
    let note = "Mean over layers and groups. The ceiling is what the truth is expected to reach: \
                the root of the reliability.";
    Table::new("How near it is", "what is compared", columns, rows, &[note])
}

/// RSA by layer, of what has more than one.
fn by_layer(results: &Results, data: &str) -> Vec<Table> {
    let frontends = results.frontends(data);
    let group = results.mean_group(data);
    let mut tables = Vec::new();
    for subject in results.subjects(data) {
        let layers = results.layers(data, &subject);
        if layers.len() < 2 {
            continue;
        }
        let value = |layer: &str, frontend: &str| {
            let found = results.find(Measure::Rsa, data, &subject, [frontend, layer, &group]);
            Summary::cell(found, frontend.contains(" - "))
        };
        let mut columns = frontends.clone();
        columns.extend(treatments(&frontends).map(|f| difference(f)));
        let rows = layers.iter().map(|layer| {
            let values = columns.iter().map(|frontend| value(layer, frontend));
            Row::new(layer, values.collect())
        });
        let rows = rows.collect();
        let caption = format!("RSA by layer, {}", subject.label());
        tables.push(Table::new(
            caption,
            "layer",
            columns,
            rows,
            &["Mean over groups."],
        ));
    }
    tables
}

/// RSA by site: the best layer behind each frontend, against the ceiling.
fn sites(results: &Results, data: &str) -> Option<Table> {
    let groups = results.groups(data);
    if groups.len() < 2 {
        return None;
    }
    let frontends = results.frontends(data);
    let mut columns = vec!["ceiling".to_string()];
    let mut ceilings = vec![Value::Missing; groups.len()];
    // A column each.
    let mut values: Vec<Vec<Value>> = Vec::new();
    let subjects = results.subjects(data).into_iter();
    for subject in subjects.filter(|subject| !subject.is_shuffled()) {
        let one_layer = results.layers(data, &subject).len() == 1;
        for frontend in &frontends {
            let best = |group: &String| {
                results.best_layer(Measure::Rsa, data, &subject, [frontend, group])
            };
            let found: Vec<_> = groups.iter().map(best).collect();
            if found.iter().all(Option::is_none) {
                continue;
            }
            columns.push(format!("{}: {frontend}", subject.label()));
            for (ceiling, found) in ceilings.iter_mut().zip(&found) {
                if let Some(value) = found.as_ref().and_then(|(_, found)| found.ceiling) {
                    *ceiling = Value::number(value);
                }
            }
            let told = |(layer, found): (String, Summary)| {
                let sure = match found.p {
                    Some(p) if p < 0.05 => "*",
                    _ => "",
                };
                let layer = match one_layer {
                    true => String::new(),
                    false => format!(" {layer}"),
                };
                Value::Text(format!("{:.3}{sure}{layer}", found.value))
            };
            let found = found.into_iter();
            values.push(
                found
                    .map(|found| found.map_or(Value::Missing, told))
                    .collect(),
            );
        }
    }
    values.insert(0, ceilings);
    let note = "The nearest layer is the best of many, so its value is too high by chance; the \
                ceiling and the comparison with none, which is chosen in the same way, are not. * \
                for p below 0.05 in every seed, from permuted scenes, corrected for all layers \
                and groups of a run.";
    let caption = "RSA by group: the layer that is nearest";
    let rows = of_columns(&groups, &values);
    Some(Table::new(caption, "group", columns, rows, &[note]))
}

/// A row a group, of a column each.
fn of_columns(groups: &[String], columns: &[Vec<Value>]) -> Vec<Row> {
    let row = |(place, group): (usize, &String)| {
        let values = columns.iter().map(|column| column[place].clone());
        Row::new(group, values.collect())
    };
    groups.iter().enumerate().map(row).collect()
}

/// RMSE of each group without and with a frontend, as the paper plots it.
fn groups(results: &Results, data: &str) -> Option<Table> {
    let mut columns = Vec::new();
    let mut values: Vec<Vec<Value>> = Vec::new();
    let groups = without_layers(results.groups(data));
    for subject in results.subjects(data) {
        let layer = results.mean_layer(data, &subject);
        for frontend in results.frontends(data) {
            let of = |group: &str| {
                results.find(Measure::Rmse, data, &subject, [&frontend, &layer, group])
            };
            let column: Vec<_> = groups.iter().map(|group| of(group)).collect();
            if !subject.is_shuffled() && column.iter().any(Option::is_some) {
                columns.push(format!("{}: {frontend}", subject.label()));
                values.push(
                    column
                        .into_iter()
                        .map(|v| Summary::cell(v, false))
                        .collect(),
                );
            }
        }
    }
    let rows = of_columns(&groups, &values);
    (!columns.is_empty()).then(|| {
        Table::new(
            "RMSE by group",
            "group",
            columns,
            rows,
            &["Mean over layers."],
        )
    })
}

/// RMSE without and with NeuRN, read off the paper's scatter plot.
const PUBLISHED: [(&str, f64, f64); 9] = [
    ("VISp", 0.1156, 0.1106),
    ("VISl", 0.1251, 0.1178),
    ("VISpm", 0.1296, 0.1236),
    ("VISam", 0.1073, 0.1069),
    ("VISrl", 0.1085, 0.1093),
    ("VISal", 0.1029, 0.1031),
    ("Pvalb", 0.1240, 0.1149),
    ("Sst", 0.1294, 0.1204),
    ("Vip", 0.1345, 0.1239),
];

pub(super) fn published() -> Section {
    // To four places, as they were read.
    let number = |value: f64| Value::Text(format!("{value:.4}"));
    let row = |(group, without, with): &(&str, f64, f64)| {
        Row::new(group, [*without, *with].map(number).to_vec())
    };
    Section {
        title: "Published".to_string(),
        paragraphs: vec![
            "For reading beside ours, not for comparing digit by digit: neurons, networks, pairing \
             and scaling differ or are not known."
                .to_string(),
        ],
        tables: vec![Table::new(
            "RMSE in arXiv 2505.06886",
            "group",
            ["none", "neurn"].map(str::to_string).to_vec(),
            PUBLISHED.iter().map(row).collect(),
            &["Read off a scatter plot by eye, give or take 0.0007."],
        )],
        folded: true,
        ..Section::default()
    }
}
