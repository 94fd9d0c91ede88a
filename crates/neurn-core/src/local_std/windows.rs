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
    /// `[height, width]` of the output.
    pub(crate) fn output(&self) -> [usize; 2] {
        [self.height, self.width].map(|side| self.border.output_side(side, self.k, self.stride))
    }

    /// How far the first patch reaches beyond the image.
    pub(crate) fn margin(&self) -> usize {
        match self.border {
            Border::Valid => 0,
            _ => self.k / 2,
        }
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
impl Windows {
    /// Patches along a side at stride 1.
    pub(crate) fn patches(&self, side: usize) -> usize {
        self.border.output_side(side, self.k, 1)
    }

    /// The row or column of the image at `place`, counted from the first that
    /// a patch sees; `None` is a zero.
    #[inline(always)]
    pub(crate) fn source(&self, place: isize, side: usize) -> Option<usize> {
        self.border.source(place - self.margin() as isize, side)
    }
}
