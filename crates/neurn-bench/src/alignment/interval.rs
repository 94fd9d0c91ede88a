//! A value with its bootstrap interval.

/// What all data give, and a percentile interval of what resampled data give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Of all data.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval that holds the middle `level` of the draws; ends between two
    /// draws are interpolated, as NumPy's `percentile` does.
    ///
    /// # Panics
    ///
    /// Without a draw, if one is not a number, or if `level` is not in `0..=1`.
    pub fn percentile(value: f64, mut draws: Vec<f64>, level: f64) -> Self {
        assert!(!draws.is_empty(), "an interval has at least 1 draw; got 0");
        assert!(
            (0.0..=1.0).contains(&level),
            "a level is in 0..=1; got {level}"
        );
        draws.sort_by(|a, b| a.partial_cmp(b).expect("draws are numbers"));
        let quantile = |share: f64| {
            let place = share * (draws.len() - 1) as f64;
            let (below, part) = (place.floor(), place.fract());
            let above = (below as usize + 1).min(draws.len() - 1);
            let below = draws[below as usize];
            below + part * (draws[above] - below)
        };
        let tail = (1.0 - level) / 2.0;
        Self {
            value,
            low: quantile(tail),
            high: quantile(1.0 - tail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `np.percentile(np.arange(11.0), [2.5, 97.5])`
    #[test]
    fn ends_are_interpolated() {
        let draws: Vec<f64> = (0..11).rev().map(f64::from).collect();
        let interval = Interval::percentile(5.0, draws, 0.95);
        assert!((interval.low - 0.25).abs() < 1e-12 && (interval.high - 9.75).abs() < 1e-12);
        let of_one = Interval::percentile(1.0, vec![2.0], 0.95);
        assert_eq!((of_one.low, of_one.high), (2.0, 2.0));
    }
}
