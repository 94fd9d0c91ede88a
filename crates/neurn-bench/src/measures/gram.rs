//! The products of patterns, which is all that linear measures look at.

use faer::{Mat, MatRef};

/// `K = X X^T` of patterns X (scenes x units) about the mean pattern: scenes x
/// scenes, every row and column adding up to 0.
///
/// CKA, Procrustes and ridge regression depend on the units through it alone,
/// so none of them sees a rotation of the units.
///
/// # Panics
///
/// If there are no patterns.
pub fn gram(patterns: MatRef<'_, f64>) -> Mat<f64> {
    let (scenes, units) = patterns.shape();
    assert!(scenes > 0, "a Gram matrix of no patterns");
    let mut centred = patterns.to_owned();
    for unit in 0..units {
        let column = centred.col_as_slice_mut(unit);
        // About the first value, so that a large offset costs no digits and a
        // constant unit becomes zeros.
        let first = column[0];
        let mean = column.iter().map(|x| x - first).sum::<f64>() / scenes as f64;
        column.iter_mut().for_each(|x| *x = (*x - first) - mean);
    }
    &centred * centred.transpose()
}

/// # Panics
///
/// If two Gram matrices are not square or of different sizes.
pub(super) fn of_same_scenes(x: MatRef<'_, f64>, y: MatRef<'_, f64>) {
    assert!(
        x.nrows() == x.ncols() && x.shape() == y.shape(),
        "Gram matrices of the same scenes; got {:?} and {:?}",
        x.shape(),
        y.shape()
    );
}

/// A Gram matrix of patterns that are not centred, about the mean of them.
pub(super) fn centred(gram: MatRef<'_, f64>) -> Mat<f64> {
    let n = gram.nrows();
    let means: Vec<f64> = (0..n)
        .map(|i| gram.row(i).iter().sum::<f64>() / n as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / n as f64;
    Mat::from_fn(n, n, |i, j| gram[(i, j)] - means[i] - means[j] + mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let patterns = MatRef::from_row_major_slice(&[1.0, 5.0, 3.0, 5.0, 5.0, 5.0], 3, 2);
        // Deviations of the first unit are -2, 0, 2; the second is constant.
        let expected = [[4.0, 0.0, -4.0], [0.0; 3], [-4.0, 0.0, 4.0]];
        let gram = gram(patterns);
        for i in 0..3 {
            for j in 0..3 {
                assert_eq!(gram[(i, j)], expected[i][j]);
            }
        }
        assert_eq!(centred(gram.as_ref()), gram);
    }
}
