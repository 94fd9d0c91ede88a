//! What is compared, and how.

use std::path::Path;

use neurn_models::{FRONTENDS, FrontendConfig, MODELS, Model};
use serde::{Deserialize, Serialize};

use crate::measures::{Distance, Pairing, Scaling};
use crate::studies::settings_file::{self, SettingsError};
use crate::train::{InputScale, Method, Training};
use crate::value::{WrongValue, names, within};

/// How networks and neurons are compared, and what networks learn. A TOML file in
/// which everything has a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The networks, by their names in `neurn-models`.
    pub models: Vec<String>,
    /// What stands before them, by name, besides nothing, which always comes first and
    /// is what the others are compared with.
    pub frontends: Vec<String>,
    /// How many seeds of each network, from 0; 1 to 1,000.
    pub seeds: u64,
    /// What the input of networks is scaled by, but for MobileNet's, which has the scale
    /// of its weights. Without images to learn from, `standardized` is by the stimuli.
    pub input: InputScale,
    /// How networks and neurons are compared.
    pub comparison: Comparison,
    /// How networks learn to name photographs, where there are some. Images are
    /// [`SIDE`] pixels wide.
    pub training: Training,
}

/// How a network and neurons are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Comparison {
    /// How scenes are told apart.
    pub distance: Distance,
    /// How maps are scaled before their RMSE.
    pub scaling: Scaling,
    /// Which unit stands beside which neuron.
    pub pairing: Pairing,
    /// What the map of a unit is.
    pub maps: UnitMap,
    /// Of neurons, whether all are compared, or those of the paper's choice: the most
    /// central of each cluster, as many excitatory as inhibitory.
    pub choose: bool,
    /// Draws of scenes, 10 to 100,000.
    pub scene_draws: usize,
    /// Draws of neurons, 10 to 100,000.
    pub neuron_draws: usize,
    /// Permutations of scenes, 1 to 100,000.
    pub permutations: usize,
    /// Groups of fewer neurons are left out; 2 or more.
    pub least_neurons: usize,
}

/// What the map of a unit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitMap {
    /// Its mean feature map over the scenes, brought to the size of those of neurons
    /// by bilinear interpolation.
    #[default]
    Mean,
    /// The sum of the stimuli, weighted by its mean activation to each: what the map
    /// of a neuron is.
    Weighted,
}

/// Side of the images that a network learns from and sees here.
pub const SIDE: usize = 32;

/// The most seeds.
const MOST_SEEDS: u64 = 1_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            models: ["digit-net-small", "resnet18"].map(str::to_string).to_vec(),
            frontends: vec!["neurn".to_string()],
            seeds: 3,
            input: InputScale::default(),
            comparison: Comparison::default(),
            training: Training {
                epochs: 5,
                train_limit: 4_000,
                validation_limit: 500,
                image_size: SIDE,
                ..Training::default()
            },
        }
    }
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            distance: Distance::default(),
            scaling: Scaling::default(),
            pairing: Pairing::default(),
            maps: UnitMap::default(),
            choose: false,
            scene_draws: 10_000,
            neuron_draws: 1_000,
            permutations: 1_000,
            least_neurons: 5,
        }
    }
}

impl Settings {
    /// Reads a TOML file of at most a megabyte. What it does not say has its default;
    /// what is not known is refused.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or does not hold settings that are of use.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let settings: Self = settings_file::read(path)?;
        let checked = settings.check();
        checked.map_err(|wrong| SettingsError::from(wrong).of(Some(path)))?;
        Ok(settings)
    }

    /// As TOML, with every default written out.
    pub fn to_toml(&self) -> String {
        // Strings, numbers and lists always have a form in TOML.
        toml::to_string(self).unwrap_or_default()
    }

    /// Whether every number is in its range, and every frontend there once.
    ///
    /// # Errors
    ///
    /// The key, what was expected and what was found.
    pub fn check(&self) -> Result<(), WrongValue> {
        let comparison = &self.comparison;
        within("seeds", [1, MOST_SEEDS], self.seeds)?;
        for (key, ends, found) in [
            ("scene_draws", [10, 100_000], comparison.scene_draws),
            ("neuron_draws", [10, 100_000], comparison.neuron_draws),
            ("permutations", [1, 100_000], comparison.permutations),
            ("least_neurons", [2, 1_000_000], comparison.least_neurons),
        ] {
            within(&format!("comparison.{key}"), ends, found)?;
        }
        self.training.check([SIDE, SIDE])?;
        if matches!(self.input, InputScale::Fixed { .. }) {
            let expected = InputScale::NAMES.join(", ");
            return Err(WrongValue::new("input", expected, self.input.label()));
        }
        let is_model = |name: &str| name.parse::<Model>().is_ok();
        let is_frontend = |name: &str| name.parse::<FrontendConfig>().is_ok();
        names("models", &self.models, is_model, MODELS)?;
        names("frontends", &self.frontends, is_frontend, &FRONTENDS)
    }

    /// Nothing, and then every frontend, each with this scale of the network's input.
    ///
    /// # Panics
    ///
    /// If a frontend's name is none, which [`check`](Self::check) finds.
    pub fn methods(&self, input: &InputScale) -> Vec<Method> {
        let named = self.frontends.iter();
        let named = named.map(|name| name.parse().expect("names were checked"));
        let others = named.filter(|config: &FrontendConfig| !config.is_none());
        std::iter::once(FrontendConfig::none())
            .chain(others)
            .map(|frontend| Method {
                input: input.clone(),
                ..Method::of(frontend)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back_as_they_were_written() {
        let settings = Settings::default();
        settings.check().unwrap();
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(
            toml::from_str::<Settings>(&text).unwrap(),
            settings,
            "{text}"
        );
        assert_eq!(toml::from_str::<Settings>("").unwrap(), settings);
        let labels: Vec<String> = settings
            .methods(&settings.input)
            .iter()
            .map(Method::label)
            .collect();
        assert_eq!(labels, ["none", "neurn (k = 3)"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        for (text, expected) in [
            ("[comparison]\ndistance = \"manhattan\"", "`correlation`"),
            ("[comparison]\nmaps = \"max\"", "`weighted`"),
            (
                "[comparison]\npermutations = 0",
                "permutations: expected a number from 1",
            ),
            (
                "[comparison]\nneuron_draws = 1000000000",
                "neuron_draws: expected",
            ),
            ("distances = 3", "distances"),
            ("models = [\"alexnet\"]", "alexnet"),
            ("models = [\"vgg19\", \"vgg19\"]", "`vgg19` again"),
            ("frontends = [\"mix-style\"]", "mix-style"),
            ("frontends = [\"sobel\", \"sobel\"]", "`sobel` again"),
            (
                "seeds = 0",
                "seeds: expected a number from 1 to 1000, found 0",
            ),
            ("seeds = 18446744073709551615", "seeds"),
            ("seeds = 1000000", "seeds: expected"),
            ("[training]\nepochs = 0", "training.epochs: expected"),
            (
                "[training]\nimage_size = 64",
                "training.image_size: expected",
            ),
            (
                "[training]\nlearning_rate = nan",
                "training.learning_rate: expected",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Settings::read(&path).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains(expected) && error.contains("settings.toml"),
                "{error}"
            );
        }
    }
}
