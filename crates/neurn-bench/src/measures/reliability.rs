//! How well a neuron agrees with itself from one repeat to the next.

use faer::Mat;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::pearson::pearson;

/// Reliability of a measurement that is `factor` times as long as one of
/// reliability `r`: `factor r / (1 + (factor - 1) r)` (Spearman, Br. J.
/// Psychol. 3, 271, 1910; Brown, same volume, 296). A factor of 2 makes a
/// correlation between halves that of the whole, one of 1/2 undoes it.
///
/// The formula is for the part of `r` that two measurements can share, so of
/// a negative `r` it makes no sense and has a pole at `-1 / (factor - 1)`.
/// Here a negative `r` is returned as it is (so -1..=0 onto itself): a
/// correlation below zero is a draw of zero, and a longer recording does not
/// make it more negative. What lies outside -1..=1 is moved to the next end
/// first, and no number is 0.
///
/// ```
/// use neurn_bench::measures::spearman_brown;
///
/// assert_eq!(spearman_brown(0.5, 2.0), 2.0 / 3.0);
/// assert_eq!(spearman_brown(1.0, 2.0), 1.0);
/// assert_eq!(spearman_brown(-1.0, 2.0), -1.0);
/// ```
///
/// # Panics
///
/// If the factor is no positive number.
pub fn spearman_brown(r: f64, factor: f64) -> f64 {
    assert!(
        factor > 0.0 && factor.is_finite(),
        "a recording {factor} times as long"
    );
    if r.is_nan() {
        return 0.0;
    }
    let r = r.clamp(-1.0, 1.0);
    if r <= 0.0 {
        return r;
    }
    factor * r / (1.0 + (factor - 1.0) * r)
}

/// The repeats (scenes x neurons each) are cut at random into halves `splits`
/// times; each time, the Pearson correlation over scenes between the means of
/// the halves; their average over the splits, then [`spearman_brown`] once,
/// which makes it the reliability of the mean over all repeats.
///
/// Of an odd number R of repeats, one half is smaller by one: (R - 1) / 2 and
/// (R + 1) / 2, so that none is left out. The correction stays a factor of 2,
/// which is too little by less than 1 in 100 from five repeats up, since the
/// geometric mean of the lengths counts: sqrt((R^2 - 1) / 4) against R / 2.
///
/// A half in which a neuron is constant correlates 0 with the other.
///
/// One value a neuron, in -1..=1; 0 of a silent neuron. `None` of fewer than two
/// repeats: one has nothing to agree with.
///
/// # Panics
///
/// If the repeats differ in shape, or `splits` is 0.
pub fn split_half(repeats: &[Mat<f64>], splits: usize, seed: u64) -> Option<Vec<f64>> {
    assert!(splits > 0, "reliability of no splits");
    let (scenes, neurons) = repeats.first().map(|repeat| repeat.shape())?;
    assert!(
        repeats
            .iter()
            .all(|repeat| repeat.shape() == (scenes, neurons)),
        "repeats of different shapes"
    );
    if repeats.len() < 2 {
        return None;
    }
    let mut total = Mat::<f64>::zeros(scenes, neurons);
    for repeat in repeats {
        total += repeat;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..repeats.len()).collect();
    let mut sums = vec![0.0; neurons];
    for _ in 0..splits {
        order.shuffle(&mut rng);
        let mut half = Mat::<f64>::zeros(scenes, neurons);
        for &repeat in &order[..repeats.len() / 2] {
            half += &repeats[repeat];
        }
        // A sum correlates as its mean does.
        let other = &total - &half;
        for (neuron, sum) in sums.iter_mut().enumerate() {
            *sum += pearson(half.col_as_slice(neuron), other.col_as_slice(neuron)).unwrap_or(0.0);
        }
    }
    let silent: Vec<bool> = (0..neurons)
        .map(|neuron| super::pearson::constant(total.col_as_slice(neuron)))
        .collect();
    let values = sums
        .iter()
        .zip(&silent)
        .map(|(sum, &silent)| match silent {
            true => 0.0,
            false => spearman_brown(sum / splits as f64, 2.0),
        })
        .collect();
    Some(values)
}
