//! Pearson's correlation, with an answer for what does not vary.

use faer::{Mat, MatRef};

/// Pearson's r in -1..=1; `None` if either side is constant, which correlates
/// with nothing.
///
/// # Panics
///
/// If the lengths differ.
pub(crate) fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "values in pairs");
    // Asked of the values and not of the variance: the mean of equal values
    // may miss them by a rounding, which would leave a variance.
    if constant(a) || constant(b) {
        return None;
    }
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    quotient(ab, aa, bb)
}

/// `ab / sqrt(aa bb)` in -1..=1; `None` if a square is 0.
pub(crate) fn quotient(ab: f64, aa: f64, bb: f64) -> Option<f64> {
    let r = ab / (aa.sqrt() * bb.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Whether all values are the same, as none or one are.
pub(crate) fn constant(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

/// Arithmetic mean, 0 of no values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A column of a matrix of any layout.
pub(crate) fn column(matrix: MatRef<'_, f64>, column: usize) -> Vec<f64> {
    matrix.col(column).iter().copied().collect()
}

/// A row of a matrix of any layout.
pub(crate) fn row(matrix: MatRef<'_, f64>, row: usize) -> Vec<f64> {
    matrix.row(row).iter().copied().collect()
}

/// Some columns of a matrix, one that is named twice standing there twice.
pub(crate) fn columns(matrix: MatRef<'_, f64>, named: &[usize]) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), named.len(), |row, place| {
        matrix[(row, named[place])]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_constant_correlates_with_nothing() {
        // 0.1 three times has a mean that is not 0.1.
        assert_eq!(pearson(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
        assert_eq!(pearson(&[1.0, 2.0, 3.0], &[0.1; 3]), None);
        assert_eq!(pearson(&[], &[]), None);
        // Roots of squares are rounded.
        assert!(pearson(&[1.0, 2.0], &[-3.0, -5.0]).unwrap() < -1.0 + 1e-15);
    }
}
