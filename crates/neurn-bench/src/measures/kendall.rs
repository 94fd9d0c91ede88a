//! Kendall's tau a.

use crate::statistics::ties;

/// `(concordant - discordant) / (n (n - 1) / 2)` over all pairs; pairs that are
/// tied in either count as neither. 0 for fewer than 2 values.
///
/// In `O(n log n)`: of all pairs, those tied in `x` or in `y` and twice the
/// discordant ones are taken away, and the discordant ones are the exchanges that
/// a merge sort by `y` makes when it begins in the order of `x` (Knight 1966).
///
/// # Panics
///
/// If the lengths differ, or a value is not a number.
pub fn kendall_tau_a(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len(), "two values of each");
    if x.len() < 2 {
        return 0.0;
    }
    let pairs = |count: usize| count as f64 * (count as f64 - 1.0) / 2.0;
    let tied = |values: &[f64]| -> f64 {
        ties(values)
            .iter()
            .map(|tie| pairs(tie.indices.len()))
            .sum()
    };
    let mut in_both = 0.0;
    // By x, and by y where x is equal.
    let mut ordered = Vec::with_capacity(y.len());
    for tie in ties(x) {
        let mut of_tie: Vec<f64> = tie.indices.iter().map(|&index| y[index]).collect();
        in_both += tied(&of_tie);
        of_tie.sort_by(|a, b| a.partial_cmp(b).expect("values are numbers"));
        ordered.extend(of_tie);
    }
    let discordant = exchanges(&mut ordered) as f64;
    let all = pairs(x.len());
    (all - tied(x) - tied(y) + in_both - 2.0 * discordant) / all
}

/// Sorts, and counts the pairs that stood in descending order.
fn exchanges(values: &mut [f64]) -> u64 {
    let middle = values.len() / 2;
    if middle == 0 {
        return 0;
    }
    let mut count = exchanges(&mut values[..middle]) + exchanges(&mut values[middle..]);
    let (left, right) = values.split_at(middle);
    let mut merged = Vec::with_capacity(values.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if left[i] <= right[j] {
            merged.push(left[i]);
            i += 1;
        } else {
            merged.push(right[j]);
            j += 1;
            count += (left.len() - i) as u64;
        }
    }
    merged.extend(&left[i..]);
    merged.extend(&right[j..]);
    values.copy_from_slice(&merged);
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_pair_by_pair(
            pairs in prop::collection::vec((-4_i8..4, -4_i8..4), 2..40)
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).unzip();
            let mut sum = 0.0;
            for i in 0..x.len() {
                for j in 0..i {
                    let product = (x[i] - x[j]) * (y[i] - y[j]);
                    sum += if product == 0.0 { 0.0 } else { product.signum() };
                }
            }
            let expected = sum / (x.len() * (x.len() - 1) / 2) as f64;
            prop_assert!((kendall_tau_a(&x, &y) - expected).abs() < 1e-12);
        }
    }
}
