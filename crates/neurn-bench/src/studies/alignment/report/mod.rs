//! From records, and the artifacts beside them, to a document.

mod answer;
mod gains;
mod heat;
mod layers;
mod overlaps;
mod pictures;
mod results;
mod rows;
mod scatter;
mod tables;
#[cfg(test)]
mod tests;
mod violins;

use std::path::Path;

use super::artifact::Artifact;
use super::record::Record;
use crate::report::{Document, Section, Warning};
use results::Results;

const TITLE: &str = "Alignment with mouse visual cortex";

/// A record with what figures need beyond it.
struct Drawn<'a> {
    record: &'a Record,
    artifact: &'a Artifact,
}

impl Drawn<'_> {
    fn data(&self) -> String {
        shown(&self.record.job.data, self.record.simulated)
    }

    fn label(&self) -> String {
        format!("{}, {}", self.data(), self.record.job.network.label())
    }
}

/// What the records of a study say, and what was left beside them in its folder.
/// Without `images` it has no pictures of RDMs and maps, from which the data could be
/// had. What is missing in the folder is left out, and said.
pub fn document(records: &[Record], out: &Path, images: bool) -> Document {
    let results = Results::new(records);
    let mut sections = Vec::new();
    for data in results.data() {
        sections.push(of_data(&results, &data, out, images));
    }
    sections.extend(tables::networks(&results));
    sections.extend(tables::how_to_read(&results));
    for data in results.data() {
        sections.push(tables::of_data(&results, &data));
    }
    sections.push(tables::published());
    Document {
        title: TITLE.to_string(),
        answer: answer::answer(&results),
        warning: results.any_simulated().then(|| Warning {
            stressed: "Simulated neurons".to_string(),
            rest: ", made up by a program. They show that a measure finds what is there, and \
                   nothing about mice."
                .to_string(),
        }),
        sections,
        rows: rows::rows(records, &results),
    }
}

/// The figures of a data set, with the table of what each frontend gains.
fn of_data(results: &Results, data: &str, out: &Path, images: bool) -> Section {
    let mut section = Section {
        title: shown(data, results.is_simulated(data)),
        tables: tables::gains(results, data),
        ..Section::default()
    };
    section.figures.extend(gains::figure(results, data));
    section.figures.extend(layers::figure(results, data));
    section.figures.extend(heat::figure(results, data));
    section.figures.extend(scatter::figure(results, data));
    // Of one network, the last in the list.
    let Some(record) = results.of(data).last() else {
        return section;
    };
    match Artifact::read(record, out) {
        Ok(artifact) => {
            let drawn = Drawn {
                record,
                artifact: &artifact,
            };
            section.figures.extend(violins::figure(&drawn));
            section.figures.extend(overlaps::figure(&drawn));
            if images {
                section.galleries.extend(pictures::rdms(&drawn));
                section.galleries.extend(pictures::maps(&drawn));
            }
        }
        Err(reason) => section.paragraphs.push(format!(
            "Without the distributions over neurons, the densities and the pictures: {reason}."
        )),
    }
    section
}

/// What violins of a group are drawn of, behind each frontend.
#[cfg(test)]
pub(super) fn numbers_of_violins(
    record: &Record,
    artifact: &Artifact,
    group: &str,
) -> Vec<Vec<f64>> {
    let drawn = Drawn { record, artifact };
    let samples = violins::samples(&drawn, &[group.to_string()]);
    samples.into_iter().map(|sample| sample.values).collect()
}

/// How the data are called where they are shown.
fn shown(data: &str, simulated: bool) -> String {
    match simulated && data != "simulated" {
        true => format!("{data} (simulated)"),
        false => data.to_string(),
    }
}
