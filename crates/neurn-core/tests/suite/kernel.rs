//! Images large enough that a kernel cuts them up, and such that its running
//! sums are put to the test: faint texture and flat ground beside full
//! contrast, far from zero.

use burn::tensor::DType;
use neurn_core::{MaxScope, NeuRnConfig, local_std};
use proptest::prelude::*;

use crate::borders;
use crate::devices::{computing_in, tensor, values};
use crate::gradient::{autodiff, irregular_values};
use crate::oracle::{self, Images};
use crate::tolerance::{F32, F64, assert_close, response_units, sigma_units};

/// Every third block of 11 x 13 is flat, every third faint, and the others of
/// full contrast; on `offset`, rounded to f32.
fn patchwork(dims: [usize; 4], faint: f64, offset: f64, seed: u64) -> Images {
    let [n, c, h, w] = dims;
    let mut state = seed | 1;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut pixels = Vec::with_capacity(dims.iter().product());
    for plane in 0..n * c {
        for row in 0..h {
            for column in 0..w {
                let x = match (plane + row / 11 + 2 * (column / 13)) % 3 {
                    0 => 0.7,
                    1 => 0.3 + faint * noise(),
                    _ => noise(),
                };
                pixels.push(f64::from((offset + x) as f32));
            }
        }
    }
    Images::new(pixels, dims)
}

fn dims() -> impl Strategy<Value = [usize; 4]> {
    prop_oneof![
        // Fewer planes than lanes and threads, one image cut into bands.
        Just([1, 1, 150, 40]),
        Just([1, 3, 61, 70]),
        // More than one tile of columns, and a border that two of them see.
        Just([1, 1, 17, 245]),
        Just([1, 1, 17, 530]),
        Just([1, 1, 17, 2100]),
        // More planes than lanes, with a rest.
        Just([5, 2, 33, 20]),
        Just([19, 1, 16, 16]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_patch_agrees_with_the_oracle(
        dims in dims(),
        k in prop_oneof![Just(3_usize), Just(5), Just(9), Just(15)],
        border in borders::any(),
        stride in 1..=4_usize,
        faint in prop_oneof![Just(1e-6), Just(1e-4), Just(1e-2)],
        offset in prop_oneof![Just(0.0), Just(-3.0), Just(1e4)],
        (dtype, unit) in dtype(),
        seed: u64,
    ) {
        let images = patchwork(dims, faint, offset, seed);
        let expected = oracle::local_std(&images, k, border, stride).values;
        for device in computing_in(dtype) {
            let x = tensor(&images.values, images.dims, dtype, &device);
            let sigma = values(local_std(x, k, border, stride));
            assert_close(
                &sigma,
                &expected,
                sigma_units(k) * unit,
                &format!("{device:?} {dtype:?} {dims:?} {k} {border:?} {stride} {faint} {offset}"),
            );
        }
    }

    #[test]
    fn every_contrast_agrees_with_the_oracle(
        dims in dims(),
        config in config(),
        faint in prop_oneof![Just(1e-6), Just(1e-2)],
        offset in prop_oneof![Just(0.0), Just(1e4)],
        (dtype, unit) in dtype(),
        seed: u64,
    ) {
        let images = patchwork(dims, faint, offset, seed);
        let expected = oracle::neurn(&images, &config).values;
        for device in computing_in(dtype) {
            let x = tensor(&images.values, images.dims, dtype, &device);
            assert_close(
                &values(config.init().forward(x)),
                &expected,
                response_units(config.k) * unit,
                &format!("{device:?} {dtype:?} {dims:?} {config:?} {faint} {offset}"),
            );
        }
    }

    /// A term of a pixel's gradient carries the relative errors of its sigma, of
    /// the peak and of the sum over the group, and those of the pixels' and
    /// means' differences, less than `sigma_units` again, of at most
    /// sqrt(2) k sigma.
    #[test]
    fn every_gradient_agrees_with_the_formula(
        dims in dims(),
        config in config(),
        faint in prop_oneof![Just(1e-6), Just(1e-2)],
        offset in prop_oneof![Just(0.0), Just(1e4)],
        (dtype, unit) in dtype(),
        seed: u64,
    ) {
        let images = patchwork(dims, faint, offset, seed);
        let response = oracle::neurn(&images, &config).values;
        // Which of two is the peak has to be beyond rounding.
        let peaks = response.iter().filter(|&&y| y > 1.0 - 1e-4).count();
        prop_assume!(peaks == groups(dims, config.max_scope));
        let weights: Vec<f64> = irregular_values(response.len(), seed)
            .iter()
            .map(|w| w - 0.5)
            .collect();
        let (expected, scale) = oracle::contrast_gradient(&images, &config, &weights);
        for device in computing_in(dtype) {
            let found = autodiff(&images, &config, &weights, dtype, &device);
            for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let allowed = 4.0 * response_units(config.k) * unit * scale[i];
                assert!(
                    (found - expected).abs() <= allowed,
                    "{device:?} {dtype:?} {dims:?} {config:?} {faint} {offset}: \
                     dL/dx[{i}] is {found:e}, expected {expected:e} to {allowed:e}"
                );
            }
        }
    }
}

fn dtype() -> impl Strategy<Value = (DType, f64)> {
    prop_oneof![Just((DType::F32, F32)), Just((DType::F64, F64))]
}

fn config() -> impl Strategy<Value = NeuRnConfig> {
    let k = prop_oneof![Just(3_usize), Just(5), Just(7), Just(9), Just(15)];
    let scope = prop_oneof![Just(MaxScope::Image), Just(MaxScope::Channel)];
    (k, borders::any(), scope, 1..=6_usize).prop_map(|(k, border, scope, stride)| {
        NeuRnConfig::new(k)
            .with_border(border)
            .with_max_scope(scope)
            .with_stride(stride)
    })
}

fn groups([n, c, _, _]: [usize; 4], scope: MaxScope) -> usize {
    match scope {
        MaxScope::Image => n,
        MaxScope::Channel => n * c,
    }
}
