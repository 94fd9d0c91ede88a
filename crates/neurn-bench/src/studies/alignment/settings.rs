//! What can be chosen.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::studies::transfer::read_toml;
use crate::train::Training;

/// How networks and neurons are compared, and what networks learn. A TOML file
/// in which everything has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The networks, by the names of `neurn-models`.
    pub models: Vec<String>,
    /// What stands before them; `none` comes first and is what the others are
    /// compared with.
    pub frontends: Vec<String>,
    /// How many seeds of each network, from 0.
    pub seeds: u64,
    /// How scenes are told apart: `correlation`, `euclidean` or `cosine`.
    pub distance: String,
    /// How maps are scaled before their RMSE: `min-max`, `standard`,
    /// `unit-norm` or `none`.
    pub scaling: String,
    /// How units and neurons are paired: `nearest`, `assignment`, `random` or
    /// `all`.
    pub pairing: String,
    /// What a unit's map is: `mean`, its mean feature map over the scenes, or
    /// `weighted`, the mean image weighted by its activations as it is for
    /// neurons.
    pub maps: String,
    /// Of neurons, whether all are compared, or those of the paper's choice:
    /// the most central of each cluster, as many excitatory as inhibitory.
    pub choose: bool,
    /// Draws of scenes.
    pub scene_draws: usize,
    /// Draws of neurons.
    pub neuron_draws: usize,
    /// Permutations of scenes.
    pub permutations: usize,
    /// Groups of fewer neurons are left out.
    pub least_neurons: usize,
    /// How networks learn to name photographs, where there are some.
    pub training: Training,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            models: ["digit-net-small", "resnet18"].map(String::from).to_vec(),
            frontends: ["none", "neurn"].map(String::from).to_vec(),
            seeds: 3,
            distance: "correlation".to_string(),
            scaling: "min-max".to_string(),
            pairing: "nearest".to_string(),
            maps: "mean".to_string(),
            choose: false,
            scene_draws: 10_000,
            neuron_draws: 1_000,
            permutations: 1_000,
            least_neurons: 5,
            training: Training {
                epochs: 5,
                train_limit: 4_000,
                validation_limit: 500,
                ..Training::default()
            },
        }
    }
}

impl Settings {
    /// Reads a TOML file of at most a megabyte. What it does not say has its default; what is not known
    /// is refused.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or does not hold settings.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(read_toml(path, |text| toml::from_str(text))?)
    }
}
