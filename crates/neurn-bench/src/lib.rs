//! The studies of NeuRN. Domain transfer: networks trained on some domains of
//! images and tested on others. Alignment: networks compared with neurons of mouse
//! visual cortex. Both with and without NeuRN in front.
//!
//! Data flows one way. [`data`] and [`cortex`] read files; [`train`] trains a
//! network; [`measures`] compares representations; [`statistics`] says how sure a
//! number is. [`studies`] puts them together: a plan gives jobs, [`runner`] runs
//! them and keeps one record each, and [`report`] writes what the records say.

pub mod cortex;
pub mod data;
pub mod device;
pub mod error;
pub mod file;
mod fingerprint;
pub mod measures;
pub mod report;
pub mod runner;
pub mod statistics;
pub mod studies;
pub mod train;
pub mod value;

/// The example of the README, compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The worked example of the architecture, too.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/architecture.md")]
struct Architecture;
