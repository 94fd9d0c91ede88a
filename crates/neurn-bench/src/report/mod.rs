//! A [`Document`] -> Markdown, LaTeX, HTML, CSV and JSON. Knows no study.

mod document;
pub(crate) mod figure;
mod format;
mod picture;
pub(crate) mod table;
pub(crate) mod value;
mod write;

pub(crate) use document::{Answer, Section, Warning};
pub use document::{Document, Rendered};
pub(crate) use format::Rows;
#[cfg(test)]
pub(crate) use format::parse;
pub use picture::{Gallery, Picture};
pub use write::write_whole;
