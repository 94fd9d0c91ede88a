//! The studies: each makes jobs of a plan, runs one, and reports from records.

pub mod alignment;
mod distinct;
pub mod transfer;

pub(crate) use distinct::distinct;
