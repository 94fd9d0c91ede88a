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
    let mut ranks = vec![0.0; values.len()];
    for tie in ties(values) {
        // Ranks begin at 1, so the average of places a..b is (a + b + 1) / 2.
        let average = (tie.places.start + tie.places.end + 1) as f64 / 2.0;
        for index in tie.indices {
            ranks[index] = average;
        }
    }
    ranks
}

/// Equal values.
#[derive(Clone, Debug, PartialEq)]
pub struct Tie {
    /// Where they stand among all in ascending order, from 0.
    pub places: std::ops::Range<usize>,
    /// Which they are.
    pub indices: Vec<usize>,
}

/// The values in ascending order, equal ones together.
///
/// # Panics
///
/// If a value is not a number.
pub fn ties(values: &[f64]) -> Vec<Tie> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| {
        let order = values[a].partial_cmp(&values[b]);
        order.expect("values that are ranked are numbers")
    });
    let mut place = 0;
    order
        .chunk_by(|&a, &b| values[a] == values[b])
        .map(|equal| {
            let places = place..place + equal.len();
            place += equal.len();
            Tie {
                places,
                indices: equal.to_vec(),
            }
        })
        .collect()
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
