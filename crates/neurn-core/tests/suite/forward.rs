//! Values on images chosen by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{DType, Tensor, TensorData};
use neurn_core::{Border, MaxScope, NeuRnConfig, Response, local_std};

use crate::borders::{BORDERS, is_fixed};
use crate::devices::{all, computing_in, tensor, values};
use crate::oracle::{self, Images};
use crate::tolerance::{BF16, F16, F32, F64, assert_close, response_units, sigma_units};

const PI_SQUARE: [f64; 20] = [
    3., 1., 4., 1., 5., //
    9., 2., 6., 5., 3., //
    5., 8., 9., 7., 9., //
    3., 2., 3., 8., 4.,
];

/// A noise floor in the midst of the deviations of [`images`], and far enough
/// from each.
const FLOOR: f64 = 2.1;

fn responses() -> [Response; 3] {
    [
        Response::Contrast,
        Response::inverse_contrast(),
        Response::divisive(),
    ]
}

/// Every combination of the options, at k = 3 and 5.
fn configs() -> Vec<NeuRnConfig> {
    let mut configs = Vec::new();
    for k in [3, 5] {
        for border in BORDERS {
            for response in responses() {
                for scope in [MaxScope::Image, MaxScope::Channel] {
                    for (quantile, stride, floor) in [
                        (1.0, 1, 0.0),
                        (1.0, 2, 0.0),
                        (0.8, 1, 0.0),
                        (0.9, 3, 0.0),
                        (1.0, 1, FLOOR),
                        (0.7, 2, FLOOR),
                    ] {
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
        }
    }
    configs
}

/// Two images of two channels, 7 x 6: eighths, so exact in every dtype.
fn images() -> Images {
    let values = (0..2 * 2 * 7 * 6)
        .map(|i| f64::from((i * 37 + i * i * 11) % 61) / 8.0)
        .collect();
    Images::new(values, [2, 2, 7, 6])
}

/// Made with NumPy 2:
///
/// ```python
/// import numpy as np
/// x = np.array([[3,1,4,1,5],[9,2,6,5,3],[5,8,9,7,9],[3,2,3,8,4]], float)
/// def sigma(k, mode, **options):
///     p = x if mode is None else np.pad(x, k // 2, mode, **options)
///     return np.lib.stride_tricks.sliding_window_view(p, (k, k)).std(axis=(2, 3))
/// for mode in ["symmetric", "edge", "reflect", None, "constant", "wrap"]:
///     s = sigma(3, mode); print(s / s.max())
/// s = sigma(5, "symmetric")[::2, ::2]; print(s / s.max())
/// s = sigma(3, "constant", constant_values=4); print(s / s.max())
/// ```
#[test]
fn numpy_agrees() {
    let edge = vec![
        1.00000000, 0.82959948, 0.64625619, 0.58158000, 0.56360186, 0.98965235, 0.97316947,
        0.97316947, 0.86262254, 0.88782616, 0.94090069, 0.94557794, 0.87783155, 0.78027145,
        0.80986564, 0.62544102, 0.84191658, 0.96406004, 0.83666003, 0.74557518,
    ];
    let reflect = vec![
        0.98936140, 0.92582010, 0.63828474, 0.50657058, 0.53452248, 1.00000000, 0.92295821,
        0.92295821, 0.81811501, 0.84201824, 0.92724773, 0.89679028, 0.83253930, 0.74001287,
        0.63203710, 0.81811501, 0.85603985, 0.78342620, 0.70335553, 0.46291005,
    ];
    let valid = vec![
        1.00000000, 1.00000000, 0.88640526, 0.97164776, 0.90203359, 0.80178373,
    ];
    let zero = vec![
        0.75473191, 0.79441996, 0.59076681, 0.62497740, 0.55770130, 0.88793399, 0.76307174,
        0.76307174, 0.67639080, 0.85578554, 0.87252621, 0.74143695, 0.68831634, 0.61181850,
        0.90207717, 0.73285096, 0.86524202, 0.98359050, 0.99728383, 1.00000000,
    ];
    let constant = vec![
        0.73720978, 0.77419564, 0.58181554, 0.47286624, 0.40185903, 0.87049640, 1.00000000,
        1.00000000, 0.88640526, 0.76613088, 0.82092207, 0.97164776, 0.90203359, 0.80178373,
        0.70929937, 0.54885539, 0.78415995, 0.85429132, 0.81522774, 0.68931508,
    ];
    let wrap = vec![
        0.72749936, 0.75793673, 0.74376844, 0.61885275, 0.79056942, 0.94108358, 0.92540963,
        0.92540963, 0.82028796, 0.84425468, 0.90212515, 0.89917220, 0.83475057, 0.74197838,
        0.74911295, 0.82028796, 0.82995770, 1.00000000, 0.87670806, 0.80391330,
    ];
    let k5 = vec![
        1.00000000, 0.90626068, 0.80140064, 0.87263700, 0.87392123, 0.81870652,
    ];
    let k3 = NeuRnConfig::default();
    let cases = [
        (k3.clone(), edge.clone()),
        (k3.clone().with_border(Border::Replicate), edge),
        (k3.clone().with_border(Border::Reflect), reflect),
        (k3.clone().with_border(Border::Valid), valid),
        (k3.clone().with_border(Border::Zero), zero),
        (k3.clone().with_border(Border::Constant(4.0)), constant),
        (k3.with_border(Border::Circular), wrap),
        (NeuRnConfig::new(5).with_stride(2), k5),
    ];
    for device in all() {
        for (config, expected) in &cases {
            let x = tensor(&PI_SQUARE, [1, 1, 4, 5], DType::F32, &device);
            let y = values(config.init().forward(x));
            // NumPy printed eight decimals.
            assert_close(&y, expected, 1e-6, &format!("{device:?} {config:?}"));
            let oracle = oracle::neurn(&Images::new(PI_SQUARE.to_vec(), [1, 1, 4, 5]), config);
            assert_close(
                &oracle.values,
                expected,
                1e-7,
                &format!("oracle {config:?}"),
            );
        }
    }
}

#[test]
fn every_option_agrees_with_the_oracle() {
    let images = images();
    for (dtype, unit) in [(DType::F32, F32), (DType::F64, F64)] {
        for device in computing_in(dtype) {
            for config in configs() {
                let y = config
                    .init()
                    .forward(tensor(&images.values, images.dims, dtype, &device));
                let expected = oracle::neurn(&images, &config);
                assert_eq!(y.dims(), expected.dims);
                let what = format!("{device:?} {config:?}");
                assert_close(
                    &values(y),
                    &expected.values,
                    response_units(config.k) * unit,
                    &what,
                );
            }
        }
    }
}

/// Half precision is computed in f32 and rounded once at the end.
#[test]
fn half_precision_is_rounded_once() {
    let images = images();
    for (dtype, unit) in [(DType::F16, F16), (DType::BF16, BF16)] {
        for device in computing_in(dtype) {
            for config in configs() {
                let y = config
                    .init()
                    .forward(tensor(&images.values, images.dims, dtype, &device));
                assert_eq!(y.dtype(), dtype);
                let expected = oracle::neurn(&images, &config);
                let relative = unit + 2.0 * response_units(config.k) * F32;
                let what = format!("{device:?} {dtype:?} {config:?}");
                assert_close(&values(y), &expected.values, relative, &what);
            }
        }
    }
}

/// The operation beneath rounds once, too, and does not overflow where f16's
/// squares would.
#[test]
fn sigma_of_half_precision_is_computed_in_f32() {
    let mut images = images();
    for value in &mut images.values {
        *value *= 1024.0;
    }
    for (dtype, unit) in [(DType::F16, F16), (DType::BF16, BF16)] {
        for device in computing_in(dtype) {
            let x = tensor(&images.values, images.dims, dtype, &device);
            let sigma = local_std(x, 5, Border::Symmetric, 1);
            assert_eq!(sigma.dtype(), dtype);
            let expected = oracle::local_std(&images, 5, Border::Symmetric, 1).values;
            let relative = unit + 2.0 * sigma_units(5) * F32;
            assert_close(
                &values(sigma),
                &expected,
                relative,
                &format!("{device:?} {dtype:?}"),
            );
        }
    }
}

/// What the device does not compute in is refused and not computed wrongly.
#[test]
fn a_dtype_without_support_is_refused() {
    for device in all() {
        for dtype in [DType::F64, DType::F16, DType::BF16] {
            let supported = device.supports_dtype(dtype);
            let make = || tensor(&PI_SQUARE, [1, 1, 4, 5], dtype, &device);
            let Ok(x) = catch_unwind(AssertUnwindSafe(make)) else {
                assert!(!supported, "{device:?} {dtype:?}");
                continue; // no such tensor can be made there
            };
            let forward = || values(NeuRnConfig::default().init().forward(x));
            match catch_unwind(AssertUnwindSafe(forward)) {
                Ok(_) => assert!(supported, "{device:?} {dtype:?}"),
                Err(panic) => {
                    assert!(!supported, "{device:?} {dtype:?}");
                    let message = panic.downcast_ref::<String>().expect("a message");
                    assert!(message.contains("does not compute in"), "{message}");
                }
            }
        }
    }
}

/// Squares that overflow leave no image half right.
#[test]
fn an_image_too_steep_for_its_dtype_is_nan_throughout() {
    for device in all() {
        let mut images = images();
        images.values[10] = 1e30;
        let x = tensor(&images.values, images.dims, DType::F32, &device);
        let y = values(NeuRnConfig::default().init().forward(x));
        let (first, second) = y.split_at(y.len() / 2);
        assert!(first.iter().all(|y| y.is_nan()), "{device:?}");
        assert!(second.iter().all(|y| y.is_finite()), "{device:?}");
    }
}

#[test]
fn a_flat_image_is_zero_in_every_response() {
    for device in all() {
        for config in configs() {
            if is_fixed(config.border) {
                continue; // its frame is an edge
            }
            let x = Tensor::<4>::full([2, 3, 6, 6], 0.1, &device);
            let y = values(config.init().forward(x));
            assert!(y.iter().all(|&y| y == 0.0), "{device:?} {config:?}");
        }
    }
}

/// In f32 the mean of k^2 equal values is not that value, for most values; the
/// deviation must be 0 all the same, or the division by c would blow it up.
#[test]
fn flat_ground_is_exactly_zero_at_any_value() {
    for device in all() {
        for k in [3, 5, 7, 9, 15] {
            let values_: Vec<f64> = (0..64).map(|i| 0.1 + f64::from(i) * 0.013).collect();
            let flat: Vec<f64> = values_.iter().flat_map(|&v| [v; 16]).collect();
            let x = tensor(&flat, [64, 1, 4, 4], DType::F32, &device);
            let sigma = values(local_std(x, k, Border::Replicate, 1));
            assert!(sigma.iter().all(|&s| s == 0.0), "{device:?} k = {k}");
        }
    }
}

#[test]
fn an_image_that_is_not_finite_is_nan_throughout_and_alone() {
    for device in all() {
        for config in configs() {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut images = images();
                // The second channel of the first image.
                images.values[7 * 6 + 10] = bad;
                let y =
                    config
                        .init()
                        .forward(tensor(&images.values, images.dims, DType::F32, &device));
                let expected = oracle::neurn(&images, &config);
                let what = format!("{device:?} {config:?} {bad}");
                assert_close(
                    &values(y),
                    &expected.values,
                    response_units(config.k) * F32,
                    &what,
                );
            }
        }
    }
}

#[test]
fn a_hot_pixel_does_not_dim_a_quantile() {
    for device in all() {
        let mut pixels = images().values[..42].to_vec();
        let quantile = NeuRnConfig::default().with_quantile(0.7).init();
        let max = NeuRnConfig::default().init();
        let forward = |layer: &neurn_core::NeuRn, pixels: &[f64]| {
            values(layer.forward(tensor(pixels, [1, 1, 7, 6], DType::F32, &device)))
        };
        let before = [forward(&max, &pixels)[0], forward(&quantile, &pixels)[0]];
        pixels[41] = 1e4; // the far corner
        let after = [forward(&max, &pixels)[0], forward(&quantile, &pixels)[0]];
        assert!(after[0] < before[0] / 100.0, "{device:?}");
        assert!(after[1] > before[1] / 1.5, "{device:?}");
    }
}

#[test]
fn one_image_is_a_batch_of_one() {
    for device in all() {
        let image = tensor(&PI_SQUARE, [1, 4, 5], DType::F32, &device);
        let layer = NeuRnConfig::new(3).with_border(Border::Valid).init();
        let one = layer.forward_image(image.clone());
        assert_eq!(one.dims(), [1, 2, 3]);
        assert_eq!(values(one), values(layer.forward(image.unsqueeze::<4>())));
    }
}

#[test]
fn views_that_are_not_contiguous() {
    for device in all() {
        let images = images();
        let x = tensor(&images.values, images.dims, DType::F32, &device);
        let layer = NeuRnConfig::default().init();
        let transposed = x.clone().swap_dims(2, 3);
        let there_and_back = layer.forward(transposed).swap_dims(2, 3);
        let expected = oracle::neurn(&images, &NeuRnConfig::default()).values;
        assert_close(
            &values(there_and_back),
            &expected,
            response_units(3) * F32,
            "transposed",
        );
        let part = x.slice([0..2, 1..2]);
        let expected = values(layer.forward(tensor(
            &values(part.clone()),
            [2, 1, 7, 6],
            DType::F32,
            &device,
        )));
        assert_eq!(values(layer.forward(part)), expected);
    }
}

#[test]
fn nothing_in_nothing_out() {
    for device in all() {
        let layer = NeuRnConfig::new(5).with_stride(2).init();
        let batch = layer.forward(Tensor::zeros([0, 3, 9, 8], &device));
        assert_eq!(batch.dims(), [0, 3, 5, 4]);
        let channels = layer.forward(Tensor::zeros([2, 0, 9, 8], &device));
        assert_eq!(channels.dims(), [2, 0, 5, 4]);
        let pixel = NeuRnConfig::default()
            .init()
            .forward(Tensor::ones([1, 1, 1, 1], &device));
        assert_eq!(values(pixel), [0.0]);
    }
}

#[test]
fn tensor_data_of_bytes_can_be_fed_after_a_conversion() {
    for device in all() {
        let bytes = TensorData::new(vec![0_u8, 0, 0, 255], [1, 1, 2, 2]).convert::<f32>();
        let y = NeuRnConfig::default()
            .init()
            .forward(Tensor::from_data(bytes, &device));
        assert_eq!(values(y.max()), [1.0]);
    }
}
