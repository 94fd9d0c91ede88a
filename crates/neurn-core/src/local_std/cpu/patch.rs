//! One patch by itself, in f64: the definition, for the peak of which the gradient
//! asks.

use super::super::windows::Windows;
use super::isa::Real;

/// The patch at a row and column of patches at stride 1.
pub(super) struct Patch<'a> {
    pub windows: &'a Windows,
    pub row: usize,
    pub column: usize,
}

impl Patch<'_> {
    /// The standard deviation.
    pub(super) fn std<T: Real>(&self, plane: &[T]) -> T {
        let (_, _, variance) = self.moments(plane);
        // The range is that of f32 squares here too.
        T::of(variance).sqrt()
    }

    /// Adds to every pixel's gradient `share` times how far the pixel lies above the
    /// mean; beyond the border to that of the pixel shown there.
    pub(super) fn add_deviations<T: Real>(&self, plane: &[T], share: f64, gradient: &mut [T]) {
        let (centre, mean, _) = self.moments(plane);
        for place in self.places().flatten() {
            let deviation = plane[place].wide() - centre - mean;
            gradient[place] += T::of(share * deviation);
        }
    }

    /// The centre, the mean about it, and the variance.
    fn moments<T: Real>(&self, plane: &[T]) -> (f64, f64, f64) {
        let pixels = || {
            self.places()
                .map(|place| place.map_or(0.0, |place| plane[place].wide()))
        };
        let count = (self.windows.k * self.windows.k) as f64;
        let centre = pixels().nth(self.windows.k * self.windows.k / 2);
        let centre = centre.expect("k is odd");
        let mean = pixels().map(|x| x - centre).sum::<f64>() / count;
        let squares = pixels().map(|x| (x - centre - mean) * (x - centre - mean));
        (centre, mean, squares.sum::<f64>() / count)
    }

    /// Where its pixels stand in the plane; `None` is a zero.
    fn places(&self) -> impl Iterator<Item = Option<usize>> {
        let Windows {
            k, height, width, ..
        } = *self.windows;
        let side = |first: usize, i: usize, side| self.windows.source((first + i) as isize, side);
        (0..k * k).map(move |i| {
            let y = side(self.row, i / k, height)?;
            let x = side(self.column, i % k, width)?;
            Some(y * width + x)
        })
    }
}
