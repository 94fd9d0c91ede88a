//! What is kept of a comparison.

use serde::{Deserialize, Serialize};

use crate::device::Backend;
use crate::runner::journal::Line;

/// One value: a layer of a network, a group of neurons and a measure of how
/// alike they are.
///
/// A measurement is one line of `results.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Identity of the run that it is from, made from all settings and a
    /// fingerprint of the neural data.
    pub run: String,
    /// Which line of that run it is, from 0.
    pub line: usize,
    /// How many lines that run has: with fewer it was cut off.
    pub lines: usize,
    /// The measure, one of [`MEASURES`](super::MEASURES).
    pub measure: String,
    /// The neural data.
    pub data: String,
    /// The network, or what stands in its place.
    pub model: String,
    /// Where its weights are from: `none`, `untrained`, `cifar10`, `imagenet`.
    pub training: String,
    /// What stood before it; `neurn - none` is the difference of the two, whose
    /// interval is that of differences in the same draws.
    pub frontend: String,
    /// The layer; [`MEAN`] is the mean over all of them.
    pub layer: String,
    /// The neurons: a site such as `VISp/layer23`, an area, a genotype, a kind;
    /// [`MEAN`] is the mean over the others.
    pub group: String,
    /// Of all data.
    pub value: f64,
    /// Lower end of the 95 % bootstrap interval, if there is one.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// What the truth is expected to reach, given the noise.
    pub ceiling: Option<f64>,
    /// The chance of a value as high in any layer and group of the run, if
    /// nothing is shared: from permuted scenes, corrected for their number.
    pub p: Option<f64>,
    /// Seed of the network's weights, and of the order of shuffled scenes.
    pub seed: u64,
    /// Whether the neurons are made up by a program.
    pub simulated: bool,
    /// How many neurons; of a site that is known by its similarities, the most
    /// that they can be of.
    pub neurons: usize,
    /// Silent neurons and constant units, which are counted as unlike
    /// everything.
    pub degenerate: usize,
    /// The backend.
    pub device: Backend,
}

impl Line for Measurement {
    const SCHEMA: u32 = 1;

    fn id(&self) -> &str {
        &self.run
    }

    fn check(&self) -> Result<(), String> {
        match self.line < self.lines {
            true => Ok(()),
            false => Err(format!(
                "expected a line below {} of its run, found {}",
                self.lines, self.line
            )),
        }
    }
}

/// The name of what is a mean over layers, or over groups.
pub const MEAN: &str = "mean";

/// The frontend that others are compared with.
pub const BASELINE: &str = "none";

/// How the difference of a frontend to the baseline is called.
pub fn difference(frontend: &str) -> String {
    format!("{frontend} - {BASELINE}")
}
