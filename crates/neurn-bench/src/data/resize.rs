//! Images brought to one size: digits as their protocol asks, without
//! antialiasing, photographs with it.

use image::RgbImage;
use image::imageops::{self, FilterType};

use super::LabelledImage;

/// A photograph at `side` x `side`, whatever its proportions, as `[RGB, row,
/// column]`: bilinear with antialiasing, as torchvision's `Resize` of a picture,
/// which DomainBed uses. One that has this size stays as it is.
pub(super) fn photograph(photograph: &RgbImage, side: usize) -> Vec<u8> {
    let resized;
    let side = side as u32;
    let photograph = match photograph.dimensions() == (side, side) {
        true => photograph,
        false => {
            resized = imageops::resize(photograph, side, side, FilterType::Triangle);
            &resized
        }
    };
    let channel = |channel: usize| photograph.pixels().map(move |pixel| pixel.0[channel]);
    (0..3).flat_map(channel).collect()
}

/// The image at `side` x `side` by bilinear interpolation with half-pixel
/// centres and without antialiasing (PyTorch's
/// `interpolate(mode="bilinear", align_corners=False, antialias=False)`); a
/// grey one is repeated in every one of `channels`.
///
/// ```
/// use neurn_bench::data::{LabelledImage, resize};
///
/// let pixels = vec![0.0, 1.0];
/// let image = LabelledImage { pixels, channels: 1, height: 1, width: 2, label: 7 };
/// assert_eq!(resize(&image, 1, 4).pixels, [0.0, 0.25, 0.75, 1.0].repeat(4));
/// ```
///
/// # Panics
///
/// If the image is not grey and has not `channels` channels, or has no pixels.
pub fn resize(image: &LabelledImage, channels: usize, side: usize) -> LabelledImage {
    let &LabelledImage {
        channels: given,
        height,
        width,
        label,
        ..
    } = image;
    assert!(
        given == 1 || given == channels,
        "{given} channels to {channels}"
    );
    let rows = taps(height, side);
    let columns = taps(width, side);

    let mut pixels = Vec::with_capacity(channels * side * side);
    for channel in image.pixels.chunks_exact(height * width) {
        for &(above, below, down) in &rows {
            let above = &channel[above * width..][..width];
            let below = &channel[below * width..][..width];
            pixels.extend(columns.iter().map(|&(left, right, along)| {
                let above = between(above[left], above[right], along);
                let below = between(below[left], below[right], along);
                between(above, below, down)
            }));
        }
    }
    if given == 1 {
        pixels = pixels.repeat(channels);
    }
    LabelledImage {
        pixels,
        channels,
        height: side,
        width: side,
        label,
    }
}

/// The taps of every place of `to`.
fn taps(from: usize, to: usize) -> Vec<(usize, usize, f32)> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|place| tap((place as f64 + 0.5) * scale - 0.5, from))
        .collect()
}

/// The two of `count` values that `place` lies between, and how far it is from
/// the first to the second. Beyond the outer ones it is they.
pub(super) fn tap(place: f64, count: usize) -> (usize, usize, f32) {
    let place = place.clamp(0.0, count as f64 - 1.0);
    let first = place as usize;
    let second = (first + 1).min(count - 1);
    (first, second, (place - first as f64) as f32)
}

/// Exactly `a` at 0, and exactly `a` everywhere if `b` is the same.
pub(super) fn between(a: f32, b: f32, t: f32) -> f32 {
    a + t * (b - a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(height: usize, width: usize, value: impl Fn(usize, usize) -> f32) -> LabelledImage {
        let pixels = (0..height * width)
            .map(|i| value(i / width, i % width))
            .collect();
        LabelledImage {
            pixels,
            channels: 1,
            height,
            width,
            label: 3,
        }
    }

    #[test]
    fn two_by_two_to_four_by_four() {
        // Centres of the new pixels in the old ones: -0.25, 0.25, 0.75, 1.25;
        // the outer two lie beyond the old centres and take their values.
        let resized = resize(&grey(2, 2, |y, x| (2 * y + x) as f32), 1, 4);
        let expected = [
            [0.0, 0.25, 0.75, 1.0],
            [0.5, 0.75, 1.25, 1.5],
            [1.5, 1.75, 2.25, 2.5],
            [2.0, 2.25, 2.75, 3.0],
        ];
        assert_eq!(resized.pixels, expected.concat());
        assert_eq!((resized.height, resized.width, resized.label), (4, 4, 3));
    }

    #[test]
    fn halves_by_the_mean_of_the_middle_two() {
        // 4 to 2: centres at 0.5 and 2.5, no antialiasing.
        let resized = resize(&grey(4, 4, |_, x| [0.0, 8.0, 2.0, 4.0][x]), 1, 2);
        assert_eq!(resized.pixels, [4.0, 3.0, 4.0, 3.0]);
    }

    #[test]
    fn its_own_size_is_the_identity() {
        let image = grey(7, 7, |y, x| ((31 * y + 17 * x) % 29) as f32 / 29.0);
        assert_eq!(resize(&image, 1, 7), image);
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        // Linear between the outer centres, hence in closed form.
        let resized = resize(&grey(28, 28, |_, x| x as f32), 1, 32);
        for row in resized.pixels.chunks(32) {
            for (x, &value) in row.iter().enumerate() {
                let exact = ((x as f64 + 0.5) * 28.0 / 32.0 - 0.5).clamp(0.0, 27.0);
                assert!(
                    (f64::from(value) - exact).abs() < 2e-6,
                    "{x}: {value} for {exact}"
                );
            }
        }
    }

    #[test]
    fn constants_stay_exactly_constant() {
        for side in [1, 5, 28, 32, 33] {
            let resized = resize(&grey(28, 16, |_, _| 0.1), 3, side);
            assert!(resized.pixels.iter().all(|&value| value == 0.1), "{side}");
        }
    }

    #[test]
    fn grey_is_repeated_and_colour_kept() {
        let resized = resize(&grey(2, 2, |y, x| (2 * y + x) as f32), 3, 2);
        assert_eq!(resized.channels, 3);
        assert_eq!(resized.pixels, [0.0, 1.0, 2.0, 3.0].repeat(3));

        let colour = LabelledImage {
            pixels: vec![0.0, 0.5, 1.0],
            channels: 3,
            height: 1,
            width: 1,
            label: 0,
        };
        let expected = [[0.0; 4], [0.5; 4], [1.0; 4]].concat();
        assert_eq!(resize(&colour, 3, 2).pixels, expected);
    }
}
