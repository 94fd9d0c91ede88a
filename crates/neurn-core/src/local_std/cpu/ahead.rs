//! Memory asked for before it is read or written.

use super::super::windows::Windows;
use super::isa::Real;
use super::pixels::LINE;

/// Rows one behind the other in memory, which come after those at hand. A processor
/// foresees how a few rows go on, and here there are eight or more of each tensor.
#[derive(Clone, Copy)]
pub(super) struct Ahead<T> {
    first: *const T,
    width: usize,
}

impl<T: Real> Ahead<T> {
    /// Rows of the image at `image`, from a place on.
    pub(super) fn of_image(image: *const T, place: isize, windows: &Windows) -> Option<Self> {
        let row = place - windows.margin() as isize;
        Self::long(windows).then(|| Self::new(image, row, windows.width))
    }

    /// Rows of patches of the output at `output`, unless a stride leaves some out.
    pub(super) fn of_output(output: *const T, row: isize, windows: &Windows) -> Option<Self> {
        let all = windows.stride == 1;
        (all && Self::long(windows)).then(|| Self::new(output, row, windows.patches(windows.width)))
    }

    /// Whether it is worth it: of shorter rows a processor foresees all.
    fn long(windows: &Windows) -> bool {
        /// Bytes.
        const SHORT: usize = 256;

        windows.width * size_of::<T>() > SHORT
    }

    /// There may be no rows so far on, since what is asked for is not touched.
    fn new(values: *const T, row: isize, width: usize) -> Self {
        Self {
            first: values.wrapping_offset(row * width as isize),
            width,
        }
    }
}

/// Asks for the line of the cache at a value of each of some rows, if `x` begins one. It
/// goes to the second of the caches, since the nearest is full of what is at hand.
#[inline(always)]
pub(super) fn ask<T: Real>(ahead: &[Option<Ahead<T>>], rows: usize, x: usize) {
    if !x.is_multiple_of(LINE / size_of::<T>()) {
        return;
    }
    for ahead in ahead.iter().flatten() {
        for row in 0..rows {
            let place = ahead.first.wrapping_add(row * ahead.width + x);
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a hint, which no address makes fail.
            #[allow(unsafe_code)]
            unsafe {
                use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
                _mm_prefetch::<_MM_HINT_T1>(place.cast());
            }
            // There is no stable way to ask elsewhere.
            #[cfg(not(target_arch = "x86_64"))]
            let _ = place;
        }
    }
}
