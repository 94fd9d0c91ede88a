//! JSON: all entries with every digit, and what they are to be read beside.

use serde::Serialize;
use serde_json::{Value, json};

use super::long::Entry;
use super::results::Results;
use super::tables::{PUBLISHED, PublishedTable};
use crate::statistics::{Estimate, PairedDifference, RESAMPLES, RESAMPLING_SEED};

#[derive(Serialize)]
struct Study<'a> {
    synthetic: bool,
    title: &'a str,
    sources: &'a [String],
    targets: &'a [String],
    seeds: Vec<u64>,
    interval: Value,
    cells: Vec<Value>,
    means: Vec<Value>,
    published: Vec<&'a PublishedTable>,
}

/// All entries. Percentages; null where something was not measured.
pub(in crate::studies::transfer::report) fn json(
    title: &str,
    results: &Results,
    entries: &[Entry],
) -> String {
    let settings = results.settings();
    let published = PUBLISHED.iter().filter(|table| {
        let fits = |setting| table.fits(results, setting);
        settings.iter().any(fits)
    });
    let (means, cells): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| entry.source.is_none());
    let study = Study {
        synthetic: results.synthetic(),
        title,
        sources: results.sources,
        targets: results.targets,
        seeds: results.seeds(),
        interval: json!({
            "level": 0.95,
            "method": "percentile bootstrap over seeds",
            "resamples": RESAMPLES,
            "seed": RESAMPLING_SEED,
        }),
        cells: cells.into_iter().map(of_entry).collect(),
        means: means.into_iter().map(of_entry).collect(),
        published: published.collect(),
    };
    // Numbers, names and lists are always JSON.
    serde_json::to_string_pretty(&study).unwrap_or_default() + "\n"
}

fn of_entry(entry: &Entry) -> Value {
    json!({
        "model": entry.setting.model,
        "device": entry.setting.backend,
        "epochs": entry.setting.training.epochs,
        "batch": entry.setting.training.batch,
        "learning_rate": entry.setting.training.learning_rate,
        "method": entry.treatment,
        "label": entry.treatment.label(),
        "source": entry.source,
        "target": entry.target,
        "shift": entry.shift.as_ref().map(|(kind, _)| kind),
        "severity": entry.shift.as_ref().map(|(_, severity)| severity),
        "accuracy": of_estimate(&entry.accuracy),
        "gain": entry.gain.as_ref().map(of_gain),
        "images": entry.test_set.map(|(images, _)| images),
        "majority": entry.test_set.map(|(_, majority)| majority),
    })
}

fn of_estimate(estimate: &Estimate) -> Value {
    json!({
        "mean": estimate.mean,
        "standard_error": estimate.standard_error,
        "seeds": estimate.count,
    })
}

fn of_gain(gain: &PairedDifference) -> Value {
    let mut value = of_estimate(&gain.estimate);
    value["low"] = json!(gain.interval.map(|interval| interval.low));
    value["high"] = json!(gain.interval.map(|interval| interval.high));
    value
}
