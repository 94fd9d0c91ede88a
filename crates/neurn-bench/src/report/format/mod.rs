//! A document as text, in five formats.

mod html;
mod latex;
mod markdown;
mod rows;

pub(super) use html::page;
#[cfg(test)]
pub(crate) use html::parse;
pub(super) use latex::latex;
pub(super) use markdown::markdown;
pub(crate) use rows::Rows;
pub(super) use rows::json;
