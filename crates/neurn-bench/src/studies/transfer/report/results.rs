//! Records as numbers: of a treatment, over cells, by seed.

use crate::train::Method;
use std::collections::BTreeMap;

use super::treatment::Setting;
use crate::statistics::{Estimate, PairedDifference};
use crate::studies::transfer::record::Record;

/// Where a network was trained and on what it was tested: source, test set.
pub(super) type Cell = (String, String);

/// The records of a study with the domains that its tables show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Results<'a> {
    pub(super) records: &'a [Record],
    pub(super) sources: &'a [String],
    pub(super) targets: &'a [String],
}

/// A cell's name and what is averaged for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
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

impl Results<'_> {
    /// In the order in which the records name them.
    pub(super) fn settings(&self) -> Vec<Setting> {
        distinct(self.records.iter().map(Setting::of))
    }

    /// In the order in which the records name them, the baseline first.
    pub(super) fn treatments(&self, setting: &Setting) -> Vec<Method> {
        let mut treatments = distinct(self.of(setting).map(|record| record.method.clone()));
        treatments.sort_by_key(|treatment| *treatment != Method::default());
        treatments
    }

    pub(super) fn of(&self, setting: &Setting) -> impl Iterator<Item = &Record> {
        let of_setting = move |record: &&Record| Setting::of(record) == *setting;
        self.records.iter().filter(of_setting)
    }

    pub(super) fn synthetic(&self) -> bool {
        self.records.iter().any(|record| record.synthetic)
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
        treatment: &Method,
        cells: &[Cell],
    ) -> BTreeMap<u64, f64> {
        let mut by_seed: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for (source, test_set) in cells {
            let mut of_cell = BTreeMap::new();
            let records = self
                .of(setting)
                .filter(|record| record.sources == [source.clone()]);
            for record in records.filter(|record| record.method == *treatment) {
                let accuracy = record.targets.get(test_set).map(|target| target.accuracy);
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
        treatment: &Method,
        cells: &[Cell],
    ) -> Option<Estimate> {
        let by_seed = self.by_seed(setting, treatment, cells);
        Estimate::of(&by_seed.into_values().collect::<Vec<_>>())
    }

    /// Over the seeds that the baseline has too. The baseline has none.
    pub(super) fn gain(
        &self,
        setting: &Setting,
        treatment: &Method,
        cells: &[Cell],
    ) -> Option<PairedDifference> {
        if *treatment == Method::default() {
            return None;
        }
        let without = self.by_seed(setting, &Method::default(), cells);
        let with = self.by_seed(setting, treatment, cells);
        let pairs = with
            .iter()
            .filter_map(|(seed, accuracy)| without.get(seed).map(|baseline| accuracy - baseline));
        PairedDifference::of(&pairs.collect::<Vec<_>>())
    }

    /// The cells in which source and target differ.
    pub(super) fn off_diagonal(&self) -> Measure {
        self.measure("off-diagonal mean", |source, target| source != target)
    }

    /// The cells in which they do not.
    pub(super) fn diagonal(&self) -> Measure {
        self.measure("own-domain mean", |source, target| source == target)
    }

    fn measure(&self, name: &str, holds: impl Fn(&str, &str) -> bool) -> Measure {
        let mut cells = Vec::new();
        for source in self.sources {
            let targets = self.targets.iter().filter(|target| holds(source, target));
            cells.extend(targets.map(|target| (source.clone(), target.clone())));
        }
        Measure {
            name: name.to_string(),
            cells,
        }
    }

    /// What a figure shows of a treatment when it cannot show every cell: the
    /// off-diagonal mean, and each target of a single source or else the mean
    /// of own domains.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let mut measures = vec![self.off_diagonal()];
        match self.sources {
            [source] => measures.extend(self.targets.iter().map(|target| Measure {
                name: format!("{source} to {target}"),
                cells: vec![(source.clone(), target.clone())],
            })),
            _ => measures.push(self.diagonal()),
        }
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
        let mut shifts: Vec<Shift> = severities
            .into_iter()
            .map(|((domain, kind), mut severities)| {
                severities.sort_unstable();
                severities.dedup();
                Shift {
                    domain: domain.to_string(),
                    kind: kind.to_string(),
                    severities,
                }
            })
            .collect();
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
        for source in self.sources {
            for domain in &domains {
                let tested = |shift: &Shift| {
                    let of_source = self
                        .records
                        .iter()
                        .filter(|r| r.sources == [source.clone()]);
                    let cells = shift.cells(source);
                    let has = |r: &Record| cells.iter().any(|(_, set)| r.targets.contains_key(set));
                    of_source.into_iter().any(has)
                };
                let of_domain = shifts.iter().filter(|shift| shift.domain == *domain);
                let of_domain: Vec<Shift> = of_domain.filter(|s| tested(s)).cloned().collect();
                if !of_domain.is_empty() {
                    shifted.push((source.clone(), domain.clone(), of_domain));
                }
            }
        }
        shifted
    }

    /// Test images of a test set and the share of its most frequent digit in
    /// percent.
    pub(super) fn test_set(&self, name: &str) -> Option<(usize, f64)> {
        self.records.iter().find_map(|record| {
            let majority = finite(record.targets.get(name).map(|target| target.majority))?;
            Some((record.targets.get(name)?.images, majority))
        })
    }
}

/// A number that can be shown.
pub(super) fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// Each once, in the order of its first.
pub(super) fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}
