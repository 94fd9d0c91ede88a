//! Ranks.

/// The rank of each value from 1, equal values sharing the average of theirs;
/// SciPy's `rankdata`.
///
/// ```
/// use neurn_bench::statistics::average_ranks;
///
/// assert_eq!(average_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
/// ```
///
/// # Panics
///
/// If a value is not a number.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| {
        let order = values[a].partial_cmp(&values[b]);
        order.expect("values that are ranked are numbers")
    });
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        // Ranks begin at 1.
        let average = before as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|&index| ranks[index] = average);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// By counting: the values below, half of the equal ones, half a place.
        #[test]
        fn ranks_are_counts(values in prop::collection::vec((-4_i8..4).prop_map(f64::from), 0..40)) {
            let ranks = average_ranks(&values);
            for (value, rank) in values.iter().zip(&ranks) {
                let below = values.iter().filter(|other| *other < value).count() as f64;
                let equal = values.iter().filter(|other| *other == value).count() as f64;
                prop_assert_eq!(*rank, below + (equal + 1.0) / 2.0);
            }
        }
    }
}
