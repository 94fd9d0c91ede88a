//! Corrections for the number of comparisons.

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
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 0.0_f64;
    for (place, index) in ascending(p).into_iter().enumerate() {
        most = most.max((p.len() - place) as f64 * p[index]).min(1.0);
        adjusted[index] = most;
    }
    adjusted
}

/// Benjamini and Hochberg's step-up adjustment, which bounds the expected share
/// of false positives among all positives of independent tests: of the p values
/// in ascending order, `min over j >= i of m p_j / j` with j from 1, at most 1.
///
/// Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57.
///
/// ```
/// use neurn_bench::statistics::benjamini_hochberg;
///
/// assert_eq!(benjamini_hochberg(&[0.01, 0.04, 0.03]), [0.03, 0.04, 0.04]);
/// ```
///
/// # Panics
///
/// If a p value is not a number.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (place, index) in ascending(p).into_iter().enumerate().rev() {
        least = least.min(p.len() as f64 / (place + 1) as f64 * p[index]);
        adjusted[index] = least;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].partial_cmp(&p[b]).expect("p values are numbers"));
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn adjusted_values_are_ordered(p in prop::collection::vec(0.0..=1.0_f64, 1..30)) {
            let (holm, bh) = (holm(&p), benjamini_hochberg(&p));
            for i in 0..p.len() {
                prop_assert!(p[i] <= bh[i] + 1e-15 && bh[i] <= holm[i] + 1e-15 && holm[i] <= 1.0);
                for j in 0..p.len() {
                    // Neither changes the order.
                    if p[i] < p[j] {
                        prop_assert!(holm[i] <= holm[j] && bh[i] <= bh[j]);
                    }
                }
            }
        }
    }
}
