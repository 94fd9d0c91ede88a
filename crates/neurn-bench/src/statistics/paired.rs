//! The difference between two methods that were run on the same seeds.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Estimate, Interval};

/// A mean difference, with its 95 % interval and p value by Student's t.
///
/// Of n differences with mean d and standard error e, the interval is
/// `d +- q e`, q the 97.5 % quantile of Student's t with n - 1 degrees of
/// freedom, and p is the chance of a `|t|` of at least `|d| / e` if the true mean is
/// 0 (the two-sided paired t test; Student 1908, Biometrika 6). Both take the
/// differences for independent and normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// Of the differences, one a pair.
    pub estimate: Estimate,
    /// `None` of a single pair.
    pub interval: Option<Interval>,
    /// In 0..=1; `None` of a single pair.
    pub p: Option<f64>,
}

impl PairedDifference {
    /// `None` of no differences. Equal differences have an interval of exactly
    /// their value, and a p of 0, or of 1 if they are 0.
    ///
    /// ```
    /// use neurn_bench::statistics::PairedDifference;
    ///
    /// let with = [62.0, 60.0, 64.0];
    /// let without = [53.0, 52.0, 54.0];
    /// let gains: Vec<f64> = with.iter().zip(without).map(|(a, b)| a - b).collect();
    /// let gain = PairedDifference::of(&gains).unwrap();
    /// assert_eq!(gain.estimate.mean, 9.0);
    /// // The standard error of 9, 8 and 10 is 1 / sqrt(3), and the quantile is 4.303.
    /// let interval = gain.interval.unwrap();
    /// assert!((interval.low - 6.516).abs() < 1e-3);
    /// assert!((interval.high - 11.484).abs() < 1e-3);
    ///
    /// assert_eq!(PairedDifference::of(&[9.0]).unwrap().interval, None);
    /// ```
    pub fn of(differences: &[f64]) -> Option<Self> {
        let estimate = Estimate::of(differences)?;
        let t = estimate.standard_error.map(|error| {
            let freedom = (estimate.count - 1) as f64;
            let student = StudentsT::new(0.0, 1.0, freedom).expect("at least one degree");
            let reach = student.inverse_cdf(0.975) * error;
            let interval = Interval {
                low: estimate.mean - reach,
                high: estimate.mean + reach,
            };
            let p = match (estimate.mean == 0.0, error == 0.0) {
                (true, _) => 1.0,
                (_, true) => 0.0,
                _ => 2.0 * student.cdf(-(estimate.mean / error).abs()),
            };
            (interval, p)
        });
        Some(Self {
            estimate,
            interval: t.map(|(interval, _)| interval),
            p: t.map(|(_, p)| p),
        })
    }
}

/// Pearson's correlation of pairs, in -1..=1: how much of what seeds have in
/// common the pairing takes away. `None` of fewer than three pairs, of which it is
/// always 1 or -1, or if one side is constant.
pub fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (a, b) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let product = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (aa, bb) = (
        product(&|pair| (pair.0 - a).powi(2)),
        product(&|pair| (pair.1 - b).powi(2)),
    );
    let ab = product(&|pair| (pair.0 - a) * (pair.1 - b));
    (pairs.len() > 2 && aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn interval(differences: &[f64]) -> Interval {
        PairedDifference::of(differences).unwrap().interval.unwrap()
    }

    fn excludes_zero(interval: Interval) -> bool {
        interval.low > 0.0 || interval.high < 0.0
    }

    #[test]
    fn no_pairs_one_pair_equal_pairs() {
        assert_eq!(PairedDifference::of(&[]), None);
        let one = PairedDifference::of(&[3.0]).unwrap();
        assert_eq!((one.estimate.mean, one.interval, one.p), (3.0, None, None));
        let equal = PairedDifference::of(&[1.5; 5]).unwrap();
        let Interval { low, high } = equal.interval.unwrap();
        assert_eq!((low, high, equal.p), (1.5, 1.5, Some(0.0)));
        assert_eq!(PairedDifference::of(&[0.0; 5]).unwrap().p, Some(1.0));
    }

    /// Of n - 1 degrees of freedom, as tables of Student's t print the 97.5 %
    /// quantile.
    #[test]
    fn the_interval_reaches_as_far_as_students_quantile() {
        for (count, quantile) in [
            (2, 12.7062),
            (3, 4.3027),
            (5, 2.7764),
            (10, 2.2622),
            (31, 2.0423),
        ] {
            let differences: Vec<f64> = (0..count).map(f64::from).collect();
            let of = PairedDifference::of(&differences).unwrap();
            let reach = of.interval.unwrap().high - of.estimate.mean;
            let found = reach / of.estimate.standard_error.unwrap();
            // The tables have four decimal places.
            assert!((found - quantile).abs() < 0.51e-4, "{count}: {found}");
        }
    }

    /// `scipy.stats.ttest_1samp(x, 0).pvalue`; of two values it is
    /// `1 - 2 atan(t) / pi`.
    #[test]
    fn p_is_that_of_the_t_test() {
        let p = |differences: &[f64]| PairedDifference::of(differences).unwrap().p.unwrap();
        let (t, expected) = (3.0, 1.0 - 2.0 * 3.0_f64.atan() / std::f64::consts::PI);
        assert!((p(&[t - 1.0, t + 1.0]) - expected).abs() < 1e-9);
        // An interval that ends at 0 goes with a p of 0.05.
        let at = |shift: f64| [-1.3, 0.4, 2.9, 3.1, 8.0].map(|d| d + shift);
        let touching = at(-interval(&at(0.0)).low);
        assert!((p(&touching) - 0.05).abs() < 1e-6, "{}", p(&touching));
    }

    /// The percentile bootstrap, which stood here before, held 84 of 100.
    #[test]
    fn five_normal_differences_are_covered_95_times_in_100() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut normal = || {
            let (u, v): (f64, f64) = (rng.random(), rng.random());
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        let samples = 4_000;
        let covered = (0..samples)
            .filter(|_| !excludes_zero(interval(&[(); 5].map(|()| normal()))))
            .count() as f64
            / f64::from(samples);
        let deviation = (0.95_f64 * 0.05 / f64::from(samples)).sqrt();
        assert!((covered - 0.95).abs() < 4.0 * deviation, "{covered}");
    }

    #[test]
    fn correlations() {
        let line: Vec<(f64, f64)> = (0..5).map(|x| (f64::from(x), 3.0 - f64::from(x))).collect();
        assert!((correlation(&line).unwrap() + 1.0).abs() < 1e-12);
        // np.corrcoef([1, 2, 3], [1, 3, 2])[0, 1]
        let half = correlation(&[(1.0, 1.0), (2.0, 3.0), (3.0, 2.0)]);
        assert!((half.unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(correlation(&line[..2]), None);
        assert_eq!(correlation(&[(1.0, 2.0), (1.0, 3.0), (1.0, 4.0)]), None);
    }

    proptest! {
        #[test]
        fn it_moves_and_scales_with_the_differences(
            differences in prop::collection::vec(-50.0..50.0_f64, 2..8),
            by in -10.0..10.0_f64,
        ) {
            let Interval { low, high } = interval(&differences);
            prop_assert!(low <= high);
            let moved: Vec<f64> = differences.iter().map(|d| 2.0 * d + by).collect();
            let moved = interval(&moved);
            // The quantile of two values multiplies rounding by 13.
            prop_assert!((moved.low - (2.0 * low + by)).abs() < 1e-9);
            prop_assert!((moved.high - (2.0 * high + by)).abs() < 1e-9);
        }

        /// The interval and the test answer alike.
        #[test]
        fn p_is_below_a_twentieth_where_the_interval_excludes_zero(
            differences in prop::collection::vec(-50.0..90.0_f64, 2..8),
        ) {
            let of = PairedDifference::of(&differences).unwrap();
            let (interval, p) = (of.interval.unwrap(), of.p.unwrap());
            prop_assert!((0.0..=1.0).contains(&p));
            if (p - 0.05).abs() > 1e-6 {
                prop_assert_eq!(excludes_zero(interval), p < 0.05);
            }
        }
    }
}
