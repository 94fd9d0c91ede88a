//! Tables as text.

mod latex;
mod markdown;

pub(crate) use latex::latex;
pub(crate) use markdown::markdown;
