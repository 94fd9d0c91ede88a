//! The studies: each makes jobs of a plan, runs one, and reports from records.

pub mod alignment;
pub mod transfer;
