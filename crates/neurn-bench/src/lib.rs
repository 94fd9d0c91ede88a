//! The two studies of NeuRN. Domain transfer: networks trained on one domain of
//! digits and tested on others. Alignment: networks compared with neurons of mouse
//! visual cortex. Both with and without NeuRN in front.
//!
//! Data flows one way: [`domains`] -> [`transfer`] (one run) -> [`record`] ->
//! [`journal`] -> [`statistics`] -> [`report`]; [`study`] carries out a plan of
//! runs. In the same way [`cortex`] and networks -> [`alignment`] -> [`journal`] ->
//! [`report`]; [`alignment::study`] carries it out.

pub mod alignment;
pub mod cortex;
pub mod device;
pub mod domains;
pub mod error;
mod fingerprint;
pub mod interrupt;
pub mod journal;
pub mod progress;
pub mod record;
pub mod report;
pub mod statistics;
pub mod study;
pub mod transfer;

/// The example of the README, compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
