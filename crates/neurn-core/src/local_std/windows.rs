//! The patches of a plane, as every kernel sees them.

use crate::Border;

/// The patches of a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Windows {
    pub k: usize,
    pub border: Border,
    pub stride: usize,
    pub height: usize,
    pub width: usize,
}

impl Windows {
    /// The patches of images of a shape.
    ///
    /// # Panics
    ///
    /// If `k` is even or 0, `stride` is 0, a side is 0, the border's constant is
    /// not finite, or the border cannot serve patches of `k` on such images.
    pub(crate) fn of(dims: [usize; 4], k: usize, border: Border, stride: usize) -> Self {
        let [_, _, height, width] = dims;
        Self::check(k, border, stride);
        let windows = Self {
            k,
            border,
            stride,
            height,
            width,
        };
        windows.output();
        windows
    }

    /// Whether there are such patches, on images that are large enough.
    ///
    /// # Panics
    ///
    /// If `k` is even or 0, `stride` is 0, or the border's constant is not finite.
    pub(crate) fn check(k: usize, border: Border, stride: usize) {
        assert!(
            k % 2 == 1,
            "a patch needs a centre pixel, so k must be odd (1, 3, 5, ...); got k = {k}"
        );
        assert!(stride > 0, "the stride must be at least 1; got 0");
        border.check();
    }

    /// `[height, width]` of the output.
    pub(crate) fn output(&self) -> [usize; 2] {
        [self.height, self.width].map(|side| self.border.output_side(side, self.k, self.stride))
    }
}

#[cfg(any(feature = "_cpu", feature = "_cubecl"))]
impl Windows {
    /// How far the first patch reaches beyond the image.
    pub(crate) fn margin(&self) -> usize {
        match self.border {
            Border::Valid => 0,
            _ => self.k / 2,
        }
    }

    /// The shape of the output for images of a shape.
    pub(crate) fn output_shape(&self, images: &burn::tensor::Shape) -> burn::tensor::Shape {
        let [height, width] = self.output();
        [images[0], images[1], height, width].into()
    }
}

#[cfg(feature = "_cpu")]
impl Windows {
    /// Patches along a side at stride 1.
    pub(crate) fn patches(&self, side: usize) -> usize {
        self.border.output_side(side, self.k, 1)
    }

    /// The row or column of the image at `place`, counted from the first that
    /// a patch sees; `None` stands for the border's constant.
    #[inline(always)]
    pub(crate) fn source(&self, place: isize, side: usize) -> Option<usize> {
        self.border.source(place - self.margin() as isize, side)
    }
}
