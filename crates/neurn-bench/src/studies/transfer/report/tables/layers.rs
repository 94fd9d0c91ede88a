//! What it matters which layer a frontend follows.

use super::super::figures;
use super::super::results::{Results, Setting};
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::Value;
use crate::train::Method;

/// Each frontend by the layer that it follows, if it follows any.
pub(in super::super) fn layers(results: &Results, setting: &Setting) -> Option<Section> {
    let methods = layered(results, setting);
    let measures = [results.others(), results.own()];
    let measures = || measures.iter().filter(|measure| !measure.cells.is_empty());
    if methods.is_empty() || measures().next().is_none() {
        return None;
    }
    let mut columns = vec!["after".to_string()];
    columns.extend(measures().flat_map(|m| [m.name.clone(), format!("{}, gain", m.name)]));
    let rows = methods.iter().map(|method| {
        let mut values = vec![Value::Text(place(method).to_string())];
        for measure in measures() {
            values.extend([
                Value::accuracy(results.accuracy(setting, method, &measure.cells)),
                Value::gain(results.gain(setting, method, &measure.cells)),
            ]);
        }
        Row::new(&anywhere(method).label(), values)
    });
    let caption = "Accuracy in percent and gain over none in points, by the layer that is followed";
    Some(Section {
        title: "By layer".to_string(),
        figures: figures::layers(results, setting).into_iter().collect(),
        tables: vec![Table::over_seeds(
            caption,
            "method",
            columns,
            rows.collect(),
        )],
        ..Section::default()
    })
}

/// The methods whose frontend follows a layer, wherever it stands: before the first
/// layer, then as the records name the layers.
pub(in super::super) fn layered(results: &Results, setting: &Setting) -> Vec<Method> {
    let mut methods = results.methods(setting);
    let followers = methods.iter().filter(|method| method.after.is_some());
    let families: Vec<Method> = followers.map(anywhere).collect();
    methods.retain(|method| families.contains(&anywhere(method)));
    methods.sort_by_key(|method| method.after.is_some());
    methods
}

/// The same wherever it stands.
pub(in super::super) fn anywhere(method: &Method) -> Method {
    Method {
        after: None,
        ..method.clone()
    }
}

/// What comes before the frontend.
pub(in super::super) fn place(method: &Method) -> &str {
    method.after.as_deref().unwrap_or("the image")
}
