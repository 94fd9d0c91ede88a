//! The mean beside the deviation.

use burn::tensor::{DType, Tensor};
use neurn_core::{Border, local_mean_std, local_std};
use proptest::prelude::*;

use crate::borders::{self, BORDERS};
use crate::devices::{all, computing_in, tensor, values};
use crate::gradient::{gradient_of, irregular_values};
use crate::oracle::{self, Images};
use crate::tolerance::{BF16, F16, F32, F64};

/// As documented: `u (2 M + (2 k + 4) R)`.
fn allowed(images: &Images, k: usize, border: Border, stride: usize, unit: f64) -> Vec<f64> {
    let bound = |patch: &[f64]| {
        let smallest = patch.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = patch.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let magnitude = smallest.abs().max(largest.abs());
        unit * (2.0 * magnitude + (2 * k + 4) as f64 * (largest - smallest))
    };
    oracle::of_patches(images, k, border, stride, bound).values
}

fn irregular(dims: [usize; 4], seed: u64) -> Images {
    Images::new(irregular_values(dims.iter().product(), seed), dims)
}

/// NumPy, of `x` and the windows in `forward.rs`: `.mean(axis=(2, 3))`.
#[test]
fn numpy_agrees() {
    let x = [
        3., 1., 4., 1., 5., 9., 2., 6., 5., 3., 5., 8., 9., 7., 9., 3., 2., 3., 8., 4.,
    ];
    let expected = [
        3.77777778, 3.66666667, 2.77777778, 3.77777778, 3.66666667, 5.00000000, 5.22222222,
        4.77777778, 5.44444444, 5.22222222, 5.11111111, 5.22222222, 5.55555556, 6.00000000,
        5.77777778, 3.77777778, 4.22222222, 5.55555556, 6.11111111, 6.33333333,
    ];
    for device in all() {
        let x = tensor(&x, [1, 1, 4, 5], DType::F32, &device);
        let (mean, _) = local_mean_std(x, 3, Border::Symmetric, 1);
        for (mean, expected) in values(mean).iter().zip(expected) {
            // NumPy printed eight decimals.
            assert!(
                (mean - expected).abs() < 1e-6,
                "{device:?} {mean} {expected}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_mean_agrees_with_the_oracle(
        seed in 0..1000_u64,
        k in prop_oneof![Just(1_usize), Just(3), Just(5), Just(9), Just(15)],
        border in borders::any(),
        stride in 1..=3_usize,
        offset in prop_oneof![Just(0.0), Just(-3.0), Just(1e4)],
        (dtype, unit) in prop_oneof![Just((DType::F32, F32)), Just((DType::F64, F64))],
    ) {
        let mut images = irregular([2, 2, 17, 16], seed);
        for x in &mut images.values {
            *x = f64::from((*x + offset) as f32);
        }
        let expected = oracle::local_mean(&images, k, border, stride);
        let allowed = allowed(&images, k, border, stride, unit);
        for device in computing_in(dtype) {
            let x = tensor(&images.values, images.dims, dtype, &device);
            let (mean, std) = local_mean_std(x.clone(), k, border, stride);
            prop_assert_eq!(mean.dims(), expected.dims);
            prop_assert_eq!(values(std), values(local_std(x, k, border, stride)));
            let mean = values(mean);
            for ((mean, expected), allowed) in mean.iter().zip(&expected.values).zip(&allowed) {
                prop_assert!(
                    (mean - expected).abs() <= *allowed,
                    "{:?}: {:e}, expected {:e} to {:e}", device, mean, expected, allowed
                );
            }
        }
    }
}

#[test]
fn the_mean_of_a_flat_patch_is_its_value() {
    for device in all() {
        for k in [3, 5, 7, 9, 15] {
            let levels: Vec<f64> = (0..64)
                .map(|i| f64::from(0.1_f32 + i as f32 * 0.013))
                .collect();
            let flat: Vec<f64> = levels.iter().flat_map(|&v| [v; 16]).collect();
            let x = tensor(&flat, [64, 1, 4, 4], DType::F32, &device);
            let (mean, std) = local_mean_std(x, k, Border::Replicate, 1);
            assert_eq!(values(mean), flat, "{device:?} k = {k}");
            assert!(values(std).iter().all(|&s| s == 0.0), "{device:?} k = {k}");
        }
    }
}

#[test]
fn what_is_not_finite_reaches_its_patches_and_no_others() {
    let mut images = irregular([1, 1, 9, 9], 31);
    images.values[4 * 9 + 4] = f64::NAN;
    for device in all() {
        let x = tensor(&images.values, images.dims, DType::F32, &device);
        let (mean, std) = local_mean_std(x, 3, Border::Symmetric, 1);
        for (i, (mean, std)) in values(mean).iter().zip(values(std)).enumerate() {
            let holds_it = (3..=5).contains(&(i / 9)) && (3..=5).contains(&(i % 9));
            assert_eq!(mean.is_nan(), holds_it, "{device:?} {i}");
            assert_eq!(std.is_nan(), holds_it, "{device:?} {i}");
        }
    }
}

/// The mean is linear, so its differences err by rounding alone: 1e-16 / 1e-6 in
/// relation to the largest. In f32 each pixel's gradient is a sum of at most k^2
/// terms.
#[test]
fn finite_differences_agree() {
    let images = irregular([1, 2, 8, 9], 37);
    for (dtype, relative) in [(DType::F64, 1e-7), (DType::F32, 1e-5)] {
        for device in computing_in(dtype) {
            for border in BORDERS {
                for (k, stride) in [(3, 1), (3, 2), (7, 1)] {
                    let mean = |images: &Images| oracle::local_mean(images, k, border, stride);
                    let weights = irregular_values(mean(&images).values.len(), 41);
                    let expected = oracle::differences(&images, &weights, 1e-6, mean);
                    let found = gradient_of(&images, &weights, dtype, &device, |x| {
                        local_mean_std(x, k, border, stride).0
                    });
                    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                    for (found, expected) in found.iter().zip(&expected) {
                        assert!(
                            (found - expected).abs() <= relative * largest,
                            "{device:?} {dtype:?} {border:?} {k} {stride}: {found:e}, \
                             expected {expected:e}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn half_precision_is_rounded_once() {
    let mut images = irregular([2, 1, 8, 9], 43);
    for x in &mut images.values {
        *x = (*x * 256.0).floor() / 256.0;
    }
    for (dtype, unit) in [(DType::F16, F16), (DType::BF16, BF16)] {
        for device in computing_in(dtype) {
            let expected = oracle::local_mean(&images, 5, Border::Symmetric, 1).values;
            let allowed = allowed(&images, 5, Border::Symmetric, 1, F32);
            let x = tensor(&images.values, images.dims, dtype, &device);
            let (mean, _) = local_mean_std(x, 5, Border::Symmetric, 1);
            assert_eq!(mean.dtype(), dtype);
            let found = values(mean);
            for ((found, expected), allowed) in found.iter().zip(&expected).zip(&allowed) {
                // Of the rounded mean, hence twice the error before it.
                let allowed = unit * expected.abs() + 2.0 * allowed;
                assert!((found - expected).abs() <= allowed, "{device:?} {dtype:?}");
            }
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    for device in all() {
        let (mean, std) = local_mean_std(Tensor::zeros([0, 3, 9, 8], &device), 3, Border::Valid, 2);
        assert_eq!([mean.dims(), std.dims()], [[0, 3, 4, 3]; 2]);
    }
}
