//! What a study has to say, without a format.

use std::path::Path;

use super::figure::Figure;
use super::format::{self, Rows};
use super::picture::Gallery;
use super::table::Table;
use super::write::write_whole;
use crate::error::Error;

/// A report: its answer first, then sections, then every number for programs.
///
/// All formats are made from it and nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub(crate) title: String,
    pub(crate) answer: Answer,
    /// Stands above all else.
    pub(crate) warning: Option<Warning>,
    pub(crate) sections: Vec<Section>,
    pub(crate) rows: Rows,
}

/// What a page begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    /// A sentence, or a few short ones.
    pub(crate) text: String,
    pub(crate) figure: Option<Figure>,
}

/// What nobody may overlook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Warning {
    pub(crate) stressed: String,
    pub(crate) rest: String,
}

/// Text, figures and tables that belong together. A page shows them in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) tables: Vec<Table>,
    pub(crate) galleries: Vec<Gallery>,
    /// Whether a page shows it only when it is opened.
    pub(crate) folded: bool,
}

impl Section {
    /// A section of one figure, which has its title.
    pub(crate) fn of_figure(figure: Figure) -> Self {
        Self {
            title: figure.title.clone(),
            figures: vec![figure],
            ..Self::default()
        }
    }
}

/// A document as the text of its files.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The text and the tables.
    pub markdown: String,
    /// The tables, to be put in with `\input`; they need the package booktabs.
    pub latex: String,
    /// Every number, one a row.
    pub csv: String,
    /// The numbers that the tables are made of, as objects under `rows`.
    pub json: String,
    /// All of it as one file that loads nothing: HTML that is XML as well.
    pub html: String,
}

impl Document {
    /// The text of all files.
    pub fn render(&self) -> Rendered {
        Rendered {
            markdown: format::markdown(self),
            latex: format::latex(self),
            csv: self.rows.csv().to_string(),
            json: format::json(self),
            html: format::page(self),
        }
    }

    /// Writes `table.md`, `table.tex`, `table.csv`, `table.json` and `report.html`
    /// into a folder, each whole or not at all, and returns the Markdown. The page
    /// ends with the galleries.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(mut self, out: &Path, galleries: Vec<Gallery>) -> Result<String, Error> {
        let of_galleries = galleries.into_iter().map(|gallery| Section {
            title: gallery.title.clone(),
            galleries: vec![gallery],
            ..Section::default()
        });
        self.sections.extend(of_galleries);
        let rendered = self.render();
        for (name, text) in [
            ("table.md", &rendered.markdown),
            ("table.tex", &rendered.latex),
            ("table.csv", &rendered.csv),
            ("table.json", &rendered.json),
            ("report.html", &rendered.html),
        ] {
            write_whole(&out.join(name), text.as_bytes())?;
        }
        Ok(rendered.markdown)
    }
}
