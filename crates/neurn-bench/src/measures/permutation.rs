//! What chance gives.

use faer::Mat;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Rdm;
use super::rdm::same_conditions;
use crate::statistics::average_ranks;

/// Spearman correlations between RDMs of cortex and of models, against those
/// after the scenes of cortex have been put in a random order, which leaves
/// every RDM as it is and takes away what they share.
///
/// One-sided: a p value is `(1 + draws that are at least as high) / (1 +
/// draws)`, so it is never 0 (Phipson & Smyth 2010, Statistical Applications in
/// Genetics and Molecular Biology 9).
#[derive(Clone, Debug)]
pub struct ScenePermutation {
    /// What is measured, sites x models.
    pub values: Mat<f64>,
    /// The p values, sites x models, corrected for the number of comparisons: against the largest of all
    /// sites and models in each draw, which holds however they depend on each
    /// other (Westfall & Young 1993; Nichols & Holmes 2002, Human Brain Mapping
    /// 15).
    pub p: Mat<f64>,
}

impl ScenePermutation {
    /// Draws `draws` orders. The same seed draws the same, on any number of
    /// threads.
    ///
    /// # Panics
    ///
    /// If there are no RDMs on either side, or they are not of as many
    /// conditions.
    pub fn new(sites: &[Rdm], models: &[Rdm], draws: usize, seed: u64) -> Self {
        let scenes = same_conditions(sites, models);
        let (sites, models) = (ranks(sites), ranks(models));
        let values = sites.transpose() * &models;
        let shape = (sites.ncols(), models.ncols());
        let none = || Mat::<f64>::zeros(shape.0, shape.1);
        let counts = (0..draws)
            .into_par_iter()
            .fold(none, |mut counts, draw| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(draw as u64);
                let mut order: Vec<usize> = (0..scenes).collect();
                order.shuffle(&mut rng);
                let drawn = permuted(&sites, &order).transpose() * &models;
                let most = drawn.col_iter().flat_map(|column| column.iter());
                let most = most.fold(f64::NEG_INFINITY, |most, &r| most.max(r));
                for site in 0..shape.0 {
                    for model in 0..shape.1 {
                        // The same order gives the same but for rounding.
                        let reached = most >= values[(site, model)] - 1e-12;
                        counts[(site, model)] += f64::from(u8::from(reached));
                    }
                }
                counts
            })
            .reduce(none, |a, b| a + b);
        let p = Mat::from_fn(shape.0, shape.1, |site, model| {
            (1.0 + counts[(site, model)]) / (1.0 + draws as f64)
        });
        Self { values, p }
    }
}

/// Pairs x RDMs: ranks about their mean at length 1, so that a product is a
/// correlation; zeros where all are equal.
fn ranks(rdms: &[Rdm]) -> Mat<f64> {
    let mut ranks = Mat::zeros(rdms[0].values().len(), rdms.len());
    for (column, rdm) in rdms.iter().enumerate() {
        let of_rdm = average_ranks(rdm.values());
        let mean = (of_rdm.len() + 1) as f64 / 2.0;
        let squares: f64 = of_rdm.iter().map(|rank| (rank - mean).powi(2)).sum();
        if squares > 0.0 {
            for (place, rank) in of_rdm.iter().enumerate() {
                ranks[(place, column)] = (rank - mean) / squares.sqrt();
            }
        }
    }
    ranks
}

/// The pairs of scenes in another order.
fn permuted(ranks: &Mat<f64>, order: &[usize]) -> Mat<f64> {
    let scenes = order.len();
    // Of i < j: all pairs of smaller i before it, then those of i.
    let place = |i: usize, j: usize| i * (2 * scenes - i - 1) / 2 + (j - i - 1);
    let mut from = Vec::with_capacity(ranks.nrows());
    for i in 0..scenes {
        for j in i + 1..scenes {
            from.push(place(order[i].min(order[j]), order[i].max(order[j])));
        }
    }
    let mut permuted = Mat::zeros(ranks.nrows(), ranks.ncols());
    for column in 0..ranks.ncols() {
        let source = ranks.col_as_slice(column);
        let target = permuted.col_as_slice_mut(column);
        target
            .iter_mut()
            .zip(&from)
            .for_each(|(to, &from)| *to = source[from]);
    }
    permuted
}

#[cfg(test)]
mod tests {
    use super::super::tests::normal;
    use super::super::{Distance, spearman};
    use super::*;

    fn rdm(seed: u64) -> Rdm {
        Rdm::of(normal(12, 6, seed).as_ref(), Distance::Correlation)
    }

    #[test]
    fn values_are_spearmans() {
        let (sites, models) = ([rdm(0), rdm(1)], [rdm(2), rdm(0), rdm(3)]);
        let found = ScenePermutation::new(&sites, &models, 10, 0);
        for (s, site) in sites.iter().enumerate() {
            for (m, model) in models.iter().enumerate() {
                let expected = spearman(site, model);
                assert!((found.values[(s, m)] - expected).abs() < 1e-12);
            }
        }
        // Nothing but the order itself comes up to it.
        assert_eq!(found.p[(0, 1)], 1.0 / 11.0);
    }

    #[test]
    fn pairs_go_where_their_scenes_go() {
        let (one, order) = (rdm(5), [3, 0, 2, 1]);
        let one = one.select(&[0, 1, 2, 3]);
        let ranks = ranks(std::slice::from_ref(&one));
        let other = super::ranks(&[one.select(&order)]);
        assert_eq!(permuted(&ranks, &order), other);
    }

    /// Of unrelated RDMs, p is uniform: 5 in 100 are below 0.05; and the
    /// smallest of twelve corrected ones is below 0.05 as often.
    #[test]
    fn chance_is_as_often_as_it_says() {
        let (sets, draws) = (200, 99);
        let (mut single, mut any) = (0, 0);
        for set in 0..sets {
            let sites: Vec<Rdm> = (0..3).map(|k| rdm(100 * set + k)).collect();
            let models: Vec<Rdm> = (0..4).map(|k| rdm(100 * set + 50 + k)).collect();
            let alone = ScenePermutation::new(&sites[..1], &models[..1], draws, set);
            single += u32::from(alone.p[(0, 0)] <= 0.05);
            let found = ScenePermutation::new(&sites, &models, draws, set);
            let least = found.p.col_iter().flat_map(|column| column.iter());
            any += u32::from(least.fold(1.0_f64, |least, &p| least.min(p)) <= 0.05);
        }
        for count in [single, any] {
            // Binomial, 200 times 0.05: 10 with a deviation of 3.1; four of it.
            assert!((0..=22).contains(&count), "{single} {any}");
        }
        assert!(single > 0 && any > 0, "{single} {any}");
    }
}
