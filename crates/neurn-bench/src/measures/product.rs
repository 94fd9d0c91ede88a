//! Products of long patterns.

use faer::MatRef;
use rayon::prelude::*;

/// The sum of products.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    sum_of(a, b, |a, b| a * b)
}

/// The sum of squared differences.
pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    sum_of(a, b, |a, b| (a - b) * (a - b))
}

/// In eight running sums so that it is vectorized; their order does not depend on the
/// machine.
fn sum_of(a: &[f64], b: &[f64], value: impl Fn(f64, f64) -> f64) -> f64 {
    assert_eq!(a.len(), b.len(), "patterns of one length");
    let mut sums = [0.0; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += value(a[lane], b[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| value(a, b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

/// The rows, each in one piece.
pub(super) fn rows(matrix: MatRef<'_, f64>) -> Vec<Vec<f64>> {
    (0..matrix.nrows())
        .map(|row| matrix.row(row).iter().copied().collect())
        .collect()
}

/// A number for each pair of places below `count`, row by row above the
/// diagonal: (0, 1), (0, 2), ..., (1, 2), ...
pub(super) fn of_pairs(count: usize, value: impl Fn(usize, usize) -> f64 + Sync) -> Vec<f64> {
    (0..count)
        .into_par_iter()
        .flat_map_iter(|i| {
            let value = &value;
            (i + 1..count).map(move |j| value(i, j))
        })
        .collect()
}
