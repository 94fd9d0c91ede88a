//! One patch by itself: the definition, for the peak of which the gradient asks.

use super::super::windows::Windows;
use super::isa::Real;

/// The standard deviation of the patch at `row` and `column` of the output at
/// stride 1, relative to the patch's centre, in f64.
pub(super) fn patch_std<T: Real>(plane: &[T], windows: &Windows, row: usize, column: usize) -> T {
    let Windows {
        k, height, width, ..
    } = *windows;
    let pixel = |i: usize, j: usize| {
        let y = windows.source((row + i) as isize, height);
        let x = windows.source((column + j) as isize, width);
        match (y, x) {
            (Some(y), Some(x)) => plane[y * width + x].wide(),
            _ => 0.0,
        }
    };
    let centre = pixel(k / 2, k / 2);
    let count = (k * k) as f64;
    let patch = || (0..k * k).map(|i| pixel(i / k, i % k) - centre);
    let mean = patch().sum::<f64>() / count;
    let variance = patch().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    // The range is that of f32 squares here too.
    T::of(variance).sqrt()
}
