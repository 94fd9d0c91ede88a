//! From measurements of alignment to what a person reads.

mod csv;
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
use crate::report::page::{Gallery, page};
use crate::report::{format, write_whole};
use crate::studies::alignment::{Measurement, Settings, View};
use results::Results;

const TITLE: &str = "Alignment with mouse visual cortex";

/// A report as the text of its files.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The tables.
    pub markdown: String,
    /// Every measurement, one a row.
    pub csv: String,
    /// Tables, figures and pictures as one file that loads nothing.
    pub html: String,
}

/// The text of all files. Without `images` it has no pictures of RDMs and maps,
/// from which the data could be had.
///
/// # Errors
///
/// If a picture cannot be encoded.
pub fn render(
    measured: &[Measurement],
    views: &[View],
    settings: &Settings,
    images: bool,
) -> Result<Rendered, image::ImageError> {
    let results = Results::new(measured);
    let sections = tables::sections(&results, settings);
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
    let rdms: Vec<_> = pictured.iter().map(pictures::rdms).collect();
    let maps: Vec<_> = pictured.iter().flat_map(pictures::maps).collect();
    let galleries = [
        Gallery {
            title: "RDMs side by side".to_string(),
            caption: "Ranks of dissimilarities, dark where two scenes are alike: of the group \
                      whose RDM is the most reliable, and of the layer nearest to it behind each \
                      frontend."
                .to_string(),
            pictures: &rdms,
        },
        Gallery {
            title: "Maps of neurons and of units".to_string(),
            caption: "The representations of the neurons that answer most reliably, and below \
                      them the maps of the units that RMSE pairs them with in the first layer, \
                      each from its least value (black) to its largest (white). The pairing is the study's."
                .to_string(),
            pictures: &maps,
        },
    ];
    let warning = results.simulated().then_some([
        "Simulated neurons",
        ", made up by a program. They show that a measure finds what is there, and nothing about \
         mice.",
    ]);
    Ok(Rendered {
        markdown: format::markdown(TITLE, &sections),
        csv: csv::csv(measured),
        html: page(TITLE, warning, &sections, &figures, &galleries)?,
    })
}

/// Writes `table.md`, `table.csv` and `report.html` into a folder, each whole or
/// not at all, and returns the Markdown.
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
    let path = out.join("report.html");
    let rendered = render(measured, views, settings, images).map_err(|source| Error::Picture {
        path: path.clone(),
        source,
    })?;
    write_whole(&out.join("table.md"), rendered.markdown.as_bytes())?;
    write_whole(&out.join("table.csv"), rendered.csv.as_bytes())?;
    write_whole(&path, rendered.html.as_bytes())?;
    Ok(rendered.markdown)
}

/// How the data are called where they are shown.
fn shown(data: &str, simulated: bool) -> String {
    match simulated && data != "simulated" {
        true => format!("{data} (simulated)"),
        false => data.to_string(),
    }
}
