//! What only the inside of the kernel shows. That its values are right is the business
//! of the suite in `tests/`. Small enough to be interpreted by `cargo miri test`, which
//! runs the plain code.

use std::mem::MaybeUninit;

use macerator::Arch;
use rayon::ThreadPoolBuilder;

use super::super::windows::Windows;
use super::fold::Results;
use super::forward::{Planes, over_peak};
use super::share::bands;
use super::sigma::Sigma;
use super::tile::Tile;
use super::*;
use crate::{Border, MaxScope};

fn pixels(count: usize) -> Vec<f32> {
    (0..count as u64)
        .map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1 << 24) as f32)
        .collect()
}

const BORDERS: [Border; 7] = [
    Border::Symmetric,
    Border::Replicate,
    Border::Reflect,
    Border::Valid,
    Border::Zero,
    Border::Constant(0.25),
    Border::Circular,
];

/// Images narrower than a register and wider than a tile, fewer rows than are taken
/// together and more, and strides. One in many for an interpreter.
fn cases() -> Vec<(usize, Windows)> {
    let mut cases = Vec::new();
    for (planes, height, width) in [
        (1, 1, 1),
        (3, 37, 5),
        (7, 9, 33),
        (9, 16, 8),
        (2, 11, 48),
        (1, 9, 260),
        (2, 19, 530),
        (1, 150, 20),
        (40, 8, 9),
    ] {
        for border in BORDERS {
            for (k, stride) in [
                (1, 1),
                (3, 1),
                (3, 2),
                (5, 7),
                (7, 1),
                (9, 1),
                (9, 3),
                (15, 4),
            ] {
                let smallest = height.min(width);
                let allowed = match border {
                    Border::Symmetric | Border::Circular => k / 2 <= smallest,
                    Border::Reflect => k / 2 < smallest,
                    Border::Valid => k <= smallest,
                    Border::Replicate | Border::Zero | Border::Constant(_) => true,
                };
                if allowed {
                    let windows = windows([height, width], k, border, stride);
                    cases.push((planes, windows));
                }
            }
        }
    }
    if cfg!(miri) {
        cases.retain(|(planes, windows)| planes * windows.height * windows.width < 400);
        cases = cases.into_iter().step_by(7).collect();
    }
    cases
}

fn windows([height, width]: [usize; 2], k: usize, border: Border, stride: usize) -> Windows {
    Windows {
        k,
        border,
        stride,
        height,
        width,
    }
}

/// Sigma, the response and its gradient.
fn all(planes: usize, windows: &Windows) -> [Vec<f32>; 3] {
    let images = pixels(planes * windows.height * windows.width);
    let over = Some(MaxScope::Image);
    let sigma = local_std(&images, [planes, 1], windows, None);
    let response = local_std(&images, [planes, 1], windows, over);
    let by_response = pixels(response.len());
    let gradient = gradient(&images, &response, &by_response, [planes, 1], windows, over);
    [sigma, response, gradient]
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The promise behind `set_len`, whichever way planes are shared out.
#[test]
fn every_value_is_written() {
    for (planes, windows) in cases() {
        let images = pixels(planes * windows.height * windows.width);
        let size: usize = windows.output().iter().product();
        let all = Planes {
            images: &images,
            windows: &windows,
            group: 1,
            divided: true,
        };
        let [height, _] = windows.output();
        // Enough planes for all threads, and too few.
        for groups in [usize::MAX, 0] {
            let bands = bands(groups, height, Results::group(windows.k, windows.stride));
            let mut values = vec![MaybeUninit::new(f32::NAN); planes * size];
            all.compute(&mut values, &bands);
            // SAFETY: there were values from the first.
            let response = unsafe { values.assume_init_ref() };
            assert!(
                response.iter().all(|y| (0.0..=1.0).contains(y)),
                "{windows:?}"
            );
        }
    }
}

#[test]
fn every_value_of_the_gradient_is_written() {
    for (planes, windows) in cases() {
        let images = pixels(planes * windows.height * windows.width);
        for groups in [usize::MAX, 0] {
            let bands = bands(groups, windows.height, windows.k);
            let mut values = vec![MaybeUninit::new(f32::NAN); images.len()];
            gradient::tests::into(&mut values, &images, planes, &windows, &bands);
            // SAFETY: there were values from the first.
            let gradient = unsafe { values.assume_init_ref() };
            assert!(gradient.iter().all(|v| v.is_finite()), "{windows:?}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "starts many threads")]
fn any_number_of_threads_gives_the_same_bits() {
    let mut cases = cases();
    for border in [Border::Symmetric, Border::Circular] {
        cases.push((1, windows([611, 70], 3, border, 1)));
        cases.push((3, windows([411, 70], 9, border, 2)));
        // Last bands of less than k rows, and more columns than are done in one go.
        cases.push((1, windows([273, 530], 9, border, 1)));
        cases.push((2, windows([401, 33], 15, border, 1)));
        cases.push((1, windows([433, 40], 7, border, 4)));
    }
    let pools = [1, 2, 5].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build());
    let pools = pools.map(|pool| pool.expect("threads"));
    for (planes, windows) in cases {
        let [one, others @ ..] = pools.each_ref().map(|pool| {
            let all = pool.install(|| all(planes, &windows));
            all.map(|values| bits(&values))
        });
        for other in others {
            assert!(one == other, "{windows:?}");
        }
    }
}

/// Sigma and the gradient of one plane by a given instruction set.
fn on(arch: Arch, windows: &Windows) -> [Vec<f32>; 2] {
    let images = pixels(windows.height * windows.width);
    let [height, width] = windows.output();
    let mut sigma = vec![MaybeUninit::new(f32::NAN); height * width];
    let mut by_pixels = vec![MaybeUninit::new(f32::NAN); images.len()];
    // SAFETY: asked for below as far as the processor has it; all is written.
    unsafe {
        arch.dispatch(Sigma::<f32, 0> {
            plane: &images,
            windows,
            rows: 0..height,
            out: &mut sigma,
            tile: &mut Tile::new(),
        });
        let sigma = sigma.assume_init_ref().to_vec();
        let by_sigma = pixels(sigma.len());
        gradient::tests::of_plane(
            [&images, &sigma, &by_sigma],
            windows,
            &mut by_pixels,
            |op| arch.dispatch(op),
        );
        [sigma, by_pixels.assume_init_ref().to_vec()]
    }
}

/// The same operations in the same order, so no bit differs where a product and a sum
/// are rounded once. Plain code rounds them twice.
#[test]
fn instruction_sets_agree() {
    for (_, windows) in cases() {
        let [sigma, gradient] = on(Arch::Scalar, &windows);
        let near = |found: &[f32], expected: &[f32]| {
            let largest = expected.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            let units = (3 * windows.k * windows.k + 10 * windows.k + 10) as f32;
            let allowed = largest * units * f32::EPSILON;
            found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() <= allowed)
        };
        let best = on(Arch::detect(), &windows);
        // With a k that the compiler knows.
        let images = pixels(windows.height * windows.width);
        let known = local_std(&images, [1, 1], &windows, None);
        assert!(bits(&known) == bits(&best[0]), "{windows:?}");
        assert!(near(&best[0], &sigma), "{windows:?}");
        assert!(near(&best[1], &gradient), "{windows:?}");
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let avx2 = on(Arch::V3, &windows).map(|values| bits(&values));
            assert!(avx2 == best.map(|values| bits(&values)), "{windows:?}");
        }
    }
}

/// NaN and infinity make the patches that hold them NaN, and no others.
#[test]
fn what_is_not_finite_reaches_its_patches_alone() {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for (bad, k) in bad.into_iter().flat_map(|bad| [1, 3, 9].map(|k| (bad, k))) {
        let windows = windows([20, 30], k, Border::Symmetric, 1);
        let mut images = pixels(4 * 600);
        let clean = local_std(&images, [4, 1], &windows, None);
        images[600 + 5 * 30 + 7] = bad;
        let sigma = local_std(&images, [4, 1], &windows, None);
        for (i, (&sigma, &clean)) in sigma.iter().zip(&clean).enumerate() {
            let (plane, row, column) = (i / 600, i % 600 / 30, i % 30);
            let reach = k / 2;
            if plane == 1 && row.abs_diff(5) <= reach && column.abs_diff(7) <= reach {
                assert!(sigma.is_nan());
            } else {
                assert_eq!(sigma, clean, "{i}");
            }
        }
        let response = local_std(&images, [2, 2], &windows, Some(MaxScope::Image));
        assert!(response[..1200].iter().all(|y| y.is_nan()));
        assert!(response[1200..].iter().all(|y| y.is_finite()));
    }
}

/// Whether a patch sees it or a stride leaves it out, and however the image is cut.
#[test]
#[cfg_attr(miri, ignore = "starts many threads")]
fn one_pixel_that_is_not_finite_is_seen_wherever_it_is() {
    let two = ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .expect("two");
    for (k, stride) in [(3, 4), (3, 2), (5, 7), (9, 4), (1, 3)] {
        for border in [Border::Symmetric, Border::Valid] {
            let windows = windows([132, 19], k, border, stride);
            for row in 0..132 {
                let mut image = pixels(132 * 19);
                image[row * 19 + row % 19] = f32::NAN;
                let over = Some(MaxScope::Image);
                let response = two.install(|| local_std(&image, [1, 1], &windows, over));
                assert!(
                    response.iter().all(|y| y.is_nan()),
                    "row {row} of {windows:?}"
                );
                let gradient = gradient(&image, &response, &response, [1, 1], &windows, over);
                assert!(
                    gradient.iter().all(|&v| v == 0.0),
                    "row {row} of {windows:?}"
                );
            }
        }
    }
}

/// A power of two scales all values, up to the ends of what squares can be.
#[test]
fn differences_may_be_as_small_and_as_large_as_is_promised() {
    for k in [3, 9] {
        let windows = windows([13, 18], k, Border::Reflect, 1);
        let image = pixels(13 * 18);
        let sigma = local_std(&image, [1, 1], &windows, None);
        for scale in [2.0_f32.powi(-55), 2.0_f32.powi(55)] {
            let scaled: Vec<f32> = image.iter().map(|x| x * scale).collect();
            let found = local_std(&scaled, [1, 1], &windows, None);
            for (found, sigma) in found.iter().zip(&sigma) {
                let expected = sigma * scale;
                assert!(
                    (found - expected).abs() <= 1e-6 * expected,
                    "{found} {expected}"
                );
            }
        }
    }
}

/// A quotient by way of the reciprocal is that of a division, to the last bit.
#[test]
fn quotients_are_those_of_a_division() {
    let count = if cfg!(miri) { 10 } else { 1000 };
    for peak in pixels(count) {
        let peak = peak * 1e3 + 1e-6;
        let sigma: Vec<f32> = pixels(997).iter().map(|y| y * y * peak).collect();
        let mut by_peak = sigma.clone();
        over_peak(&mut by_peak, peak);
        for (sigma, by_peak) in sigma.iter().zip(&by_peak) {
            let expected = sigma / peak;
            assert_eq!(by_peak.to_bits(), expected.to_bits(), "{sigma} {peak}");
        }
    }
}
