//! Numbers about numbers.

mod estimate;
mod paired;

pub use estimate::Estimate;
pub use paired::{Interval, PairedDifference, RESAMPLES, RESAMPLING_SEED};
