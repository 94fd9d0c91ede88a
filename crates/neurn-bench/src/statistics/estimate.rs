//! A mean and how far it may be off.

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard error of the mean, `s / sqrt(n)` with `s` the sample standard
    /// deviation (n - 1 below the line); `None` of a single value.
    pub standard_error: Option<f64>,
    /// How many values.
    pub count: usize,
}

impl Estimate {
    /// `None` of no values.
    ///
    /// ```
    /// use neurn_bench::statistics::Estimate;
    ///
    /// let estimate = Estimate::of(&[1.0, 2.0, 6.0]).unwrap();
    /// assert_eq!(estimate.mean, 3.0);
    /// // s^2 = (4 + 1 + 9) / 2 = 7
    /// assert_eq!(estimate.standard_error, Some((7.0_f64 / 3.0).sqrt()));
    /// ```
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let standard_error =
            (count > 1).then(|| (squares / (count - 1) as f64 / count as f64).sqrt());
        Some(Self {
            mean,
            standard_error,
            count,
        })
    }
}

/// What the accuracy of one network on a sample of images is off by, the images
/// drawn at random: `sqrt(a (100 - a) / n)`, with accuracy a and the result in
/// percent, of n images.
///
/// ```
/// use neurn_bench::statistics::sampling_error;
///
/// assert_eq!(sampling_error(50.0, 2_500), 1.0);
/// ```
pub fn sampling_error(accuracy: f64, images: usize) -> f64 {
    (accuracy * (100.0 - accuracy) / images as f64)
        .max(0.0)
        .sqrt()
}
