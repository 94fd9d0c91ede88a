use std::ops::Range;

use burn::serde::{Deserialize, Serialize};
use burn::tensor::{Device, Int, Tensor};

/// What a patch sees beyond the border of the image.
///
/// The papers do not say. Their figure shows no bright frame on light ground,
/// which rules zeros out; [`Symmetric`](Border::Symmetric) is our choice.
///
/// In the pictures below `a b c d` is a row of the image, and a patch reaches
/// `r = floor(k / 2)` pixels beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(crate = "burn::serde")]
pub enum Border {
    /// Half-sample symmetric reflection, `d c b a | a b c d | d c b a`.
    /// Needs `r <= side`.
    #[default]
    Symmetric,
    /// The edge pixel again, `a a a a | a b c d | d d d d`.
    Replicate,
    /// Reflection about the edge pixel, `d c b | a b c d | c b a`, known as
    /// reflect-101. Needs `r < side`.
    Reflect,
    /// Only the patches that lie inside the image, so the output shrinks by
    /// `k - 1`. Needs `k <= side`.
    Valid,
    /// Zeros, `0 0 0 0 | a b c d | 0 0 0 0`. Bright ground gets a bright frame.
    Zero,
    /// One value v everywhere, `v v v v | a b c d | v v v v`. It has to be finite
    /// in f32. Ground that differs from v gets a frame.
    Constant(f64),
    /// The other end of the row, `a b c d | a b c d | a b c d`, for images that
    /// wrap around such as panoramas and spectra. Needs `r <= side`.
    Circular,
}

impl Border {
    /// The side of the output for a side of the input.
    ///
    /// # Panics
    ///
    /// If the border cannot serve patches of `k` on that side.
    pub(crate) fn output_side(self, side: usize, k: usize, stride: usize) -> usize {
        let radius = k / 2;
        let (allowed, rule) = match self {
            Border::Symmetric => (radius <= side, "floor(k / 2) <= side"),
            Border::Reflect => (radius < side, "floor(k / 2) < side"),
            Border::Valid => (k <= side, "k <= side"),
            Border::Circular => (radius <= side, "floor(k / 2) <= side"),
            Border::Replicate | Border::Zero | Border::Constant(_) => (true, ""),
        };
        assert!(side > 0, "an image has at least one pixel; got a side of 0");
        assert!(
            allowed,
            "the border {self:?} needs {rule}; got k = {k} and a side of {side}"
        );
        let patches = match self {
            Border::Valid => side - k + 1,
            _ => side,
        };
        patches.div_ceil(stride)
    }

    /// Puts `radius` pixels around each image, or none if the border is
    /// [`Valid`](Border::Valid).
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: `[N, C, H + 2 radius, W + 2 radius]`
    pub(crate) fn pad(self, images: Tensor<4>, radius: usize) -> Tensor<4> {
        if radius == 0 || self == Border::Valid {
            return images;
        }
        self.pad_axis(self.pad_axis(images, radius, 2), radius, 3)
    }

    fn pad_axis(self, images: Tensor<4>, radius: usize, axis: usize) -> Tensor<4> {
        let side = images.dims()[axis] as isize;
        let before = self.strip(&images, axis, -(radius as isize)..0);
        let after = self.strip(&images, axis, side..side + radius as isize);
        Tensor::cat(vec![before, images, after], axis)
    }

    /// What stands at places beyond the image.
    fn strip(self, images: &Tensor<4>, axis: usize, places: Range<isize>) -> Tensor<4> {
        let side = images.dims()[axis];
        let pixels = places
            .map(|place| self.source(place, side).unwrap_or(0))
            .collect();
        let strip = images
            .clone()
            .select(axis, indices(pixels, &images.device()));
        match self {
            Border::Zero | Border::Constant(_) => strip.full_like(self.value()),
            _ => strip,
        }
    }

    /// The pixel that a patch sees at `place` of a side, which may lie up to a
    /// radius outside of it. `None` stands for [`value`](Border::value).
    #[inline(always)]
    pub(crate) fn source(self, place: isize, side: usize) -> Option<usize> {
        let side = side as isize;
        let last = side - 1;
        let pixel = match self {
            _ if (0..side).contains(&place) => place,
            Border::Symmetric if place < 0 => -place - 1,
            Border::Symmetric => 2 * last + 1 - place,
            Border::Reflect if place < 0 => -place,
            Border::Reflect => 2 * last - place,
            Border::Circular => place.rem_euclid(side),
            Border::Replicate | Border::Valid => place.clamp(0, last),
            Border::Zero | Border::Constant(_) => return None,
        };
        Some(pixel as usize)
    }

    /// The value beyond the image where no pixel stands there.
    pub(crate) fn value(self) -> f64 {
        match self {
            Border::Constant(value) => value,
            _ => 0.0,
        }
    }

    /// # Panics
    ///
    /// If a constant is not a finite number, also in f32.
    pub(crate) fn check(self) {
        let value = self.value();
        assert!(
            (value as f32).is_finite(),
            "a border's constant must be finite in f32; got {value}"
        );
    }
}

fn indices(pixels: Vec<usize>, device: &Device) -> Tensor<1, Int> {
    let pixels: Vec<i64> = pixels.into_iter().map(|pixel| pixel as i64).collect();
    Tensor::from_data(pixels.as_slice(), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NumPy: `np.pad([1, 2, 3, 4], 2, mode)` with the modes symmetric, edge,
    /// reflect, constant, constant with `constant_values=9`, and wrap.
    #[test]
    fn rows_and_columns_continue_as_in_numpy() {
        let expected = [
            (Border::Symmetric, [2_u8, 1, 1, 2, 3, 4, 4, 3]),
            (Border::Replicate, [1, 1, 1, 2, 3, 4, 4, 4]),
            (Border::Reflect, [3, 2, 1, 2, 3, 4, 3, 2]),
            (Border::Zero, [0, 0, 1, 2, 3, 4, 0, 0]),
            (Border::Constant(9.0), [9, 9, 1, 2, 3, 4, 9, 9]),
            (Border::Circular, [3, 4, 1, 2, 3, 4, 1, 2]),
        ];
        for (border, expected) in expected {
            let expected = expected.map(f32::from);
            let row = Tensor::<4>::from_data([[[[1.0, 2.0, 3.0, 4.0]]]], &Device::default());
            let column = row.clone().swap_dims(2, 3);
            for (image, axis) in [(row, 3), (column, 2)] {
                let padded = border.pad_axis(image, 2, axis).into_data();
                assert_eq!(
                    padded.try_into_vec::<f32>().unwrap(),
                    expected,
                    "{border:?}"
                );
            }
        }
    }

    #[test]
    fn the_largest_patch_each_border_allows() {
        assert_eq!(Border::Symmetric.output_side(1, 3, 1), 1);
        assert_eq!(Border::Reflect.output_side(2, 3, 1), 2);
        assert_eq!(Border::Valid.output_side(3, 3, 1), 1);
        assert_eq!(Border::Replicate.output_side(1, 15, 1), 1);
        assert_eq!(Border::Zero.output_side(1, 15, 1), 1);
        assert_eq!(Border::Constant(0.5).output_side(1, 15, 1), 1);
        assert_eq!(Border::Circular.output_side(7, 15, 1), 7);
        // Five patches along the side, of which the first, third and fifth stay.
        assert_eq!(Border::Valid.output_side(7, 3, 2), 3);
    }
}
