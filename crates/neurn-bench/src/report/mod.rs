//! From records to what a person reads: tables in four formats, and a page
//! with figures.

mod figure;
mod format;
mod gallery;
mod page;
mod results;
mod samples;
mod tables;
mod treatment;
mod value;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use gallery::{Picture, gallery};
pub use samples::Samples;

use crate::error::Error;
use crate::record::Record;
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

impl Report<'_> {
    fn results(&self) -> Results<'_> {
        Results {
            records: self.records,
            sources: self.sources,
            targets: self.targets,
        }
    }

    /// The tables as Markdown.
    pub fn markdown(&self) -> String {
        format::markdown(self.title, &tables::sections(&self.results()))
    }

    /// Every number comma-separated, to four decimal places: one treatment on
    /// one test set a row, then means over cells, which have no source.
    pub fn csv(&self) -> String {
        let results = self.results();
        format::csv(results.synthetic(), &format::entries(&results))
    }

    /// Every number as JSON, with all digits.
    pub fn json(&self) -> String {
        let results = self.results();
        format::json(self.title, &results, &format::entries(&results))
    }

    /// The tables as LaTeX, to be put in with `\input`; they need the package
    /// booktabs.
    pub fn latex(&self) -> String {
        let results = self.results();
        format::latex(self.title, results.synthetic(), &tables::sections(&results))
    }

    /// Tables, figures and gallery as one HTML file that loads nothing.
    ///
    /// # Errors
    ///
    /// If a picture cannot be encoded.
    pub fn html(&self) -> Result<String, image::ImageError> {
        let results = self.results();
        page::page(
            self.title,
            &results,
            &tables::sections(&results),
            &figure::figures(&results),
            self.gallery,
        )
    }
}

/// Writes `table.md`, `table.csv`, `table.json`, `table.tex` and `report.html`
/// into a folder, each whole or not at all, and returns the Markdown.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write(report: &Report, out: &Path) -> Result<String, Error> {
    let markdown = report.markdown();
    write_whole(&out.join("table.md"), markdown.as_bytes())?;
    write_whole(&out.join("table.csv"), report.csv().as_bytes())?;
    write_whole(&out.join("table.json"), report.json().as_bytes())?;
    write_whole(&out.join("table.tex"), report.latex().as_bytes())?;
    let path = out.join("report.html");
    match report.html() {
        Ok(html) => write_whole(&path, html.as_bytes())?,
        Err(source) => return Err(Error::Picture { path, source }),
    }
    Ok(markdown)
}

/// Writes a file whole or not at all: beside its place first, then moved there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Write {
        path: path.to_path_buf(),
        source,
    };
    let beside = path.with_added_extension("partial");
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
