//! Every value, for programs: as CSV one of a seed a row, as JSON one over seeds once.

use serde::Serialize;

use super::results::{Results, Subject, Summary, treatments};
use crate::report::Rows;
use crate::studies::alignment::record::rounded;
use crate::studies::alignment::{MEAN, Measure, Record, difference};

#[derive(Serialize)]
struct Row<'a> {
    measure: Measure,
    data: &'a str,
    simulated: bool,
    model: &'a str,
    training: String,
    seed: u64,
    frontend: &'a str,
    layer: &'a str,
    group: &'a str,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    ceiling: Option<f64>,
    p: Option<f64>,
    neurons: usize,
    degenerate: usize,
}

/// A measure of a network behind a frontend: a row a layer and a column a group, each
/// with its mean. There are many of them, so no name is said twice.
#[derive(Serialize)]
struct Matrix {
    measure: Measure,
    data: String,
    simulated: bool,
    model: String,
    training: String,
    seeds: usize,
    frontend: String,
    layers: Vec<String>,
    groups: Vec<String>,
    values: Vec<Vec<Option<f64>>>,
    /// Ends of the 95 % intervals.
    low: Vec<Vec<Option<f64>>>,
    high: Vec<Vec<Option<f64>>>,
    /// Of each group.
    ceilings: Vec<Option<f64>>,
}

pub(super) fn rows(records: &[Record], results: &Results) -> Rows {
    let rows = records.iter().flat_map(|record| {
        let network = &record.job.network;
        record.values.iter().map(|value| Row {
            measure: value.measure,
            data: &record.job.data,
            simulated: record.simulated,
            model: &network.model,
            training: network.origin.to_string(),
            seed: network.seed,
            frontend: &value.frontend,
            layer: &value.layer,
            group: &value.group,
            value: value.value,
            low: value.interval.map(|[low, _]| low),
            high: value.interval.map(|[_, high]| high),
            ceiling: value.ceiling,
            p: value.p,
            neurons: value.neurons,
            degenerate: value.degenerate,
        })
    });
    Rows::of(&rows.collect::<Vec<_>>(), &matrices(results))
}

/// Of everything that was compared, and of differences to the baseline.
fn matrices(results: &Results) -> Vec<Matrix> {
    let mut matrices = Vec::new();
    for data in results.data() {
        let mut frontends = results.frontends(&data);
        let differences: Vec<String> = treatments(&frontends).map(|f| difference(f)).collect();
        frontends.extend(differences);
        for subject in results.subjects(&data) {
            for measure in results.measures(&data) {
                let of = |frontend: &String| matrix(results, measure, &data, &subject, frontend);
                matrices.extend(frontends.iter().filter_map(of));
            }
        }
    }
    matrices
}

/// `None` if there is no value.
fn matrix(
    results: &Results,
    measure: Measure,
    data: &str,
    subject: &Subject,
    frontend: &str,
) -> Option<Matrix> {
    let layers = with_mean(results.layers(data, subject));
    let groups = with_mean(results.groups(data));
    let find = |layer: &String, group: &String| {
        results.find(measure, data, subject, [frontend, layer, group])
    };
    let row = |layer| groups.iter().map(|group| find(layer, group)).collect();
    let found: Vec<Vec<Option<Summary>>> = layers.iter().map(row).collect();
    let first = layers.first()?;
    let ceilings = groups.iter().map(|group| find(first, group)?.ceiling);
    let ceilings: Vec<Option<f64>> = ceilings.map(|ceiling| ceiling.map(rounded)).collect();
    let each = |of: fn(&Summary) -> Option<f64>| -> Vec<Vec<Option<f64>>> {
        let number = |found: &Option<Summary>| found.as_ref().and_then(of).map(rounded);
        let row = |row: &Vec<Option<Summary>>| row.iter().map(number).collect();
        found.iter().map(row).collect()
    };
    found.iter().flatten().any(Option::is_some).then(|| Matrix {
        measure,
        data: data.to_string(),
        simulated: results.is_simulated(data),
        model: subject.model.clone(),
        training: subject.origin.to_string(),
        seeds: results.seeds(data, subject),
        frontend: frontend.to_string(),
        values: each(|found| Some(found.value)),
        low: each(|found| found.interval.map(|[low, _]| low)),
        high: each(|found| found.interval.map(|[_, high]| high)),
        ceilings,
        layers,
        groups,
    })
}

/// Of one there is no mean.
fn with_mean(mut names: Vec<String>) -> Vec<String> {
    if names.len() > 1 {
        names.push(MEAN.to_string());
    }
    names
}
