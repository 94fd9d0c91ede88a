//! Tables as text: for people, for programs, for papers.

mod csv;
mod json;
mod latex;
mod long;
mod markdown;

pub(super) use csv::csv;
pub(super) use json::json;
pub(super) use latex::latex;
pub(super) use long::{Entry, entries};
pub(super) use markdown::markdown;
