//! The difference between two treatments that were run on the same seeds.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Estimate;

/// How many times the seeds are drawn anew for an [`Interval`].
pub const RESAMPLES: usize = 10_000;

/// What the draws start from. It is the same everywhere, so the same
/// differences have the same interval.
pub const RESAMPLING_SEED: u64 = 250_506_886;

/// A mean difference with the interval that the bootstrap gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// Of the differences, one a pair.
    pub estimate: Estimate,
    /// `None` of a single pair.
    pub interval: Option<Interval>,
}

/// A 95 % interval of a mean: the percentile bootstrap over pairs.
///
/// The n differences are drawn n times with replacement, [`RESAMPLES`] times
/// over; the interval reaches from the 2.5th to the 97.5th percentile of the
/// means of the draws (Efron and Tibshirani, An Introduction to the Bootstrap,
/// 1993, section 13.3). Percentiles are interpolated linearly between order
/// statistics.
///
/// It is too narrow when there are few pairs, since a draw varies by
/// sqrt((n - 1) / n) of the standard error and its tails are those of a normal
/// distribution and not of Student's. Of five normal differences it holds the
/// true mean in 84 of 100 cases and not in 95; of two it is no more than the
/// two values. Read an interval over five seeds as one of about 84 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl PairedDifference {
    /// `None` of no differences.
    ///
    /// ```
    /// use neurn_bench::statistics::PairedDifference;
    ///
    /// let with = [62.0, 60.0, 64.0];
    /// let without = [53.0, 52.0, 54.0];
    /// let gains: Vec<f64> = with.iter().zip(without).map(|(a, b)| a - b).collect();
    /// let gain = PairedDifference::of(&gains).unwrap();
    /// assert_eq!(gain.estimate.mean, 9.0);
    /// // Of 27 draws, one has the mean 8, and one 10: more than 2.5 in 100.
    /// let interval = gain.interval.unwrap();
    /// assert_eq!((interval.low, interval.high), (8.0, 10.0));
    ///
    /// assert_eq!(PairedDifference::of(&[9.0]).unwrap().interval, None);
    /// ```
    pub fn of(differences: &[f64]) -> Option<Self> {
        let estimate = Estimate::of(differences)?;
        let interval = (differences.len() > 1).then(|| Interval::of(differences, estimate.mean));
        Some(Self { estimate, interval })
    }
}

impl Interval {
    /// The interval that holds the middle 95 % of draws.
    ///
    /// # Panics
    ///
    /// Without a draw, or if one is not a number.
    pub fn percentile(mut draws: Vec<f64>) -> Self {
        assert!(!draws.is_empty(), "an interval has at least 1 draw; got 0");
        draws.sort_unstable_by(|a, b| a.partial_cmp(b).expect("draws are numbers"));
        Self {
            low: percentile(&draws, 0.025),
            high: percentile(&draws, 0.975),
        }
    }

    /// Of at least two differences. Their deviations from the mean are drawn,
    /// so equal differences have an interval of exactly their value.
    fn of(differences: &[f64], mean: f64) -> Self {
        let count = differences.len();
        let mut chance = ChaCha8Rng::seed_from_u64(RESAMPLING_SEED);
        let means: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let drawn = (0..count).map(|_| differences[chance.random_range(0..count)] - mean);
                mean + drawn.sum::<f64>() / count as f64
            })
            .collect();
        Self::percentile(means)
    }
}

/// Between the two order statistics that are next to it, as NumPy's
/// `percentile`.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn interval(differences: &[f64]) -> Interval {
        PairedDifference::of(differences).unwrap().interval.unwrap()
    }

    #[test]
    fn no_pairs_one_pair_equal_pairs() {
        assert_eq!(PairedDifference::of(&[]), None);
        let one = PairedDifference::of(&[3.0]).unwrap();
        assert_eq!((one.estimate.mean, one.interval), (3.0, None));
        let Interval { low, high } = interval(&[1.5; 5]);
        assert_eq!((low, high), (1.5, 1.5));
    }

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([1, 2, 4, 8], [2.5, 50, 97.5])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (share, expected) in [(0.025, 1.075), (0.5, 3.0), (0.975, 7.7)] {
            assert!((percentile(&sorted, share) - expected).abs() < 1e-12);
        }
    }

    /// `np.percentile(np.arange(11.0), [2.5, 97.5])`
    #[test]
    fn ends_are_interpolated() {
        let draws: Vec<f64> = (0..11).rev().map(f64::from).collect();
        let interval = Interval::percentile(draws);
        assert!((interval.low - 0.25).abs() < 1e-12 && (interval.high - 9.75).abs() < 1e-12);
        let of_one = Interval::percentile(vec![2.0]);
        assert_eq!((of_one.low, of_one.high), (2.0, 2.0));
    }

    /// All n^n draws of five differences are few enough to be counted, which
    /// gives the distribution that the draws are taken from.
    #[test]
    fn the_ends_cut_off_a_fortieth_of_all_possible_draws() {
        let differences = [-1.3, 0.4, 2.9, 3.1, 8.0];
        let mut means = Vec::new();
        for draw in 0..5_usize.pow(5) {
            let drawn = (0..5).map(|place| differences[draw / 5_usize.pow(place) % 5]);
            means.push(drawn.sum::<f64>() / 5.0);
        }
        let share = |holds: &dyn Fn(f64) -> bool| {
            means.iter().filter(|&&mean| holds(mean)).count() as f64 / means.len() as f64
        };
        let Interval { low, high } = interval(&differences);
        // An end may stand on a value that many draws have, so what lies
        // strictly beyond it is at most a fortieth, and with it at least that;
        // give or take five standard deviations of the share among 10,000.
        let chance = 5.0 * (0.025_f64 * 0.975 / RESAMPLES as f64).sqrt();
        let rounding = 1e-9;
        assert!(share(&|mean| mean < low - rounding) < 0.025 + chance);
        assert!(share(&|mean| mean <= low + rounding) > 0.025 - chance);
        assert!(share(&|mean| mean > high + rounding) < 0.025 + chance);
        assert!(share(&|mean| mean >= high - rounding) > 0.025 - chance);
    }

    /// Known to be too narrow. The expected 0.8366 is from 20,000 samples:
    ///
    /// ```python
    /// rng = np.random.default_rng(0); hit = 0
    /// for row in rng.standard_normal((20000, 5)):
    ///     m = row[rng.integers(0, 5, (2000, 5))].mean(1)
    ///     lo, hi = np.quantile(m, [.025, .975]); hit += lo <= 0 <= hi
    /// hit / 20000
    /// ```
    #[test]
    fn five_normal_differences_are_covered_as_often_as_is_known() {
        let mut chance = ChaCha8Rng::seed_from_u64(5);
        let mut normal = || {
            let (u, v): (f64, f64) = (chance.random(), chance.random());
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        let samples = 1_000;
        let covered = (0..samples)
            .filter(|_| {
                let Interval { low, high } = interval(&[(); 5].map(|()| normal()));
                low <= 0.0 && 0.0 <= high
            })
            .count() as f64
            / f64::from(samples);
        let expected = 0.8366_f64;
        let deviation = (expected * (1.0 - expected) / f64::from(samples)).sqrt();
        assert!((covered - expected).abs() < 4.0 * deviation, "{covered}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_interval_lies_about_the_mean_within_the_differences(
            differences in prop::collection::vec(-50.0..50.0_f64, 2..12),
        ) {
            let gain = PairedDifference::of(&differences).unwrap();
            let Interval { low, high } = gain.interval.unwrap();
            let rounding = 1e-12 * 50.0;
            prop_assert!(low <= gain.estimate.mean + rounding);
            prop_assert!(gain.estimate.mean <= high + rounding);
            prop_assert!(differences.iter().any(|&d| d <= low + rounding));
            prop_assert!(differences.iter().any(|&d| d >= high - rounding));
            // And it is the same whenever it is asked for.
            prop_assert_eq!(PairedDifference::of(&differences).unwrap(), gain);
        }

        #[test]
        fn it_moves_and_scales_with_the_differences(
            differences in prop::collection::vec(-50.0..50.0_f64, 2..8),
            by in -10.0..10.0_f64,
        ) {
            let Interval { low, high } = interval(&differences);
            let moved: Vec<f64> = differences.iter().map(|d| 2.0 * d + by).collect();
            let moved = interval(&moved);
            prop_assert!((moved.low - (2.0 * low + by)).abs() < 1e-9);
            prop_assert!((moved.high - (2.0 * high + by)).abs() < 1e-9);
        }
    }
}
