//! Large patches, up to those for which no device has a kernel.

use burn::tensor::{DType, Device};
use neurn_core::{NeuRnConfig, local_std};

use crate::borders::BORDERS;
use crate::devices::{computing_in, tensor, values};
use crate::gradient::{autodiff, gradient_of, irregular_values};
use crate::oracle::{self, Images};
use crate::tolerance::{F32, F64, assert_close, response_units, sigma_units};

fn irregular(dims: [usize; 4], seed: u64) -> Images {
    Images::new(irregular_values(dims.iter().product(), seed), dims)
}

/// A GPU's shared memory holds no tile of the largest, which are composed there.
#[test]
fn large_patches_agree_with_the_oracle() {
    let images = irregular([1, 1, 61, 64], 67);
    for border in BORDERS {
        for (k, stride) in [(17, 1), (31, 3), (61, 1)] {
            let config = NeuRnConfig::new(k).with_border(border).with_stride(stride);
            let sigma = oracle::local_std(&images, k, border, stride).values;
            let response = oracle::neurn(&images, &config).values;
            for (dtype, unit) in [(DType::F32, F32), (DType::F64, F64)] {
                for device in computing_in(dtype) {
                    let what = format!("{device:?} {dtype:?} {border:?} {k}");
                    let x = || tensor(&images.values, images.dims, dtype, &device);
                    let found = values(local_std(x(), k, border, stride));
                    assert_close(&found, &sigma, sigma_units(k) * unit, &what);
                    let found = values(config.init().forward(x()));
                    assert_close(&found, &response, response_units(k) * unit, &what);
                }
            }
        }
    }
}

/// As in `gradient.rs`; at k = 17 in f32 the terms' errors amount to 2e-4.
#[test]
fn gradients_of_large_patches_agree_with_finite_differences() {
    for (k, dims) in [(7, [1, 2, 8, 7]), (9, [1, 1, 10, 11]), (17, [1, 1, 17, 18])] {
        let images = irregular(dims, 71);
        for border in BORDERS {
            let sigma = |images: &Images| oracle::local_std(images, k, border, 1);
            let weights = weights(sigma(&images).values.len());
            let expected = oracle::differences(&images, &weights, 1e-6, sigma);
            agrees(
                &images,
                &expected,
                &format!("sigma {border:?} {k}"),
                |dtype, device| {
                    gradient_of(&images, &weights, dtype, device, |x| {
                        local_std(x, k, border, 1)
                    })
                },
            );
            let config = NeuRnConfig::new(k).with_border(border);
            let expected = oracle::gradient(&images, &config, &weights, 1e-6);
            agrees(
                &images,
                &expected,
                &format!("contrast {border:?} {k}"),
                |dtype, device| autodiff(&images, &config, &weights, dtype, device),
            );
        }
    }
}

fn weights(count: usize) -> Vec<f64> {
    irregular_values(count, 73)
        .iter()
        .map(|w| w - 0.5)
        .collect()
}

/// # Panics
///
/// If a device that computes in f64, or in f32, has another gradient.
fn agrees(
    images: &Images,
    expected: &[f64],
    what: &str,
    gradient: impl Fn(DType, &Device) -> Vec<f64>,
) {
    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    for (dtype, relative) in [(DType::F64, 1e-7), (DType::F32, 1e-3)] {
        for device in computing_in(dtype) {
            let found = gradient(dtype, &device);
            assert_eq!(found.len(), images.values.len());
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!(
                    (found - expected).abs() <= relative * largest,
                    "{device:?} {dtype:?} {what}: dL/dx[{i}] is {found:e}, expected {expected:e}"
                );
            }
        }
    }
}
