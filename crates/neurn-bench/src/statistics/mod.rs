//! Numbers about numbers.

mod estimate;
mod multiple;
mod paired;
mod ranks;

pub use estimate::Estimate;
pub use multiple::{benjamini_hochberg, holm};
pub(crate) use paired::percentile;
pub use paired::{Interval, PairedDifference, RESAMPLES, RESAMPLING_SEED};
pub use ranks::{Tie, average_ranks, ties};
