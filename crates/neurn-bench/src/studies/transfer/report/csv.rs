//! Comma-separated: one entry a row.

use super::long::Entry;

const HEAD: [&str; 23] = [
    "synthetic",
    "model",
    "device",
    "epochs",
    "batch",
    "learning_rate",
    "method",
    "k",
    "stride",
    "after",
    "source",
    "target",
    "shift",
    "severity",
    "seeds",
    "accuracy",
    "standard_error",
    "gain",
    "gain_standard_error",
    "gain_low",
    "gain_high",
    "images",
    "majority",
];

/// All entries. A mean over cells has no source and its name for a target.
pub(in crate::studies::transfer::report) fn csv(synthetic: bool, entries: &[Entry]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    _ = writer.write_record(HEAD);
    for entry in entries {
        _ = writer.write_record(row(synthetic, entry));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn row(synthetic: bool, entry: &Entry) -> [String; HEAD.len()] {
    let Entry {
        setting,
        treatment,
        accuracy,
        gain,
        ..
    } = entry;
    let interval = gain.and_then(|gain| gain.interval);
    [
        synthetic.to_string(),
        setting.model.clone(),
        setting.backend.to_string(),
        setting.training.epochs.to_string(),
        setting.training.batch.to_string(),
        setting.training.learning_rate.to_string(),
        treatment.label(),
        text(treatment.patch()),
        treatment.frontend.stride().to_string(),
        treatment.after.clone().unwrap_or_default(),
        entry.source.clone().unwrap_or_default(),
        entry.target.clone(),
        text(entry.shift.as_ref().map(|(kind, _)| kind)),
        text(entry.shift.as_ref().map(|(_, severity)| severity)),
        accuracy.count.to_string(),
        decimal(Some(accuracy.mean)),
        decimal(accuracy.standard_error),
        decimal(gain.map(|gain| gain.estimate.mean)),
        decimal(gain.and_then(|gain| gain.estimate.standard_error)),
        decimal(interval.map(|interval| interval.low)),
        decimal(interval.map(|interval| interval.high)),
        text(entry.test_set.map(|(images, _)| images)),
        decimal(entry.test_set.map(|(_, majority)| majority)),
    ]
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn decimal(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:.4}"))
}
