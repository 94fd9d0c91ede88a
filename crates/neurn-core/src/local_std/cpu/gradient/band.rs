//! Rows of a plane, and what their gradient is made of.
//!
//! ```text
//! plane       height x width             pixels
//! response    output of the windows      y, and dL/dy of as many patches
//! rows        of pixels                  whose gradient is asked for
//! ```

use std::ops::Range;

use super::super::super::windows::Windows;

/// Rows of a plane, and what their gradient is made of.
pub(in super::super) struct Band<'a, T> {
    pub(super) plane: &'a [T],
    /// Of the plane.
    pub(super) response: &'a [T],
    pub(super) by_response: &'a [T],
    pub(super) windows: &'a Windows,
    pub(super) c: T,
    /// The patch of the peak, if it is one of these.
    pub(super) peak: Option<usize>,
    pub(super) rows: Range<usize>,
}

impl<T> Band<'_, T> {
    /// Patches at stride 1.
    pub(super) fn patches(&self) -> [usize; 2] {
        let Windows { height, width, .. } = *self.windows;
        [height, width].map(|side| self.windows.patches(side))
    }

    /// Where the images, the response and its gradient have what patches at some row and
    /// column need, and from one row to the next.
    pub(super) fn next(&self, [row, column]: [usize; 2]) -> [(*const T, usize); 3] {
        let Windows {
            k, stride, width, ..
        } = *self.windows;
        let [_, width_out] = self.windows.output();
        let pixel = (row + k / 2) * width + column;
        let patch = row / stride * width_out + column / stride;
        [
            (self.plane.as_ptr().wrapping_add(pixel), width),
            (self.response.as_ptr().wrapping_add(patch), width_out),
            (self.by_response.as_ptr().wrapping_add(patch), width_out),
        ]
    }
}
