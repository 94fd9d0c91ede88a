//! A run before it is run: everything that its network depends on.

use crate::studies::distinct;
use std::collections::BTreeMap;

use serde::Serialize;

use super::plan::{Plan, Protocol};
use crate::device::Backend;
use crate::studies::SettingsError;
use crate::train::{Examples, ImageShape, Method, Training};
use crate::value::WrongValue;

/// One network to train. Its targets are not part of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// The domains to train on.
    pub sources: Vec<String>,
    /// The backbone.
    pub model: String,
    /// What stands against the shift.
    pub method: Method,
    /// Seed of the initialization, the order of images and the augmentation.
    pub seed: u64,
    /// How it is trained.
    pub training: Training,
    /// On what.
    pub backend: Backend,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Fingerprints of the sources' training images.
    pub data: BTreeMap<String, String>,
}

impl Job {
    /// `mnist -> digit-net, neurn (k = 3), seed 0`
    pub fn label(&self) -> String {
        format!(
            "{} -> {}, {}, seed {}",
            self.sources.join(" + "),
            self.model,
            self.method.label(),
            self.seed
        )
    }
}

impl Plan {
    /// The domains that networks are trained on, of these.
    pub(super) fn source_sets(&self, domains: &[String]) -> Vec<Vec<String>> {
        let named = match self.sources.is_empty() {
            true => domains,
            false => &self.sources,
        };
        let sources = distinct(named.iter().cloned());
        match self.protocol {
            Protocol::SingleSource => sources.into_iter().map(|source| vec![source]).collect(),
            Protocol::LeaveOneOut => (0..sources.len())
                .map(|out| {
                    let mut rest = sources.clone();
                    rest.remove(out);
                    rest
                })
                .collect(),
        }
    }

    /// The domains that networks are tested on, of these.
    pub(super) fn target_names(&self, domains: &[String]) -> Vec<String> {
        match self.targets.is_empty() {
            true => domains.to_vec(),
            false => distinct(self.targets.iter().cloned()),
        }
    }

    /// Every combination once; checked, so that each can be run. Methods change
    /// fastest, then seeds, so that what is to be compared is finished soonest.
    /// `fingerprints` has those of the training images of each domain.
    ///
    /// # Errors
    ///
    /// If a value is of no use, or no network can be made of a combination.
    pub fn jobs(
        &self,
        domains: &[String],
        classes: &[String],
        fingerprints: &BTreeMap<String, String>,
        backend: Backend,
    ) -> Result<Vec<Job>, SettingsError> {
        self.check(domains)?;
        self.check_networks(domains, classes.len())
            .map_err(|wrong| wrong.of(self.file.as_deref()))?;
        let sets = self.source_sets(domains);
        let mut jobs = Vec::new();
        for model in distinct(self.models.iter()) {
            for sources in &sets {
                for &seed in &self.seeds {
                    for training in self.trainings() {
                        jobs.extend(self.methods.iter().map(|method| {
                            Job {
                                sources: sources.clone(),
                                model: model.clone(),
                                method: method.clone(),
                                seed,
                                training: training.clone(),
                                backend,
                                classes: classes.to_vec(),
                                data: sources
                                    .iter()
                                    .map(|source| (source.clone(), fingerprints[source].clone()))
                                    .collect(),
                            }
                        }));
                    }
                }
            }
        }
        Ok(jobs)
    }

    /// That there are sources left, and that each combination makes a network.
    fn check_networks(&self, domains: &[String], classes: usize) -> Result<(), SettingsError> {
        if self.source_sets(domains).iter().any(Vec::is_empty) {
            let expected = "two or more to leave one out";
            return Err(WrongValue::new("sources", expected, "one").into());
        }
        let images = ImageShape {
            channels: Examples::CHANNELS,
            side: self.training.image_size,
        };
        for model in &self.models {
            for method in &self.methods {
                method.check(model, classes, images)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::assert_another_identity;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_string).collect()
    }

    fn jobs(plan: &str) -> Vec<Job> {
        let domains = names("a b c");
        let fingerprints = domains
            .iter()
            .map(|name| (name.clone(), format!("print of {name}")));
        let plan = Plan::from_toml(plan).unwrap();
        plan.jobs(
            &domains,
            &names("cat dog"),
            &fingerprints.collect(),
            Backend::Flex,
        )
        .unwrap()
    }

    #[test]
    fn every_combination_is_a_job() {
        let jobs =
            jobs("methods = [\"none\", \"neurn\"]\nseeds = 2\nlearning_rates = [1e-3, 1e-4]");
        // Domains x methods x seeds x rates.
        assert_eq!(jobs.len(), 3 * 2 * 2 * 2);
        assert_eq!(jobs[0].label(), "a -> digit-net-small, none, seed 0");
        assert_eq!(jobs[1].method.label(), "neurn (k = 3)");
        assert_eq!(jobs[2].training.learning_rate, 1e-4);
    }

    #[test]
    fn each_domain_is_left_out_once() {
        let jobs = jobs("methods = [\"none\"]\nprotocol = \"leave-one-out\"");
        let sources: Vec<Vec<String>> = jobs.into_iter().map(|job| job.sources).collect();
        assert_eq!(sources, [names("b c"), names("a c"), names("a b")]);
    }

    #[test]
    fn every_setting_is_part_of_the_identity() {
        let job = jobs("methods = [\"neurn\"]").remove(0);
        let changes: [fn(&mut Job); 17] = [
            |job| job.sources = vec!["b".to_string()],
            |job| job.model = "vgg19".to_string(),
            |job| job.method = Method::default(),
            |job| job.method = "neurn+rand-conv".parse().unwrap(),
            |job| job.method = "neurn+mix-style".parse().unwrap(),
            |job| job.method.after = Some("conv1".to_string()),
            |job| job.method.input = crate::train::InputScale::Half,
            |job| job.seed = 1,
            |job| job.backend = Backend::Wgpu,
            |job| job.training.epochs += 1,
            |job| job.training.iterations = Some(10),
            |job| job.training.batch += 1,
            |job| job.training.learning_rate *= 2.0,
            |job| job.training.image_size += 1,
            |job| job.training.train_limit += 1,
            |job| job.training.validation_limit += 1,
            |job| _ = job.data.insert("a".to_string(), "another".to_string()),
        ];
        assert_another_identity(&job, &changes);
    }
}
