//! Values of all records, looked up and put together over seeds.

use crate::studies::distinct;
use std::collections::BTreeMap;

use crate::report::value::Value as Cell;
use crate::statistics::Estimate;
use crate::studies::alignment::{
    BASELINE, Learnt, MEAN, Measure, Origin, Record, Value, difference,
};

/// A network, or a control, over its seeds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) model: String,
    pub(super) origin: Origin,
}

/// What is told of a number over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Summary {
    /// Its mean over seeds.
    pub(super) value: f64,
    /// The mean ends of the intervals of all seeds: they are of one set of scenes and
    /// neurons, which more seeds do not make larger.
    pub(super) interval: Option<[f64; 2]>,
    pub(super) ceiling: Option<f64>,
    /// The largest of all seeds.
    pub(super) p: Option<f64>,
    /// The least and the largest value of a seed.
    pub(super) seeds: [f64; 2],
}

/// Measure and origin; data, model, frontend, layer and group.
type Key<'a> = (Measure, Origin, [&'a str; 5]);

pub(super) struct Results<'a> {
    /// By data set, then by network.
    pub(super) records: Vec<&'a Record>,
    by_key: BTreeMap<Key<'a>, Vec<&'a Value>>,
}

impl Subject {
    fn of(record: &Record) -> Self {
        let network = &record.job.network;
        Self {
            model: network.model.clone(),
            origin: network.origin,
        }
    }

    pub(super) fn label(&self) -> String {
        match self.origin.is_network() {
            true => format!("{}, {}", self.model, self.origin),
            false => self.model.clone(),
        }
    }

    /// Whether it is none that everything else is compared with.
    pub(super) fn is_shuffled(&self) -> bool {
        self.origin == Origin::Shuffled
    }
}

impl Summary {
    pub(super) fn cell(summary: Option<Self>, signed: bool) -> Cell {
        summary.map_or(Cell::Missing, |summary| Cell::Number {
            value: summary.value,
            interval: summary.interval,
            signed,
        })
    }
}

impl<'a> Results<'a> {
    /// Of records in any order.
    pub(super) fn new(records: &'a [Record]) -> Self {
        let mut records: Vec<&Record> = records.iter().collect();
        records.sort_by_key(|record| {
            let network = &record.job.network;
            (
                &record.job.data,
                network.origin,
                &network.model,
                network.seed,
            )
        });
        let mut by_key: BTreeMap<Key<'a>, Vec<&'a Value>> = BTreeMap::new();
        for &record in &records {
            let network = &record.job.network;
            for value in &record.values {
                let names = [
                    record.job.data.as_str(),
                    &network.model,
                    &value.frontend,
                    &value.layer,
                    &value.group,
                ];
                let key = (value.measure, network.origin, names);
                by_key.entry(key).or_default().push(value);
            }
        }
        Self { records, by_key }
    }

    pub(super) fn any_simulated(&self) -> bool {
        self.records.iter().any(|record| record.simulated)
    }

    /// Whether a data set is made up.
    pub(super) fn is_simulated(&self, data: &str) -> bool {
        self.of(data).any(|record| record.simulated)
    }

    /// The records of a data set.
    pub(super) fn of(&self, data: &str) -> impl Iterator<Item = &'a Record> {
        let records = self.records.iter().copied();
        records.filter(move |record| record.job.data == data)
    }

    /// The data sets, in their order.
    pub(super) fn data(&self) -> Vec<String> {
        distinct(self.records.iter().map(|record| record.job.data.clone()))
    }

    /// The measures of a data set.
    pub(super) fn measures(&self, data: &str) -> Vec<Measure> {
        let mut measures: Vec<Measure> = distinct(
            self.of(data)
                .flat_map(|record| &record.values)
                .map(|value| value.measure),
        );
        measures.sort_unstable();
        measures
    }

    pub(super) fn subjects(&self, data: &str) -> Vec<Subject> {
        distinct(self.of(data).map(Subject::of))
    }

    /// The frontends of a data set; the baseline is the first.
    pub(super) fn frontends(&self, data: &str) -> Vec<String> {
        let methods = self.of(data).flat_map(|record| &record.job.methods);
        distinct(methods.map(|method| method.frontend.label()))
    }

    /// The layers of a subject, first to last, without the mean.
    pub(super) fn layers(&self, data: &str, subject: &Subject) -> Vec<String> {
        let of_subject = self
            .of(data)
            .filter(|record| Subject::of(record) == *subject);
        // Those of one seed are those of all.
        let values = of_subject.take(1).flat_map(|record| &record.values);
        let layers = values
            .map(|value| &value.layer)
            .filter(|layer| *layer != MEAN);
        distinct(layers.cloned())
    }

    /// The groups of a data set, without the mean.
    pub(super) fn groups(&self, data: &str) -> Vec<String> {
        let values = self.of(data).flat_map(|record| &record.values);
        let groups = values
            .map(|value| &value.group)
            .filter(|group| *group != MEAN);
        distinct(groups.cloned())
    }

    /// How many seeds of a subject there are.
    pub(super) fn seeds(&self, data: &str, subject: &Subject) -> usize {
        let of_subject = self
            .of(data)
            .filter(|record| Subject::of(record) == *subject);
        distinct(of_subject.map(|record| record.job.network.seed)).len()
    }

    /// What the networks of a model have learnt behind a frontend, a seed each.
    pub(super) fn learnt(&self, model: &str, frontend: &str) -> Vec<&'a Learnt> {
        // Each network stands in the records of all data sets.
        let mut by_seed = BTreeMap::new();
        for record in &self.records {
            let network = &record.job.network;
            if network.model == model {
                let of_frontend = record.learnt.iter();
                let found = of_frontend.filter(|learnt| learnt.frontend == frontend);
                by_seed.extend(found.map(|learnt| (network.seed, learnt)));
            }
        }
        by_seed.into_values().collect()
    }

    /// Accuracy of a model's networks behind a frontend, on the test images.
    pub(super) fn accuracy(&self, model: &str, frontend: &str) -> Option<Estimate> {
        let learnt = self.learnt(model, frontend);
        let percents: Vec<f64> = learnt.iter().map(|learnt| learnt.test_accuracy).collect();
        Estimate::of(&percents)
    }

    pub(super) fn find(
        &self,
        measure: Measure,
        data: &str,
        subject: &Subject,
        [frontend, layer, group]: [&str; 3],
    ) -> Option<Summary> {
        let names = [data, &subject.model, frontend, layer, group];
        let values = self.by_key.get(&(measure, subject.origin, names))?;
        let share = 1.0 / values.len() as f64;
        let mean = |of: &dyn Fn(&Value) -> Option<f64>| {
            let of_seeds: Option<Vec<f64>> = values.iter().map(|value| of(value)).collect();
            of_seeds.map(|of_seeds| of_seeds.iter().sum::<f64>() * share)
        };
        let end = |end: usize| mean(&|value| value.interval.map(|interval| interval[end]));
        let p: Option<Vec<f64>> = values.iter().map(|value| value.p).collect();
        let all = || values.iter().map(|value| value.value);
        Some(Summary {
            value: mean(&|value| Some(value.value))?,
            interval: end(0).zip(end(1)).map(|(low, high)| [low, high]),
            ceiling: mean(&|value| value.ceiling),
            p: p.and_then(|p| p.into_iter().reduce(f64::max)),
            seeds: [
                all().fold(f64::INFINITY, f64::min),
                all().fold(f64::NEG_INFINITY, f64::max),
            ],
        })
    }

    /// The mean over layers and groups; of one layer that one, of one group that one.
    pub(super) fn overall(
        &self,
        measure: Measure,
        data: &str,
        subject: &Subject,
        frontend: &str,
    ) -> Option<Summary> {
        let layer = self.mean_layer(data, subject);
        let group = self.mean_group(data);
        self.find(measure, data, subject, [frontend, &layer, &group])
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
        measure: Measure,
        data: &str,
        subject: &Subject,
        frontend: &str,
    ) -> Option<Summary> {
        let found = self.overall(measure, data, subject, &difference(frontend))?;
        Some(match measure.less_is_nearer() {
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
        measure: Measure,
        data: &str,
        subject: &Subject,
        [frontend, group]: [&str; 2],
    ) -> Option<(String, Summary)> {
        let found = self.layers(data, subject).into_iter().filter_map(|layer| {
            let summary = self.find(measure, data, subject, [frontend, &layer, group])?;
            Some((layer, summary))
        });
        let sign = if measure.less_is_nearer() { -1.0 } else { 1.0 };
        found.max_by(|a, b| (sign * a.1.value).total_cmp(&(sign * b.1.value)))
    }
}

fn only_or_mean(mut names: Vec<String>) -> String {
    match names.len() {
        1 => names.remove(0),
        _ => MEAN.to_string(),
    }
}

/// The frontends that are compared with the baseline.
pub(super) fn treatments(frontends: &[String]) -> impl Iterator<Item = &String> {
    frontends.iter().filter(|frontend| *frontend != BASELINE)
}

/// Groups without those that are a layer of an area, as the paper has none, unless
/// there are no others.
pub(super) fn without_layers(groups: Vec<String>) -> Vec<String> {
    let others = || groups.iter().filter(|group| !group.contains('/'));
    match others().next() {
        Some(_) => others().cloned().collect(),
        None => groups,
    }
}
