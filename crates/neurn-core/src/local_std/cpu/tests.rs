//! What only the inside of the kernel shows. That its values are right is the
//! business of the suite in `tests/`.

use super::*;
use crate::Border;

const BORDERS: [Border; 5] = [
    Border::Symmetric,
    Border::Replicate,
    Border::Reflect,
    Border::Valid,
    Border::Zero,
];

pub(super) fn pixels(count: usize) -> Vec<f32> {
    (0..count as u64)
        .map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1 << 24) as f32)
        .collect()
}

/// Images narrower than a block and wider than a tile, fewer rows than are taken
/// together and more, and strides.
pub(super) fn cases() -> Vec<(usize, Windows)> {
    let mut cases = Vec::new();
    for (planes, height, width) in [
        (1, 1, 1),
        (3, 37, 5),
        (7, 9, 33),
        (9, 16, 8),
        (2, 11, 48),
        (1, 9, 245),
        (2, 19, 500),
        (40, 8, 9),
    ] {
        for border in BORDERS {
            for (k, stride) in [(1, 1), (3, 1), (3, 2), (5, 7), (7, 1), (9, 1), (15, 4)] {
                let smallest = height.min(width);
                let allowed = match border {
                    Border::Symmetric => k / 2 <= smallest,
                    Border::Reflect => k / 2 < smallest,
                    Border::Valid => k <= smallest,
                    Border::Replicate | Border::Zero => true,
                    Border::Constant(_) | Border::Circular => false,
                };
                if allowed {
                    cases.push((
                        planes,
                        Windows {
                            k,
                            border,
                            stride,
                            height,
                            width,
                        },
                    ));
                }
            }
        }
    }
    cases
}

/// The promise behind `set_len`.
#[test]
fn every_value_is_written() {
    for (planes, windows) in cases() {
        let images = pixels(planes * windows.height * windows.width);
        let size = planes * windows.output().iter().product::<usize>();
        let mut values = vec![MaybeUninit::new(-7.0); size];
        compute_into(&mut values, &images, planes, &windows, 1, |sigma, peak| {
            let largest = sigma.iter().copied().fold(0.0, f32::max);
            assert_eq!(peak, largest, "{windows:?}");
        });
        assert!(
            written(&mut values).iter().all(|&v| v >= 0.0),
            "{planes} {windows:?}"
        );
    }
}

/// The same operations in the same order, so no bit differs.
#[test]
#[cfg_attr(unoptimized, ignore = "needs megabytes of stack")]
fn instruction_sets_agree() {
    fn compute<I: Isa<N, Value = f32>, const N: usize>(
        images: &[f32],
        windows: &Windows,
        planes: usize,
    ) -> Vec<u32> {
        let strip = |strip, values: &mut [_], scratch: &mut _| {
            strip_of::<I, N>(images, windows, strip, values, scratch)
        };
        bits(windows, planes, strip)
    }
    fn bits(
        windows: &Windows,
        planes: usize,
        sigma: impl Fn(Strip, &mut [MaybeUninit<f32>], &mut Scratch<f32>) -> f32,
    ) -> Vec<u32> {
        let [height, width] = windows.output();
        let mut scratch = Scratch::default();
        let mut bits = Vec::new();
        for strip in strips(0..planes, 1, height) {
            let mut values = vec![MaybeUninit::new(-7.0); height * width];
            bits.push(sigma(strip, &mut values, &mut scratch).to_bits());
            bits.extend(written(&mut values).iter().map(|v| v.to_bits()));
        }
        bits
    }
    for (planes, windows) in cases() {
        let images = pixels(planes * windows.height * windows.width);
        let portable = compute::<isa::Portable<f32>, 8>(&images, &windows, planes);
        // The blocks of AVX-512, on any processor.
        let wide = compute::<isa::Wide<f32>, 16>(&images, &windows, planes);
        assert_eq!(portable, wide, "{windows:?}");
        let chosen = bits(&windows, planes, |strip, values, scratch| {
            strip_std(&images, &windows, strip, values, scratch)
        });
        assert_eq!(portable, chosen, "{windows:?}");
        #[cfg(target_arch = "x86_64")]
        if isa::has_avx2() {
            let avx2 = isa::on_avx2(|| compute::<isa::Avx2, 8>(&images, &windows, planes));
            assert_eq!(portable, avx2, "{windows:?}");
        }
    }
}

/// NaN and infinity make the patches that hold them NaN, and no others.
#[test]
fn what_is_not_finite_reaches_its_patches_alone() {
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for (bad, k) in bad.into_iter().flat_map(|bad| [(bad, 3), (bad, 9)]) {
        let windows = Windows {
            k,
            border: Border::Symmetric,
            stride: 1,
            height: 20,
            width: 30,
        };
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

/// As of the forward pass.
#[test]
fn every_value_of_the_gradient_is_written() {
    for (planes, windows) in cases() {
        let images = pixels(planes * windows.height * windows.width);
        let response = local_std(&images, [planes, 1], &windows, Some(MaxScope::Image));
        let most = (windows.height / (2 * windows.k)).max(1);
        for bands in [1, most] {
            let mut values = vec![MaybeUninit::new(f32::NAN); images.len()];
            gradient::in_bands(
                &mut values,
                [&images, &response, &pixels(response.len())],
                Some(1),
                &windows,
                bands,
            );
            assert!(
                written(&mut values).iter().all(|v| v.is_finite()),
                "{planes} {bands} {windows:?}"
            );
        }
    }
}

/// A quotient by way of the reciprocal is that of a division, to the last bit.
#[test]
fn quotients_are_those_of_a_division() {
    for peak in pixels(1000) {
        let peak = peak * 1e3 + 1e-6;
        let sigma: Vec<f32> = pixels(997).iter().map(|y| y * y * peak).collect();
        let mut by_peak = sigma.clone();
        over_peak(&mut by_peak, peak);
        for (sigma, by_peak) in sigma.iter().zip(&by_peak) {
            assert_eq!(
                by_peak.to_bits(),
                (sigma / peak).to_bits(),
                "{sigma} {peak}"
            );
        }
    }
}

/// A band starts its sums anew, so they round otherwise and are otherwise the
/// same.
#[test]
fn gradients_of_bands_are_those_of_the_plane() {
    for (planes, windows) in cases() {
        let bands = windows.height / (2 * windows.k);
        if bands < 2 {
            continue;
        }
        let images = pixels(planes * windows.height * windows.width);
        let response = local_std(&images, [planes, 1], &windows, Some(MaxScope::Image));
        let by_response = pixels(response.len());
        let gradient = |bands| {
            filled(images.len(), |values| {
                let tensors = [&images[..], &response, &by_response];
                gradient::in_bands(values, tensors, Some(1), &windows, bands);
            })
        };
        let (whole, cut) = (gradient(1), gradient(bands));
        let largest = whole.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(largest > 0.0 || windows.k == 1, "{windows:?}");
        for (i, (whole, cut)) in whole.iter().zip(&cut).enumerate() {
            assert!(
                (whole - cut).abs() <= 1e-6 * largest,
                "{i} {windows:?}: {whole} {cut}"
            );
        }
    }
}

/// Whether a patch sees it or a stride leaves it out, and however the image is cut.
#[test]
fn one_pixel_that_is_not_finite_is_seen_wherever_it_is() {
    let two = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let two = two.expect("two threads");
    for (k, stride) in [(3, 4), (3, 2), (5, 7), (9, 4), (1, 3)] {
        let windows = Windows {
            k,
            border: Border::Symmetric,
            stride,
            height: 132,
            width: 19,
        };
        for row in 0..132 {
            let mut image = pixels(132 * 19);
            image[row * 19 + row % 19] = f32::NAN;
            let over = Some(MaxScope::Image);
            let response = two.install(|| local_std(&image, [1, 1], &windows, over));
            let all = response.iter().all(|y| y.is_nan());
            assert!(all, "row {row} of {windows:?}");
        }
    }
}
