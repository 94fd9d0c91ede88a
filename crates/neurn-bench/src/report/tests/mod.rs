mod formats;
mod gaps;
mod look;
pub(in crate::report) use look::parse;
mod made_up;
mod numbers;
