//! From records to what a person reads: tables in four formats, and a page
//! with figures.

mod csv;
mod figures;
mod gallery;
mod json;
mod long;
mod results;
mod samples;
mod tables;
mod treatment;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use gallery::gallery;
pub use samples::Samples;

use crate::error::Error;
use crate::report::{Picture, format, page, write_whole};
use crate::studies::transfer::record::Record;
use results::Results;

/// The records of one study and what is shown of them.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What it is called.
    pub title: &'a str,
    /// One a run.
    pub records: &'a [Record],
    /// Domains that were trained on: the rows of tables.
    pub sources: &'a [String],
    /// Domains that were tested on: their columns. Shifted test sets are not
    /// among them; they are taken from the records.
    pub targets: &'a [String],
    /// Images of the domains through the frontends.
    pub gallery: &'a [Picture],
}

/// A report as the text of its files.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The tables.
    pub markdown: String,
    /// The tables, to be put in with `\input`; they need the package booktabs.
    pub latex: String,
    /// Every number to four decimal places: one treatment on one test set a
    /// row, then means over cells, which have no source.
    pub csv: String,
    /// Every number with all digits.
    pub json: String,
    /// Tables, figures and gallery as one file that loads nothing.
    pub html: String,
}

impl Report<'_> {
    /// The text of all files.
    ///
    /// # Errors
    ///
    /// If a picture cannot be encoded.
    pub fn render(&self) -> Result<Rendered, image::ImageError> {
        let Report { title, gallery, .. } = *self;
        let results = Results {
            records: self.records,
            sources: self.sources,
            targets: self.targets,
        };
        let synthetic = results.synthetic();
        let sections = tables::sections(&results);
        let entries = long::entries(&results);
        let figures = figures::figures(&results);
        let warning = synthetic.then_some([
            "Synthetic domains",
            ", drawn by a program. These are not results on MNIST, SVHN, USPS or MNIST-M.",
        ]);
        let gallery = page::Gallery {
            title: "Through each frontend".to_string(),
            caption: "The first test image of a few digits of each domain as the network gets it, \
                      a row a frontend. Values are shown as they are; what lies outside 0 to 1 is \
                      cut off."
                .to_string(),
            pictures: gallery,
        };
        Ok(Rendered {
            markdown: format::markdown(title, &sections),
            latex: format::latex(title, synthetic, &sections),
            csv: csv::csv(synthetic, &entries),
            json: json::json(title, &results, &entries),
            html: page::page(title, warning, &sections, &figures, &[gallery])?,
        })
    }
}

/// Writes `table.md`, `table.csv`, `table.json`, `table.tex` and `report.html`
/// into a folder, each whole or not at all, and returns the Markdown.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(report: &Report, out: &Path) -> Result<String, Error> {
    let page = out.join("report.html");
    let rendered = report.render().map_err(|source| Error::Picture {
        path: page.clone(),
        source,
    })?;
    write_whole(&out.join("table.md"), rendered.markdown.as_bytes())?;
    write_whole(&out.join("table.csv"), rendered.csv.as_bytes())?;
    write_whole(&out.join("table.json"), rendered.json.as_bytes())?;
    write_whole(&out.join("table.tex"), rendered.latex.as_bytes())?;
    write_whole(&page, rendered.html.as_bytes())?;
    Ok(rendered.markdown)
}
