//! From records to a document.

mod answer;
mod effects;
mod figures;
mod gallery;
mod rates;
mod results;
mod rows;
mod samples;
mod tables;

#[cfg(test)]
mod tests;

pub use gallery::gallery;
pub use samples::Samples;

use crate::report::{Document, Section, Warning};
use crate::studies::transfer::record::Record;
use results::Results;

/// What the records of a study say. `targets` are the domains that tables have a
/// column of, in order; shifted test sets are not among them, but taken from the
/// records.
///
/// It needs nothing but records. Of a method that was run at several learning rates,
/// it shows the one with the best validation.
pub fn document(title: &str, records: &[Record], targets: &[String]) -> Document {
    let rates = rates::chosen(records);
    let results = Results::new(rates::at_chosen(records, &rates), targets);
    let mut sections = vec![tables::run(&results, &rates)];
    for setting in results.settings() {
        let name = results.name(&setting);
        let named = |section: Section| match name.is_empty() {
            true => section,
            false => Section {
                title: format!("{}, {name}", section.title),
                ..section
            },
        };
        let of_setting = [
            figures::gains(&results, &setting),
            tables::methods(&results, &setting),
            effects::section(&results, &setting),
            figures::patches(&results, &setting),
            tables::layers(&results, &setting),
            tables::shifts(&results, &setting),
            tables::matrices(&results, &setting),
            figures::learning(&results, &setting),
            figures::confusion(&results, &setting),
        ];
        sections.extend(of_setting.into_iter().flatten().map(named));
    }
    let synthetic = results.records.iter().any(|record| record.synthetic);
    if synthetic {
        let tables = sections.iter_mut().flat_map(|section| &mut section.tables);
        tables.for_each(|table| table.caption = format!("Synthetic domains: {}", table.caption));
    }
    Document {
        title: title.to_string(),
        answer: answer::answer(&results),
        warning: synthetic.then(|| Warning {
            stressed: "Synthetic domains".to_string(),
            rest: ", drawn by a program. These are not results on real images.".to_string(),
        }),
        sections,
        rows: rows::rows(&results),
    }
}
