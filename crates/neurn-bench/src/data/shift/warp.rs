//! Values taken from elsewhere in the image.

use crate::data::resize::{between, tap};

/// Where every pixel of the new image lies in the old one, `matrix * place +
/// offset`, both measured `[down, right]` in pixels from the image's centre.
///
/// The centre is that of the area, half-way between the middle pixels of an even
/// side. Between four pixels the value is bilinear, and beyond the border it is
/// that of the nearest pixel on it. Black there would be a cue of its own: on
/// white-on-black digits no one sees it, on coloured ones it frames the image.
///
/// `imageproc` has warps, too, but brings an algebra crate for these few lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Warp {
    matrix: [[f64; 2]; 2],
    offset: [f64; 2],
}

impl Warp {
    /// Turns the content by an angle in radians, counter-clockwise to the eye.
    pub(super) fn rotation(angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self::linear([[cos, sin], [-sin, cos]])
    }

    /// Brings the content to `factor` times its size.
    pub(super) fn scale(factor: f64) -> Self {
        Self::linear([[1.0 / factor, 0.0], [0.0, 1.0 / factor]])
    }

    /// Moves every row right by `slope` for each pixel it lies above the centre.
    pub(super) fn shear(slope: f64) -> Self {
        Self::linear([[1.0, 0.0], [slope, 1.0]])
    }

    /// Moves the content by `[down, right]` pixels.
    pub(super) fn translation([down, right]: [f64; 2]) -> Self {
        Self {
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            offset: [-down, -right],
        }
    }

    fn linear(matrix: [[f64; 2]; 2]) -> Self {
        Self {
            matrix,
            offset: [0.0; 2],
        }
    }

    /// Warps a plane of `[height, width]`.
    pub(super) fn apply(&self, plane: &mut [f32], [height, width]: [usize; 2]) {
        let old = plane.to_vec();
        let centre = [height, width].map(|extent| (extent as f64 - 1.0) / 2.0);
        for (i, value) in plane.iter_mut().enumerate() {
            let down = (i / width) as f64 - centre[0];
            let right = (i % width) as f64 - centre[1];
            let [y, x] = [0, 1].map(|axis| {
                let [by_down, by_right] = self.matrix[axis];
                by_down * down + by_right * right + self.offset[axis] + centre[axis]
            });
            let (above, below, y) = tap(y, height);
            let (left, right, x) = tap(x, width);
            let row = |row: usize| between(old[row * width + left], old[row * width + right], x);
            *value = between(row(above), row(below), y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three interpolations of values in 0..=1, each with three roundings, and
    /// the rounding of what is compared.
    const ROUNDING: f64 = 10.0 * f32::EPSILON as f64;

    const SIZE: [usize; 2] = [4, 6];

    fn pattern() -> Vec<f32> {
        let at = |i: usize| (31 * (i / 6) + 17 * (i % 6)) % 29;
        (0..24).map(|i| at(i) as f32 / 29.0).collect()
    }

    fn warped(warp: Warp) -> Vec<f32> {
        let mut plane = pattern();
        warp.apply(&mut plane, SIZE);
        plane
    }

    fn assert_close(values: &[f32], expected: &[f64]) {
        assert_eq!(values.len(), expected.len());
        for (i, (&value, &expected)) in values.iter().zip(expected).enumerate() {
            let error = (f64::from(value) - expected).abs();
            assert!(error < ROUNDING, "{i}: {value} for {expected}");
        }
    }

    #[test]
    fn nothing_asked_nothing_changed() {
        for warp in [
            Warp::rotation(0.0),
            Warp::scale(1.0),
            Warp::shear(0.0),
            Warp::translation([0.0; 2]),
        ] {
            assert_eq!(warped(warp), pattern(), "{warp:?}");
        }
    }

    #[test]
    fn whole_pixels_move_exactly_and_the_border_is_replicated() {
        for down in -3_i32..=3 {
            for right in -3_i32..=3 {
                let moved = warped(Warp::translation([f64::from(down), f64::from(right)]));
                let old = pattern();
                for (i, value) in moved.iter().enumerate() {
                    let y = (i as i32 / 6 - down).clamp(0, 3);
                    let x = (i as i32 % 6 - right).clamp(0, 5);
                    assert_eq!(*value, old[(6 * y + x) as usize]);
                }
            }
        }
    }

    #[test]
    fn a_ramp_is_the_ramp_of_the_place_it_comes_from() {
        // Bilinear interpolation is exact on it, so any map has a closed form
        // wherever it does not lead beyond the border.
        let size @ [height, width] = [24, 31];
        let ramp = |down: f64, right: f64| 0.5 + 0.013 * down - 0.009 * right;
        let centred = |i: usize| {
            let down = (i / width) as f64 - (height - 1) as f64 / 2.0;
            let right = (i % width) as f64 - (width - 1) as f64 / 2.0;
            (down, right)
        };
        let angle = 0.6_f64;
        let (sin, cos) = angle.sin_cos();
        type Map<'a> = &'a dyn Fn(f64, f64) -> (f64, f64);
        let cases: [(Warp, Map); 4] = [
            (Warp::rotation(angle), &|d, r| {
                (d * cos + r * sin, r * cos - d * sin)
            }),
            (Warp::scale(0.8), &|d, r| (d / 0.8, r / 0.8)),
            (Warp::shear(-0.4), &|d, r| (d, r - 0.4 * d)),
            (Warp::translation([1.25, -2.5]), &|d, r| (d - 1.25, r + 2.5)),
        ];
        for (warp, map) in cases {
            let mut plane: Vec<f32> = (0..height * width)
                .map(|i| {
                    let (down, right) = centred(i);
                    ramp(down, right) as f32
                })
                .collect();
            warp.apply(&mut plane, size);
            let mut inside = 0;
            for (i, &value) in plane.iter().enumerate() {
                let (down, right) = centred(i);
                let (down, right) = map(down, right);
                if down.abs() > (height - 1) as f64 / 2.0 || right.abs() > (width - 1) as f64 / 2.0
                {
                    continue;
                }
                inside += 1;
                let expected = ramp(down, right);
                let error = (f64::from(value) - expected).abs();
                assert!(error < ROUNDING, "{warp:?} at {i}: {value} for {expected}");
            }
            assert!(inside > height * width / 2, "{warp:?}: {inside}");
        }
    }

    /// ```python
    /// import numpy as np
    /// from scipy import ndimage  # 1.17.1
    ///
    /// h, w = 4, 6
    /// y, x = np.mgrid[:h, :w]
    /// v = ((31 * y + 17 * x) % 29) / 29
    /// print(ndimage.rotate(v, 30, reshape=False, order=1, mode="nearest"))
    ///
    /// def warp(matrix):
    ///     centre = np.array([(h - 1) / 2, (w - 1) / 2])
    ///     offset = centre - matrix @ centre
    ///     return ndimage.affine_transform(v, matrix, offset, order=1, mode="nearest")
    ///
    /// print(warp(np.array([[1, 0], [0.4, 1]])))
    /// print(warp(np.array([[1 / 0.7, 0], [0, 1 / 0.7]])))
    /// ```
    #[test]
    fn agrees_with_scipy() {
        assert_close(&warped(Warp::rotation(30_f64.to_radians())), &ROTATED);
        assert_close(&warped(Warp::shear(0.4)), &SHEARED);
        assert_close(&warped(Warp::scale(0.7)), &SHRUNK);
    }

    #[rustfmt::skip]
    const ROTATED: [f64; 24] = [
        0.551060763, 0.192705423, 0.651337382, 0.507095564, 0.210146772, 0.031100820,
        0.342893805, 0.421463168, 0.414577885, 0.773718006, 0.449845425, 0.125972844,
        0.096894681, 0.639047504, 0.364213028, 0.723353150, 0.716467867, 0.379973720,
        0.106830214, 0.405669945, 0.630835470, 0.486593653, 0.945225611, 0.586870272,
    ];
    #[rustfmt::skip]
    const SHEARED: [f64; 24] = [
        0.000000000, 0.234482759, 0.420689655, 0.406896552, 0.593103448, 0.579310345,
        0.068965517, 0.537931034, 0.324137931, 0.710344828, 0.496551724, 0.082758621,
        0.255172414, 0.641379310, 0.427586207, 0.813793103, 0.400000000, 0.068965517,
        0.558620690, 0.544827586, 0.731034483, 0.717241379, 0.303448276, 0.137931034,
    ];
    #[rustfmt::skip]
    const SHRUNK: [f64; 24] = [
        0.000000000, 0.209359606, 0.261083744, 0.669950739, 0.721674877, 0.931034483,
        0.054187192, 0.263546798, 0.315270936, 0.724137931, 0.270760028, 0.199507389,
        0.152709360, 0.362068966, 0.413793103, 0.822660099, 0.231527094, 0.083743842,
        0.206896552, 0.416256158, 0.467980296, 0.876847291, 0.285714286, 0.137931034,
    ];
}
