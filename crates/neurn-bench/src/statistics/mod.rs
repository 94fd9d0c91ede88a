//! How sure a number is.

mod estimate;
mod interval;
mod multiple;
mod paired;
mod ranks;

pub use estimate::{Estimate, sampling_error};
pub use interval::Interval;
pub(crate) use interval::percentile;
pub use multiple::holm;
pub use paired::{PairedDifference, correlation};
pub use ranks::average_ranks;
