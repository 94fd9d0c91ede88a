//! A study as a file: the combinations to run, in TOML.

use crate::studies::distinct;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::{self};
use serde::{Deserialize, Deserializer, Serialize};

use super::methods::Entry;
use crate::data::ShiftKind;
use crate::train::{InputScale, Method, MethodError, Training};

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

/// Why a plan cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is too large to be one.
    #[error("{}: expected at most {most} bytes, found more", path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        most: u64,
    },
    /// The text is not what it should be.
    #[error("{}: {source}", path.display())]
    Toml {
        /// The file, or the name of the preset.
        path: PathBuf,
        /// What the parser said, with the place.
        source: Box<toml::de::Error>,
    },
    /// A value that nothing can be run with.
    #[error("the plan's `{key}`: expected {expected}, found {found}")]
    Value {
        /// The key.
        key: String,
        /// What would serve.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// No network can be made of a combination.
    #[error(transparent)]
    Method(#[from] MethodError),
}

impl PlanError {
    pub(super) fn value(key: &str, expected: &str, found: impl ToString) -> Self {
        Self::Value {
            key: key.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

impl Plan {
    /// The plan of a TOML text.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Reads a plan. A file of over a megabyte is not read.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        read_toml(path, Self::from_toml)
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
    /// What was expected of which key.
    pub fn check(&self, domains: &[String]) -> Result<(), PlanError> {
        for (key, count) in [
            ("models", self.models.len()),
            ("methods", self.methods.len()),
            ("seeds", self.seeds.len()),
        ] {
            if count == 0 {
                return Err(PlanError::value(key, "at least one", "none"));
            }
        }
        let known = format!("any of {}", domains.join(", "));
        for (key, names) in [
            ("sources", &self.sources),
            ("targets", &self.targets),
            ("shifted", &self.shifted),
        ] {
            if let Some(name) = names.iter().find(|name| !domains.contains(name)) {
                return Err(PlanError::value(key, &known, format!("`{name}`")));
            }
        }
        let targets = &self.targets;
        let untested = |name: &&String| !targets.is_empty() && !targets.contains(name);
        if let Some(name) = self.shifted.iter().find(untested) {
            return Err(PlanError::value(
                "shifted",
                "names of `targets`",
                format!("`{name}`"),
            ));
        }
        for method in &self.methods {
            check_input(&method.input)?;
        }
        self.check_count(domains.len())?;
        self.check_training()
    }

    fn check_count(&self, domains: usize) -> Result<(), PlanError> {
        let sources = match self.sources.len() {
            0 => domains,
            count => count,
        };
        let lists = [
            self.models.len(),
            sources,
            self.seeds.len(),
            self.methods.len(),
            self.learning_rates.len().max(1),
        ];
        let runs = lists
            .iter()
            .fold(1_usize, |all, count| all.saturating_mul(*count));
        match runs > MOST_RUNS {
            true => {
                let expected = format!("at most {MOST_RUNS} runs");
                Err(PlanError::value(
                    "seeds",
                    &expected,
                    format!("{runs} combinations"),
                ))
            }
            false => Ok(()),
        }
    }

    fn check_training(&self) -> Result<(), PlanError> {
        let training = &self.training;
        for (key, number) in [
            ("training.epochs", training.epochs),
            ("training.iterations", training.iterations.unwrap_or(1)),
            ("training.batch", training.batch),
            ("training.train_limit", training.train_limit),
            ("training.validation_limit", training.validation_limit),
            ("shift_limit", self.shift_limit),
        ] {
            if !(1..=1_000_000).contains(&number) {
                return Err(PlanError::value(
                    key,
                    "a whole number from 1 to 1000000",
                    number,
                ));
            }
        }
        if !(8..=1024).contains(&training.image_size) {
            let expected = "a whole number from 8 to 1024";
            return Err(PlanError::value(
                "training.image_size",
                expected,
                training.image_size,
            ));
        }
        for training in self.trainings() {
            let rate = training.learning_rate;
            if !(rate > 0.0 && rate.is_finite()) {
                let expected = "a positive number";
                return Err(PlanError::value("training.learning_rate", expected, rate));
            }
        }
        Ok(())
    }
}

/// A deviation that can be divided by.
fn check_input(input: &InputScale) -> Result<(), PlanError> {
    let InputScale::Fixed { mean, std } = input else {
        return Ok(());
    };
    let lengths_fit = !mean.is_empty() && mean.len() == std.len();
    let mean_fits = mean.iter().all(|mean| mean.is_finite());
    match lengths_fit && mean_fits && std.iter().all(|std| *std > 0.0 && std.is_finite()) {
        true => Ok(()),
        false => Err(PlanError::value(
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

/// Reads a TOML file of at most a megabyte.
pub(crate) fn read_toml<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, toml::de::Error>,
) -> Result<T, PlanError> {
    const LARGEST: u64 = 1 << 20;
    let io = |source| PlanError::Io {
        path: path.to_path_buf(),
        source,
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(io)?;
    let read = file.take(LARGEST + 1).read_to_string(&mut text);
    if read.map_err(io)? as u64 > LARGEST {
        return Err(PlanError::Large {
            path: path.to_path_buf(),
            most: LARGEST,
        });
    }
    parse(&text).map_err(|source| PlanError::Toml {
        path: path.to_path_buf(),
        source: Box::new(source),
    })
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
    fn what_is_wrong_is_named() {
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
        ] {
            let error = Plan::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        for (text, says) in [
            ("methods = []", "`methods`: expected at least one"),
            (
                "methods = [\"none\"]\nsources = [\"emnist\"]",
                "`sources`: expected any of mnist",
            ),
            (
                "methods = [\"none\"]\ntargets = [\"svhn\"]\nshifted = [\"usps\"]",
                "`shifted`",
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
                "`training.epochs`",
            ),
            (
                "methods = [\"none\"]\n[training]\niterations = 0",
                "`training.iterations`",
            ),
            (
                "methods = [\"none\"]\n[training]\nimage_size = 4",
                "`training.image_size`",
            ),
            (
                "methods = [{ method = \"none\", input = { fixed = { mean = [0.0], std = [0.0] } } }]",
                "deviations, which are over 0",
            ),
        ] {
            let error = plan(text).check(&domains()).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
