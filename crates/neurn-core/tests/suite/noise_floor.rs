//! Patches whose deviation is below the noise floor count as flat.

use burn::tensor::DType;
use neurn_core::{Border, NeuRnConfig, Response, local_std};
use proptest::prelude::*;

use crate::borders;
use crate::devices::{all, computing_in, tensor, values};
use crate::gradient::{autodiff, irregular_values};
use crate::oracle::{self, Images};
use crate::tolerance::{BF16, F16, F32, F64, assert_close, response_units};

const DIMS: [usize; 4] = [1, 1, 12, 16];

/// Noise of 0.01 around 0.5, and right of the middle around `right`.
fn noisy(right: f64) -> Images {
    let noise = irregular_values(DIMS.iter().product(), 23);
    let pixels = noise.iter().enumerate().map(|(i, noise)| {
        let level = if i % 16 < 8 { 0.5 } else { right };
        level + 0.02 * (noise - 0.5)
    });
    Images::new(pixels.map(|x| f64::from(x as f32)).collect(), DIMS)
}

#[test]
fn noise_on_a_flat_image_is_not_blown_up() {
    let images = noisy(0.5);
    let config = NeuRnConfig::default();
    for device in all() {
        let x = || tensor(&images.values, DIMS, DType::F32, &device);
        let without = values(config.init().forward(x()));
        assert_eq!(without.iter().copied().fold(0.0, f64::max), 1.0);
        let with = config.clone().with_noise_floor(0.02).init().forward(x());
        assert!(values(with).iter().all(|&y| y == 0.0), "{device:?}");
    }
}

/// The floor is compared with sigma and not with sigma / c, and c stays.
#[test]
fn an_edge_keeps_its_response_beside_silenced_noise() {
    let images = noisy(0.9);
    let config = NeuRnConfig::default();
    for device in all() {
        let x = || tensor(&images.values, DIMS, DType::F32, &device);
        let without = values(config.init().forward(x()));
        let with = values(config.clone().with_noise_floor(0.02).init().forward(x()));
        for (i, (without, with)) in without.iter().zip(&with).enumerate() {
            // Patches that hold a part of the edge.
            if (7..=8).contains(&(i % 16)) {
                let difference = (without - with).abs();
                assert!(
                    difference <= 2.0 * response_units(3) * F32,
                    "{device:?} {i}"
                );
                assert!(*with > 0.5, "{device:?} {i}");
            } else {
                assert!(*without > 0.0 && *with == 0.0, "{device:?} {i}");
            }
        }
    }
}

#[test]
fn a_deviation_that_equals_the_floor_stays() {
    let images = noisy(0.9);
    for device in all() {
        let x = || tensor(&images.values, DIMS, DType::F32, &device);
        let sigma = values(local_std(x(), 3, Border::Symmetric, 1));
        let floor = sigma[5];
        let layer = NeuRnConfig::default().with_noise_floor(floor).init();
        let response = values(layer.forward(x()));
        assert!(response[5] > 0.0, "{device:?}");
        for (sigma, response) in sigma.iter().zip(&response) {
            assert_eq!(
                *sigma < floor,
                *response == 0.0,
                "{device:?} {sigma} {floor}"
            );
        }
    }
}

/// What counts as flat is 0 in the contrast map, and in the others what flat
/// ground gets.
#[test]
fn every_response_sees_flat_ground() {
    let images = noisy(0.9);
    let epsilon = 0.125;
    for device in all() {
        for (response, flat) in [
            (Response::Contrast, 0.0),
            (Response::InverseContrast { epsilon }, 1.0 / epsilon),
        ] {
            let config = NeuRnConfig::default()
                .with_response(response)
                .with_noise_floor(0.02);
            let x = tensor(&images.values, DIMS, DType::F32, &device);
            let y = values(config.init().forward(x));
            assert!(
                (y[0] - flat).abs() <= flat * F32 * 8.0,
                "{device:?} {response:?}"
            );
        }
    }
}

#[test]
fn there_is_no_gradient_below_the_floor() {
    let (flat, edge) = (noisy(0.5), noisy(0.9));
    let weights = irregular_values(DIMS.iter().product(), 29);
    let config = NeuRnConfig::default().with_noise_floor(0.02);
    for device in all() {
        let gradient = autodiff(&flat, &config, &weights, DType::F32, &device);
        assert!(gradient.iter().all(|&g| g == 0.0), "{device:?}");
        // Patches on the edge hold pixels of columns 6 to 9.
        let gradient = autodiff(&edge, &config, &weights, DType::F32, &device);
        for (i, g) in gradient.iter().enumerate() {
            assert_eq!((6..=9).contains(&(i % 16)), *g != 0.0, "{device:?} {i}");
        }
    }
}

#[test]
fn half_precision_is_compared_in_f32() {
    let images = noisy(0.9);
    for (dtype, unit) in [(DType::F16, F16), (DType::BF16, BF16)] {
        for device in computing_in(dtype) {
            let x = tensor(&images.values, DIMS, dtype, &device);
            // What the device was given is the rounded image.
            let rounded = Images::new(values(x.clone()), DIMS);
            let config = NeuRnConfig::default().with_noise_floor(0.1);
            let expected = oracle::neurn(&rounded, &config);
            let y = values(config.init().forward(x));
            let relative = unit + 2.0 * response_units(3) * F32;
            assert_close(
                &y,
                &expected.values,
                relative,
                &format!("{device:?} {dtype:?}"),
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_floor_agrees_with_the_oracle(
        seed in 0..1000_u64,
        k in prop_oneof![Just(3_usize), Just(5), Just(9)],
        border in borders::any(),
        quantile in prop_oneof![Just(1.0), 0.3..1.0_f64],
        floor in 0.0..0.5_f64,
        (dtype, unit) in prop_oneof![Just((DType::F32, F32)), Just((DType::F64, F64))],
    ) {
        let dims = [2, 2, 10, 9];
        let images = Images::new(irregular_values(dims.iter().product(), seed), dims);
        let sigma = oracle::local_std(&images, k, border, 1).values;
        // On which side a deviation lies has to be beyond rounding.
        prop_assume!(sigma.iter().all(|s| (s - floor).abs() > 1e-4 * s));
        let config = NeuRnConfig::new(k)
            .with_border(border)
            .with_quantile(quantile)
            .with_noise_floor(floor);
        let expected = oracle::neurn(&images, &config).values;
        for device in computing_in(dtype) {
            let x = tensor(&images.values, dims, dtype, &device);
            let found = values(config.init().forward(x));
            let what = format!("{device:?} {dtype:?} {config:?}");
            assert_close(&found, &expected, response_units(k) * unit, &what);
        }
    }
}
