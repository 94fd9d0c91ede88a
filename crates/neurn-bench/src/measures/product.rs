//! Products of long patterns.

use faer::MatRef;
use rayon::prelude::*;

/// The sum of products, in eight running sums so that it is vectorized; its order
/// does not depend on the machine.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "patterns of one length");
    let mut sums = [0.0; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = (a_chunks.remainder().iter().zip(b_chunks.remainder()))
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
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
