//! What all domains of digits have in common.

/// The number of classes of every digit domain.
pub const CLASSES: usize = 10;

/// Which of the two official splits of a domain of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What a network may learn from.
    Train,
    /// What it is tested on.
    Test,
}
