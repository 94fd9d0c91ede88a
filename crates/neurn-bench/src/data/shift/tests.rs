use std::collections::HashSet;

use proptest::prelude::*;
use rayon::prelude::*;

use super::*;
use crate::data::{resize, synthetic};

fn shift(kind: ShiftKind, severity: u8) -> Shift {
    Shift::new(kind, severity).unwrap()
}

fn severities(kind: ShiftKind) -> [Shift; 5] {
    [1, 2, 3, 4, 5].map(|severity| shift(kind, severity))
}

fn image_of(size: [usize; 3], value: impl Fn([usize; 3]) -> f32) -> LabelledImage {
    let [channels, height, width] = size;
    let pixels = (0..channels * height * width)
        .map(|i| value([i / (height * width), i / width % height, i % width]))
        .collect();
    LabelledImage {
        pixels,
        channels,
        height,
        width,
        label: 3,
    }
}

/// Nowhere flat, in no channel like in another.
fn uneven(size: [usize; 3]) -> LabelledImage {
    image_of(size, |[c, y, x]| {
        ((31 * y + 17 * x + 11 * c + x * y) % 29) as f32 / 28.0
    })
}

fn digits(count: usize) -> Vec<LabelledImage> {
    let set = synthetic::domain("synthetic-mnist", 0, count, 5)
        .unwrap()
        .test;
    (0..count)
        .map(|i| resize(&set.labelled(i).unwrap(), 3, 32))
        .collect()
}

/// The mean of |new - old|.
fn mean_change(old: &LabelledImage, new: &LabelledImage) -> f64 {
    let pairs = old.pixels.iter().zip(&new.pixels);
    let sum: f64 = pairs.map(|(old, new)| f64::from((new - old).abs())).sum();
    sum / old.pixels.len() as f64
}

/// Kinds without random numbers.
const CERTAIN: [ShiftKind; 5] = [
    ShiftKind::Scale,
    ShiftKind::Blur,
    ShiftKind::Inversion,
    ShiftKind::Contrast,
    ShiftKind::Brightness,
];

#[test]
fn an_image_depends_on_its_index_and_nothing_else() {
    let image = uneven([3, 32, 32]);
    for shift in ShiftKind::ALL.into_iter().flat_map(severities) {
        let one_by_one: Vec<_> = (0..40).map(|i| shift.apply(&image, i)).collect();
        let together: Vec<_> = (0..40_usize)
            .into_par_iter()
            .rev()
            .map(|i| shift.apply(&image, i))
            .collect();
        assert!(one_by_one.iter().eq(together.iter().rev()), "{shift}");
    }
}

#[test]
fn chance_differs_between_images_where_there_is_chance() {
    let image = uneven([3, 32, 32]);
    for kind in ShiftKind::ALL {
        let different: HashSet<Vec<u32>> = (0..60)
            .map(|index| shift(kind, 3).apply(&image, index).pixels)
            .map(|pixels| pixels.into_iter().map(f32::to_bits).collect())
            .collect();
        match kind {
            kind if CERTAIN.contains(&kind) => assert_eq!(different.len(), 1, "{kind}"),
            ShiftKind::Rotation | ShiftKind::Shear => assert_eq!(different.len(), 2, "{kind}"),
            ShiftKind::Translation => assert_eq!(different.len(), 4),
            ShiftKind::Noise => assert_eq!(different.len(), 60),
            // 20 x 20 places for 60 squares: 60 - 60 * 59 / 2 / 400 = 55.6
            // different ones on average, with a deviation of about 2.
            _ => assert!(different.len() > 47, "{kind}: {}", different.len()),
        }
    }
}

/// A record must not change its meaning: this is what the random numbers chose for the
/// first images when shifts came in, `+` for counter-clockwise.
#[test]
fn chance_is_what_it_was() {
    let image = uneven([1, 8, 8]);
    let mut expected = image.pixels.clone();
    Warp::rotation(severity::ROTATION[0]).apply(&mut expected, [8, 8]);
    let directions: String = (0..16)
        .map(|index| shift(ShiftKind::Rotation, 1).apply(&image, index).pixels == expected)
        .map(|counter_clockwise| if counter_clockwise { '+' } else { '-' })
        .collect();
    assert_eq!(directions, "-++-+--++--++-++");

    let grey = LabelledImage {
        pixels: vec![0.5; 64],
        ..image
    };
    let noisy = [0, 1].map(|index| shift(ShiftKind::Noise, 1).apply(&grey, index).pixels);
    let thousandths = noisy.map(|pixels| [0, 1, 2].map(|i| (1000.0 * pixels[i]).round()));
    assert_eq!(thousandths, [[415.0, 420.0, 615.0], [612.0, 643.0, 532.0]]);
}

#[test]
fn rotation_and_shear_go_the_same_way_at_every_severity() {
    let image = uneven([3, 32, 32]);
    let apply = |warp: Warp| {
        let mut pixels = image.pixels.clone();
        for plane in pixels.chunks_exact_mut(32 * 32) {
            warp.apply(plane, [32; 2]);
        }
        pixels
    };
    type Make = fn(f64) -> Warp;
    let kinds: [(ShiftKind, Make, [f64; 5]); 2] = [
        (ShiftKind::Rotation, Warp::rotation, severity::ROTATION),
        (ShiftKind::Shear, Warp::shear, severity::SHEAR),
    ];
    for (kind, make, amounts) in kinds {
        for index in 0..20 {
            let ways = severities(kind).map(|shift| {
                let amount = amounts[usize::from(shift.severity) - 1];
                let shifted = shift.apply(&image, index).pixels;
                let way = [1.0, -1.0].map(|sign| apply(make(sign * amount)) == shifted);
                assert!(way[0] != way[1], "{shift}: one of the two ways");
                way[0]
            });
            assert!(ways.iter().all(|&way| way == ways[0]), "{kind} {index}");
        }
    }
}

#[test]
fn translation_moves_an_impulse_by_whole_pixels_the_same_way() {
    let dot = image_of([3, 32, 32], |[_, y, x]| {
        f32::from(u8::from([y, x] == [16, 15]))
    });
    for index in 0..20 {
        let mut ways = HashSet::new();
        for (shift, way) in severities(ShiftKind::Translation)
            .iter()
            .zip([1, 2, 3, 5, 6])
        {
            let moved = shift.apply(&dot, index);
            for plane in moved.pixels.chunks_exact(32 * 32) {
                let at = plane.iter().position(|&x| x == 1.0).expect("the impulse");
                assert_eq!(plane.iter().sum::<f32>(), 1.0);
                let [down, right] = [(at / 32) as i32 - 16, (at % 32) as i32 - 15];
                assert_eq!([down.abs(), right.abs()], [way, way], "{shift}");
                ways.insert([down.signum(), right.signum()]);
            }
        }
        assert_eq!(ways.len(), 1);
    }
}

#[test]
fn scale_shrinks_about_the_centre() {
    // A Gaussian of deviation 5, which ends before the border does.
    let spot = image_of([1, 64, 64], |[_, y, x]| {
        let [down, right] = [y, x].map(|at| at as f32 - 31.5);
        (-(down * down + right * right) / 50.0).exp()
    });
    let sum = |image: &LabelledImage| image.pixels.iter().map(|&x| f64::from(x)).sum::<f64>();
    for (shift, factor) in severities(ShiftKind::Scale).iter().zip(severity::SCALE) {
        let shrunk = shift.apply(&spot, 0);
        // Its area is a factor squared of what it was, up to the beat of the two
        // grids of pixels. It is largest at 0.9: on each of two axes twice
        // exp(-2 (5 pi 0.1)^2) sinc^2(0.9) = 0.0072 * 0.0119.
        let ratio = sum(&shrunk) / sum(&spot) / (factor * factor);
        assert!((ratio - 1.0).abs() < 4e-4, "{shift}: {ratio}");
        // And half a turn changes nothing, so the centre is where it was.
        for (one, other) in shrunk.pixels.iter().zip(shrunk.pixels.iter().rev()) {
            assert!((one - other).abs() < 10.0 * f32::EPSILON, "{shift}");
        }
    }
}

#[test]
fn the_occluder_has_its_area_and_grows_in_its_place() {
    let image = uneven([3, 32, 32]);
    for index in 0..20 {
        let mut covered_before = vec![false; image.pixels.len()];
        for (shift, side) in severities(ShiftKind::Occlusion)
            .iter()
            .zip([6, 10, 13, 16, 19])
        {
            let shifted = shift.apply(&image, index);
            for (plane, old) in shifted
                .pixels
                .chunks_exact(32 * 32)
                .zip(image.pixels.chunks_exact(32 * 32))
            {
                let mean = tone::mean(old);
                assert!(old.iter().all(|&x| x != mean), "else the count is wrong");
                assert_eq!(plane.iter().filter(|&&x| x == mean).count(), side * side);
            }
            let pairs = shifted.pixels.iter().zip(&image.pixels);
            let covered: Vec<bool> = pairs.map(|(new, old)| new != old).collect();
            assert_eq!(covered.iter().filter(|&&it| it).count(), 3 * side * side);
            for (before, now) in covered_before.iter().zip(&covered) {
                assert!(now >= before, "{shift}");
            }
            covered_before = covered;
        }
    }
}

#[test]
fn noise_is_the_same_at_every_severity_but_for_its_size() {
    let grey = image_of([3, 64, 64], |_| 0.5);
    let field = |shift: &Shift, index| -> Vec<Option<f64>> {
        let deviation = severity::NOISE[usize::from(shift.severity) - 1];
        let noisy = shift.apply(&grey, index).pixels.into_iter();
        noisy
            .map(|x| (0.0 < x && x < 1.0).then(|| f64::from((x - 0.5) / deviation)))
            .collect()
    };
    for index in 0..5 {
        let fields = severities(ShiftKind::Noise).map(|shift| field(&shift, index));
        // At 0.08 a number must be over 6.25 deviations to be clipped.
        let first: Vec<f64> = fields[0].iter().map(|x| x.expect("not clipped")).collect();
        for other in &fields[1..] {
            for (one, other) in first.iter().zip(other) {
                // Half an ulp of a value below 1, over 0.08.
                let same = other.is_none_or(|other| (one - other).abs() < 2e-6);
                assert!(same, "{one}, {other:?}");
            }
        }
        // 12288 numbers: the standard error of their mean is 0.009, that of
        // their variance 0.0128, that of E z^4 = 3 (whose variance is
        // 105 - 9 = 96) 0.088; all to four of them.
        let moment = |power| first.iter().map(|z| z.powi(power)).sum::<f64>() / 12288.0;
        assert!(moment(1).abs() < 0.036, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.052, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.36, "{}", moment(4));
    }
}

#[test]
fn tones_follow_their_formulas_and_are_clipped() {
    let image = uneven([3, 32, 32]);
    for level in 0..5 {
        let apply = |kind| shift(kind, level as u8 + 1).apply(&image, 9).pixels;
        let values = image.pixels.iter();

        let brighter = apply(ShiftKind::Brightness);
        let offset = severity::BRIGHTNESS[level];
        assert!(
            values
                .clone()
                .zip(brighter)
                .all(|(x, new)| new == (x + offset).min(1.0))
        );

        let flatter = apply(ShiftKind::Contrast);
        let planes = image
            .pixels
            .chunks_exact(1024)
            .zip(flatter.chunks_exact(1024));
        for (old, new) in planes {
            let mean = old.iter().map(|&x| f64::from(x)).sum::<f64>() / 1024.0;
            for (&old, &new) in old.iter().zip(new) {
                let expected =
                    mean + f64::from(severity::CONTRAST[level]) * (f64::from(old) - mean);
                assert!((f64::from(new) - expected).abs() < 3.0 * f64::from(f32::EPSILON));
            }
        }

        let inverted = apply(ShiftKind::Inversion);
        let columns = [3, 6, 10, 13, 16][level];
        for (i, (&x, new)) in values.zip(inverted).enumerate() {
            let outer = (i % 32) < columns || (i % 32) >= 32 - columns;
            assert_eq!(new, if outer { 1.0 - x } else { x });
        }
    }
}

#[test]
fn blur_grows_with_the_side() {
    // The middle of an impulse's image is (sum of weights / middle weight)^-2,
    // about 1 / (2 pi sigma^2): a quarter of it at twice the sigma.
    let middle = |side: usize| {
        let dot = image_of([1, side, side], |[_, y, x]| {
            f32::from(u8::from([y, x] == [side / 2; 2]))
        });
        let blurred = shift(ShiftKind::Blur, 4).apply(&dot, 0);
        f64::from(blurred.pixels[side * side / 2 + side / 2])
    };
    let of = |sigma: f64| {
        let reach = (2.5 * sigma).ceil() as i32;
        let weight = |i: i32| (-0.5 * (f64::from(i) / sigma).powi(2)).exp();
        (-reach..=reach).map(weight).sum::<f64>().powi(-2)
    };
    for (side, sigma) in [(32, 2.0), (64, 4.0), (16, 1.0)] {
        assert!((middle(side) / of(sigma) - 1.0).abs() < 1e-5, "{side}");
    }
}

#[test]
fn a_severity_changes_more_than_the_one_below() {
    let digits = digits(200);
    for kind in ShiftKind::ALL {
        let changes = severities(kind).map(|shift| {
            let change = |(index, image)| mean_change(image, &shift.apply(image, index));
            digits.iter().enumerate().map(change).sum::<f64>() / 200.0
        });
        assert!(changes[0] > 0.0, "{kind}: {changes:?}");
        assert!(changes.is_sorted(), "{kind}: {changes:?}");
    }
}

fn any_image() -> impl Strategy<Value = LabelledImage> {
    let size = (
        prop::sample::select(vec![1_usize, 3]),
        1..=12_usize,
        1..=12_usize,
    );
    size.prop_flat_map(|(channels, height, width)| {
        let value = prop_oneof![8 => 0.0..=1.0_f32, 1 => Just(0.0), 1 => Just(1.0)];
        let pixels = prop::collection::vec(value, channels * height * width);
        (pixels, 0..10_u16).prop_map(move |(pixels, label)| LabelledImage {
            pixels,
            channels,
            height,
            width,
            label,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn shape_label_and_range_are_kept(image in any_image(), index: usize) {
        for shift in ShiftKind::ALL.into_iter().flat_map(severities) {
            let shifted = shift.apply(&image, index);
            prop_assert_eq!(
                (shifted.channels, shifted.height, shifted.width, shifted.label),
                (image.channels, image.height, image.width, image.label)
            );
            prop_assert_eq!(shifted.pixels.len(), image.pixels.len());
            prop_assert!(shifted.pixels.iter().all(|x| (0.0..=1.0).contains(x)), "{}", shift);
        }
    }

    /// Where every value moves one way, and the further the severer.
    #[test]
    fn every_image_changes_more_at_a_higher_severity(image in any_image(), index: usize) {
        use ShiftKind::{Brightness, Contrast, Inversion, Noise, Occlusion};
        for kind in [Occlusion, Noise, Inversion, Contrast, Brightness] {
            let changes = severities(kind).map(|s| mean_change(&image, &s.apply(&image, index)));
            // Two roundings of a value in 0..=1.
            let less = |pair: &[f64]| pair[1] < pair[0] - f64::from(f32::EPSILON);
            prop_assert!(!changes.windows(2).any(less), "{}: {:?}", kind, changes);
        }
    }

    /// What turns about the centre does so whichever way the image is held.
    #[test]
    fn half_a_turn_before_is_half_a_turn_after(image in any_image(), index: usize) {
        use ShiftKind::{Blur, Rotation, Scale, Shear};
        let turned = |image: &LabelledImage| {
            let mut turned = image.clone();
            for plane in turned.pixels.chunks_exact_mut(image.height * image.width) {
                plane.reverse();
            }
            turned
        };
        for shift in [Rotation, Scale, Shear, Blur].into_iter().flat_map(severities) {
            let before = shift.apply(&turned(&image), index);
            let after = turned(&shift.apply(&image, index));
            for (before, after) in before.pixels.iter().zip(&after.pixels) {
                // A blur of these sizes adds up seven weighted values, twice.
                prop_assert!((before - after).abs() < 32.0 * f32::EPSILON, "{}", shift);
            }
        }
    }
}

#[test]
#[should_panic(expected = "0 values of 1x0x4")]
fn an_image_without_pixels_is_refused() {
    shift(ShiftKind::Blur, 1).apply(&image_of([1, 0, 4], |_| 0.0), 0);
}
