//! Carries out any study: a queue of jobs, devices that work on them, claims among
//! processes, and a journal of records. Knows no study.

pub(crate) mod claims;
pub mod interrupt;
pub mod journal;
mod progress;
mod queue;
mod run;
mod study;
mod worker;

pub use journal::Line;
pub use progress::{Board, Progress};
pub use run::{Place, Preview, report};
#[cfg(test)]
pub(crate) use study::assert_another_identity;
pub use study::{Context, Study, id};
