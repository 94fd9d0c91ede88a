//! Resampled scenes.

use faer::{Mat, MatRef};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Rdm;
use super::rdm::same_conditions;

/// Spearman correlations between RDMs of cortex and RDMs of models on scenes
/// that were drawn with replacement, the same draws for all of them.
///
/// Of a draw in which scene i comes up c_i times, the pair (i, j) counts
/// c_i c_j times, and pairs of a scene with itself are left out: their
/// dissimilarity of 0 is no measurement. Ranks are those among all that is
/// drawn, equal ones sharing theirs.
///
/// Each RDM is sorted once; a draw then walks along the order and adds up how
/// often each pair counts, instead of sorting anew.
#[derive(Clone, Debug)]
pub struct SceneBootstrap {
    sites: usize,
    models: usize,
    /// Draws x models x sites.
    values: Vec<f64>,
}

impl SceneBootstrap {
    /// Draws `draws` times. The same seed draws the same scenes, whatever the
    /// RDMs and on any number of threads.
    ///
    /// # Panics
    ///
    /// If there are no RDMs on either side, they are not of as many conditions,
    /// or of more than 10,000.
    pub fn new(sites: &[Rdm], models: &[Rdm], draws: usize, seed: u64) -> Self {
        let scenes = same_conditions(sites, models);
        assert!(scenes <= 10_000, "{scenes} conditions, more than 10000");
        let [sorted_sites, sorted_models] =
            [sites, models].map(|rdms| rdms.iter().map(Sorted::new).collect::<Vec<_>>());
        let mut values = vec![0.0; draws * sites.len() * models.len()];
        values
            .par_chunks_mut(sites.len() * models.len())
            .enumerate()
            .for_each_init(
                || Draw::new(scenes, sites.len(), models.len()),
                |draw, (index, values)| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(index as u64);
                    draw.scenes(&mut rng);
                    draw.correlate(&sorted_sites, &sorted_models, values);
                },
            );
        Self {
            sites: sites.len(),
            models: models.len(),
            values,
        }
    }

    /// The correlation of one site and one model in every draw.
    ///
    /// # Panics
    ///
    /// If there is no such site or model.
    pub fn draws(&self, site: usize, model: usize) -> Vec<f64> {
        assert!(site < self.sites && model < self.models);
        let place = model * self.sites + site;
        let draws = self.values.chunks_exact(self.sites * self.models);
        draws.map(|draw| draw[place]).collect()
    }
}

/// The pairs of an RDM in ascending order.
struct Sorted {
    order: Vec<u32>,
    /// Where runs of equal values end in it; empty if all values differ.
    ends: Vec<u32>,
}

impl Sorted {
    fn new(rdm: &Rdm) -> Self {
        let values = rdm.values();
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let runs = order.chunk_by(|&a, &b| values[a as usize] == values[b as usize]);
        let mut end = 0;
        let mut ends: Vec<u32> = runs
            .map(|run| {
                end += run.len() as u32;
                end
            })
            .collect();
        if ends.len() == order.len() {
            ends.clear();
        }
        Self { order, ends }
    }
}

/// One draw, and room for what comes of it.
struct Draw {
    counts: Vec<u32>,
    pairs: Vec<Pair>,
    /// Pairs that were drawn.
    drawn: usize,
    /// How often pairs count in all.
    total: u64,
    /// Ranks of the drawn pairs: a row more than pairs, for those that were
    /// not.
    sites: Mat<f64>,
    models: Mat<f64>,
    products: Mat<f64>,
}

/// How a pair of scenes takes part in a draw.
#[derive(Clone, Copy, Default)]
struct Pair {
    count: u32,
    /// Its place among those drawn; of the others, the place after them.
    place: u32,
    /// sqrt(count), so that a product of two ranks counts as often.
    root: f64,
}

impl Draw {
    fn new(scenes: usize, sites: usize, models: usize) -> Self {
        let pairs = scenes * (scenes - 1) / 2;
        Self {
            counts: vec![0; scenes],
            pairs: vec![Pair::default(); pairs],
            drawn: 0,
            total: 0,
            sites: Mat::zeros(pairs + 1, sites),
            models: Mat::zeros(pairs + 1, models),
            products: Mat::zeros(sites, models),
        }
    }

    fn scenes(&mut self, rng: &mut ChaCha8Rng) {
        let scenes = self.counts.len();
        self.counts.fill(0);
        for _ in 0..scenes {
            self.counts[rng.random_range(0..scenes)] += 1;
        }
        let mut pairs = self.pairs.iter_mut();
        (self.drawn, self.total) = (0, 0);
        for i in 0..scenes {
            for j in i + 1..scenes {
                let count = self.counts[i] * self.counts[j];
                let pair = pairs.next().expect("as many as there are pairs");
                *pair = Pair {
                    count,
                    place: self.drawn as u32,
                    root: f64::from(count).sqrt(),
                };
                self.drawn += usize::from(count > 0);
                self.total += u64::from(count);
            }
        }
        for pair in self.pairs.iter_mut().filter(|pair| pair.count == 0) {
            pair.place = self.drawn as u32;
        }
    }

    /// The correlations, models x sites.
    fn correlate(&mut self, sites: &[Sorted], models: &[Sorted], values: &mut [f64]) {
        for (site, sorted) in sites.iter().enumerate() {
            rank(
                sorted,
                &self.pairs,
                self.total,
                self.sites.col_as_slice_mut(site),
            );
        }
        for (model, sorted) in models.iter().enumerate() {
            rank(
                sorted,
                &self.pairs,
                self.total,
                self.models.col_as_slice_mut(model),
            );
        }
        let sites = self.sites.get(..self.drawn, ..);
        let models = self.models.get(..self.drawn, ..);
        faer::linalg::matmul::matmul(
            self.products.as_mut(),
            faer::Accum::Replace,
            sites.transpose(),
            models,
            1.0,
            faer::Par::Seq,
        );
        let [lengths_sites, lengths_models] = [sites, models].map(lengths);
        for (model, values) in values.chunks_exact_mut(lengths_sites.len()).enumerate() {
            for (site, value) in values.iter_mut().enumerate() {
                let size = lengths_sites[site] * lengths_models[model];
                // A draw without two different values tells of no likeness.
                *value = match size > 0.0 {
                    true => (self.products[(site, model)] / size).clamp(-1.0, 1.0),
                    false => 0.0,
                };
            }
        }
    }
}

fn lengths(ranks: MatRef<'_, f64>) -> Vec<f64> {
    ranks.col_iter().map(|column| column.norm_l2()).collect()
}

/// The ranks of the drawn pairs about their mean, by the root of how often they
/// count.
fn rank(sorted: &Sorted, pairs: &[Pair], total: u64, ranks: &mut [f64]) {
    // Twice a rank is whole: of a value that counts c times after n others,
    // 2 n + c + 1, of which the mean is total + 1.
    let mean = total as i64;
    let mut before = 0_i64;
    if sorted.ends.is_empty() {
        for &index in &sorted.order {
            let pair = pairs[index as usize];
            let count = i64::from(pair.count);
            ranks[pair.place as usize] = (2 * before + count - mean) as f64 * pair.root;
            before += count;
        }
        return;
    }
    let mut start = 0;
    for &end in &sorted.ends {
        let run = &sorted.order[start..end as usize];
        let counts = run
            .iter()
            .map(|&index| i64::from(pairs[index as usize].count));
        let count: i64 = counts.sum();
        for &index in run {
            let pair = pairs[index as usize];
            ranks[pair.place as usize] = (2 * before + count - mean) as f64 * pair.root;
        }
        before += count;
        start = end as usize;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::normal;
    use super::super::{Distance, spearman};
    use super::*;
    use crate::measures::pearson::pearson;
    use crate::statistics::{Interval, average_ranks};

    /// The same draw, written out: every scene as often as it was drawn, pairs
    /// of one with itself left out, ranked anew.
    fn naive(a: &Rdm, b: &Rdm, index: usize, seed: u64) -> f64 {
        let scenes = a.conditions();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index as u64);
        let drawn: Vec<usize> = (0..scenes).map(|_| rng.random_range(0..scenes)).collect();
        let [a, b] = [a, b].map(|rdm| {
            let square = rdm.square();
            let mut values = Vec::new();
            for (i, &one) in drawn.iter().enumerate() {
                for &other in &drawn[i + 1..] {
                    if one != other {
                        values.push(square[(one, other)]);
                    }
                }
            }
            average_ranks(&values)
        });
        pearson(&a, &b).unwrap_or(0.0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn as_written_out(
            scenes in 3_usize..14,
            tied in any::<bool>(),
            seed in 0..1_000_u64,
        ) {
            let rdm = |seed: u64| {
                let rdm = Rdm::of(normal(scenes, 4, seed).as_ref(), Distance::Correlation);
                let values = rdm.values().iter();
                let values = values.map(|x| if tied { (3.0 * x).round() } else { *x });
                Rdm::from_values(scenes, values.collect())
            };
            let sites = [rdm(seed), rdm(seed + 1)];
            let models = [rdm(seed + 2), rdm(seed + 3), rdm(seed + 4)];
            let bootstrap = SceneBootstrap::new(&sites, &models, 5, seed);
            for (s, site) in sites.iter().enumerate() {
                for (m, model) in models.iter().enumerate() {
                    for (draw, value) in bootstrap.draws(s, m).into_iter().enumerate() {
                        let expected = naive(site, model, draw, seed);
                        prop_assert!((value - expected).abs() < 1e-12, "{value} {expected}");
                    }
                }
            }
        }
    }

    /// The spread of draws is that of new scenes: of 200 sets of 40 scenes, 95 %
    /// intervals hold the correlation that all scenes have.
    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let (scenes, units, sets) = (40, 30, 200);
        let noisy = |patterns: &Mat<f64>, seed| {
            patterns + normal(patterns.nrows(), units, seed) * faer::Scale(1.5)
        };
        let rdm = |patterns: &Mat<f64>| Rdm::of(patterns.as_ref(), Distance::Correlation);
        let many = normal(600, units, 9_999);
        let truth = spearman(&rdm(&noisy(&many, 9_998)), &rdm(&noisy(&many, 9_997)));
        let mut held = 0;
        for set in 0..sets {
            let patterns = normal(scenes, units, 10 * set);
            let sites = [rdm(&noisy(&patterns, 10 * set + 1))];
            let models = [rdm(&noisy(&patterns, 10 * set + 2))];
            let draws = SceneBootstrap::new(&sites, &models, 400, set).draws(0, 0);
            let Interval { low, high } = Interval::percentile(draws);
            held += u32::from(low <= truth && truth <= high);
        }
        let share = f64::from(held) / sets as f64;
        // A share of 0.95 deviates by 0.015 among 200; the bootstrap itself is
        // known to be off by a few in a hundred at so few scenes.
        assert!(share > 0.86, "{share}");
    }
}
