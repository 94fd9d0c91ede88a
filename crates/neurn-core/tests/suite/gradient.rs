//! Gradients against finite differences of the oracle, and where there are no
//! finite differences: at flats, ties and what is not finite.

use burn::tensor::{DType, Device, Tensor};
use neurn_core::{Border, MaxScope, NeuRnConfig, Response};

use crate::borders::{BORDERS, is_fixed};
use crate::devices::{all, computing_in, tensor, values};
use crate::oracle::{self, Images};
use crate::tolerance::{F32, F64, response_units};

/// The gradient of `sum(weights * neurn(images))` by Burn's autodiff.
pub fn autodiff(
    images: &Images,
    config: &NeuRnConfig,
    weights: &[f64],
    dtype: DType,
    device: &Device,
) -> Vec<f64> {
    let layer = config.init();
    gradient_of(images, weights, dtype, device, |x| layer.forward(x))
}

/// The gradient of `sum(weights * f(images))` by Burn's autodiff.
pub fn gradient_of(
    images: &Images,
    weights: &[f64],
    dtype: DType,
    device: &Device,
    f: impl Fn(Tensor<4>) -> Tensor<4>,
) -> Vec<f64> {
    let device = device.clone().autodiff();
    let x = tensor(&images.values, images.dims, dtype, &device).require_grad();
    let y = f(x.clone());
    let weights = tensor(weights, y.dims(), dtype, &device);
    let gradients = (y * weights).sum().backward();
    values(
        x.grad(&gradients)
            .expect("the input takes part in the graph"),
    )
}

/// Irregular values in 0..1, so that no patch is flat and no two tie.
fn irregular(dims: [usize; 4], seed: u64) -> Images {
    Images::new(irregular_values(dims.iter().product(), seed), dims)
}

pub fn irregular_values(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // 20 bits, so exact in f32.
            (state >> 44) as f64 / f64::from(1 << 20)
        })
        .collect()
}

/// A noise floor in the midst of the deviations of irregular images, and far
/// enough from those of the images here.
const FLOOR: f64 = 0.25;

fn configs() -> Vec<NeuRnConfig> {
    let mut configs = Vec::new();
    for border in BORDERS {
        for response in [
            Response::Contrast,
            Response::inverse_contrast(),
            Response::Divisive { epsilon: 0.1 },
        ] {
            for (k, scope, quantile, stride, floor) in [
                (3, MaxScope::Image, 1.0, 1, 0.0),
                (3, MaxScope::Channel, 1.0, 2, 0.0),
                (5, MaxScope::Image, 0.8, 1, 0.0),
                (3, MaxScope::Image, 1.0, 1, FLOOR),
            ] {
                if floor > 0.0 && response == Response::inverse_contrast() {
                    continue; // 1 / epsilon on flat ground would drown all else
                }
                configs.push(
                    NeuRnConfig::new(k)
                        .with_border(border)
                        .with_response(response)
                        .with_max_scope(scope)
                        .with_quantile(quantile)
                        .with_stride(stride)
                        .with_noise_floor(floor),
                );
            }
        }
    }
    configs
}

/// Central differences with a step of 1e-6 err by about 1e-16 |L| / 1e-6 from
/// rounding, 1e-9 to 1e-8 here, and by 1e-12 of the third derivative. In f32 each of
/// the at most k^2 terms of a pixel's gradient carries the relative error of
/// sigma twice, 2 (3 k^2 + 10 k + 10) u: below 1e-3 of the largest gradient.
#[test]
fn finite_differences_agree() {
    let images = irregular([2, 2, 6, 7], 3);
    for (dtype, relative) in [(DType::F64, 1e-7), (DType::F32, 1e-3)] {
        for device in computing_in(dtype) {
            for config in configs() {
                let count = oracle::neurn(&images, &config).values.len();
                let weights: Vec<f64> =
                    irregular_values(count, 7).iter().map(|w| w - 0.5).collect();
                let expected = oracle::gradient(&images, &config, &weights, 1e-6);
                let found = autodiff(&images, &config, &weights, dtype, &device);
                let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
                for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    assert!(
                        (found - expected).abs() <= relative * largest,
                        "{device:?} {dtype:?} {config:?}: dL/dx[{i}] is {found:e}, expected {expected:e}"
                    );
                }
            }
        }
    }
}

/// The formula that larger images are held to, held to finite differences
/// itself.
#[test]
fn the_formula_agrees_with_finite_differences() {
    let images = irregular([2, 2, 6, 7], 3);
    for config in configs() {
        let is_plain = config.quantile == 1.0 && config.noise_floor == 0.0;
        if config.response != Response::Contrast || !is_plain {
            continue;
        }
        let count = oracle::neurn(&images, &config).values.len();
        let weights = irregular_values(count, 7);
        let expected = oracle::gradient(&images, &config, &weights, 1e-6);
        let (found, _) = oracle::contrast_gradient(&images, &config, &weights);
        let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= 1e-7 * largest,
                "{config:?}: {found:e}, expected {expected:e}"
            );
        }
    }
}

/// The contrast map ignores brightness and contrast, so its gradient has no
/// part along either: sum dL/dx = 0 (not with a border of a fixed value) and
/// sum x dL/dx = 0 (not with one other than 0), up to the error of its terms, which carry that of sigma
/// twice.
#[test]
fn no_gradient_along_brightness_or_contrast() {
    let images = irregular([1, 2, 7, 6], 5);
    for (dtype, unit) in [(DType::F64, F64), (DType::F32, F32)] {
        for device in computing_in(dtype) {
            for config in configs()
                .into_iter()
                .filter(|c| c.response == Response::Contrast)
            {
                let count = oracle::neurn(&images, &config).values.len();
                let weights = irregular_values(count, 9);
                let gradient = autodiff(&images, &config, &weights, dtype, &device);
                let size: f64 = gradient.iter().map(|g| g.abs()).sum();
                let brightness: f64 = gradient.iter().sum();
                let contrast: f64 = gradient
                    .iter()
                    .zip(&images.values)
                    .map(|(g, x)| g * x)
                    .sum();
                let relative = 2.0 * response_units(config.k) * unit;
                let what = format!("{device:?} {dtype:?} {config:?}");
                assert!(size > 0.0, "{what}");
                if !matches!(config.border, Border::Constant(_)) {
                    assert!(contrast.abs() <= relative * size, "{what}: {contrast:e}");
                }
                if !is_fixed(config.border) {
                    assert!(
                        brightness.abs() <= relative * size,
                        "{what}: {brightness:e}"
                    );
                }
            }
        }
    }
}

/// Two patches with the same deviation: the first is the peak, wherever the
/// device's own arg max would point. Then G is g2 (-1, 1) / c, so the two
/// halves of the image get opposite gradients.
#[test]
fn of_equal_peaks_the_first_takes_the_gradient() {
    let patch = irregular_values(9, 11);
    let mut image = vec![0.0; 18];
    for row in 0..3 {
        for column in 0..3 {
            image[row * 6 + column] = patch[row * 3 + column];
            image[row * 6 + 3 + column] = patch[row * 3 + column];
        }
    }
    let images = Images::new(image, [1, 1, 3, 6]);
    let config = NeuRnConfig::new(3)
        .with_border(Border::Valid)
        .with_stride(3);
    for device in all() {
        let first = autodiff(&images, &config, &[1.0, 0.0], DType::F32, &device);
        assert!(
            first.iter().all(|g| g.abs() < 1e-6),
            "{device:?}: y1 is sigma1 / sigma1, a constant"
        );
        let second = autodiff(&images, &config, &[0.0, 1.0], DType::F32, &device);
        assert!(second.iter().any(|g| g.abs() > 0.1));
        for row in 0..3 {
            for column in 0..3 {
                let (left, right) = (second[row * 6 + column], second[row * 6 + 3 + column]);
                assert!(
                    (left + right).abs() < 1e-6,
                    "{device:?}: {left} and {right}"
                );
            }
        }
    }
}

#[test]
fn flat_ground_has_no_gradient_and_none_is_ever_infinite() {
    let flat = Images::new(vec![0.3; 3 * 64], [1, 3, 8, 8]);
    let mut step = flat.clone();
    for (i, value) in step.values.iter_mut().enumerate() {
        *value = if i % 8 < 4 { 0.3 } else { 0.7 };
    }
    let mut broken = irregular([2, 1, 8, 8], 13);
    broken.values[5] = f64::NAN;
    broken.values[6] = f64::INFINITY;
    for device in all() {
        for config in configs() {
            for images in [&flat, &step, &broken] {
                let count = oracle::neurn(images, &config).values.len();
                let weights = irregular_values(count, 17);
                let gradient = autodiff(images, &config, &weights, DType::F32, &device);
                assert!(
                    gradient.iter().all(|g| g.is_finite()),
                    "{device:?} {config:?}"
                );
            }
            if !is_fixed(config.border) {
                let count = oracle::neurn(&flat, &config).values.len();
                let gradient = autodiff(&flat, &config, &vec![1.0; count], DType::F32, &device);
                assert!(gradient.iter().all(|&g| g == 0.0), "{device:?} {config:?}");
            }
            // Beside the step, whose patches are those of columns 3 and 4 at
            // k = 3, all is flat.
            let reach = config.k / 2;
            let has_one_step = !is_fixed(config.border) && config.border != Border::Circular;
            if config.response == Response::Contrast && has_one_step {
                let count = oracle::neurn(&step, &config).values.len();
                let weights = irregular_values(count, 19);
                let gradient = autodiff(&step, &config, &weights, DType::F32, &device);
                for (i, g) in gradient.iter().enumerate() {
                    let column = i % 8;
                    if column + 2 * reach < 4 || column >= 4 + 2 * reach {
                        assert_eq!(*g, 0.0, "{device:?} {config:?} column {column}");
                    }
                }
            }
            let count = oracle::neurn(&broken, &config).values.len();
            let gradient = autodiff(&broken, &config, &vec![1.0; count], DType::F32, &device);
            assert!(
                gradient[..64].iter().all(|&g| g == 0.0),
                "{device:?} {config:?}"
            );
        }
    }
}

/// At a network's input nothing asks for a gradient, and none is recorded.
#[test]
fn an_input_that_needs_no_gradient_records_none() {
    for device in all() {
        let device = device.autodiff();
        let y = NeuRnConfig::default()
            .init()
            .forward(Tensor::ones([1, 1, 4, 4], &device));
        assert!(!y.is_tracked());
    }
}

/// A device that records has the kernels of the device beneath, whether or not
/// something is recorded.
#[test]
fn a_device_that_records_computes_the_same_bits() {
    let images = irregular([2, 2, 20, 21], 83);
    for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16] {
        for device in computing_in(dtype) {
            let recording = device.clone().autodiff();
            for config in configs() {
                let layer = config.init();
                let on = |device| tensor(&images.values, images.dims, dtype, device);
                let expected = values(layer.forward(on(&device)));
                let what = format!("{device:?} {dtype:?} {config:?}");
                let untracked = values(layer.forward(on(&recording)));
                assert_eq!(untracked, expected, "{what}");
                let tracked = values(layer.forward(on(&recording).require_grad()));
                assert_eq!(tracked, expected, "{what}");
            }
        }
    }
}
