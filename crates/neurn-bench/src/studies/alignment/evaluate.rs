//! Every measure of a candidate against the neurons.

use faer::MatRef;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::layer::Layer;
use super::neurons::{Group, Neurons, Single, averaged};
use super::record::{MEAN, Measure, Value, difference, rounded};
use super::scores::Scores;
use super::settings::Comparison;
use crate::measures::{
    Rdm, SceneBootstrap, ScenePermutation, debiased_linear_cka, linear_cka, procrustes,
};
use crate::statistics::Interval;

/// A network behind one frontend.
pub(super) struct Behind {
    pub(super) frontend: String,
    pub(super) layers: Vec<Layer>,
    /// Of each layer, where single neurons are known.
    pub(super) scores: Vec<Scores>,
}

/// Draws of neurons for measures that are computed anew in each.
const GRAM_DRAWS: usize = 200;

/// Seeds all draws: the same for all candidates, so that they can be compared.
const SEED: u64 = 0;

/// All values of a network, the baseline first. Layers are the same behind each
/// frontend.
pub(super) fn evaluate(
    neurons: &Neurons,
    behind: &[Behind],
    comparison: &Comparison,
) -> Vec<Value> {
    let table = Table {
        groups: &neurons.groups,
        averaged: averaged(&neurons.groups),
        behind,
    };
    let mut values = rsa(&table, comparison);
    if let Some(single) = &neurons.single {
        values.extend(of_neurons(&table, single, comparison));
        values.extend(of_grams(&table, single));
    }
    values
}

/// Frontends x layers x groups.
struct Table<'a> {
    groups: &'a [Group],
    /// Those that a mean over groups is of.
    averaged: Vec<usize>,
    behind: &'a [Behind],
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

impl Table<'_> {
    /// A spread that knows what it is of.
    fn about(&self, frontend: usize, layer: usize, group: usize) -> Spread {
        let group = &self.groups[group];
        Spread {
            neurons: group.count,
            degenerate: group.silent + self.behind[frontend].layers[layer].constant,
            ..Spread::default()
        }
    }

    fn layers(&self) -> usize {
        self.behind[0].layers.len()
    }

    /// The values of a measure from the spread of each frontend, layer and group:
    /// each of them, the mean over layers of each group, the mean over groups of
    /// each layer and over both; and all of this again for the difference of each
    /// frontend to the baseline.
    fn values(
        &self,
        measure: Measure,
        spread: impl Fn(usize, usize, usize) -> Option<Spread>,
    ) -> Vec<Value> {
        let mut values = Vec::new();
        let mut baseline: Vec<Vec<Option<Spread>>> = Vec::new();
        for (f, behind) in self.behind.iter().enumerate() {
            // Layers x groups, with a row and a column for the means.
            let mut table: Vec<Vec<Option<Spread>>> = (0..self.layers())
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
            values.extend(self.written(measure, &behind.frontend, &table));
            if f == 0 {
                baseline = table;
            } else {
                let rows = table.into_iter().zip(&baseline);
                let differences: Vec<Vec<Option<Spread>>> = rows
                    .map(|(row, others)| {
                        let pairs = row.into_iter().zip(others);
                        pairs
                            .map(|(one, other)| minus(one?, other.as_ref()?))
                            .collect()
                    })
                    .collect();
                values.extend(self.written(measure, &difference(&behind.frontend), &differences));
            }
        }
        values
    }

    fn written(
        &self,
        measure: Measure,
        frontend: &str,
        table: &[Vec<Option<Spread>>],
    ) -> Vec<Value> {
        // The same behind each frontend.
        let layers = &self.behind[0].layers;
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
                    [low, high].map(rounded)
                });
                values.push(Value {
                    measure,
                    frontend: frontend.to_string(),
                    layer: layer.map_or(MEAN.to_string(), |layer| layer.name.clone()),
                    group: group.map_or(MEAN.to_string(), |group| group.name.clone()),
                    value: rounded(spread.value),
                    interval,
                    ceiling: spread.ceiling.map(rounded),
                    p: spread.p.map(rounded),
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

fn minus(one: Spread, other: &Spread) -> Option<Spread> {
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
fn rsa(table: &Table, comparison: &Comparison) -> Vec<Value> {
    let groups: Vec<Rdm> = table.groups.iter().map(|group| group.rdm.clone()).collect();
    let layers = table.behind.iter().flat_map(|behind| &behind.layers);
    let models: Vec<Rdm> = layers.map(|layer| layer.rdm.clone()).collect();
    let permuted = ScenePermutation::new(&groups, &models, comparison.permutations, SEED);
    let drawn = SceneBootstrap::new(&groups, &models, comparison.scene_draws, SEED);
    table.values(Measure::Rsa, |frontend, layer, group| {
        let model = frontend * table.layers() + layer;
        Some(Spread {
            value: permuted.values[(group, model)],
            draws: drawn.draws(group, model),
            ceiling: table.groups[group].ceiling,
            p: Some(permuted.p[(group, model)]),
            ..table.about(frontend, layer, group)
        })
    })
}

/// What each neuron has by itself: RMSE, overlap of densities, predictivity.
fn of_neurons(table: &Table, single: &Single, comparison: &Comparison) -> Vec<Value> {
    let ceilings: Option<Vec<f64>> = single
        .reliability
        .as_ref()
        .map(|reliability| reliability.iter().map(|r| r.max(0.0).sqrt()).collect());
    type Of = fn(&Scores) -> &[Option<f64>];
    let measures: [(Measure, Of, bool); 4] = [
        (Measure::Rmse, |scores| &scores.rmse, false),
        (Measure::KdeIou, |scores| &scores.overlap, false),
        (Measure::Ridge, |scores| &scores.ridge, true),
        (Measure::RidgeCorrected, |scores| &scores.corrected, false),
    ];
    let mut values = Vec::new();
    for (measure, of, bounded) in measures {
        values.extend(table.values(measure, |frontend, layer, group| {
            let members = &table.groups[group].members;
            let scores = of(&table.behind[frontend].scores[layer]);
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
                draws: means(&scores, group, comparison.neuron_draws),
                ceiling,
                neurons: count,
                ..table.about(frontend, layer, group)
            })
        }));
    }
    values
}

/// Means of as many of a group's neurons drawn with replacement, of those that
/// have a value. The same neurons are drawn whatever the values.
fn means(values: &[Option<f64>], group: usize, draws: usize) -> Vec<f64> {
    let count = values.len();
    let mut rng = draws_of(group);
    // About the first, so that equal values have exactly their mean.
    let first = values.iter().flatten().next().copied().unwrap_or(0.0);
    (0..draws)
        .map(|_| {
            let (mut sum, mut there) = (0.0, 0_usize);
            for _ in 0..count {
                if let Some(value) = values[rng.random_range(0..count)] {
                    sum += value - first;
                    there += 1;
                }
            }
            first + sum / there.max(1) as f64
        })
        .collect()
}

/// Draws of a group's neurons, which have nothing to do with those of another's.
fn draws_of(group: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    rng.set_stream(group as u64);
    rng
}

/// The draws, moved to where their mean is the value. A draw of neurons has fewer
/// different ones than there are, which by itself lowers CKA.
fn about(value: f64, draws: Vec<f64>) -> Vec<f64> {
    let mean = draws.iter().sum::<f64>() / draws.len().max(1) as f64;
    draws.into_iter().map(|draw| draw + value - mean).collect()
}

/// What a group has as a whole: CKA and Procrustes. Intervals are over neurons.
fn of_grams(table: &Table, single: &Single) -> Vec<Value> {
    let layers = table.behind.iter().flat_map(|behind| &behind.layers);
    let grams: Vec<_> = layers.map(|layer| layer.gram.as_ref()).collect();
    let alike: Vec<GroupLikeness> = (0..table.groups.len())
        .map(|group| GroupLikeness::of(&table.groups[group], group, &grams, single))
        .collect();
    let spread = |frontend: usize, layer: usize, group: usize, measure: usize| {
        let place = frontend * table.layers() + layer;
        let GroupLikeness { values, draws } = &alike[group];
        let drawn = |draw: &Vec<[f64; 2]>| draw[place].get(measure).copied();
        let value = values[place][measure];
        Some(Spread {
            value,
            draws: about(value, draws.iter().filter_map(drawn).collect()),
            ceiling: table.groups[group].cka_ceiling.filter(|_| measure == 1),
            ..table.about(frontend, layer, group)
        })
    };
    [Measure::Cka, Measure::CkaDebiased, Measure::Procrustes]
        .into_iter()
        .enumerate()
        .flat_map(|(place, measure)| {
            table.values(measure, |frontend, layer, group| {
                spread(frontend, layer, group, place)
            })
        })
        .collect()
}

/// How alike a group and each of many layers are.
struct GroupLikeness {
    /// CKA, debiased CKA and Procrustes of each layer.
    values: Vec<[f64; 3]>,
    /// The first two in each draw of neurons.
    draws: Vec<Vec<[f64; 2]>>,
}

impl GroupLikeness {
    fn of(group: &Group, index: usize, layers: &[MatRef<'_, f64>], single: &Single) -> Self {
        let gram = single.gram(&group.members);
        let values = layers.par_iter().map(|layer| {
            let [cka, debiased] = both(*layer, gram.as_ref());
            [cka, debiased, procrustes(*layer, gram.as_ref())]
        });
        let count = group.members.len();
        let mut rng = draws_of(index);
        let drawn: Vec<Vec<usize>> = (0..GRAM_DRAWS)
            .map(|_| {
                let drawn = (0..count).map(|_| group.members[rng.random_range(0..count)]);
                drawn.collect()
            })
            .collect();
        let draws = drawn.par_iter().map(|members| {
            let gram = single.gram(members);
            layers
                .iter()
                .map(|layer| both(*layer, gram.as_ref()))
                .collect()
        });
        Self {
            values: values.collect(),
            draws: draws.collect(),
        }
    }
}

fn both(layer: MatRef<'_, f64>, gram: MatRef<'_, f64>) -> [f64; 2] {
    [linear_cka(layer, gram), debiased_linear_cka(layer, gram)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_equal_values_is_sure() {
        assert_eq!(means(&[Some(0.1); 7], 0, 100), [0.1; 100]);
    }
}
