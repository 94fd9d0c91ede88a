//! How high a model could come, given the noise.

use faer::Mat;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::reliability::spearman_brown;
use super::{Comparison, Distance, Rdm, compare, debiased_linear_cka, gram};
use crate::statistics::average_ranks;

/// What the true model would reach lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceiling {
    /// The mean of each RDM with the mean of the others.
    pub lower: f64,
    /// The mean of each RDM with the mean of all, which no model can surpass.
    pub upper: f64,
}

/// The noise ceiling over several measurements (animals, sites, sessions) of
/// one RDM (Nili, Wingfield, Walther, Su, Marslen-Wilson & Kriegeskorte 2014, A
/// Toolbox for Representational Similarity Analysis, PLoS Computational
/// Biology 10).
///
/// The mean is taken of what the comparison looks at: of ranks for Spearman
/// and Kendall, of values about their mean at deviation 1 for Pearson, of
/// values at length 1 for the cosines.
///
/// # Panics
///
/// If there are fewer than 2, or they are not of as many conditions.
pub fn noise_ceiling(rdms: &[Rdm], comparison: Comparison) -> Ceiling {
    assert!(
        rdms.len() >= 2,
        "a noise ceiling of {} RDMs, fewer than 2",
        rdms.len()
    );
    let conditions = rdms[0].conditions();
    assert!(
        rdms.iter().all(|rdm| rdm.conditions() == conditions),
        "RDMs of the same conditions"
    );
    let seen: Vec<Vec<f64>> = rdms
        .iter()
        .map(|rdm| as_seen(rdm.values(), comparison))
        .collect();
    let mean = |left_out: Option<usize>| {
        let mut sums = vec![0.0; seen[0].len()];
        for (index, values) in seen.iter().enumerate() {
            if Some(index) != left_out {
                sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
            }
        }
        // A factor changes no comparison.
        Rdm::from_values(conditions, sums)
    };
    let all = mean(None);
    let (mut lower, mut upper) = (0.0, 0.0);
    for (index, rdm) in rdms.iter().enumerate() {
        upper += compare(rdm, &all, comparison);
        lower += compare(rdm, &mean(Some(index)), comparison);
    }
    Ceiling {
        lower: lower / rdms.len() as f64,
        upper: upper / rdms.len() as f64,
    }
}

fn as_seen(values: &[f64], comparison: Comparison) -> Vec<f64> {
    let (offset, size) = match comparison {
        Comparison::Spearman | Comparison::KendallTauA => return average_ranks(values),
        Comparison::Pearson => {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
            (mean, squares.sqrt())
        }
        Comparison::Cosine | Comparison::WhitenedCosine => {
            (0.0, values.iter().map(|x| x * x).sum::<f64>().sqrt())
        }
    };
    let size = if size > 0.0 { size } else { 1.0 };
    values.iter().map(|x| (x - offset) / size).collect()
}

/// The correlation that a model which is the truth is expected to reach with
/// the RDM of the mean over all repeats (scenes x neurons each): the root of
/// that RDM's reliability, which is the mean Spearman correlation between the
/// RDMs of random halves of the repeats, by [`spearman_brown`].
///
/// 0 where the halves do not agree. `None` of fewer than 2 repeats.
///
/// # Panics
///
/// If `splits` is 0, the repeats differ in shape, or an RDM cannot be made of
/// them.
pub fn rdm_ceiling(
    repeats: &[Mat<f64>],
    distance: Distance,
    splits: usize,
    seed: u64,
) -> Option<f64> {
    from_halves(repeats, splits, seed, |one, other| {
        let [one, other] = [one, other].map(|half| Rdm::of(half.as_ref(), distance));
        compare(&one, &other, Comparison::Spearman)
    })
}

/// The same for [`debiased_linear_cka`]: of its values between halves.
///
/// # Panics
///
/// As [`rdm_ceiling`], or if there are fewer than 4 scenes.
pub fn cka_ceiling(repeats: &[Mat<f64>], splits: usize, seed: u64) -> Option<f64> {
    from_halves(repeats, splits, seed, |one, other| {
        let [one, other] = [one, other].map(|half| gram(half.as_ref()));
        debiased_linear_cka(one.as_ref(), other.as_ref())
    })
}

/// From how alike the means of random halves of the repeats are.
fn from_halves(
    repeats: &[Mat<f64>],
    splits: usize,
    seed: u64,
    alike: impl Fn(Mat<f64>, Mat<f64>) -> f64,
) -> Option<f64> {
    assert!(splits > 0, "a ceiling from no splits");
    if repeats.len() < 2 {
        return None;
    }
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..repeats.len()).collect();
    let mut sum = 0.0;
    for _ in 0..splits {
        order.shuffle(&mut chance);
        let (one, other) = order.split_at(repeats.len() / 2);
        let [one, other] = [one, other].map(|half| {
            let mut mean = Mat::<f64>::zeros(repeats[0].nrows(), repeats[0].ncols());
            for &repeat in half {
                mean += &repeats[repeat];
            }
            mean * faer::Scale(1.0 / half.len() as f64)
        });
        sum += alike(one, other);
    }
    Some(spearman_brown(sum / splits as f64, 2.0).max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::tests::normal;
    use super::*;

    #[test]
    fn equal_rdms_have_a_ceiling_of_1() {
        let rdm = Rdm::of(normal(8, 5, 0).as_ref(), Distance::Correlation);
        for comparison in Comparison::ALL {
            let Ceiling { lower, upper } = noise_ceiling(&vec![rdm.clone(); 3], comparison);
            // Tau a of values without ties is 1 too.
            assert!((lower - 1.0).abs() < 1e-12 && (upper - 1.0).abs() < 1e-12);
        }
    }

    /// Gaussian noise of a known size: the truth reaches the ceiling.
    #[test]
    fn the_truth_reaches_what_the_ceiling_says() {
        let (scenes, neurons, repeats) = (40, 60, 8);
        let truth = normal(scenes, neurons, 0);
        let repeats: Vec<Mat<f64>> = (0..repeats)
            .map(|repeat| &truth + normal(scenes, neurons, 1 + repeat) * faer::Scale(2.0))
            .collect();
        let mut mean = Mat::<f64>::zeros(scenes, neurons);
        for repeat in &repeats {
            mean += repeat;
        }
        let of = |patterns: &Mat<f64>| Rdm::of(patterns.as_ref(), Distance::Correlation);
        let reached = compare(&of(&truth), &of(&mean), Comparison::Spearman);
        let ceiling = rdm_ceiling(&repeats, Distance::Correlation, 50, 0).unwrap();
        // 780 pairs: a correlation about 0.6 deviates by about 0.64 / sqrt(780),
        // as the ceiling does; five times both.
        assert!((reached - ceiling).abs() < 0.16, "{reached} {ceiling}");
        assert!(ceiling > 0.3 && ceiling < 0.9, "{ceiling}");

        let [truth, mean] = [&truth, &mean].map(|patterns| gram(patterns.as_ref()));
        let reached = debiased_linear_cka(truth.as_ref(), mean.as_ref());
        let ceiling = cka_ceiling(&repeats, 50, 0).unwrap();
        assert!((reached - ceiling).abs() < 0.16, "{reached} {ceiling}");
    }

    #[test]
    fn one_repeat_has_none() {
        assert_eq!(
            rdm_ceiling(&[normal(4, 4, 0)], Distance::Cosine, 3, 0),
            None
        );
    }
}
