//! A job, and what is kept of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::Display;

use super::settings::Comparison;
use crate::device::Backend;
use crate::runner::Line;
use crate::train::{Method, Training};
use crate::value::{WrongValue, within};

/// One network, or a control, against one set of neurons, behind every frontend:
/// everything that its values depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// How values are computed, but for settings: counted up when it changes, so that
    /// none of before is taken for one of after.
    pub computation: u32,
    /// The neurons.
    pub data: String,
    /// Of the neurons and of what they were shown.
    pub fingerprint: String,
    /// What is compared.
    pub network: Network,
    /// What stands before it, the baseline first.
    pub methods: Vec<Method>,
    /// How it is compared.
    pub comparison: Comparison,
    /// How it is trained, if it is.
    pub training: Option<Training>,
    /// Fingerprint of the images that it learns from, or that scale its input.
    pub images: Option<String>,
    /// Digest of the file of its weights, if they are read.
    pub weights: Option<String>,
    /// On what.
    pub backend: Backend,
}

/// A network, or a control in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its name in tables.
    pub model: String,
    /// Where its weights are from.
    pub origin: Origin,
    /// Of its weights, or of an order of scenes.
    pub seed: u64,
}

/// Where the weights of a network are from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "lowercase")]
pub enum Origin {
    /// It has none: the pixels themselves.
    #[strum(to_string = "none")]
    Pixels,
    /// The pixels, the scenes in a random order.
    #[strum(to_string = "none")]
    Shuffled,
    /// The expected responses that simulated neurons were made from.
    #[strum(to_string = "none")]
    Generator,
    /// As they were drawn.
    Untrained,
    /// Learnt from CIFAR-10.
    Cifar10,
    /// Read from a file; learnt from ImageNet.
    #[serde(rename = "imagenet")]
    ImageNet,
}

/// How alike a network and neurons are, by what.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Display,
)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Spearman's correlation of RDMs.
    #[strum(to_string = "RSA")]
    Rsa,
    /// Between maps; less is nearer.
    #[strum(to_string = "RMSE")]
    Rmse,
    /// Overlap of densities of activity.
    #[strum(to_string = "KDE-IoU")]
    KdeIou,
    /// Predictivity by ridge regression.
    #[strum(to_string = "ridge r")]
    Ridge,
    /// The same over the root of the neuron's reliability.
    #[strum(to_string = "ridge r, corrected")]
    RidgeCorrected,
    /// Linear CKA.
    #[strum(to_string = "CKA")]
    Cka,
    /// The same of unbiased estimates.
    #[strum(to_string = "CKA, debiased")]
    CkaDebiased,
    /// After the best rotation.
    Procrustes,
}

/// One number: a layer of a network, a group of neurons and a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// By what.
    pub measure: Measure,
    /// What stood before the network; `neurn (k = 3) - none` is the difference of the
    /// two, whose interval is that of differences in the same draws.
    pub frontend: String,
    /// The layer; [`MEAN`] is the mean over all of them.
    pub layer: String,
    /// The neurons: a site such as `VISp/layer23`, an area, a genotype, a kind;
    /// [`MEAN`] is the mean over the others.
    pub group: String,
    /// Of all data.
    pub value: f64,
    /// Ends of the 95 % bootstrap interval, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// What the truth is expected to reach, given the noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<f64>,
    /// The chance of a value as high in any layer and group of the job, if nothing is
    /// shared: from permuted scenes, corrected for their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// How many neurons; of a site that is known by its similarities, the most that
    /// they can be of.
    pub neurons: usize,
    /// Silent neurons and constant units, which are counted as unlike everything.
    pub degenerate: usize,
}

/// What a network has learnt that was trained for this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learnt {
    /// What stood before it.
    pub frontend: String,
    /// The epoch that validation chose, from 1.
    pub epoch: usize,
    /// Accuracy on the validation images, in percent.
    pub validation_accuracy: f64,
    /// Accuracy on the test images, in percent.
    pub test_accuracy: f64,
    /// How many test images.
    pub test_images: usize,
}

/// A job that is done: one line of `results.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`Line::SCHEMA`].
    pub schema: u32,
    /// Identity of the job.
    pub id: String,
    /// The job.
    pub job: Job,
    /// Whether the neurons are made up by a program.
    pub simulated: bool,
    /// What the network has learnt behind each frontend, if it was trained for this.
    pub learnt: Vec<Learnt>,
    /// Every value, to five decimal places.
    pub values: Vec<Value>,
    /// Files with what figures need beyond these, from the study's folder.
    pub artifacts: Vec<String>,
    /// Wall time of all of it.
    pub seconds: f64,
    /// Seconds since 1970 when it ended.
    pub finished: u64,
    /// Versions of what computed it.
    pub versions: BTreeMap<String, String>,
}

/// The name of what is a mean over layers, or over groups.
pub const MEAN: &str = "mean";

/// The frontend that others are compared with.
pub const BASELINE: &str = "none";

/// How the difference of a frontend to the baseline is called.
pub fn difference(frontend: &str) -> String {
    format!("{frontend} - {BASELINE}")
}

/// To five decimal places, which is far below every interval.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

impl Job {
    /// What a person sees of it.
    pub fn label(&self) -> String {
        format!("{}: {}", self.data, self.network.label())
    }
}

impl Network {
    /// `resnet18, cifar10, seed 0`
    pub fn label(&self) -> String {
        match self.origin {
            Origin::Pixels | Origin::Generator => self.model.clone(),
            Origin::ImageNet => format!("{}, {}", self.model, self.origin),
            Origin::Shuffled => format!("{}, seed {}", self.model, self.seed),
            origin => format!("{}, {origin}, seed {}", self.model, self.seed),
        }
    }
}

impl Origin {
    /// Whether it is a network, and not what stands in its place.
    pub fn is_network(self) -> bool {
        !matches!(self, Self::Pixels | Self::Shuffled | Self::Generator)
    }

    /// Whether it has learnt from images.
    pub fn is_trained(self) -> bool {
        matches!(self, Self::Cifar10 | Self::ImageNet)
    }
}

impl Measure {
    /// All of them, as tables have them.
    pub const ALL: [Self; 8] = [
        Self::Rsa,
        Self::Rmse,
        Self::KdeIou,
        Self::Ridge,
        Self::RidgeCorrected,
        Self::Cka,
        Self::CkaDebiased,
        Self::Procrustes,
    ];

    /// Whether less is nearer.
    pub fn less_is_nearer(self) -> bool {
        self == Self::Rmse
    }
}

impl Line for Record {
    const SCHEMA: u32 = 2;

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self) -> Result<(), String> {
        if self.values.is_empty() {
            return Err(WrongValue::new("values", "at least one", "none").into());
        }
        for value in &self.values {
            let numbers = [Some(value.value), value.ceiling];
            let ends = value.interval.iter().flatten().copied();
            for number in numbers.into_iter().flatten().chain(ends) {
                within("values", [-1e6, 1e6], number)?;
            }
            within("p", [0.0, 1.0], value.p.unwrap_or(0.0))?;
        }
        for learnt in &self.learnt {
            within("accuracy", [0.0, 100.0], learnt.validation_accuracy)?;
            within("accuracy", [0.0, 100.0], learnt.test_accuracy)?;
        }
        if let Some(path) = self.artifacts.iter().find(|path| !is_inside(path)) {
            let expected = "a file in the study's folder";
            return Err(WrongValue::new("artifacts", expected, path).into());
        }
        Ok(within("seconds", [0.0, 1e9], self.seconds)?)
    }
}

/// Whether a path leads to a place in the folder that it starts from.
fn is_inside(path: &str) -> bool {
    use std::path::{Component, Path};
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Component::Normal(_)))
}
