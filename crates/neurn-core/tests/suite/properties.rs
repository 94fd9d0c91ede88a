//! What the definition promises of every image.

use burn::tensor::{DType, Device, Tensor};
use neurn_core::{MaxScope, NeuRn, NeuRnConfig, Response, local_std};
use proptest::prelude::*;

use crate::borders::{self, is_fixed, serves};
use crate::devices::{all, tensor, values};
use crate::oracle::{self, Images};
use crate::tolerance::{F32, assert_close, response_units, sigma_units};

/// Multiples of 1/256 in 0..=1, exact in f32 also with 1e4 added. Flat, nearly
/// flat, sparse and busy images all come up.
fn pixels(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let level = prop_oneof![Just(0_u16..=0), Just(100..=101), Just(0..=3), Just(0..=256)];
    level
        .prop_flat_map(move |levels| prop::collection::vec(levels, count))
        .prop_map(|levels| {
            levels
                .into_iter()
                .map(|level| f64::from(level) / 256.0)
                .collect()
        })
}

fn images(max_side: usize) -> impl Strategy<Value = Images> {
    (1..=3_usize, 1..=3_usize, 1..=max_side, 1..=max_side).prop_flat_map(|(n, c, h, w)| {
        // Each image of the batch is drawn from levels of its own.
        prop::collection::vec(pixels(c * h * w), n)
            .prop_map(move |batch| Images::new(batch.concat(), [n, c, h, w]))
    })
}

fn configs() -> impl Strategy<Value = NeuRnConfig> {
    let responses = prop_oneof![
        Just(Response::Contrast),
        Just(Response::inverse_contrast()),
        Just(Response::divisive())
    ];
    let scopes = prop_oneof![Just(MaxScope::Image), Just(MaxScope::Channel)];
    let ks = prop_oneof![Just(1_usize), Just(3), Just(5), Just(7), Just(9), Just(15)];
    let quantiles = prop_oneof![Just(1.0), 0.3..1.0_f64];
    (
        ks,
        borders::any(),
        responses,
        scopes,
        quantiles,
        1..=3_usize,
    )
        .prop_map(|(k, border, response, scope, quantile, stride)| {
            NeuRnConfig::new(k)
                .with_border(border)
                .with_response(response)
                .with_max_scope(scope)
                .with_quantile(quantile)
                .with_stride(stride)
        })
}

/// The papers' layer with any patch and border.
fn contrast() -> impl Strategy<Value = NeuRnConfig> {
    configs().prop_map(|config| config.with_response(Response::Contrast).with_quantile(1.0))
}

fn forward(layer: &NeuRn, images: &Images, device: &Device) -> Vec<f64> {
    values(layer.forward(tensor(&images.values, images.dims, DType::F32, device)))
}

/// `a x + b` rounded to f32.
fn affine(images: &Images, a: f64, b: f64) -> Images {
    let values = images
        .values
        .iter()
        .map(|x| f64::from((a * x + b) as f32))
        .collect();
    Images::new(values, images.dims)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn agrees_with_the_oracle(images in images(12), config in configs()) {
        prop_assume!(serves(config.border, config.k, images.dims));
        let expected = oracle::neurn(&images, &config).values;
        let sigma = oracle::local_std(&images, config.k, config.border, config.stride).values;
        for device in all() {
            let what = format!("{device:?} {config:?}");
            let x = tensor(&images.values, images.dims, DType::F32, &device);
            let found = values(local_std(x, config.k, config.border, config.stride));
            assert_close(&found, &sigma, sigma_units(config.k) * F32, &what);
            let found = forward(&config.init(), &images, &device);
            assert_close(&found, &expected, response_units(config.k) * F32, &what);
        }
    }

    #[test]
    fn contrast_is_between_0_and_1_and_reaches_1(images in images(10), config in contrast()) {
        prop_assume!(serves(config.border, config.k, images.dims));
        let sigma = oracle::local_std(&images, config.k, config.border, config.stride);
        let groups = match config.max_scope {
            MaxScope::Image => images.dims[0],
            MaxScope::Channel => images.dims[0] * images.dims[1],
        };
        let size = sigma.values.len() / groups;
        for device in all() {
            let y = forward(&config.init(), &images, &device);
            for (y, sigma) in y.chunks(size).zip(sigma.values.chunks(size)) {
                let flat = sigma.iter().all(|&s| s == 0.0);
                let max = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(y.iter().all(|y| (0.0..=1.0).contains(y)), "{:?}", device);
                prop_assert_eq!(max, if flat { 0.0 } else { 1.0 }, "{:?}", device);
            }
        }
    }

    /// Inputs that stay exact in f32: the differences within a patch are then
    /// the same to the last bit, and so is all that follows from them.
    #[test]
    fn an_offset_of_1e4_changes_no_bit(images in images(10), config in contrast()) {
        prop_assume!(serves(config.border, config.k, images.dims) && !is_fixed(config.border));
        for device in all() {
            let plain = forward(&config.init(), &images, &device);
            let offset = forward(&config.init(), &affine(&images, 1.0, 1e4), &device);
            prop_assert_eq!(&plain, &offset, "{:?}", device);
            let negative = forward(&config.init(), &affine(&images, -1.0, 1e4), &device);
            prop_assert_eq!(&plain, &negative, "{:?}", device);
        }
    }

    /// Any a and b: rounding the input moves sigma itself, so the oracle is
    /// given the rounded input.
    #[test]
    fn any_scale_and_offset(
        images in images(10),
        config in contrast(),
        a in prop_oneof![-1e3..-1e-2_f64, 1e-2..1e3_f64],
        b in -1e4..1e4_f64,
    ) {
        prop_assume!(serves(config.border, config.k, images.dims));
        let moved = affine(&images, a, b);
        let expected = oracle::neurn(&moved, &config).values;
        for device in all() {
            let found = forward(&config.init(), &moved, &device);
            assert_close(&found, &expected, response_units(config.k) * F32, &format!("{device:?} {config:?} {a} {b}"));
        }
    }

    #[test]
    fn images_of_a_batch_are_independent(images in images(8), config in configs()) {
        prop_assume!(serves(config.border, config.k, images.dims));
        let [n, c, h, w] = images.dims;
        for device in all() {
            let together = forward(&config.init(), &images, &device);
            let size = together.len() / n;
            for (i, together) in together.chunks(size).enumerate() {
                let alone = images.values[i * c * h * w..(i + 1) * c * h * w].to_vec();
                let alone = forward(&config.init(), &Images::new(alone, [1, c, h, w]), &device);
                prop_assert_eq!(together, &alone, "{:?}", device);
            }
        }
    }

    /// A picture on flat ground keeps its response wherever it stands: along a row to
    /// the last bit. Rows of patches are summed in groups of k, so where a picture moves
    /// down by less, both results lie within the bound around the same exact one.
    #[test]
    fn a_shift_of_the_image_shifts_the_result(
        picture in pixels(16),
        k in prop_oneof![Just(3_usize), Just(5)],
        (down, right) in (0..=3_usize, 0..=3_usize),
    ) {
        let side = 16;
        let place = |top: usize, left: usize| {
            let mut canvas = vec![0.5; side * side];
            for row in 0..4 {
                for column in 0..4 {
                    canvas[(top + row) * side + left + column] = picture[row * 4 + column];
                }
            }
            Images::new(canvas, [1, 1, side, side])
        };
        let layer = NeuRnConfig::new(k).init();
        let allowed = match down % k {
            0 => 0.0,
            _ => 2.0 * response_units(k) * F32,
        };
        for device in all() {
            let here = forward(&layer, &place(4, 4), &device);
            let there = forward(&layer, &place(4 + down, 4 + right), &device);
            for row in 0..side - down {
                for column in 0..side - right {
                    let moved = there[(row + down) * side + column + right];
                    let found = here[row * side + column];
                    prop_assert!(
                        (found - moved).abs() <= allowed * found,
                        "{:?}: {} and {}", device, found, moved
                    );
                }
            }
        }
    }

    /// A ramp far from zero and a nearly flat one: where one-pass variances
    /// fail.
    #[test]
    fn nearly_flat_ramps_far_from_zero(
        k in prop_oneof![Just(3_usize), Just(9), Just(15)],
        offset in -1e4..1e4_f64,
        slope in 1e-3..1.0_f64,
    ) {
        let ramp = (0..400).map(|i| f64::from((offset + slope * f64::from(i % 20)) as f32)).collect();
        let images = Images::new(ramp, [1, 1, 20, 20]);
        let config = NeuRnConfig::new(k);
        let expected = oracle::neurn(&images, &config).values;
        for device in all() {
            let found = forward(&config.init(), &images, &device);
            assert_close(&found, &expected, response_units(k) * F32, &format!("{device:?} {k} {offset} {slope}"));
        }
    }
}

#[test]
fn channels_of_a_colour_image_keep_their_ratio() {
    for device in all() {
        let edge = tensor(
            &[0., 0., 1., 1.].repeat(4),
            [1, 1, 4, 4],
            DType::F32,
            &device,
        );
        let rgb = Tensor::cat(vec![edge.clone(), edge.clone() * 0.5, edge * 0.25], 1);
        let image = values(
            NeuRnConfig::default()
                .init()
                .forward(rgb.clone())
                .max_dims(&[2, 3]),
        );
        assert_eq!(image, [1.0, 0.5, 0.25]);
        let channel = NeuRnConfig::default()
            .with_max_scope(MaxScope::Channel)
            .init();
        assert_eq!(values(channel.forward(rgb).max_dims(&[2, 3])), [1.0; 3]);
    }
}
