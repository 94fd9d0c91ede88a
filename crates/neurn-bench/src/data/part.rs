//! The two official parts of a domain.

/// Which part of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a network may learn from.
    Train,
    /// What it is tested on.
    Test,
}
