//! Settings that were checked.

use super::Settings;
use super::features::UnitMap;
use super::measurement::BASELINE;
use crate::error::Error;
use crate::measures::{Distance, Pairing, Scaling};
use crate::studies::transfer::FRONTENDS;

/// What [`Settings`] name.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// How scenes are told apart.
    pub distance: Distance,
    /// How maps are scaled.
    pub scaling: Scaling,
    /// Which unit stands beside which neuron.
    pub pairing: Pairing,
    /// What a unit's map is.
    pub map: UnitMap,
    /// Whether neurons are chosen.
    pub choose: bool,
    /// Draws of scenes.
    pub scene_draws: usize,
    /// Draws of neurons.
    pub neuron_draws: usize,
    /// Permutations of scenes.
    pub permutations: usize,
    /// Neurons of the smallest group.
    pub least_neurons: usize,
}

impl Choices {
    /// # Errors
    ///
    /// If a name is not known, a number is not in its range, or the baseline is
    /// not the first frontend.
    pub fn of(settings: &Settings) -> Result<Self, Error> {
        let maps = [("mean", UnitMap::Mean), ("weighted", UnitMap::Weighted)];
        let pairings = [
            Pairing::Nearest,
            Pairing::Assignment,
            Pairing::Random,
            Pairing::All,
        ];
        let at_least =
            |what: &str, least: usize, found: usize| match (least..=1_000_000).contains(&found) {
                true => Ok(found),
                false => Err(Error::Argument(format!(
                    "{what}: expected a number from {least} to 1000000, found {found}"
                ))),
            };
        if settings.frontends.first().map(String::as_str) != Some(BASELINE) {
            return Err(Error::Argument(format!(
                "frontends: expected {BASELINE} as the first of them, found {}",
                settings.frontends.join(", ")
            )));
        }
        for name in &settings.frontends {
            if !FRONTENDS.contains(&name.as_str())
                || ["rand-conv", "mix-style"].contains(&name.as_str())
            {
                return Err(Error::Argument(format!(
                    "frontends: expected names of frontends, found `{name}`"
                )));
            }
        }
        for (place, name) in settings.frontends.iter().enumerate() {
            if settings.frontends[..place].contains(name) {
                return Err(Error::Argument(format!(
                    "frontends: expected each once, found `{name}` again"
                )));
            }
        }
        let training = &settings.training;
        at_least("training.epochs", 1, training.epochs)?;
        at_least("training.batch", 1, training.batch)?;
        at_least("training.train_limit", 1, training.train_limit)?;
        if !(training.learning_rate > 0.0 && training.learning_rate.is_finite()) {
            return Err(Error::Argument(format!(
                "training.learning_rate: expected a positive number, found {}",
                training.learning_rate
            )));
        }
        if training.image_size != super::candidate::SIDE {
            return Err(Error::Argument(format!(
                "training.image_size: expected {}, found {}",
                super::candidate::SIDE,
                training.image_size
            )));
        }
        Ok(Self {
            distance: named("distance", &displayed(&Distance::ALL), &settings.distance)?,
            scaling: named("scaling", &displayed(&Scaling::ALL), &settings.scaling)?,
            pairing: named("pairing", &displayed(&pairings), &settings.pairing)?,
            map: named(
                "maps",
                &maps.map(|(name, map)| (name.to_string(), map)),
                &settings.maps,
            )?,
            choose: settings.choose,
            scene_draws: at_least("scene_draws", 10, settings.scene_draws)?,
            neuron_draws: at_least("neuron_draws", 10, settings.neuron_draws)?,
            permutations: at_least("permutations", 1, settings.permutations)?,
            least_neurons: at_least("least_neurons", 2, settings.least_neurons)?,
        })
    }
}

fn displayed<T: Copy + ToString>(all: &[T]) -> Vec<(String, T)> {
    all.iter().map(|one| (one.to_string(), *one)).collect()
}

fn named<T: Copy>(what: &str, all: &[(String, T)], name: &str) -> Result<T, Error> {
    let found = all.iter().find(|(known, _)| known == name);
    found.map(|(_, one)| *one).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(known, _)| known.as_str()).collect();
        Error::Argument(format!(
            "{what}: expected {}, found `{name}`",
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_known() {
        let choices = Choices::of(&Settings::default()).unwrap();
        assert_eq!(choices.distance, Distance::default());
        assert_eq!(choices.scaling, Scaling::default());
        assert_eq!(choices.pairing, Pairing::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = fn(&mut Settings);
        let wrong: [(Change, &str); 8] = [
            (
                |s| s.distance = "manhattan".into(),
                "distance: expected correlation, ",
            ),
            (|s| s.maps = "max".into(), "maps: expected mean, weighted"),
            (
                |s| s.permutations = 0,
                "permutations: expected a number from 1",
            ),
            (
                |s| s.frontends = vec!["neurn".into()],
                "expected none as the first",
            ),
            (
                |s| s.frontends.push("mix-style".into()),
                "found `mix-style`",
            ),
            (|s| s.frontends.push("none".into()), "found `none` again"),
            (|s| s.training.epochs = 0, "training.epochs: expected"),
            (
                |s| s.training.image_size = 64,
                "training.image_size: expected 32",
            ),
        ];
        for (change, expected) in wrong {
            let mut settings = Settings::default();
            change(&mut settings);
            let error = Choices::of(&settings).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
