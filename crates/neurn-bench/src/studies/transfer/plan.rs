//! A study as a file: the combinations to run, in TOML.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::methods::Entry;
use crate::data::ShiftKind;
use crate::data::suite::IMAGE_SIZES;
use crate::studies::distinct;
use crate::studies::settings_file::{self, SettingsError};
use crate::train::{InputScale, Method, Training};
use crate::value::{WrongValue, within};

/// The combinations to run.
///
/// In TOML every key is optional, but for `methods`, and an unknown one is an error:
///
/// ```
/// use neurn_bench::studies::transfer::Plan;
///
/// let plan = Plan::from_toml(r#"
///     sources = ["mnist"]                  # default: all domains
///     targets = ["svhn", "usps"]           # default: all domains
///     models = ["digit-net"]               # default: digit-net-small
///     methods = [
///         "none",
///         "sobel-max+rand-conv",
///         { method = "neurn", k = [3, 5] },
///         { method = "neurn", stride = 2 },
///         { method = ["none", "neurn"], input = ["half", "raw"] },
///         { method = "neurn", after = ["conv1", "pool1"] },
///     ]
///     seeds = 5                            # 0..5, or a list; default: 1
///
///     [training]
///     epochs = 20                          # the rest: see `Training`
///     "#).unwrap();
/// assert_eq!(plan.methods.len(), 11);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The file that it was read from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// What the report is headed with.
    #[serde(default)]
    pub title: String,
    /// Which domains a network is trained on.
    #[serde(default)]
    pub protocol: Protocol,
    /// Domains to train on; all if none are named. With
    /// [`Protocol::LeaveOneOut`] each is left out once.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Domains to test on; all if none are named.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Backbones, by name.
    #[serde(default = "small")]
    pub models: Vec<String>,
    /// What is compared.
    #[serde(deserialize_with = "methods")]
    pub methods: Vec<Method>,
    /// Seeds.
    #[serde(default = "one_seed", deserialize_with = "seeds")]
    pub seeds: Vec<u64>,
    /// Adam's step sizes, in the place of the one in `training`: each method is run
    /// with all of them, and the report shows the one with the highest mean accuracy
    /// on validation images of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_rates: Vec<f64>,
    /// Shifts of targets, at every severity, as further targets.
    #[serde(default)]
    pub shifts: Vec<ShiftKind>,
    /// The targets to shift; all if none are named.
    #[serde(default)]
    pub shifted: Vec<String>,
    /// At most so many images of a shifted target, from its first.
    #[serde(default = "shift_limit")]
    pub shift_limit: usize,
    /// How networks are trained.
    #[serde(default)]
    pub training: Training,
}

/// Which domains a network is trained on. Validation is on the same ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Each source by itself.
    #[default]
    SingleSource,
    /// All but one of the sources.
    LeaveOneOut,
}

/// A plan of more is a slip.
const MOST_RUNS: usize = 100_000;

impl Plan {
    /// The plan of a TOML text.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Reads a plan. A file of over a megabyte is not read.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        Ok(Self {
            file: Some(path.to_path_buf()),
            ..settings_file::read(path)?
        })
    }

    /// The plan as TOML, with every default written out.
    pub fn to_toml(&self) -> String {
        // Strings, numbers and lists always have a form in TOML.
        toml::to_string(self).unwrap_or_default()
    }

    /// How networks are trained, once for each step size.
    pub(super) fn trainings(&self) -> Vec<Training> {
        let rates = match self.learning_rates.is_empty() {
            true => vec![self.training.learning_rate],
            false => self.learning_rates.clone(),
        };
        let training = |learning_rate| Training {
            learning_rate,
            ..self.training.clone()
        };
        distinct(rates.into_iter())
            .into_iter()
            .map(training)
            .collect()
    }

    /// Whether every value can be run with, of a study that has these domains.
    ///
    /// # Errors
    ///
    /// What was expected of which key, in which file.
    pub fn check(&self, domains: &[String]) -> Result<(), SettingsError> {
        let checked = self
            .check_names(domains)
            .and_then(|()| self.check_numbers(domains.len()));
        checked.map_err(|wrong| SettingsError::from(wrong).of(self.file.as_deref()))
    }

    fn check_names(&self, domains: &[String]) -> Result<(), WrongValue> {
        for (key, is_empty) in [
            ("models", self.models.is_empty()),
            ("methods", self.methods.is_empty()),
            ("seeds", self.seeds.is_empty()),
        ] {
            if is_empty {
                return Err(WrongValue::new(key, "at least one", "none"));
            }
        }
        for (key, names) in [
            ("sources", &self.sources),
            ("targets", &self.targets),
            ("shifted", &self.shifted),
        ] {
            if let Some(name) = names.iter().find(|name| !domains.contains(name)) {
                let known = format!("any of {}", domains.join(", "));
                return Err(WrongValue::new(key, known, format!("`{name}`")));
            }
        }
        let targets = &self.targets;
        let untested = |name: &&String| !targets.is_empty() && !targets.contains(name);
        match self.shifted.iter().find(untested) {
            None => Ok(()),
            Some(name) => {
                let found = format!("`{name}`");
                Err(WrongValue::new("shifted", "names of `targets`", found))
            }
        }
    }

    fn check_numbers(&self, domains: usize) -> Result<(), WrongValue> {
        let sources = match self.sources.len() {
            0 => domains,
            count => count,
        };
        let runs = [
            self.models.len(),
            sources,
            self.seeds.len(),
            self.methods.len(),
            self.learning_rates.len().max(1),
        ];
        let runs = runs.into_iter().fold(1_usize, usize::saturating_mul);
        if runs > MOST_RUNS {
            let expected = format!("at most {MOST_RUNS} runs");
            let found = format!("{runs} combinations");
            return Err(WrongValue::new("seeds", expected, found));
        }
        within("shift_limit", [1, 1_000_000], self.shift_limit)?;
        for training in self.trainings() {
            let sides = [*IMAGE_SIZES.start(), *IMAGE_SIZES.end()];
            training.check(sides)?;
        }
        self.methods
            .iter()
            .try_for_each(|method| check_input(&method.input))
    }
}

/// A deviation that can be divided by.
fn check_input(input: &InputScale) -> Result<(), WrongValue> {
    let InputScale::Fixed { mean, std } = input else {
        return Ok(());
    };
    let lengths_fit = !mean.is_empty() && mean.len() == std.len();
    let mean_fits = mean.iter().all(|mean| mean.is_finite());
    match lengths_fit && mean_fits && std.iter().all(|std| *std > 0.0 && std.is_finite()) {
        true => Ok(()),
        false => Err(WrongValue::new(
            "methods.input",
            "as many means as deviations, which are over 0",
            format!("{mean:?} and {std:?}"),
        )),
    }
}

fn small() -> Vec<String> {
    vec!["digit-net-small".to_string()]
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

fn shift_limit() -> usize {
    2_000
}

fn methods<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Method>, D::Error> {
    let entries: Vec<Entry> = Vec::deserialize(deserializer)?;
    Ok(distinct(entries.into_iter().flat_map(|entry| entry.0)))
}

/// A list of seeds, or how many: 0, 1, ... up to this number.
fn seeds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "how many seeds, from 1 to 1000000, or a list of them"
    )]
    enum Seeds {
        Count(u64),
        List(Vec<u64>),
    }
    match Seeds::deserialize(deserializer)? {
        Seeds::Count(count @ 1..=1_000_000) => Ok((0..count).collect()),
        Seeds::Count(count) => Err(de::Error::custom(format!(
            "seeds: expected how many, from 1 to 1000000, or a list of them; found {count}"
        ))),
        Seeds::List(list) => Ok(distinct(list.into_iter())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    fn domains() -> Vec<String> {
        data::NAMES.map(str::to_string).to_vec()
    }

    fn plan(text: &str) -> Plan {
        Plan::from_toml(text).unwrap()
    }

    #[test]
    fn lists_of_settings_are_every_combination() {
        let plan = plan(
            r#"methods = ["none", "none", { method = ["neurn", "sigma"], k = [3, 5], input = "half" }]"#,
        );
        let labels: Vec<String> = plan.methods.iter().map(Method::label).collect();
        assert_eq!(
            labels,
            [
                "none",
                "neurn (k = 3), input half",
                "neurn (k = 5), input half",
                "sigma (k = 3), input half",
                "sigma (k = 5), input half",
            ]
        );
    }

    #[test]
    fn a_plan_is_read_back_as_it_was_written() {
        let plan = plan(
            r#"
            methods = ["none", "neurn+rand-conv", { method = "neurn", after = "conv1" }]
            learning_rates = [1e-4, 1e-3]
            protocol = "leave-one-out"
            [training]
            iterations = 100
            "#,
        );
        let text = plan.to_toml();
        assert_eq!(Plan::from_toml(&text).unwrap(), plan, "{text}");
    }

    #[test]
    fn what_is_wrong_is_named_and_the_file_that_it_is_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.toml");
        for (text, says) in [
            (r#"methods = ["canny"]"#, "`canny`"),
            (
                r#"methods = [{ method = "neurn", k = 4 }]"#,
                "odd numbers from 3 to 65, found 4",
            ),
            (r#"methods = [{ method = "sobel", k = 5 }]"#, "has no patch"),
            (
                r#"methods = [{ method = "sobel", stride = 2 }]"#,
                "as it has none",
            ),
            (r#"methods = [{ method = "neurn", kk = 3 }]"#, "kk"),
            (
                r#"methods = [{ method = "neurn", input = "whole" }]"#,
                "input",
            ),
            ("methods = [\"none\"]\nseeds = 0", "from 1 to 1000000"),
            ("methods = [\"none\"]\nseeds = 1000001", "from 1 to 1000000"),
            ("methods = [\"none\"]\nepochs = 3", "epochs"),
            ("", "methods"),
            ("methods = []", "methods: expected at least one"),
            (
                "methods = [\"none\"]\nsources = [\"emnist\"]",
                "sources: expected any of mnist",
            ),
            (
                "methods = [\"none\"]\ntargets = [\"svhn\"]\nshifted = [\"usps\"]",
                "shifted: expected",
            ),
            (
                "methods = [\"none\"]\nseeds = 1000000",
                "at most 100000 runs",
            ),
            (
                "methods = [\"none\"]\nlearning_rates = [0.0]",
                "a positive number",
            ),
            (
                "methods = [\"none\"]\n[training]\nepochs = 0",
                "training.epochs: expected",
            ),
            (
                "methods = [\"none\"]\n[training]\niterations = 0",
                "training.iterations: expected",
            ),
            (
                "methods = [\"none\"]\n[training]\nimage_size = 4",
                "training.image_size: expected",
            ),
            (
                "methods = [{ method = \"none\", input = { fixed = { mean = [0.0], std = [0.0] } } }]",
                "deviations, which are over 0",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let checked = Plan::read(&path).and_then(|plan| plan.check(&domains()));
            let error = checked.unwrap_err().to_string();
            assert!(
                error.contains(says) && error.contains("plan.toml"),
                "{text}: {error}"
            );
        }
    }
}
