//! Every value, for programs.

use serde::Serialize;

use crate::report::Rows;
use crate::studies::alignment::{Measure, Record};

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

/// One value a row.
pub(super) fn rows(records: &[Record]) -> Rows {
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
    Rows::of(&rows.collect::<Vec<_>>())
}
