//! Correction for the number of comparisons.

/// Holm's step-down adjustment, which bounds the chance of any false positive
/// whatever the tests' dependence: of the p values in ascending order,
/// `max over j <= i of (m - j) p_j` with j from 0, at most 1.
///
/// Holm 1979, Scandinavian Journal of Statistics 6.
///
/// ```
/// use neurn_bench::statistics::holm;
///
/// assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
///
/// # Panics
///
/// If a p value is not a number.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].partial_cmp(&p[b]).expect("p values are numbers"));
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 0.0_f64;
    for (place, index) in order.into_iter().enumerate() {
        most = most.max((p.len() - place) as f64 * p[index]).min(1.0);
        adjusted[index] = most;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// By the definition: the largest of `(how many are at least p_j) p_j` over all
        /// p_j up to this one.
        #[test]
        fn adjusted_values_are_as_defined(p in prop::collection::vec(0.0..=1.0_f64, 1..30)) {
            let adjusted = holm(&p);
            for (own, found) in p.iter().zip(&adjusted) {
                let at_least = |other: f64| p.iter().filter(|&&p| p >= other).count() as f64;
                let up_to = p.iter().filter(|&other| other <= own);
                let most = up_to.map(|&other| at_least(other) * other).fold(0.0, f64::max);
                prop_assert!((found - most.min(1.0)).abs() < 1e-12);
            }
        }
    }
}
