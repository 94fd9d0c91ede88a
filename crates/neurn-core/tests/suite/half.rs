//! Gradients of images in half precision: computed in f32 and rounded once.

use burn::tensor::DType;
use neurn_core::{MaxScope, NeuRnConfig, local_std};

use crate::borders::BORDERS;
use crate::devices::computing_in;
use crate::gradient::{autodiff, gradient_of, irregular_values};
use crate::oracle::{self, Images};
use crate::tolerance::{BF16, F16, F32, response_units};

/// f16's smallest number: what lies between two of them is off by half.
const SMALLEST: f64 = 1.0 / (1_u64 << 24) as f64;

/// Multiples of 1/256 in 0..1, which are exact in both types.
fn images() -> Images {
    let dims = [2, 2, 9, 8];
    let values = irregular_values(dims.iter().product(), 47);
    let values = values.iter().map(|x| (x * 256.0).floor() / 256.0).collect();
    Images::new(values, dims)
}

/// Multiples of 1/16, likewise.
fn weights(count: usize) -> Vec<f64> {
    let values = irregular_values(count, 53);
    values
        .iter()
        .map(|w| (w * 16.0).floor() / 16.0 - 0.5)
        .collect()
}

#[test]
fn the_contrast_maps_gradient_agrees_with_the_formula() {
    let images = images();
    for (dtype, unit) in [(DType::F16, F16), (DType::BF16, BF16)] {
        for device in computing_in(dtype) {
            for border in BORDERS {
                for (k, scope, stride) in [
                    (3, MaxScope::Image, 1),
                    (3, MaxScope::Channel, 2),
                    (7, MaxScope::Image, 1),
                ] {
                    let config = NeuRnConfig::new(k)
                        .with_border(border)
                        .with_max_scope(scope)
                        .with_stride(stride);
                    let response = oracle::neurn(&images, &config).values;
                    let peaks = response.iter().filter(|&&y| y > 1.0 - 1e-4).count();
                    let groups = if scope == MaxScope::Image { 2 } else { 4 };
                    assert_eq!(peaks, groups, "which is the peak is beyond rounding");
                    let weights = weights(response.len());
                    let (expected, scale) = oracle::contrast_gradient(&images, &config, &weights);
                    let found = autodiff(&images, &config, &weights, dtype, &device);
                    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                        let before = 4.0 * response_units(k) * F32 * scale[i];
                        let allowed = unit * (expected.abs() + before) + before + SMALLEST / 2.0;
                        assert!(
                            (found - expected).abs() <= allowed,
                            "{device:?} {dtype:?} {config:?}: dL/dx[{i}] is {found:e}, \
                             expected {expected:e} to {allowed:e}"
                        );
                    }
                }
            }
        }
    }
}

/// Differences err by 1e-9 or so, and in f32 the terms of a pixel's gradient by
/// 2 (3 k^2 + 10 k + 10) u, below 1e-4 of the largest.
#[test]
fn sigmas_gradient_agrees_with_finite_differences() {
    let images = images();
    for (dtype, unit) in [(DType::F16, F16), (DType::BF16, BF16)] {
        for device in computing_in(dtype) {
            for border in BORDERS {
                for k in [3, 7] {
                    let sigma = |images: &Images| oracle::local_std(images, k, border, 1);
                    let weights = weights(sigma(&images).values.len());
                    let expected = oracle::differences(&images, &weights, 1e-6, sigma);
                    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                    let found = gradient_of(&images, &weights, dtype, &device, |x| {
                        local_std(x, k, border, 1)
                    });
                    for (found, expected) in found.iter().zip(&expected) {
                        let allowed = unit * expected.abs() + 1e-4 * largest;
                        assert!(
                            (found - expected).abs() <= allowed,
                            "{device:?} {dtype:?} {border:?} {k}: {found:e}, expected {expected:e}"
                        );
                    }
                }
            }
        }
    }
}
