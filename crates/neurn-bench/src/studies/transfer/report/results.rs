//! Records as numbers: of a method, over cells, by seed.

use crate::studies::distinct;
use std::collections::BTreeMap;

use neurn_core::NeuRnConfig;
use neurn_models::{FrontendConfig, MapConfig};

use crate::device::Backend;
use crate::report::value::Value;
use crate::statistics::{Estimate, PairedDifference, correlation, holm};
use crate::studies::transfer::record::{Record, TargetResult};
use crate::train::{Method, Training};

/// Where a network was trained and on what it was tested: sources, test set.
pub(super) type Cell = (String, String);

/// A figure of more methods has too many colours.
const SHOWN: usize = 8;

/// What records have in common that are compared with each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) model: String,
    pub(super) backend: Backend,
    /// But for the learning rate, which is chosen for each method.
    training: Training,
}

impl Setting {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            model: record.model.clone(),
            backend: record.backend,
            training: Training {
                learning_rate: 0.0,
                ..record.training.clone()
            },
        }
    }

    /// How it was trained.
    pub(super) fn training(&self) -> String {
        let Training { batch, .. } = self.training;
        format!("{} of Adam, batches of {batch}", self.training.length())
    }
}

/// The records of a study with the domains that its tables show.
#[derive(Clone, Debug)]
pub(super) struct Results<'a> {
    pub(super) records: Vec<&'a Record>,
    /// What networks were trained on: the label, and the domains.
    pub(super) sources: Vec<(String, &'a [String])>,
    pub(super) targets: &'a [String],
}

/// A cell's name and what is averaged for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
}

impl Measure {
    pub(super) fn new(name: &str, cells: Vec<Cell>) -> Self {
        Self {
            name: name.to_string(),
            cells,
        }
    }
}

/// A method beside another one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Comparison {
    pub(super) method: Method,
    pub(super) difference: PairedDifference,
    /// Corrected by Holm for the number of methods.
    pub(super) p: Option<f64>,
    /// Between the two, over seeds.
    pub(super) correlation: Option<f64>,
}

impl Comparison {
    /// Whether it is better or worse, at p < 0.05.
    pub(super) fn verdict(&self) -> &'static str {
        match (self.p, self.difference.estimate.mean > 0.0) {
            (None, _) => "one seed",
            (Some(p), true) if p < 0.05 => "better",
            (Some(p), false) if p < 0.05 => "worse",
            _ => "level",
        }
    }

    /// Difference, p and correlation.
    pub(super) fn values(&self) -> [Value; 3] {
        [
            Value::Gain(self.difference),
            self.p.map_or(Value::Missing, Value::P),
            self.correlation.map_or(Value::Missing, Value::Correlation),
        ]
    }
}

/// A kind of shift of a domain's test images, with the severities there are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shift {
    pub(super) domain: String,
    pub(super) kind: String,
    pub(super) severities: Vec<u32>,
}

impl Shift {
    pub(super) fn test_set(&self, severity: u32) -> String {
        format!("{}+{}-{severity}", self.domain, self.kind)
    }

    /// Every severity from this source.
    pub(super) fn cells(&self, source: &str) -> Vec<Cell> {
        let severities = self.severities.iter();
        severities
            .map(|&severity| (source.to_string(), self.test_set(severity)))
            .collect()
    }
}

/// `mnist+rotation-3` as domain, kind and severity; `None` of a domain as it is.
pub(super) fn parse_shift(test_set: &str) -> Option<(&str, &str, u32)> {
    let (domain, shift) = test_set.split_once('+')?;
    let (kind, severity) = shift.rsplit_once('-')?;
    Some((domain, kind, severity.parse().ok()?))
}

/// `mnist + usps`
pub(super) fn source_label(record: &Record) -> String {
    record.sources.join(" + ")
}

impl<'a> Results<'a> {
    pub(super) fn new(records: Vec<&'a Record>, targets: &'a [String]) -> Self {
        let sources = records
            .iter()
            .map(|record| (source_label(record), record.sources.as_slice()));
        Self {
            sources: distinct(sources),
            records,
            targets,
        }
    }

    /// In the order in which the records name them.
    pub(super) fn settings(&self) -> Vec<Setting> {
        distinct(self.records.iter().map(|record| Setting::of(record)))
    }

    /// What tells a setting from the others; empty of the only one.
    pub(super) fn name(&self, setting: &Setting) -> String {
        let settings = self.settings();
        let mut parts = Vec::new();
        if settings.iter().any(|other| other.model != setting.model) {
            parts.push(setting.model.clone());
        }
        if settings
            .iter()
            .any(|other| other.backend != setting.backend)
        {
            parts.push(format!("on {}", setting.backend));
        }
        let same =
            |other: &Setting| other.model == setting.model && other.backend == setting.backend;
        if settings.iter().filter(|other| same(other)).count() > 1 {
            parts.push(setting.training());
        }
        parts.join(", ")
    }

    /// In the order in which the records name them, the baseline first.
    pub(super) fn methods(&self, setting: &Setting) -> Vec<Method> {
        let mut methods = distinct(self.of(setting).map(|record| record.method.clone()));
        let baseline = self.baseline(setting);
        methods.sort_by_key(|method| *method != baseline);
        methods
    }

    /// What methods are compared with: no frontend and no augmentation, behind a
    /// standardized input, or behind the input scale that there is.
    pub(super) fn baseline(&self, setting: &Setting) -> Method {
        let methods = self.of(setting).map(|record| &record.method);
        let mut nothing: Vec<&Method> = methods
            .filter(|method| {
                let input = method.input.clone();
                **method
                    == Method {
                        input,
                        ..Method::default()
                    }
            })
            .collect();
        nothing.sort_by_key(|method| **method != Method::default());
        nothing.first().copied().cloned().unwrap_or_default()
    }

    /// NeuRN as the papers have it, or the method that comes nearest to it.
    pub(super) fn neurn(&self, setting: &Setting) -> Option<Method> {
        let papers = Method::of(FrontendConfig::neurn(NeuRnConfig::new(3)));
        let mut methods = self.methods(setting);
        methods.retain(|method| matches!(method.frontend.map, MapConfig::NeuRn(_)));
        // The first of those that are least unlike it.
        methods.into_iter().min_by_key(|method| {
            let plain = *method == Method::of(method.frontend.clone());
            (*method != papers, !plain)
        })
    }

    /// Those that a figure has colours for, in the order of tables: the baseline,
    /// NeuRN, and the best of the others.
    pub(super) fn shown(&self, setting: &Setting) -> Vec<Method> {
        let methods = self.methods(setting);
        let cells = self.primary().cells;
        let accuracy = |method: &Method| {
            let accuracy = self.accuracy(setting, method, &cells);
            accuracy.map_or(f64::NEG_INFINITY, |accuracy| accuracy.mean)
        };
        let neurn = self.neurn(setting);
        let baseline = self.baseline(setting);
        let always = |method: &Method| *method == baseline || Some(method) == neurn.as_ref();
        let mut best = methods.clone();
        best.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a)));
        best.sort_by_key(|method| !always(method));
        best.truncate(SHOWN);
        methods
            .into_iter()
            .filter(|method| best.contains(method))
            .collect()
    }

    pub(super) fn of(&self, setting: &Setting) -> impl Iterator<Item = &'a Record> {
        let of_setting = move |record: &&Record| Setting::of(record) == *setting;
        self.records.iter().copied().filter(of_setting)
    }

    /// Of these sources and this method.
    pub(super) fn runs(
        &self,
        setting: &Setting,
        method: &Method,
        source: &str,
    ) -> impl Iterator<Item = &'a Record> {
        self.of(setting)
            .filter(move |record| record.method == *method && source_label(record) == source)
    }

    /// All seeds, in order.
    pub(super) fn seeds(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self.records.iter().map(|record| record.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }

    /// The mean accuracy over the cells, of every seed that has them all.
    pub(super) fn by_seed(
        &self,
        setting: &Setting,
        method: &Method,
        cells: &[Cell],
    ) -> BTreeMap<u64, f64> {
        let mut by_seed: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for (source, test_set) in cells {
            let mut of_cell = BTreeMap::new();
            for record in self.runs(setting, method, source) {
                let accuracy = record.targets.get(test_set).map(|result| result.accuracy);
                of_cell.extend(finite(accuracy).map(|accuracy| (record.seed, accuracy)));
            }
            for (seed, accuracy) in of_cell {
                by_seed.entry(seed).or_default().push(accuracy);
            }
        }
        by_seed
            .into_iter()
            .filter(|(_, values)| values.len() == cells.len())
            .map(|(seed, values)| (seed, values.iter().sum::<f64>() / values.len() as f64))
            .collect()
    }

    /// Over seeds.
    pub(super) fn accuracy(
        &self,
        setting: &Setting,
        method: &Method,
        cells: &[Cell],
    ) -> Option<Estimate> {
        let by_seed = self.by_seed(setting, method, cells);
        Estimate::of(&by_seed.into_values().collect::<Vec<_>>())
    }

    /// What each method differs by from the reference, over the seeds that both
    /// have; not of the reference itself.
    pub(super) fn compare(
        &self,
        setting: &Setting,
        methods: &[Method],
        reference: &Method,
        cells: &[Cell],
    ) -> Vec<Comparison> {
        let others = self.by_seed(setting, reference, cells);
        let mut comparisons = Vec::new();
        for method in methods.iter().filter(|method| *method != reference) {
            let own = self.by_seed(setting, method, cells);
            let pairs = own
                .iter()
                .filter_map(|(seed, own)| Some((*own, *others.get(seed)?)));
            let pairs: Vec<(f64, f64)> = pairs.collect();
            let differences: Vec<f64> = pairs.iter().map(|(own, other)| own - other).collect();
            comparisons.extend(
                PairedDifference::of(&differences).map(|difference| Comparison {
                    method: method.clone(),
                    difference,
                    p: difference.p,
                    correlation: correlation(&pairs),
                }),
            );
        }
        let ps: Vec<f64> = comparisons
            .iter()
            .filter_map(|comparison| comparison.p)
            .collect();
        let tested = comparisons
            .iter_mut()
            .filter_map(|comparison| comparison.p.as_mut());
        tested
            .zip(holm(&ps))
            .for_each(|(p, adjusted)| *p = adjusted);
        comparisons
    }

    /// Over the seeds that the baseline has too. The baseline has none.
    pub(super) fn gain(
        &self,
        setting: &Setting,
        method: &Method,
        cells: &[Cell],
    ) -> Option<PairedDifference> {
        let methods = std::slice::from_ref(method);
        let gain = self.compare(setting, methods, &self.baseline(setting), cells);
        gain.first().map(|comparison| comparison.difference)
    }

    /// The cells whose target is none of the sources.
    pub(super) fn others(&self) -> Measure {
        Measure::new("other domains", self.cells(false))
    }

    /// The cells whose target is one of the sources.
    pub(super) fn own(&self) -> Measure {
        Measure::new("own domains", self.cells(true))
    }

    fn cells(&self, own: bool) -> Vec<Cell> {
        let cells = self.sources.iter().flat_map(|(label, domains)| {
            let targets = self
                .targets
                .iter()
                .filter(move |t| domains.contains(t) == own);
            targets.map(|target| (label.clone(), target.clone()))
        });
        cells.collect()
    }

    /// What a study is read by: other domains; without any, shifted images of its
    /// own; without those, its own.
    pub(super) fn primary(&self) -> Measure {
        let others = self.others();
        if !others.cells.is_empty() {
            return others;
        }
        let shifted = self.shifted();
        let shifted = shifted
            .iter()
            .flat_map(|(source, _, shifts)| shifts.iter().flat_map(|shift| shift.cells(source)));
        let shifted: Vec<Cell> = shifted.collect();
        match shifted.is_empty() {
            true => self.own(),
            false => Measure::new("shifted images", shifted),
        }
    }

    /// Columns of a table of methods: the mean over other domains, then a target each.
    /// `None` of several sources that share a target they were not trained on.
    pub(super) fn columns(&self) -> Option<Vec<Measure>> {
        let others = self.others();
        let cells: Vec<Cell> = match self.sources.as_slice() {
            [(source, _)] => {
                let targets = self.targets.iter();
                targets
                    .map(|target| (source.clone(), target.clone()))
                    .collect()
            }
            // Each domain is left out once.
            _ => others.cells.clone(),
        };
        let names = distinct(cells.iter().map(|(_, target)| target));
        if names.len() < cells.len() {
            return None;
        }
        // Of one cell it would be that cell again.
        let mean = (others.cells.len() > 1).then_some(others);
        let each = cells
            .iter()
            .map(|cell| Measure::new(&cell.1, vec![cell.clone()]));
        Some(mean.into_iter().chain(each).collect())
    }

    /// What a figure or a table has a place for each of: those columns, or means.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let means = || vec![self.others(), self.own()];
        let mut measures = self.columns().unwrap_or_else(means);
        measures.retain(|measure| !measure.cells.is_empty());
        measures
    }

    /// The shifts of any test set, in the order in which domains are tables'
    /// columns and then of their names.
    pub(super) fn shifts(&self) -> Vec<Shift> {
        let mut severities: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
        for test_set in self.records.iter().flat_map(|record| record.targets.keys()) {
            if let Some((domain, kind, severity)) = parse_shift(test_set) {
                severities.entry((domain, kind)).or_default().push(severity);
            }
        }
        let shifts = severities
            .into_iter()
            .map(|((domain, kind), mut severities)| {
                severities.sort_unstable();
                severities.dedup();
                Shift {
                    domain: domain.to_string(),
                    kind: kind.to_string(),
                    severities,
                }
            });
        let mut shifts: Vec<Shift> = shifts.collect();
        let place = |domain: &str| self.targets.iter().position(|target| target == domain);
        shifts.sort_by_key(|shift| place(&shift.domain).unwrap_or(usize::MAX));
        shifts
    }

    /// The pairs of a source and a domain whose shifts its networks were tested
    /// on, with those shifts.
    pub(super) fn shifted(&self) -> Vec<(String, String, Vec<Shift>)> {
        let shifts = self.shifts();
        let domains = distinct(shifts.iter().map(|shift| shift.domain.clone()));
        let mut shifted = Vec::new();
        for (source, _) in &self.sources {
            for domain in &domains {
                let tested = |shift: &&Shift| {
                    let cells = shift.cells(source);
                    let has =
                        |r: &&Record| cells.iter().any(|(_, set)| r.targets.contains_key(set));
                    self.records
                        .iter()
                        .any(|r| source_label(r) == *source && has(r))
                };
                let of_domain = shifts.iter().filter(|shift| shift.domain == *domain);
                let of_domain: Vec<Shift> = of_domain.filter(tested).cloned().collect();
                if !of_domain.is_empty() {
                    shifted.push((source.clone(), domain.clone(), of_domain));
                }
            }
        }
        shifted
    }

    /// Any result on a test set, for what all of them share: its images and the share
    /// of its most frequent class.
    pub(super) fn test_set(&self, name: &str) -> Option<&'a TargetResult> {
        let results = self
            .records
            .iter()
            .filter_map(|record| record.targets.get(name));
        results
            .into_iter()
            .find(|result| result.majority.is_finite())
    }
}

/// A number that can be shown.
pub(super) fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}
