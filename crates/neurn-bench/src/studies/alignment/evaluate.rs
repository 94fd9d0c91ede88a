//! Every measure of a candidate against the neurons.

use faer::{Mat, MatRef};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::choices::Choices;
use super::features::Layer;
use super::measurement::{MEAN, difference};
use super::neurons::{Group, Neurons, Single, averaged};
use crate::measures::pearson::{column, columns, constant, row};
use crate::measures::{
    DensityGrid, Pairing, Rdm, Ridge, Scaling, SceneBootstrap, ScenePermutation, correlation_cost,
    debiased_linear_cka, kde_iou, linear_cka, pair, paired_costs, procrustes, rmse_matrix,
};
use crate::statistics::Interval;

/// The measures, as they are named in measurements. Of `rmse` less is nearer, of
/// all others more.
pub const MEASURES: [&str; 8] = [
    "rsa",
    "rmse",
    "kde-iou",
    "ridge",
    "ridge-corrected",
    "cka",
    "cka-debiased",
    "procrustes",
];

/// A measurement without what all of its run share.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub measure: &'static str,
    pub frontend: String,
    pub layer: String,
    pub group: String,
    pub value: f64,
    pub interval: Option<(f64, f64)>,
    pub ceiling: Option<f64>,
    pub p: Option<f64>,
    pub neurons: usize,
    pub degenerate: usize,
}

/// Neurons of which less is reliable are left out where a correlation is
/// divided by the root of the reliability, which would blow up their noise.
const LEAST_RELIABILITY: f64 = 0.1;

/// Draws of neurons for measures that are computed anew in each.
const GRAM_DRAWS: usize = 200;

/// Seeds all draws: the same for all candidates, so that they can be compared.
const SEED: u64 = 0;

/// All values of a candidate: frontends with their layers, the baseline first.
/// The layers are the same behind each.
pub fn evaluate(
    neurons: &Neurons,
    candidate: &[(String, Vec<Layer>)],
    choices: &Choices,
) -> Vec<Value> {
    let subject = Subject {
        groups: &neurons.groups,
        averaged: averaged(&neurons.groups),
        candidate,
    };
    let mut values = rsa(&subject, choices);
    if let Some(single) = &neurons.single {
        values.extend(of_neurons(&subject, single, choices));
        values.extend(of_grams(&subject, single));
    }
    values
}

/// What is compared.
struct Subject<'a> {
    groups: &'a [Group],
    /// Those that a mean over groups is of.
    averaged: Vec<usize>,
    candidate: &'a [(String, Vec<Layer>)],
}

/// One number with how it spreads.
#[derive(Clone, Debug, Default)]
struct Spread {
    value: f64,
    /// In each draw; none if it is not drawn.
    draws: Vec<f64>,
    ceiling: Option<f64>,
    p: Option<f64>,
    /// How many neurons it is of.
    neurons: usize,
    /// Silent neurons, and constant units of the layer.
    degenerate: usize,
}

impl Subject<'_> {
    /// A spread that knows what it is of.
    fn about(&self, frontend: usize, layer: usize, group: usize) -> Spread {
        let group = &self.groups[group];
        Spread {
            neurons: group.count,
            degenerate: group.silent + self.candidate[frontend].1[layer].constant,
            ..Spread::default()
        }
    }

    fn layers(&self) -> usize {
        self.candidate[0].1.len()
    }

    /// The values of a measure from the spread of each frontend, layer and group:
    /// each of them, the mean over layers of each group, the mean over groups of
    /// each layer and over both; and all of this again for the difference of each
    /// frontend to the baseline.
    fn values(
        &self,
        measure: &'static str,
        spread: impl Fn(usize, usize, usize) -> Option<Spread>,
    ) -> Vec<Value> {
        let mut values = Vec::new();
        let mut baseline: Vec<Vec<Option<Spread>>> = Vec::new();
        for (f, (frontend, layers)) in self.candidate.iter().enumerate() {
            // Layers x groups, with a row and a column for the means.
            let mut table: Vec<Vec<Option<Spread>>> = (0..layers.len())
                .map(|layer| {
                    let groups = 0..self.groups.len();
                    let mut row: Vec<_> = groups.map(|group| spread(f, layer, group)).collect();
                    let of_groups = self.averaged.iter().map(|&group| row[group].as_ref());
                    let of_groups: Vec<_> = of_groups.collect();
                    row.push(mean(&of_groups).map(|mut mean| {
                        // Groups are of different neurons.
                        let there = || of_groups.iter().flatten();
                        mean.neurons = there().map(|spread| spread.neurons).sum();
                        mean
                    }));
                    row
                })
                .collect();
            let columns = 0..=self.groups.len();
            let means = columns.map(|group| {
                mean(
                    &table
                        .iter()
                        .map(|row| row[group].as_ref())
                        .collect::<Vec<_>>(),
                )
            });
            let means = means.collect();
            table.push(means);
            values.extend(self.written(measure, frontend, &table));
            if f == 0 {
                baseline = table;
            } else {
                let rows = table.into_iter().zip(&baseline);
                let differences: Vec<Vec<Option<Spread>>> = rows
                    .map(|(row, others)| {
                        let pairs = row.into_iter().zip(others);
                        pairs
                            .map(|(one, other)| less(one?, other.as_ref()?))
                            .collect()
                    })
                    .collect();
                values.extend(self.written(measure, &difference(frontend), &differences));
            }
        }
        values
    }

    fn written(
        &self,
        measure: &'static str,
        frontend: &str,
        table: &[Vec<Option<Spread>>],
    ) -> Vec<Value> {
        // The same behind each frontend.
        let layers = &self.candidate[0].1;
        let mut values = Vec::new();
        for (l, row) in table.iter().enumerate() {
            let layer = layers.get(l);
            // The mean over a single layer is that layer.
            if layer.is_none() && layers.len() == 1 {
                continue;
            }
            for (g, spread) in row.iter().enumerate() {
                let group = self.groups.get(g);
                let Some(spread) = spread else { continue };
                if group.is_none() && self.groups.len() == 1 {
                    continue;
                }
                let interval = (!spread.draws.is_empty()).then(|| {
                    let Interval { low, high } = Interval::percentile(spread.draws.clone());
                    (low, high)
                });
                values.push(Value {
                    measure,
                    frontend: frontend.to_string(),
                    layer: layer.map_or(MEAN.to_string(), |layer| layer.name.clone()),
                    group: group.map_or(MEAN.to_string(), |group| group.name.clone()),
                    value: spread.value,
                    interval,
                    ceiling: spread.ceiling,
                    p: spread.p,
                    neurons: spread.neurons,
                    degenerate: spread.degenerate,
                });
            }
        }
        values
    }
}

/// The mean of all that there are, in every draw; `None` of none.
fn mean(spreads: &[Option<&Spread>]) -> Option<Spread> {
    let there: Vec<&Spread> = spreads.iter().copied().flatten().collect();
    let share = 1.0 / there.len() as f64;
    let mut mean = Spread {
        draws: vec![0.0; there.first()?.draws.len()],
        ceiling: Some(0.0),
        neurons: there.first()?.neurons,
        ..Spread::default()
    };
    for spread in there {
        mean.degenerate += spread.degenerate;
        mean.value += share * spread.value;
        let ceilings = mean.ceiling.zip(spread.ceiling);
        mean.ceiling = ceilings.map(|(sum, ceiling)| sum + share * ceiling);
        // Groups have their draws, but as many.
        mean.draws
            .iter_mut()
            .zip(&spread.draws)
            .for_each(|(sum, draw)| *sum += share * draw);
    }
    Some(mean)
}

fn less(one: Spread, other: &Spread) -> Option<Spread> {
    let draws = one.draws.iter().zip(&other.draws);
    Some(Spread {
        value: one.value - other.value,
        draws: draws.map(|(one, other)| one - other).collect(),
        neurons: one.neurons,
        degenerate: one.degenerate + other.degenerate,
        ..Spread::default()
    })
}

/// Spearman's correlation of RDMs.
fn rsa(subject: &Subject, choices: &Choices) -> Vec<Value> {
    let groups: Vec<Rdm> = subject
        .groups
        .iter()
        .map(|group| group.rdm.clone())
        .collect();
    let layers = subject.candidate.iter().flat_map(|(_, layers)| layers);
    let models: Vec<Rdm> = layers.map(|layer| layer.rdm.clone()).collect();
    let chance = ScenePermutation::new(&groups, &models, choices.permutations, SEED);
    let drawn = SceneBootstrap::new(&groups, &models, choices.scene_draws, SEED);
    subject.values("rsa", |frontend, layer, group| {
        let model = frontend * subject.layers() + layer;
        Some(Spread {
            value: chance.values[(group, model)],
            draws: drawn.draws(group, model),
            ceiling: subject.groups[group].ceiling,
            p: Some(chance.p[(group, model)]),
            ..subject.about(frontend, layer, group)
        })
    })
}

/// What each neuron has by itself: RMSE, overlap of densities, predictivity.
fn of_neurons(subject: &Subject, single: &Single, choices: &Choices) -> Vec<Value> {
    let scores: Vec<Vec<Scores>> = subject
        .candidate
        .iter()
        .map(|(_, layers)| {
            layers
                .iter()
                .map(|layer| score(single, layer, choices))
                .collect()
        })
        .collect();
    let ceilings: Option<Vec<f64>> = single
        .reliability
        .as_ref()
        .map(|reliability| reliability.iter().map(|r| r.max(0.0).sqrt()).collect());
    type Of = fn(&Scores) -> &[Option<f64>];
    let measures: [(&'static str, Of, bool); 4] = [
        ("rmse", |scores| &scores.rmse, false),
        ("kde-iou", |scores| &scores.overlap, false),
        ("ridge", |scores| &scores.ridge, true),
        ("ridge-corrected", |scores| &scores.corrected, false),
    ];
    let mut values = Vec::new();
    for (measure, of, bounded) in measures {
        values.extend(subject.values(measure, |frontend, layer, group| {
            let members = &subject.groups[group].members;
            let scores = of(&scores[frontend][layer]);
            let scores: Vec<Option<f64>> = members.iter().map(|&neuron| scores[neuron]).collect();
            let count = scores.iter().flatten().count();
            if count == 0 {
                return None;
            }
            let ceiling = ceilings.as_ref().filter(|_| bounded).map(|ceilings| {
                members.iter().map(|&neuron| ceilings[neuron]).sum::<f64>() / members.len() as f64
            });
            Some(Spread {
                value: scores.iter().flatten().sum::<f64>() / count as f64,
                draws: means(&scores, group, choices.neuron_draws),
                ceiling,
                neurons: count,
                ..subject.about(frontend, layer, group)
            })
        }));
    }
    values
}

/// One value a neuron, where it has one.
struct Scores {
    rmse: Vec<Option<f64>>,
    overlap: Vec<Option<f64>>,
    ridge: Vec<Option<f64>>,
    corrected: Vec<Option<f64>>,
}

fn score(single: &Single, layer: &Layer, choices: &Choices) -> Scores {
    let neurons = single.responses.ncols();
    let distances = rmse_matrix(
        single.representations.as_ref(),
        layer.maps.as_ref(),
        choices.scaling,
    );
    let units = varying(layer.maps.nrows(), |unit| row(layer.maps.as_ref(), unit));
    let distances = columns(distances.as_ref(), &units);
    let mut rmse = paired_costs(distances.as_ref(), choices.pairing);
    let silent = single.silent.iter().zip(&mut rmse);
    silent
        .filter(|(silent, _)| **silent)
        .for_each(|(_, rmse)| *rmse = None);
    let ridge = Ridge::default();
    let ridge: Vec<Option<f64>> = match layer.gram.nrows() >= 3 * ridge.folds {
        true => {
            let found = ridge.predict(layer.gram.as_ref(), single.responses.as_ref());
            found.correlations.into_iter().map(Some).collect()
        }
        // Too few scenes to leave some out.
        false => vec![None; neurons],
    };
    let corrected = (ridge.iter().enumerate())
        .map(|(neuron, r)| {
            let reliability = single.reliability.as_ref()?[neuron];
            (reliability >= LEAST_RELIABILITY).then(|| r.map(|r| r / reliability.sqrt()))?
        })
        .collect();
    Scores {
        rmse,
        overlap: overlaps(single, layer, choices.pairing),
        ridge,
        corrected,
    }
}

/// How far the activities of each neuron and of its unit overlap, both from 0 to
/// 1.
fn overlaps(single: &Single, layer: &Layer, pairing: Pairing) -> Vec<Option<f64>> {
    let units = varying(layer.activations.ncols(), |unit| {
        column(layer.activations.as_ref(), unit)
    });
    let activations = columns(layer.activations.as_ref(), &units);
    let cost = correlation_cost(single.responses.as_ref(), activations.as_ref());
    // The mean over all pairs would take long and say little.
    let pairing = match pairing {
        Pairing::All => Pairing::Nearest,
        other => other,
    };
    let scaled = |values: &Mat<f64>, column: usize| {
        let column: Vec<f64> = values.col(column).iter().copied().collect();
        Scaling::MinMax.apply(&column)
    };
    let mut overlaps = vec![None; single.responses.ncols()];
    let found: Vec<(usize, f64)> = pair(cost.as_ref(), pairing)
        .into_par_iter()
        .filter(|(neuron, _)| !single.silent[*neuron])
        .map(|(neuron, unit)| {
            let response = scaled(&single.responses, neuron);
            let activation = scaled(&activations, unit);
            // Coarser than the default: the error is far below the intervals.
            let grid = DensityGrid {
                points: 250,
                ..DensityGrid::default()
            };
            (neuron, kde_iou(&response, &activation, grid).iou)
        })
        .collect();
    for (neuron, overlap) in found {
        overlaps[neuron] = Some(overlap);
    }
    overlaps
}

/// Units whose values differ. Others are like nothing, and would be nearest to a
/// silent neuron.
fn varying(units: usize, values: impl Fn(usize) -> Vec<f64>) -> Vec<usize> {
    (0..units)
        .filter(|&unit| !constant(&values(unit)))
        .collect()
}

/// Means of as many of a group's neurons drawn with replacement, of those that
/// have a value. The same neurons are drawn whatever the values.
fn means(values: &[Option<f64>], group: usize, draws: usize) -> Vec<f64> {
    let count = values.len();
    let mut chance = chance(group);
    // About the first, so that equal values have exactly their mean.
    let first = values.iter().flatten().next().copied().unwrap_or(0.0);
    (0..draws)
        .map(|_| {
            let (mut sum, mut there) = (0.0, 0_usize);
            for _ in 0..count {
                if let Some(value) = values[chance.random_range(0..count)] {
                    sum += value - first;
                    there += 1;
                }
            }
            first + sum / there.max(1) as f64
        })
        .collect()
}

/// Draws of a group's neurons, which have nothing to do with those of another's.
fn chance(group: usize) -> ChaCha8Rng {
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    chance.set_stream(group as u64);
    chance
}

/// The draws, moved to where their mean is the value. A draw of neurons has fewer
/// different ones than there are, which by itself lowers CKA.
fn about(value: f64, draws: Vec<f64>) -> Vec<f64> {
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    draws.into_iter().map(|draw| draw + value - mean).collect()
}

/// What a group has as a whole: CKA and Procrustes. Intervals are over neurons.
fn of_grams(subject: &Subject, single: &Single) -> Vec<Value> {
    // Measures x groups x frontends x layers; group by group, as the drawn Gram
    // matrices of one take much memory.
    let mut spreads: [Vec<Vec<Vec<Spread>>>; 3] = Default::default();
    for (index, group) in subject.groups.iter().enumerate() {
        let gram = single.gram(&group.members);
        let count = group.members.len();
        let mut chance = chance(index);
        let members: Vec<Vec<usize>> = (0..GRAM_DRAWS)
            .map(|_| {
                let drawn = (0..count).map(|_| group.members[chance.random_range(0..count)]);
                drawn.collect()
            })
            .collect();
        let drawn: Vec<Mat<f64>> = members
            .par_iter()
            .map(|members| single.gram(members))
            .collect();
        let of = |alike: fn(MatRef<'_, f64>, MatRef<'_, f64>) -> f64,
                  ceiling: Option<f64>,
                  draw: bool| {
            let frontends = subject.candidate.iter().enumerate();
            frontends
                .map(|(frontend, (_, layers))| {
                    let layers = layers.par_iter().enumerate();
                    layers
                        .map(|(place, layer)| {
                            let value = alike(layer.gram.as_ref(), gram.as_ref());
                            let draws = drawn.iter().filter(|_| draw);
                            let draws =
                                draws.map(|drawn| alike(layer.gram.as_ref(), drawn.as_ref()));
                            Spread {
                                value,
                                draws: about(value, draws.collect()),
                                ceiling,
                                ..subject.about(frontend, place, index)
                            }
                        })
                        .collect()
                })
                .collect()
        };
        spreads[0].push(of(linear_cka, None, true));
        spreads[1].push(of(debiased_linear_cka, group.cka_ceiling, true));
        spreads[2].push(of(procrustes, None, false));
    }
    let measures = ["cka", "cka-debiased", "procrustes"];
    measures
        .into_iter()
        .zip(&spreads)
        .flat_map(|(measure, spreads)| {
            subject.values(measure, |frontend, layer, group| {
                Some(spreads[group][frontend][layer].clone())
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_equal_values_is_sure() {
        assert_eq!(means(&[Some(0.1); 7], 0, 100), [0.1; 100]);
    }
}
