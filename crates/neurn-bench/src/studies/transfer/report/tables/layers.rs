//! What it matters which layer a frontend follows.

use super::super::results::Results;
use super::super::treatment::Setting;
use super::{Row, Table};
use crate::report::value::Value;
use crate::train::Method;

/// The means of each frontend by the layer that it follows, if it follows any.
pub(super) fn table(results: &Results, setting: &Setting) -> Option<Table> {
    let treatments = layered(results, setting);
    if treatments.is_empty() {
        return None;
    }
    let mut rows = Vec::new();
    let mut columns = Vec::new();
    let measures = [results.off_diagonal(), results.diagonal()];
    for measure in measures.iter().filter(|measure| !measure.cells.is_empty()) {
        columns.push(measure.name.clone());
        columns.push(format!("{}, gain", measure.name));
    }
    for treatment in &treatments {
        let name = anywhere(treatment).label();
        let mut values = vec![Value::Text(place(treatment).to_string())];
        for measure in measures.iter().filter(|measure| !measure.cells.is_empty()) {
            values.push(Value::accuracy(results.accuracy(
                setting,
                treatment,
                &measure.cells,
            )));
            values.push(Value::gain(results.gain(
                setting,
                treatment,
                &measure.cells,
            )));
        }
        rows.push(Row::new(&name, values));
    }
    columns.insert(0, "after".to_string());
    let caption = "Accuracy in percent and gain over none in points, by the layer that is followed";
    Some(Table::over_seeds(
        caption.to_string(),
        "frontend",
        columns,
        rows,
    ))
}

/// The frontends that follow a layer, wherever they stand: before the first
/// layer, then as the records name the layers.
pub(in crate::studies::transfer::report) fn layered(
    results: &Results,
    setting: &Setting,
) -> Vec<Method> {
    let mut treatments = results.treatments(setting);
    let followers = treatments
        .iter()
        .filter(|treatment| treatment.after.is_some());
    let families: Vec<Method> = followers.map(anywhere).collect();
    treatments.retain(|treatment| families.contains(&anywhere(treatment)));
    treatments.sort_by_key(|treatment| treatment.after.is_some());
    treatments
}

/// The same wherever it stands.
pub(in crate::studies::transfer::report) fn anywhere(treatment: &Method) -> Method {
    Method {
        after: None,
        ..treatment.clone()
    }
}

/// What comes before the frontend.
pub(in crate::studies::transfer::report) fn place(treatment: &Method) -> &str {
    treatment.after.as_deref().unwrap_or("the image")
}
