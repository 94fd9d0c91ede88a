//! How high a model could come, given the noise.

use faer::Mat;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::reliability::spearman_brown;
use super::{Distance, Rdm, debiased_linear_cka, gram, spearman};

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
        spearman(&one, &other)
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
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..repeats.len()).collect();
    let mut sum = 0.0;
    for _ in 0..splits {
        order.shuffle(&mut rng);
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
        let reached = spearman(&of(&truth), &of(&mean));
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
