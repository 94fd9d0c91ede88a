//! Procrustes similarity: how alike two representations are after the best
//! rotation.

use faer::{Mat, MatRef, Side};

use super::gram::of_same_scenes;

/// The Procrustes similarity of two [`gram`](super::gram) matrices, in 0..=1:
/// `|X^T Y|_* / (|X| |Y|)`, the nuclear norm of the product of centred
/// patterns over their Frobenius norms. It is the largest `tr(X Q Y^T)` over
/// all orthogonal Q of patterns scaled to length 1; the distance that it goes
/// with is `2 - 2 s` (Williams, Kunz, Kornblith & Linderman 2021, Generalized
/// Shape Metrics on Neural Representations, NeurIPS).
///
/// 1 only of representations that differ by a rotation, a reflection, a scale
/// and an offset; 0 if either does not vary.
///
/// From Gram matrices, as `|X^T Y|_*` is that of `A^T B` for any `A A^T = X
/// X^T` and `B B^T = Y Y^T`: scenes x scenes, however many the units.
///
/// # Panics
///
/// If the matrices are not square, of different sizes, or not finite.
pub fn procrustes(x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    of_same_scenes(x, y);
    let (Some(a), Some(b)) = (root(x), root(y)) else {
        return 0.0;
    };
    let product = a.transpose() * &b;
    let values = product
        .singular_values()
        .expect("singular values of finite numbers");
    values.iter().sum::<f64>().clamp(0.0, 1.0)
}

/// `A` with `A A^T = K / tr(K)`; `None` of zeros.
fn root(gram: MatRef<'_, f64>) -> Option<Mat<f64>> {
    let scenes = gram.nrows();
    let trace: f64 = (0..scenes).map(|i| gram[(i, i)]).sum();
    assert!(trace.is_finite(), "a Gram matrix of finite numbers");
    if trace <= 0.0 {
        return None;
    }
    let scaled = Mat::from_fn(scenes, scenes, |i, j| gram[(i, j)] / trace);
    let eigen = scaled
        .self_adjoint_eigen(Side::Lower)
        .expect("eigenvalues of finite numbers");
    let (vectors, values) = (eigen.U(), eigen.S().column_vector());
    Some(Mat::from_fn(scenes, scenes, |i, j| {
        // Below zero by a rounding.
        vectors[(i, j)] * values[j].max(0.0).sqrt()
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gram;
    use super::super::tests::{normal, rotated};
    use super::*;

    #[test]
    fn one_unit_each_is_the_correlation() {
        let x = MatRef::from_row_major_slice(&[-1.0, 0.0, 1.0], 3, 1);
        let y = MatRef::from_row_major_slice(&[1.0, -2.0, 1.0], 3, 1);
        let z = MatRef::from_row_major_slice(&[0.0, 0.0, 3.0], 3, 1);
        let [x, y, z] = [x, y, z].map(gram);
        // Roots of eigenvalues that are zero but for a rounding of 1e-16.
        assert!(procrustes(x.as_ref(), y.as_ref()) < 1e-7);
        let r = 3.0 / (2.0_f64 * 6.0).sqrt();
        assert!((procrustes(x.as_ref(), z.as_ref()) - r).abs() < 1e-7);
    }

    #[test]
    fn what_does_not_vary_is_at_0() {
        let zeros = Mat::zeros(4, 4);
        let other = gram(normal(4, 3, 0).as_ref());
        assert_eq!(procrustes(zeros.as_ref(), other.as_ref()), 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_rotation_and_a_scale_change_nothing(seed in 0..1_000_u64) {
            let x = normal(9, 5, seed);
            let y = gram(normal(9, 7, seed + 1_000).as_ref());
            let moved = gram((rotated(&x, seed) * faer::Scale(3.0)).as_ref());
            let x = gram(x.as_ref());
            // A root has half the digits: sqrt(9) sqrt(1e-16) each.
            prop_assert!((procrustes(x.as_ref(), moved.as_ref()) - 1.0).abs() < 1e-7);
            let (a, b) = (procrustes(x.as_ref(), y.as_ref()), procrustes(moved.as_ref(), y.as_ref()));
            prop_assert!((a - b).abs() < 1e-7 && a > 0.0 && a < 1.0);
        }
    }
}
