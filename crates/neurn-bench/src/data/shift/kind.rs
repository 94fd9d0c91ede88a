use serde::{Deserialize, Serialize};
use strum::Display;

/// What a shift changes. Serde writes a kind as its name.
///
/// A kind's number is part of the key of its random numbers, so new ones go to
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ShiftKind {
    /// Turns the image about its centre, either way.
    Rotation,
    /// Shrinks it towards its centre.
    Scale,
    /// Moves it by as much along either axis, in one of the four diagonal
    /// directions.
    Translation,
    /// Lays a square of its mean colour over it.
    Occlusion,
    /// Slants it, either way.
    Shear,
    /// Convolves it with a Gaussian.
    Blur,
    /// Adds a Gaussian number to every value.
    Noise,
    /// Turns `x` into `1 - x` in stripes at its sides that grow until they meet.
    Inversion,
    /// Draws every channel towards its mean.
    Contrast,
    /// Adds the same to every value.
    Brightness,
}

impl ShiftKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rotation,
        Self::Scale,
        Self::Translation,
        Self::Occlusion,
        Self::Shear,
        Self::Blur,
        Self::Noise,
        Self::Inversion,
        Self::Contrast,
        Self::Brightness,
    ];
}
