//! Which images train a network and which validate it.

/// Which images of a source are for training and which for validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first so many are for training.
    pub train: usize,
    /// The so many after them are for validation.
    pub validation: usize,
}

impl Split {
    /// A sixth of the images is for validation, at most `validation_limit`; of the
    /// rest at most `train_limit` are for training. MNIST's 60,000 with the limits
    /// 10,000 and 2,000 are split as the field does.
    ///
    /// ```
    /// use neurn_bench::train::Split;
    ///
    /// let split = Split::of(60_000, 10_000, 2_000);
    /// assert_eq!(split, Split { train: 10_000, validation: 2_000 });
    /// let split = Split::of(4_434, 10_000, 2_000);
    /// assert_eq!(split, Split { train: 3_695, validation: 739 });
    /// ```
    pub fn of(count: usize, train_limit: usize, validation_limit: usize) -> Self {
        let validation = (count / 6).clamp(1, validation_limit.max(1));
        Self {
            train: count.saturating_sub(validation).min(train_limit),
            validation: validation.min(count),
        }
    }
}
