//! A study as a file: the combinations to run, in TOML.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::{self, IntoDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::frontends::{FRONTENDS, has_patch, has_stride};
use super::settings::{Run, SettingsError};
use crate::data::{self, ShiftKind};
use crate::device::Backend;
use crate::train::Training;

/// The combinations to run.
///
/// In TOML every key is optional, but for `frontends`, and an unknown one is an
/// error:
///
/// ```
/// use neurn_bench::studies::transfer::Plan;
///
/// let plan = Plan::from_toml(r#"
///     sources = ["mnist"]                  # default: all four domains
///     targets = ["svhn", "usps"]           # default: all four domains
///     models = ["digit-net"]               # default: digit-net-small
///     frontends = [
///         "none",
///         { name = "neurn", k = [3, 5] },
///         { name = "neurn", stride = 2 },
///         { name = "neurn", after = ["conv1", "pool1"] },
///     ]
///     seeds = 5                            # 0..5, or a list; default: 1
///
///     [training]
///     epochs = 20                          # the rest: see `Training`
///     "#).unwrap();
/// // 5 seeds x (none, k = 3, k = 5, stride 2, after conv1, after pool1)
/// assert_eq!(plan.runs(neurn_bench::device::Backend::Flex).unwrap().len(), 30);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the report is headed with.
    #[serde(default)]
    pub title: String,
    /// Domains to train on.
    #[serde(default = "all_domains")]
    pub sources: Vec<String>,
    /// Domains to test on.
    #[serde(default = "all_domains")]
    pub targets: Vec<String>,
    /// Backbones, by name.
    #[serde(default = "small")]
    pub models: Vec<String>,
    /// What stands against the shift.
    pub frontends: Vec<FrontendSettings>,
    /// Seeds.
    #[serde(default = "one_seed", deserialize_with = "seeds")]
    pub seeds: Vec<u64>,
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

/// A frontend, and the settings of it that are to be run: every combination of
/// them. A plan may give the name alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontendSettings {
    /// One of [`FRONTENDS`].
    pub name: String,
    /// Sides of its patch, odd from 3 to 65. Default: 3.
    pub k: Vec<usize>,
    /// Every how many-th patch it keeps. Default: 1.
    pub stride: Vec<usize>,
    /// Layers of the backbone that it follows. `input`: it comes first, which is
    /// the default.
    pub after: Vec<String>,
}

impl FrontendSettings {
    /// The frontend of that name with its defaults.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_string(),
            k: vec![3],
            stride: vec![1],
            after: vec![INPUT.to_string()],
        }
    }
}

/// A plan of more is a slip.
const MOST_RUNS: usize = 100_000;

/// Where a frontend stands that comes first.
const INPUT: &str = "input";

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
    /// The text is not a plan.
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
    Settings(#[from] SettingsError),
}

impl Plan {
    /// The plan of a TOML text.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Reads a plan. A file of over a megabyte is not read.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        read_toml(path, "a plan", Self::from_toml)
    }

    /// The plan as TOML, with every default written out.
    pub fn to_toml(&self) -> String {
        // Strings, numbers and lists always have a form in TOML.
        toml::to_string(self).unwrap_or_default()
    }

    /// Every combination once, also of what was asked for twice; checked, so that
    /// each can be run. Frontends change fastest, then seeds, so that what is to
    /// be compared is finished soonest.
    pub fn runs(&self, backend: Backend) -> Result<Vec<Run>, PlanError> {
        self.check()?;
        let mut runs = Vec::new();
        let mut listed = BTreeSet::new();
        let mut checked = BTreeSet::new();
        for model in &self.models {
            for source in &self.sources {
                for &seed in &self.seeds {
                    for settings in &self.frontends {
                        for (k, stride, after) in settings.combinations() {
                            let run = Run {
                                source: source.clone(),
                                model: model.clone(),
                                frontend: settings.name.clone(),
                                k,
                                stride,
                                after,
                                seed,
                                training: self.training.clone(),
                                backend,
                            };
                            let label = run.frontend_label();
                            if checked.insert((model, label.clone())) {
                                run.classifier()?;
                            }
                            if listed.insert((model, source, seed, label)) {
                                runs.push(run);
                            }
                        }
                    }
                }
            }
        }
        Ok(runs)
    }

    fn check(&self) -> Result<(), PlanError> {
        let value = |key: &str, expected: &str, found: &dyn fmt::Display| {
            Err(PlanError::Value {
                key: key.to_string(),
                expected: expected.to_string(),
                found: found.to_string(),
            })
        };
        for (key, count) in [
            ("sources", self.sources.len()),
            ("targets", self.targets.len()),
            ("models", self.models.len()),
            ("frontends", self.frontends.len()),
            ("seeds", self.seeds.len()),
        ] {
            if count == 0 {
                return value(key, "at least one", &"none");
            }
        }
        let known = data::NAMES.join(", ");
        for (key, names) in [
            ("sources", &self.sources),
            ("targets", &self.targets),
            ("shifted", &self.shifted),
        ] {
            if let Some(name) = names.iter().find(|n| !data::NAMES.contains(&n.as_str())) {
                return value(key, &format!("any of {known}"), &format!("`{name}`"));
            }
        }
        if let Some(name) = self.shifted.iter().find(|n| !self.targets.contains(n)) {
            return value("shifted", "names of `targets`", &format!("`{name}`"));
        }
        for frontend in &self.frontends {
            frontend.check(self.training.image_size)?;
        }
        let combinations = self.frontends.iter().fold(0_usize, |sum, frontend| {
            let lists = [
                frontend.k.len(),
                frontend.stride.len(),
                frontend.after.len(),
            ];
            sum.saturating_add(product(&lists))
        });
        let lists = [self.models.len(), self.sources.len(), self.seeds.len()];
        let runs = product(&lists).saturating_mul(combinations);
        if runs > MOST_RUNS {
            let expected = format!("at most {MOST_RUNS} runs");
            return value("seeds", &expected, &format!("{runs} combinations"));
        }
        let Training {
            epochs,
            batch,
            learning_rate,
            image_size,
            train_limit,
            select_limit,
        } = self.training;
        for (key, number) in [
            ("training.epochs", epochs),
            ("training.batch", batch),
            ("training.train_limit", train_limit),
            ("training.select_limit", select_limit),
            ("shift_limit", self.shift_limit),
        ] {
            if !(1..=1_000_000).contains(&number) {
                return value(key, "a whole number from 1 to 1000000", &number);
            }
        }
        if !(8..=1024).contains(&image_size) {
            let expected = "a whole number from 8 to 1024";
            return value("training.image_size", expected, &image_size);
        }
        if !(learning_rate > 0.0 && learning_rate.is_finite()) {
            let expected = "a positive number";
            return value("training.learning_rate", expected, &learning_rate);
        }
        Ok(())
    }
}

impl FrontendSettings {
    /// Whether it has a patch, and so `k`.
    pub fn has_patch(&self) -> bool {
        has_patch(&self.name)
    }

    fn check(&self, image_size: usize) -> Result<(), PlanError> {
        let Self {
            name,
            k,
            stride,
            after,
        } = self;
        let value = |key: &str, expected: &str, found: String| {
            Err(PlanError::Value {
                key: format!("frontends.{name}.{key}"),
                expected: expected.to_string(),
                found,
            })
        };
        if !FRONTENDS.contains(&name.as_str()) {
            return Err(PlanError::Value {
                key: "frontends".to_string(),
                expected: format!("any of {}", FRONTENDS.join(", ")),
                found: format!("`{name}`"),
            });
        }
        let odd = |k: &usize| k % 2 == 1 && (3..=65).contains(k);
        if let Some(k) = k.iter().find(|k| !odd(k)) {
            return value("k", "odd numbers from 3 to 65", k.to_string());
        }
        // The border mirrors no further than the image is large.
        if let Some(k) = k.iter().find(|k| *k / 2 > image_size) {
            let expected = format!("at most twice the image's side of {image_size}");
            return value("k", &expected, k.to_string());
        }
        if let Some(stride) = stride.iter().find(|stride| !(1..=16).contains(*stride)) {
            return value("stride", "numbers from 1 to 16", stride.to_string());
        }
        if !has_patch(name) && k != &[3] {
            return value("k", "nothing, as it has no patch", format!("{k:?}"));
        }
        if !has_stride(name) && stride != &[1] {
            return value("stride", "nothing, as it has none", format!("{stride:?}"));
        }
        if matches!(name.as_str(), "none" | "rand-conv" | "mix-style") && after != &[INPUT] {
            return value("after", "nothing, as it has no place", format!("{after:?}"));
        }
        for (key, empty) in [
            ("k", k.is_empty()),
            ("stride", stride.is_empty()),
            ("after", after.is_empty()),
        ] {
            if empty {
                return value(key, "at least one", "none".to_string());
            }
        }
        Ok(())
    }

    fn combinations(&self) -> Vec<(Option<usize>, Option<usize>, Option<String>)> {
        let mut combinations = Vec::new();
        for layer in &self.after {
            for &stride in &self.stride {
                for &k in &self.k {
                    combinations.push((
                        has_patch(&self.name).then_some(k),
                        (stride != 1).then_some(stride),
                        (layer != INPUT).then(|| layer.clone()),
                    ));
                }
            }
        }
        combinations
    }
}

fn product(counts: &[usize]) -> usize {
    counts
        .iter()
        .fold(1, |product, count| product.saturating_mul(*count))
}

fn all_domains() -> Vec<String> {
    data::NAMES.map(str::to_string).to_vec()
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

/// A name, or a table of settings.
impl<'de> Deserialize<'de> for FrontendSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            name: String,
            #[serde(default)]
            k: Option<OneOrMore<usize>>,
            #[serde(default)]
            stride: Option<OneOrMore<usize>>,
            #[serde(default)]
            after: Option<OneOrMore<String>>,
        }

        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = FrontendSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a frontend, or a table with its `name` and settings")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(FrontendSettings::named(name))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let named = FrontendSettings::named(&table.name);
                Ok(FrontendSettings {
                    k: table.k.map_or(named.k, |k| k.0),
                    stride: table.stride.map_or(named.stride, |stride| stride.0),
                    after: table.after.map_or(named.after, |after| after.0),
                    name: named.name,
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A value, or a list of values.
struct OneOrMore<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(vec![T::deserialize(value.into_deserializer())?])
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
                Ok(vec![T::deserialize(value.into_deserializer())?])
            }

            fn visit_seq<A: de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(values)
            }
        }
        let visitor = Visitor(std::marker::PhantomData);
        Ok(Self(deserializer.deserialize_any(visitor)?))
    }
}

/// A list of seeds, or how many: 0, 1, ... up to this number.
fn seeds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("how many seeds, from 1 to 1000000, or a list of them")
        }

        fn visit_i64<E: de::Error>(self, count: i64) -> Result<Self::Value, E> {
            match u64::try_from(count) {
                Ok(count @ 1..=1_000_000) => Ok((0..count).collect()),
                _ => Err(E::invalid_value(de::Unexpected::Signed(count), &self)),
            }
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut seeds = Vec::new();
            while let Some(seed) = list.next_element()? {
                seeds.push(seed);
            }
            Ok(seeds)
        }
    }
    deserializer.deserialize_any(Visitor)
}

/// What a TOML file holds, which is called `what`. A file of over a megabyte is not
/// read.
pub(crate) fn read_toml<T>(
    path: &Path,
    what: &str,
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
        return Err(PlanError::Value {
            key: path.display().to_string(),
            expected: format!("{what} of at most {LARGEST} bytes"),
            found: "more".to_string(),
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

    fn plan() -> Plan {
        Plan::from_toml(
            r#"
            sources = ["mnist", "svhn"]
            targets = ["usps"]
            models = ["digit-net"]
            frontends = ["none", { name = "neurn", k = [3, 5] }]
            seeds = 2
            "#,
        )
        .unwrap()
    }

    fn runs(plan: &Plan) -> Vec<Run> {
        plan.runs(Backend::Flex).unwrap()
    }

    #[test]
    fn defaults_are_the_protocol() {
        let plan = Plan::from_toml(r#"frontends = ["none"]"#).unwrap();
        assert_eq!(plan.sources, data::NAMES);
        assert_eq!(plan.targets, data::NAMES);
        assert_eq!(plan.models, ["digit-net-small"]);
        assert_eq!(plan.seeds, [0]);
        assert_eq!(plan.training, Training::default());
        assert!(plan.shifts.is_empty());
    }

    #[test]
    fn k_multiplies_neurn_only() {
        let runs = runs(&plan());
        // 2 sources x 2 seeds x (none, neurn 3, neurn 5)
        assert_eq!(runs.len(), 12);
        assert_eq!(runs.iter().filter(|run| run.k.is_none()).count(), 4);
        assert_eq!(runs[2].frontend_label(), "neurn (k = 5)");
    }

    #[test]
    fn what_is_asked_for_twice_is_run_once() {
        let mut twice = plan();
        twice.frontends[1].k.push(3);
        twice.frontends.push(FrontendSettings::named("none"));
        twice.models.push("digit-net".to_string());
        twice.sources.push("mnist".to_string());
        assert_eq!(runs(&twice), runs(&plan()));
    }

    #[test]
    fn targets_are_not_part_of_a_run() {
        let mut elsewhere = plan();
        elsewhere.targets = vec!["mnist".to_string()];
        assert_eq!(runs(&elsewhere), runs(&plan()));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let plan = plan();
        assert_eq!(Plan::from_toml(&plan.to_toml()).unwrap(), plan);
    }

    #[test]
    fn what_is_no_plan_is_named() {
        for (text, says) in [
            ("", "frontends"),
            ("frontends = 3", "expected a sequence"),
            ("frontends = [3]", "name of a frontend"),
            (r#"frontends = [{ k = 3 }]"#, "name"),
            (r#"frontends = [{ name = "neurn", sigma = 3 }]"#, "sigma"),
            (r#"frontends = [{ name = "neurn", k = "three" }]"#, "three"),
            ("frontends = []\nepochs = 3", "epochs"),
            ("frontends = []\nseeds = 0", "from 1 to 1000000"),
            ("frontends = []\nseeds = -3", "from 1 to 1000000"),
            ("frontends = []\nseeds = [-3]", "-3"),
            ("frontends = []\nshifts = [\"melting\"]", "melting"),
            ("frontends = []\n[training]\nepoch = 3", "epoch"),
            ("frontends = []\n[training]\nepochs = -3", "-3"),
            ("frontends = [", "frontends"),
        ] {
            let error = Plan::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_named() {
        for (text, says) in [
            ("frontends = []", "`frontends`: expected at least one"),
            (r#"frontends = ["canny"]"#, "`canny`"),
            (r#"frontends = [{ name = "neurn", k = 4 }]"#, "odd"),
            (r#"frontends = [{ name = "neurn", k = 67 }]"#, "odd"),
            (
                r#"frontends = [{ name = "neurn", k = [] }]"#,
                "at least one",
            ),
            (
                "frontends = [{ name = \"neurn\", k = 35 }]\n[training]\nimage_size = 16",
                "side of 16",
            ),
            (
                "frontends = [\"none\"]\nseeds = 30000",
                "at most 100000 runs",
            ),
            (r#"frontends = [{ name = "sobel", k = 5 }]"#, "no patch"),
            (r#"frontends = [{ name = "neurn", stride = 0 }]"#, "stride"),
            (r#"frontends = [{ name = "sobel", stride = 2 }]"#, "stride"),
            (
                r#"frontends = [{ name = "none", after = "conv1" }]"#,
                "place",
            ),
            (
                r#"frontends = [{ name = "neurn", after = "conv9" }]"#,
                "conv9",
            ),
            ("frontends = [\"none\"]\nsources = [\"emnist\"]", "emnist"),
            ("frontends = [\"none\"]\ntargets = []", "targets"),
            ("frontends = [\"none\"]\nmodels = [\"vgg20\"]", "vgg20"),
            ("frontends = [\"none\"]\nseeds = []", "seeds"),
            (
                "frontends = [\"none\"]\ntargets = [\"usps\"]\nshifted = [\"mnist\"]",
                "names of `targets`",
            ),
            ("frontends = [\"none\"]\n[training]\nepochs = 0", "epochs"),
            (
                "frontends = [\"none\"]\n[training]\nlearning_rate = nan",
                "positive",
            ),
            (
                "frontends = [\"none\"]\n[training]\nimage_size = 4",
                "image_size",
            ),
            (
                "frontends = [\"none\"]\nmodels = [\"vgg11\"]\n[training]\nimage_size = 16",
                "vgg11",
            ),
        ] {
            let plan = Plan::from_toml(text).unwrap();
            let error = plan.runs(Backend::Flex).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Plan::read("no/such.toml".as_ref()).unwrap_err();
        assert!(error.to_string().contains("no/such.toml"), "{error}");
    }
}
