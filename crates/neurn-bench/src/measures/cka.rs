//! Linear centred kernel alignment.

use faer::MatRef;

use super::gram::{centred, of_same_scenes};

/// Linear CKA of two [`gram`](super::gram) matrices, in 0..=1:
/// `<K, L> / (|K| |L|)` with the Frobenius product, which is
/// `|Y^T X|^2 / (|X^T X| |Y^T Y|)` of centred patterns X and Y (Kornblith,
/// Norouzi, Lee & Hinton 2019, Similarity of Neural Network Representations
/// Revisited, ICML).
///
/// Orthogonal maps of the units and a scale of all change nothing. It is
/// biased: of few scenes and many units even unrelated patterns come near 1;
/// see [`debiased_linear_cka`]. 0 if either does not vary.
///
/// # Panics
///
/// If the matrices are not square or of different sizes.
pub fn linear_cka(x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    of_same_scenes(x, y);
    let (x, y) = (centred(x), centred(y));
    let product = |a: MatRef<'_, f64>, b: MatRef<'_, f64>| products(a, b).0;
    quotient(
        product(x.as_ref(), y.as_ref()),
        product(x.as_ref(), x.as_ref()),
        product(y.as_ref(), y.as_ref()),
    )
    .clamp(0.0, 1.0)
}

/// CKA with the unbiased estimate of each of its three products (Song, Smola,
/// Gretton, Bedo & Borgwardt 2012, Feature Selection via Dependence
/// Maximization, JMLR 13, equation 4): with the diagonals of K and L at 0 and
/// n scenes,
///
/// ```text
/// HSIC = [tr(K L) + (1'K1)(1'L1) / ((n-1)(n-2)) - 2/(n-2) 1'K L 1] / (n (n-3))
/// ```
///
/// About 0 of unrelated patterns, and below 0 by chance; 1 of a representation
/// with itself. 0 if either side's own estimate is not above 0, as where it
/// does not vary.
///
/// # Panics
///
/// If the matrices are not square, of different sizes or of fewer than 4
/// scenes.
pub fn debiased_linear_cka(x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    of_same_scenes(x, y);
    let scenes = x.nrows();
    assert!(scenes >= 4, "debiased CKA of {scenes} scenes, fewer than 4");
    let (x, y) = (hollow(x), hollow(y));
    let hsic = |a: MatRef<'_, f64>, b: MatRef<'_, f64>| {
        let n = scenes as f64;
        let (trace, total_a, total_b, both) = products(a, b);
        (trace + total_a * total_b / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * both)
            / (n * (n - 3.0))
    };
    quotient(
        hsic(x.as_ref(), y.as_ref()),
        hsic(x.as_ref(), x.as_ref()),
        hsic(y.as_ref(), y.as_ref()),
    )
    .clamp(-1.0, 1.0)
}

/// About the mean pattern, which the estimate does not see but whose rounding
/// it would, and without what a pattern has with itself.
fn hollow(gram: MatRef<'_, f64>) -> faer::Mat<f64> {
    let mut hollow = centred(gram);
    for i in 0..hollow.nrows() {
        hollow[(i, i)] = 0.0;
    }
    hollow
}

/// `tr(A B)`, `1'A1`, `1'B1` and `1'A B 1` of symmetric matrices.
fn products(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> (f64, f64, f64, f64) {
    let (mut trace, mut total_a, mut total_b, mut both) = (0.0, 0.0, 0.0, 0.0);
    for column in 0..a.ncols() {
        let (mut sum_a, mut sum_b) = (0.0, 0.0);
        for (a, b) in a.col(column).iter().zip(b.col(column).iter()) {
            trace += a * b;
            sum_a += a;
            sum_b += b;
        }
        total_a += sum_a;
        total_b += sum_b;
        both += sum_a * sum_b;
    }
    (trace, total_a, total_b, both)
}

fn quotient(xy: f64, xx: f64, yy: f64) -> f64 {
    match xx > 0.0 && yy > 0.0 {
        // Roots first: a product of squares may overflow.
        true => xy / (xx.sqrt() * yy.sqrt()),
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gram;
    use super::super::tests::{normal, rotated};
    use super::*;

    #[test]
    fn what_does_not_vary_is_at_0() {
        let constant = faer::Mat::from_fn(6, 3, |_, unit| 0.1 * unit as f64);
        let (k, l) = (gram(constant.as_ref()), gram(normal(6, 4, 0).as_ref()));
        for cka in [linear_cka, debiased_linear_cka] {
            assert_eq!(cka(k.as_ref(), l.as_ref()), 0.0);
            assert_eq!(cka(k.as_ref(), k.as_ref()), 0.0);
        }
    }

    /// Of 20 scenes and 2,000 units, the biased one takes noise for a likeness.
    #[test]
    fn chance_is_0_without_bias_only() {
        let draws = 40;
        let (mut biased, mut debiased) = (0.0, 0.0);
        for draw in 0..draws {
            let k = gram(normal(20, 2_000, 2 * draw).as_ref());
            let l = gram(normal(20, 2_000, 2 * draw + 1).as_ref());
            biased += linear_cka(k.as_ref(), l.as_ref()) / draws as f64;
            debiased += debiased_linear_cka(k.as_ref(), l.as_ref()) / draws as f64;
        }
        assert!(biased > 0.9, "{biased}");
        // Each draw deviates by about 1 / sqrt(20 * 19 / 2) = 0.07, their mean
        // by 0.011; four of these.
        assert!(debiased.abs() < 0.046, "{debiased}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_rotation_and_a_scale_change_nothing(
            seed in 0..1_000_u64,
            scale in 0.01..100.0_f64,
        ) {
            let x = normal(9, 5, seed);
            let y = normal(9, 7, seed + 1_000);
            let moved = rotated(&x, seed) * faer::Scale(-scale);
            let [k, moved, l] = [x, moved, y].map(|patterns| gram(patterns.as_ref()));
            for cka in [linear_cka, debiased_linear_cka] {
                prop_assert!((cka(k.as_ref(), moved.as_ref()) - 1.0).abs() < 1e-12);
                let (a, b) = (cka(k.as_ref(), l.as_ref()), cka(moved.as_ref(), l.as_ref()));
                prop_assert!((a - b).abs() < 1e-12 && a == cka(l.as_ref(), k.as_ref()));
            }
        }
    }
}
