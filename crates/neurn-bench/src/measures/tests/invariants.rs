//! What each measure must see as the same.

use faer::{Mat, Scale};
use proptest::prelude::*;

use super::super::*;
use super::{normal, rotated};

fn rdm(patterns: &Mat<f64>, distance: Distance) -> Rdm {
    Rdm::of(patterns.as_ref(), distance)
}

#[track_caller]
fn same(a: &Rdm, b: &Rdm, factor: f64) {
    for (a, b) in a.values().iter().zip(b.values()) {
        assert!((factor * a - b).abs() < 1e-9 * factor, "{a} {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn euclidean_and_cosine_rdms_do_not_see_a_rotation(seed in 0..1_000_u64) {
        let patterns = normal(8, 5, seed);
        let turned = rotated(&patterns, seed);
        for distance in [Distance::Euclidean, Distance::Cosine] {
            same(&rdm(&patterns, distance), &rdm(&turned, distance), 1.0);
        }
        same(
            &rdm(&patterns, Distance::Euclidean),
            &rdm(&(turned * Scale(3.0)), Distance::Euclidean),
            3.0,
        );
    }

    /// Each pattern by itself: its contrast and its brightness.
    #[test]
    fn correlation_rdms_do_not_see_scale_and_offset_of_a_pattern(
        seed in 0..1_000_u64,
        scales in prop::collection::vec(0.1..10.0_f64, 8),
        offsets in prop::collection::vec(-5.0..5.0_f64, 8),
    ) {
        let patterns = normal(8, 5, seed);
        let moved = Mat::from_fn(8, 5, |scene, unit| {
            scales[scene] * patterns[(scene, unit)] + offsets[scene]
        });
        same(
            &rdm(&patterns, Distance::Correlation),
            &rdm(&moved, Distance::Correlation),
            1.0,
        );
    }

    /// Rank correlations do not see a monotone change, and none sees
    /// the order of scenes.
    #[test]
    fn spearman_does_not_see_the_order_of_scenes(seed in 0..1_000_u64) {
        let [a, b] = [0, 1].map(|k| rdm(&normal(8, 5, 2 * seed + k), Distance::Correlation));
        let order = [3, 1, 7, 0, 2, 6, 5, 4];
        let straight = spearman(&a, &b);
        let other = spearman(&a.select(&order), &b.select(&order));
        prop_assert!((straight - other).abs() < 1e-12);
        prop_assert!((spearman(&a, &a) - 1.0).abs() < 1e-12);
        prop_assert!((straight - spearman(&b, &a)).abs() < 1e-12);
        let bent = Rdm::from_values(8, a.values().iter().map(|x| x.exp()).collect());
        prop_assert_eq!(spearman(&a, &b), spearman(&bent, &b));
    }

    /// A silent neuron or a constant unit among others leaves every measure a
    /// number.
    #[test]
    fn what_does_not_vary_makes_nothing_nan(seed in 0..1_000_u64, all in any::<bool>()) {
        let mut patterns = normal(16, 4, seed);
        for unit in 0..if all { 4 } else { 2 } {
            patterns.col_as_slice_mut(unit).fill(0.3);
        }
        let responses = normal(16, 3, seed + 1_000);
        let (k, l) = (gram(patterns.as_ref()), gram(responses.as_ref()));
        let mut found = vec![
            linear_cka(k.as_ref(), l.as_ref()),
            debiased_linear_cka(k.as_ref(), l.as_ref()),
            procrustes(k.as_ref(), l.as_ref()),
        ];
        found.extend(Ridge::default().predict(k.as_ref(), responses.as_ref()).correlations);
        found.extend(Ridge::default().predict(l.as_ref(), patterns.as_ref()).correlations);
        for distance in Distance::ALL {
            found.push(spearman(&rdm(&patterns, distance), &rdm(&responses, distance)));
        }
        prop_assert!(found.iter().all(|value| value.is_finite()), "{found:?}");
    }
}
