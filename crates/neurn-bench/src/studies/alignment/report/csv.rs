//! Comma-separated: one measurement a row.

use crate::studies::alignment::Measurement;

const HEAD: [&str; 16] = [
    "measure",
    "data",
    "simulated",
    "model",
    "training",
    "seed",
    "frontend",
    "layer",
    "group",
    "value",
    "low",
    "high",
    "ceiling",
    "p",
    "neurons",
    "degenerate",
];

pub(super) fn csv(measured: &[Measurement]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    _ = writer.write_record(HEAD);
    for line in measured {
        let number = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.5}"));
        _ = writer.write_record([
            line.measure.clone(),
            line.data.clone(),
            line.simulated.to_string(),
            line.model.clone(),
            line.training.clone(),
            line.seed.to_string(),
            line.frontend.clone(),
            line.layer.clone(),
            line.group.clone(),
            number(Some(line.value)),
            number(line.low),
            number(line.high),
            number(line.ceiling),
            number(line.p),
            line.neurons.to_string(),
            line.degenerate.to_string(),
        ]);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
