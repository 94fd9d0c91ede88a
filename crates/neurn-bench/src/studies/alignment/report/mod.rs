//! From measurements of alignment to what a person reads.

mod heat;
mod layers;
mod overlaps;
mod pictures;
mod results;
mod scatter;
mod tables;
#[cfg(test)]
mod tests;
mod violins;

use std::path::Path;

use crate::error::Error;
use crate::report::figure::Figure;
use crate::report::{Answer, Document, Gallery, Rows, Section, Warning};
use crate::studies::alignment::{Measurement, Settings, View};
use results::Results;

/// What was measured, as a document. Without `images` it has no pictures of RDMs
/// and maps, from which the data could be had.
pub fn document(
    measured: &[Measurement],
    views: &[View],
    settings: &Settings,
    images: bool,
) -> Document {
    let results = Results::new(measured);
    let mut figures: Vec<Figure> = Vec::new();
    for data in results.data() {
        figures.extend(heat::figure(&results, &data));
        figures.extend(layers::figure(&results, &data));
        figures.extend(scatter::figure(&results, &data));
    }
    for view in views {
        figures.extend(violins::figure(view));
        figures.extend(overlaps::figure(view));
    }
    let pictured = if images { views } else { &[] };
    let galleries = [
        Gallery {
            title: "RDMs side by side".to_string(),
            caption: "Ranks of dissimilarities, dark where two scenes are alike: of the group \
                      whose RDM is the most reliable, and of the layer nearest to it behind each \
                      frontend."
                .to_string(),
            pictures: pictured.iter().flat_map(pictures::rdms).collect(),
        },
        Gallery {
            title: "Maps of neurons and of units".to_string(),
            caption: "The representations of the neurons that answer most reliably, and below \
                      them the maps of the units that RMSE pairs them with in the first layer, \
                      each from its least value (black) to its largest (white). The pairing is the study's."
                .to_string(),
            pictures: pictured.iter().flat_map(pictures::maps).collect(),
        },
    ];
    let mut sections: Vec<Section> = figures
        .into_iter()
        .map(|figure| Section {
            title: figure.title.clone(),
            figures: vec![figure],
            ..Section::default()
        })
        .collect();
    let shown = galleries
        .into_iter()
        .filter(|gallery| !gallery.pictures.is_empty());
    sections.extend(shown.map(|gallery| Section {
        title: gallery.title.clone(),
        galleries: vec![gallery],
        ..Section::default()
    }));
    sections.extend(tables::sections(&results, settings));
    Document {
        title: "Alignment with mouse visual cortex".to_string(),
        answer: Answer::default(),
        warning: results.simulated().then(|| Warning {
            stressed: "Simulated neurons".to_string(),
            rest: ", made up by a program. They show that a measure finds what is there, and \
                   nothing about mice."
                .to_string(),
        }),
        sections,
        rows: Rows::of(measured),
    }
}

/// Writes all formats into a folder, each file whole or not at all, and returns the
/// Markdown.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(
    measured: &[Measurement],
    views: &[View],
    settings: &Settings,
    images: bool,
    out: &Path,
) -> Result<String, Error> {
    document(measured, views, settings, images).write(out, Vec::new())
}

/// How the data are called where they are shown.
fn shown(data: &str, simulated: bool) -> String {
    match simulated && data != "simulated" {
        true => format!("{data} (simulated)"),
        false => data.to_string(),
    }
}
