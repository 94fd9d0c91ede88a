//! What to run: the combinations that were asked for, and the settings of one.

use neurn_core::{NeuRnConfig, Response};
use neurn_models::{
    BackboneConfig, ClassifierConfig, FrontendConfig, LocalContrastNormConfig, SigmaConfig,
    UnknownModel,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Examples;
use crate::device::Backend;
use crate::domains::CLASSES;

/// How networks are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Side of the square that every image is resized to.
    pub image_size: usize,
    /// At most so many images of the source are trained on, from its first.
    pub train_limit: usize,
    /// At most so many images after those choose the epoch.
    pub select_limit: usize,
}

impl Default for Training {
    /// The field's protocol for a single source: the first 10,000 images, the
    /// 2,000 after them to select, 10 epochs of Adam at 1e-3 with batches of
    /// 64, 32 x 32 pixels.
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            learning_rate: 1e-3,
            image_size: 32,
            train_limit: 10_000,
            select_limit: 2_000,
        }
    }
}

/// The combinations to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Domains to train on.
    pub sources: Vec<String>,
    /// Domains to test on.
    pub targets: Vec<String>,
    /// Backbones, by name.
    pub models: Vec<String>,
    /// What stands before them, by name.
    pub frontends: Vec<String>,
    /// Sides of NeuRN's patch.
    pub ks: Vec<usize>,
    /// Seeds.
    pub seeds: Vec<u64>,
    /// How they are trained.
    pub training: Training,
    /// On what.
    pub backend: Backend,
}

impl Plan {
    /// Every combination once, also of what was asked for twice. Frontends
    /// change fastest, so that what is to be compared is finished soonest.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        for source in &self.sources {
            for model in &self.models {
                for &seed in &self.seeds {
                    for frontend in &self.frontends {
                        let ks = match has_patch(frontend) {
                            true => self.ks.iter().copied().map(Some).collect(),
                            false => vec![None],
                        };
                        for k in ks {
                            let run = Run {
                                source: source.clone(),
                                model: model.clone(),
                                frontend: frontend.clone(),
                                k,
                                seed,
                                training: self.training.clone(),
                                backend: self.backend,
                            };
                            if !runs.contains(&run) {
                                runs.push(run);
                            }
                        }
                    }
                }
            }
        }
        runs
    }
}

/// The settings of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The domain to train on.
    pub source: String,
    /// The backbone.
    pub model: String,
    /// What stands before it.
    pub frontend: String,
    /// Side of NeuRN's patch.
    pub k: Option<usize>,
    /// Seed of the initialisation and of the order of images.
    pub seed: u64,
    /// How it is trained.
    pub training: Training,
    /// On what.
    pub backend: Backend,
}

impl Run {
    /// The classifier that is trained, with every option of its frontend and
    /// backbone.
    pub fn classifier(&self) -> Result<ClassifierConfig, UnknownName> {
        let side = self.training.image_size;
        let frontend = frontend_by_name(&self.frontend, self.k.unwrap_or(3))?;
        let backbone = BackboneConfig::from_name(&self.model, CLASSES, Examples::CHANNELS, side)?;
        Ok(ClassifierConfig::new(frontend, backbone))
    }

    /// The identity of this run of this classifier on a source of this
    /// fingerprint: 16 hexadecimal digits of the SHA-256 of all settings. The
    /// targets are not among them.
    pub fn id(&self, classifier: &ClassifierConfig, fingerprint: &str) -> String {
        let settings =
            serde_json::json!({ "run": self, "classifier": classifier, "data": fingerprint });
        let hash = Sha256::digest(settings.to_string());
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The frontend and its patch, as a table names it.
    pub fn frontend_label(&self) -> String {
        frontend_label(&self.frontend, self.k)
    }
}

/// A frontend and its patch, as a table names it: `neurn (k = 3)`.
pub fn frontend_label(frontend: &str, k: Option<usize>) -> String {
    match k {
        Some(k) => format!("{frontend} (k = {k})"),
        None => frontend.to_string(),
    }
}

/// The names of frontends.
pub const FRONTENDS: [&str; 13] = [
    "none",
    "neurn",
    "neurn-inverse-contrast",
    "neurn-divisive",
    "sigma",
    "greyscale",
    "standardize",
    "instance-norm",
    "local-response-norm",
    "local-contrast-subtractive",
    "local-contrast-divisive",
    "sobel",
    "laplacian-of-gaussian",
];

/// A name that nothing has.
#[derive(Debug, thiserror::Error)]
pub enum UnknownName {
    /// No frontend has it.
    #[error("there is no frontend `{0}`; the frontends are {names}", names = FRONTENDS.join(", "))]
    Frontend(String),
    /// No model has it.
    #[error(transparent)]
    Model(#[from] UnknownModel),
}

/// The configuration of the frontend of that name.
fn frontend_by_name(name: &str, k: usize) -> Result<FrontendConfig, UnknownName> {
    let neurn = NeuRnConfig::new(k);
    Ok(match name {
        "none" => FrontendConfig::None,
        "neurn" => FrontendConfig::NeuRn(neurn),
        "neurn-inverse-contrast" => {
            FrontendConfig::NeuRn(neurn.with_response(Response::inverse_contrast()))
        }
        "neurn-divisive" => FrontendConfig::NeuRn(neurn.with_response(Response::divisive())),
        "sigma" => FrontendConfig::Sigma(SigmaConfig::new(k)),
        "greyscale" => FrontendConfig::Greyscale,
        "standardize" => FrontendConfig::Standardize,
        "instance-norm" => FrontendConfig::InstanceNorm,
        "local-response-norm" => FrontendConfig::LocalResponseNorm,
        "local-contrast-subtractive" => {
            FrontendConfig::LocalContrastNorm(LocalContrastNormConfig::new().with_divisive(false))
        }
        "local-contrast-divisive" => {
            FrontendConfig::LocalContrastNorm(LocalContrastNormConfig::new())
        }
        "sobel" => FrontendConfig::Sobel,
        "laplacian-of-gaussian" => FrontendConfig::LaplacianOfGaussian,
        _ => return Err(UnknownName::Frontend(name.to_string())),
    })
}

/// Whether the frontend of that name has a patch.
fn has_patch(name: &str) -> bool {
    matches!(
        frontend_by_name(name, 3),
        Ok(FrontendConfig::NeuRn(_) | FrontendConfig::Sigma(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Plan {
            sources: names(&["mnist", "svhn"]),
            targets: names(&["usps"]),
            models: names(&["digit-net"]),
            frontends: names(&["none", "neurn"]),
            ks: vec![3, 5],
            seeds: vec![0, 1],
            training: Training::default(),
            backend: Backend::Flex,
        }
    }

    #[test]
    fn k_multiplies_neurn_only() {
        let runs = plan().runs();
        // 2 sources x 2 seeds x (none, neurn 3, neurn 5)
        assert_eq!(runs.len(), 12);
        assert_eq!(runs.iter().filter(|run| run.k.is_none()).count(), 4);
        assert_eq!(runs[2].frontend_label(), "neurn (k = 5)");
    }

    #[test]
    fn what_is_asked_for_twice_is_run_once() {
        let mut twice = plan();
        twice.ks.push(3);
        twice.frontends.push("none".to_string());
        twice.models.push("digit-net".to_string());
        twice.sources.push("mnist".to_string());
        assert_eq!(twice.runs(), plan().runs());
    }

    #[test]
    fn every_setting_is_part_of_the_identity_and_targets_are_not() {
        let run = plan().runs()[1].clone();
        let identify = |run: &Run| run.id(&run.classifier().unwrap(), "data");
        let id = identify(&run);
        assert_eq!(id, identify(&run));
        let classifier = run.classifier().unwrap();
        let mut others = vec![
            run.id(&classifier, "other data"),
            run.id(&classifier.with_mean(vec![0.0]), "data"),
        ];
        let changes: [fn(&mut Run); 12] = [
            |run| run.source = "usps".to_string(),
            |run| run.model = "vgg19".to_string(),
            |run| run.frontend = "none".to_string(),
            |run| run.k = Some(5),
            |run| run.seed = 1,
            |run| run.backend = Backend::Wgpu,
            |run| run.training.epochs += 1,
            |run| run.training.batch += 1,
            |run| run.training.learning_rate *= 2.0,
            |run| run.training.image_size += 1,
            |run| run.training.train_limit += 1,
            |run| run.training.select_limit += 1,
        ];
        for change in changes {
            let mut other = run.clone();
            change(&mut other);
            others.push(identify(&other));
        }
        others.push(id);
        let count = others.len();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), count);

        let mut elsewhere = plan();
        elsewhere.targets.clear();
        assert_eq!(elsewhere.runs()[1], run);
    }

    #[test]
    fn every_frontend_has_a_configuration() {
        for name in FRONTENDS {
            frontend_by_name(name, 3).unwrap();
        }
        let error = frontend_by_name("canny", 3).unwrap_err().to_string();
        assert!(
            error.contains("`canny`") && error.contains("none, neurn"),
            "{error}"
        );
    }
}
