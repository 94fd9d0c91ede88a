use burn::serde::{Deserialize, Serialize};
use burn::tensor::{Device, Int, Tensor};

/// What a patch sees beyond the border of the image.
///
/// The papers do not say. Their figure shows no bright frame on light ground,
/// which rules zeros out; [`Symmetric`](Border::Symmetric) is our choice.
///
/// In the pictures below `a b c d` is a row of the image, and a patch reaches
/// `r = floor(k / 2)` pixels beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
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
            Border::Replicate | Border::Zero => (true, ""),
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
        let side = images.dims()[axis];
        let before = self.strip(
            &images,
            axis,
            (0..radius).map(|i| self.source_before(radius - i)),
        );
        let after = self.strip(
            &images,
            axis,
            (1..=radius).map(|i| side - 1 - self.source_before(i)),
        );
        Tensor::cat(vec![before, images, after], axis)
    }

    /// The pixel that a patch sees at `place` of a side, which may lie up to a
    /// radius outside of it; `None` stands for a zero.
    #[cfg(any(feature = "flex", feature = "ndarray"))]
    #[inline(always)]
    pub(crate) fn source(self, place: isize, side: usize) -> Option<usize> {
        let last = side as isize - 1;
        if (0..=last).contains(&place) {
            return Some(place as usize);
        }
        if self == Border::Zero {
            return None;
        }
        let distance = if place < 0 { -place } else { place - last };
        let inwards = self.source_before(distance as usize);
        Some(if place < 0 {
            inwards
        } else {
            side - 1 - inwards
        })
    }

    /// The pixel that stands `distance >= 1` before the first, counted from
    /// the first inwards. The other end mirrors this one.
    fn source_before(self, distance: usize) -> usize {
        match self {
            Border::Symmetric => distance - 1,
            Border::Reflect => distance,
            Border::Replicate | Border::Zero | Border::Valid => 0,
        }
    }

    fn strip(
        self,
        images: &Tensor<4>,
        axis: usize,
        sources: impl Iterator<Item = usize>,
    ) -> Tensor<4> {
        let strip = images
            .clone()
            .select(axis, indices(sources, &images.device()));
        match self {
            Border::Zero => strip.zeros_like(),
            _ => strip,
        }
    }
}

fn indices(values: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.map(|value| value as i64).collect();
    Tensor::from_data(values.as_slice(), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NumPy: `np.pad([1, 2, 3, 4], 2, mode)` with the modes symmetric, edge,
    /// reflect and constant.
    #[test]
    fn rows_and_columns_continue_as_in_numpy() {
        let expected = [
            (Border::Symmetric, [2_u8, 1, 1, 2, 3, 4, 4, 3]),
            (Border::Replicate, [1, 1, 1, 2, 3, 4, 4, 4]),
            (Border::Reflect, [3, 2, 1, 2, 3, 4, 3, 2]),
            (Border::Zero, [0, 0, 1, 2, 3, 4, 0, 0]),
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
        // Five patches along the side, of which the first, third and fifth stay.
        assert_eq!(Border::Valid.output_side(7, 3, 2), 3);
    }
}
