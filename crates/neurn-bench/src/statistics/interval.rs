//! 95 % intervals.

/// The ends of a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The interval that holds the middle 95 % of draws, as the percentile bootstrap
    /// takes it (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    /// section 13.3).
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
    use super::*;

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
}
