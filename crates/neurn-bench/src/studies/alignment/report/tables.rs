//! The tables of a study of alignment.

use super::results::{Results, Subject, Summary, title, treatments, without_layers};
use super::shown;
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::{Value, signed_thousandths};
use crate::studies::alignment::{BASELINE, Settings, difference};

pub(super) fn sections(results: &Results, settings: &Settings) -> Vec<Section> {
    let mut sections = vec![how_to_read(results, settings)];
    for data in results.data() {
        let mut tables = gains(results, &data);
        tables.push(nearness(results, &data));
        tables.extend(by_layer(results, &data));
        tables.extend(sites(results, &data));
        tables.extend(groups(results, &data));
        let simulated = results.is_simulated(&data);
        if simulated {
            for table in &mut tables {
                table.caption = format!("Simulated: {}", table.caption);
            }
        }
        sections.push(Section {
            title: shown(&data, simulated),
            paragraphs: verdicts(results, &data),
            tables,
            ..Section::default()
        });
    }
    sections.push(published());
    sections
}

fn how_to_read(results: &Results, settings: &Settings) -> Section {
    let mut paragraphs = vec![
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
            "Settings: RDMs by {}, pairing {}, maps {} scaled by {}, {}. {} draws of scenes, {} \
             of neurons (200 for CKA), {} permutations. Of single neurons, groups of fewer than {} are \
             left out; means over groups are of groups that share no neurons and have a ceiling of \
             0.5 or more.",
            settings.distance,
            settings.pairing,
            settings.maps,
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
    if results.has_training("imagenet") {
        paragraphs.push(
            "MobileNet V1 learnt ImageNet without NeuRN. With NeuRN in front its weights meet \
             images that they were not made for, so a loss there says little about NeuRN."
                .to_string(),
        );
    }
    if results.simulated() {
        paragraphs.insert(
            0,
            "Simulated neurons are made up by a program. They show that a measure finds what is \
             there, and nothing about mice."
                .to_string(),
        );
    }
    Section {
        title: "How to read this".to_string(),
        paragraphs,
        ..Section::default()
    }
}

/// What each measure says of each frontend, in a sentence.
fn verdicts(results: &Results, data: &str) -> Vec<String> {
    let subjects = results.subjects(data);
    let frontends = results.frontends(data);
    let mut sentences = Vec::new();
    for frontend in treatments(&frontends) {
        for measure in results.measures(data) {
            let gain = |subject: &Subject| results.gain(measure, data, subject, frontend);
            // The networks that have learnt; without any, those that have not.
            let trained = |subject: &&Subject| subject.is_trained();
            let any_trained = subjects.iter().any(|subject| subject.is_trained());
            let told: Vec<&Subject> = match any_trained {
                true => subjects.iter().filter(trained).collect(),
                false => subjects
                    .iter()
                    .filter(|s| s.training == "untrained")
                    .collect(),
            };
            let parts: Vec<String> = told
                .iter()
                .filter_map(|subject| {
                    let controls = subjects.iter().filter(|other| {
                        let same = other.training == "untrained" && other.model == subject.model;
                        other.training == "none" && other.model != "generator"
                            || (same && any_trained)
                    });
                    let controls = controls.filter_map(|control| {
                        gain(control).map(|summary| (control.label(), summary))
                    });
                    let said = said(gain(subject)?, &controls.collect::<Vec<_>>());
                    Some(format!("{}: {said}", subject.label()))
                })
                .collect();
            if !parts.is_empty() {
                sentences.push(format!(
                    "By {}, {frontend} against {BASELINE}, mean over layers and groups, positive \
                     is nearer. {}.",
                    title(measure),
                    parts.join("; ")
                ));
            }
        }
    }
    sentences
}

fn said(gain: Summary, controls: &[(String, Summary)]) -> String {
    let number = signed_thousandths(gain.value);
    let [low, high] = gain.interval.unwrap_or(gain.seeds);
    let range = match gain.interval {
        Some(_) => format!(
            "[{}, {}]",
            signed_thousandths(low),
            signed_thousandths(high)
        ),
        None => "(without an interval)".to_string(),
    };
    let text = format!("{number} {range}");
    if low <= 0.0 && high >= 0.0 {
        return format!("{text}, no difference that the interval shows");
    }
    let [least, most] = gain.seeds;
    if least <= 0.0 && most >= 0.0 {
        return format!(
            "{text}, but seeds lie on both sides, from {} to {}: no difference",
            signed_thousandths(least),
            signed_thousandths(most)
        );
    }
    if high < 0.0 {
        return format!("{text}, farther");
    }
    // A control shares the gain if it may have as much, or if the network may
    // have as little.
    let sharing: Vec<String> = controls
        .iter()
        .filter(|(_, control)| {
            let most = control.interval.map_or(control.value, |[_, high]| high);
            control.value >= low || most >= gain.value
        })
        .map(|(name, control)| format!("{name} {}", signed_thousandths(control.value)))
        .collect();
    match sharing.is_empty() {
        true => format!("{text}, nearer, and by more than the controls"),
        false => format!(
            "{text}, nearer, but so is what has learnt nothing ({}): no gain",
            sharing.join(", ")
        ),
    }
}

fn gains(results: &Results, data: &str) -> Vec<Table> {
    let measures = results.measures(data);
    let frontends = results.frontends(data);
    let table = |frontend: &String| {
        let rows = results.subjects(data).into_iter().filter_map(|subject| {
            let values: Vec<Value> = measures
                .iter()
                .map(|measure| {
                    Summary::number(results.gain(measure, data, &subject, frontend), true)
                })
                .collect();
            let any = values.iter().any(|value| *value != Value::Missing);
            any.then(|| row(results, data, &subject, values))
        });
        Table {
            caption: format!("How much nearer {frontend} brings it than {BASELINE}"),
            corner: "what is compared".to_string(),
            columns: measures
                .iter()
                .map(|measure| title(measure).to_string())
                .collect(),
            rows: rows.collect(),
            notes: vec![
                "Mean over layers and groups. Positive is nearer, also for RMSE, whose sign is \
                 turned."
                    .to_string(),
            ],
        }
    };
    treatments(&frontends).map(table).collect()
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
                .map(|measure| results.overall(measure, data, &subject, &frontend))
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
                .map(|summary| Summary::number(summary, false));
            let mut row = row(results, data, &subject, values.collect());
            row.name = format!("{}: {frontend}", row.name);
            rows.push(row);
        }
    }
    rows.push(Row::new("ceiling", ceilings));
    Table {
        caption: "How near it is".to_string(),
        corner: "what is compared".to_string(),
        columns: measures
            .iter()
            .map(|measure| title(measure).to_string())
            .collect(),
        rows,
        notes: vec![
            "Mean over layers and groups. The ceiling is what the truth is expected to reach: the \
             root of the reliability."
                .to_string(),
        ],
    }
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
            let found = results.find("rsa", data, &subject, frontend, layer, &group);
            Summary::number(found, frontend.contains(" - "))
        };
        let mut columns = frontends.clone();
        columns.extend(treatments(&frontends).map(|f| difference(f)));
        let rows = layers.iter().map(|layer| {
            let values = columns.iter().map(|frontend| value(layer, frontend));
            Row::new(layer, values.collect())
        });
        tables.push(Table {
            caption: format!("RSA by layer, {}", subject.label()),
            corner: "layer".to_string(),
            rows: rows.collect(),
            columns,
            notes: vec!["Mean over groups.".to_string()],
        });
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
    for subject in subjects.filter(|subject| subject.model != "shuffled-pixels") {
        let one_layer = results.layers(data, &subject).len() == 1;
        for frontend in &frontends {
            let best = |group| results.best_layer("rsa", data, &subject, frontend, group);
            let found: Vec<_> = groups.iter().map(|group| best(group)).collect();
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
    let rows = groups.iter().enumerate().map(|(row, group)| {
        Row::new(
            group,
            values.iter().map(|column| column[row].clone()).collect(),
        )
    });
    Some(Table {
        caption: "RSA by group: the layer that is nearest".to_string(),
        corner: "group".to_string(),
        rows: rows.collect(),
        columns,
        notes: vec![
            "The nearest layer is the best of many, so its value is too high by chance; the \
             ceiling and the comparison with none, which is chosen in the same way, are not. * \
             for p below 0.05 in every seed, from permuted scenes, corrected for all layers and \
             groups of a run."
                .to_string(),
        ],
    })
}

/// RMSE of each group without and with a frontend, as the paper plots it.
fn groups(results: &Results, data: &str) -> Option<Table> {
    let mut columns = Vec::new();
    let mut values: Vec<Vec<Value>> = Vec::new();
    let groups = without_layers(results.groups(data));
    for subject in results.subjects(data) {
        let layer = results.mean_layer(data, &subject);
        for frontend in results.frontends(data) {
            let of = |group| results.find("rmse", data, &subject, &frontend, &layer, group);
            let column: Vec<_> = groups.iter().map(|group| of(group)).collect();
            if subject.model != "shuffled-pixels" && column.iter().any(Option::is_some) {
                columns.push(format!("{}: {frontend}", subject.label()));
                values.push(
                    column
                        .into_iter()
                        .map(|v| Summary::number(v, false))
                        .collect(),
                );
            }
        }
    }
    let rows = groups.iter().enumerate().map(|(row, group)| {
        Row::new(
            group,
            values.iter().map(|column| column[row].clone()).collect(),
        )
    });
    (!columns.is_empty()).then(|| Table {
        caption: "RMSE by group".to_string(),
        corner: "group".to_string(),
        rows: rows.collect(),
        columns,
        notes: vec!["Mean over layers.".to_string()],
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

fn published() -> Section {
    // To four places, as they were read.
    let number = |value: f64| Value::Text(format!("{value:.4}"));
    Section {
        title: "Published".to_string(),
        paragraphs: vec![
            "For reading beside ours, not for comparing digit by digit: neurons, networks, pairing \
             and scaling differ or are not known."
                .to_string(),
        ],
        tables: vec![Table {
            caption: "RMSE in arXiv 2505.06886".to_string(),
            corner: "group".to_string(),
            columns: vec!["none".to_string(), "neurn".to_string()],
            rows: PUBLISHED
                .iter()
                .map(|&(group, without, with)| Row::new(group, vec![number(without), number(with)]))
                .collect(),
            notes: vec!["Read off a scatter plot by eye, give or take 0.0007.".to_string()],
        }],
        ..Section::default()
    }
}
