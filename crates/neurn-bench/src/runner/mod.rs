//! What carries out the jobs of a study: a queue, workers on devices, claims among
//! processes, and the file of records.

pub(crate) mod claims;
pub mod interrupt;
pub mod journal;
pub mod progress;
pub(crate) mod queue;
pub(crate) mod worker;
