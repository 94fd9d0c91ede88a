//! The learning rate of a method that was run with several.

use super::results::{Setting, finite};
use crate::report::table::{Row, Table};
use crate::report::value::Value;
use crate::statistics::Estimate;
use crate::studies::distinct;
use crate::studies::transfer::record::Record;
use crate::train::Method;

/// A method of a setting, with the rates that it was run with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rates {
    setting: Setting,
    method: Method,
    /// Each with the mean validation accuracy over sources and seeds, ascending.
    tried: Vec<(f64, Option<Estimate>)>,
    /// The rate with the highest of them.
    chosen: f64,
}

/// Of each method the rate with the best mean accuracy on validation images, which
/// are the source's. No target has a say.
pub(super) fn chosen(records: &[Record]) -> Vec<Rates> {
    let of = |record: &Record| (Setting::of(record), record.method.clone());
    let methods = distinct(records.iter().map(of));
    let rates = methods.into_iter().map(|(setting, method)| {
        let own = records
            .iter()
            .filter(|record| record.method == method && Setting::of(record) == setting);
        let own: Vec<&Record> = own.collect();
        let mut rates = distinct(own.iter().map(|record| record.training.learning_rate));
        rates.sort_by(f64::total_cmp);
        let validation = |rate: f64| {
            let at_rate = own.iter().filter(|r| r.training.learning_rate == rate);
            let values = at_rate.filter_map(|r| finite(Some(r.validation_accuracy)));
            Estimate::of(&values.collect::<Vec<_>>())
        };
        let tried: Vec<_> = rates.iter().map(|&rate| (rate, validation(rate))).collect();
        let mean = |estimate: &Option<Estimate>| estimate.map_or(f64::NEG_INFINITY, |e| e.mean);
        let best = tried
            .iter()
            .max_by(|a, b| mean(&a.1).total_cmp(&mean(&b.1)));
        let chosen = best.expect("a method has a record").0;
        Rates {
            setting,
            method,
            tried,
            chosen,
        }
    });
    rates.collect()
}

/// The records at those rates.
pub(super) fn at_chosen<'a>(records: &'a [Record], rates: &[Rates]) -> Vec<&'a Record> {
    let kept = records.iter().filter(|record| {
        let setting = Setting::of(record);
        let own = rates
            .iter()
            .find(|r| r.method == record.method && r.setting == setting);
        own.is_some_and(|rates| rates.chosen == record.training.learning_rate)
    });
    kept.collect()
}

/// Which rate was chosen, of each method, if any was run with several.
pub(super) fn table(rates: &[Rates]) -> Option<Table> {
    let several: Vec<&Rates> = rates.iter().filter(|rates| rates.tried.len() > 1).collect();
    let mut all = distinct(
        several
            .iter()
            .flat_map(|rates| &rates.tried)
            .map(|(rate, _)| *rate),
    );
    all.sort_by(f64::total_cmp);
    let models = distinct(several.iter().map(|rates| &rates.setting.model)).len();
    let rows = several.iter().map(|rates| {
        let values = all.iter().map(|rate| {
            let tried = rates.tried.iter().find(|(other, _)| other == rate);
            Value::accuracy(tried.and_then(|(_, validation)| *validation))
        });
        let mut values: Vec<Value> = values.collect();
        values.push(Value::Text(rates.chosen.to_string()));
        let label = rates.method.label();
        let name = match models {
            1 => label,
            _ => format!("{}, {label}", rates.setting.model),
        };
        Row::new(&name, values)
    });
    let rows: Vec<Row> = rows.collect();
    let mut columns: Vec<String> = all.iter().map(|rate| format!("at {rate}")).collect();
    columns.push("chosen".to_string());
    let caption = "Accuracy on validation images of the source in percent, by learning rate";
    let mut table = Table::over_seeds(caption, "method", columns, rows);
    table
        .notes
        .push("All other tables show each method at the rate that is chosen here.".to_string());
    (!table.rows.is_empty()).then_some(table)
}
