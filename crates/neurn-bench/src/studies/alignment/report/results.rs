//! Measurements, looked up and put together over seeds.

use std::collections::BTreeMap;

use crate::report::value::Value;
use crate::studies::alignment::{BASELINE, MEAN, MEASURES, Measurement, difference};

/// A network, or a control, over its seeds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) model: String,
    pub(super) training: String,
}

/// What is told of a number over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Summary {
    /// Its mean over seeds.
    pub(super) value: f64,
    /// The mean ends of the intervals of all seeds: they are of one set of
    /// scenes and neurons, which more seeds do not make larger.
    pub(super) interval: Option<[f64; 2]>,
    pub(super) ceiling: Option<f64>,
    /// The largest of all seeds.
    pub(super) p: Option<f64>,
    /// The least and the largest value of a seed.
    pub(super) seeds: [f64; 2],
}

type Key<'a> = [&'a str; 7];

pub(super) struct Results<'a> {
    measured: &'a [Measurement],
    by_key: BTreeMap<Key<'a>, Vec<&'a Measurement>>,
}

impl Subject {
    pub(super) fn label(&self) -> String {
        match self.training.as_str() {
            "none" => self.model.clone(),
            training => format!("{}, {training}", self.model),
        }
    }

    /// Whether it has learnt from images.
    pub(super) fn is_trained(&self) -> bool {
        !matches!(self.training.as_str(), "none" | "untrained")
    }
}

impl Summary {
    pub(super) fn number(summary: Option<Self>, signed: bool) -> Value {
        summary.map_or(Value::Missing, |summary| Value::Number {
            value: summary.value,
            interval: summary.interval,
            signed,
        })
    }
}

impl<'a> Results<'a> {
    pub(super) fn new(measured: &'a [Measurement]) -> Self {
        let mut by_key: BTreeMap<Key<'a>, Vec<&'a Measurement>> = BTreeMap::new();
        for line in measured {
            let key = [
                line.measure.as_str(),
                &line.data,
                &line.model,
                &line.training,
                &line.frontend,
                &line.layer,
                &line.group,
            ];
            by_key.entry(key).or_default().push(line);
        }
        Self { measured, by_key }
    }

    pub(super) fn simulated(&self) -> bool {
        self.measured.iter().any(|line| line.simulated)
    }

    /// Whether a network has learnt in this way.
    pub(super) fn has_training(&self, training: &str) -> bool {
        self.measured.iter().any(|line| line.training == training)
    }

    /// Whether a data set is made up.
    pub(super) fn is_simulated(&self, data: &str) -> bool {
        self.measured
            .iter()
            .any(|line| line.data == data && line.simulated)
    }

    /// The data sets, as they were measured.
    pub(super) fn data(&self) -> Vec<String> {
        self.names(|_| true, |line| &line.data)
    }

    /// The measures of a data set.
    pub(super) fn measures(&self, data: &str) -> Vec<&'static str> {
        let known = MEASURES.into_iter();
        known
            .filter(|measure| {
                self.measured
                    .iter()
                    .any(|line| line.data == data && line.measure == *measure)
            })
            .collect()
    }

    pub(super) fn subjects(&self, data: &str) -> Vec<Subject> {
        let mut subjects = Vec::new();
        for line in self.measured.iter().filter(|line| line.data == data) {
            let subject = Subject {
                model: line.model.clone(),
                training: line.training.clone(),
            };
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        subjects
    }

    /// The frontends of a data set, without differences; the baseline is the
    /// first.
    pub(super) fn frontends(&self, data: &str) -> Vec<String> {
        let mut names = self.names(|line| line.data == data, |line| &line.frontend);
        names.retain(|name| !name.contains(" - "));
        names
    }

    /// The layers of a subject, first to last, without the mean.
    pub(super) fn layers(&self, data: &str, subject: &Subject) -> Vec<String> {
        let of = |line: &Measurement| {
            line.data == data && line.model == subject.model && line.training == subject.training
        };
        let mut names = self.names(of, |line| &line.layer);
        names.retain(|name| name != MEAN);
        names
    }

    /// The groups of a data set, without the mean.
    pub(super) fn groups(&self, data: &str) -> Vec<String> {
        let mut names = self.names(|line| line.data == data, |line| &line.group);
        names.retain(|name| name != MEAN);
        names
    }

    /// The seeds of a subject.
    pub(super) fn seeds(&self, data: &str, subject: &Subject) -> usize {
        let of = |line: &&Measurement| {
            line.data == data && line.model == subject.model && line.training == subject.training
        };
        let mut seeds: Vec<u64> = self
            .measured
            .iter()
            .filter(of)
            .map(|line| line.seed)
            .collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds.len()
    }

    pub(super) fn find(
        &self,
        measure: &str,
        data: &str,
        subject: &Subject,
        frontend: &str,
        layer: &str,
        group: &str,
    ) -> Option<Summary> {
        let key = [
            measure,
            data,
            subject.model.as_str(),
            &subject.training,
            frontend,
            layer,
            group,
        ];
        let lines = self.by_key.get(&key)?;
        let share = 1.0 / lines.len() as f64;
        let mean = |of: fn(&Measurement) -> Option<f64>| {
            let values: Option<Vec<f64>> = lines.iter().map(|line| of(line)).collect();
            values.map(|values| values.iter().sum::<f64>() * share)
        };
        let largest = lines
            .iter()
            .map(|line| line.p)
            .collect::<Option<Vec<f64>>>();
        Some(Summary {
            value: mean(|line| Some(line.value))?,
            interval: mean(|line| line.low)
                .zip(mean(|line| line.high))
                .map(|(a, b)| [a, b]),
            ceiling: mean(|line| line.ceiling),
            p: largest.and_then(|p| p.into_iter().reduce(f64::max)),
            seeds: [
                lines
                    .iter()
                    .map(|line| line.value)
                    .fold(f64::INFINITY, f64::min),
                lines
                    .iter()
                    .map(|line| line.value)
                    .fold(f64::NEG_INFINITY, f64::max),
            ],
        })
    }

    /// The mean over layers and groups; of one layer that one, of one group that
    /// one.
    pub(super) fn overall(
        &self,
        measure: &str,
        data: &str,
        subject: &Subject,
        frontend: &str,
    ) -> Option<Summary> {
        let layer = self.mean_layer(data, subject);
        let group = self.mean_group(data);
        self.find(measure, data, subject, frontend, &layer, &group)
    }

    /// What stands for all layers of a subject: their mean, or the only one.
    pub(super) fn mean_layer(&self, data: &str, subject: &Subject) -> String {
        only_or_mean(self.layers(data, subject))
    }

    /// What stands for all groups of a data set: their mean, or the only one.
    pub(super) fn mean_group(&self, data: &str) -> String {
        only_or_mean(self.groups(data))
    }

    /// How much nearer a frontend brings a subject to cortex; above 0 is nearer,
    /// whatever the measure.
    pub(super) fn gain(
        &self,
        measure: &str,
        data: &str,
        subject: &Subject,
        frontend: &str,
    ) -> Option<Summary> {
        let found = self.overall(measure, data, subject, &difference(frontend))?;
        Some(match less_is_nearer(measure) {
            false => found,
            true => Summary {
                value: -found.value,
                interval: found.interval.map(|[low, high]| [-high, -low]),
                seeds: [-found.seeds[1], -found.seeds[0]],
                ..found
            },
        })
    }

    /// The layer nearest to a group behind a frontend, by the mean over seeds.
    pub(super) fn best_layer(
        &self,
        measure: &str,
        data: &str,
        subject: &Subject,
        frontend: &str,
        group: &str,
    ) -> Option<(String, Summary)> {
        let found = self.layers(data, subject).into_iter().filter_map(|layer| {
            let summary = self.find(measure, data, subject, frontend, &layer, group)?;
            Some((layer, summary))
        });
        let sign = if less_is_nearer(measure) { -1.0 } else { 1.0 };
        found.max_by(|a, b| (sign * a.1.value).total_cmp(&(sign * b.1.value)))
    }

    fn names(
        &self,
        of: impl Fn(&Measurement) -> bool,
        name: impl Fn(&Measurement) -> &String,
    ) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for line in self.measured.iter().filter(|line| of(line)) {
            if !names.contains(name(line)) {
                names.push(name(line).clone());
            }
        }
        names
    }
}

fn only_or_mean(mut names: Vec<String>) -> String {
    match names.len() {
        1 => names.remove(0),
        _ => MEAN.to_string(),
    }
}

pub(super) fn less_is_nearer(measure: &str) -> bool {
    measure == "rmse"
}

/// The frontends that are compared with the baseline.
pub(super) fn treatments(frontends: &[String]) -> impl Iterator<Item = &String> {
    frontends.iter().filter(|frontend| *frontend != BASELINE)
}

/// A measure's name for people.
pub(super) fn title(measure: &str) -> &str {
    match measure {
        "rsa" => "RSA",
        "rmse" => "RMSE",
        "kde-iou" => "KDE-IoU",
        "ridge" => "ridge r",
        "ridge-corrected" => "ridge r, corrected",
        "cka" => "CKA",
        "cka-debiased" => "CKA, debiased",
        "procrustes" => "Procrustes",
        other => other,
    }
}

/// Groups without those that are a layer of an area, as the paper has none,
/// unless there are no others.
pub(super) fn without_layers(groups: Vec<String>) -> Vec<String> {
    let others = || groups.iter().filter(|group| !group.contains('/'));
    match others().next() {
        Some(_) => others().cloned().collect(),
        None => groups,
    }
}
