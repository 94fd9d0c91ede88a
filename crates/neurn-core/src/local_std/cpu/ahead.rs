//! Memory asked for before it is read or written.

use super::isa::Real;

/// Rows one behind the other in memory, which come after those at hand. A processor
/// foresees how a few rows go on, and here there are eight or more of each tensor.
#[derive(Clone, Copy)]
pub(super) struct Ahead<T> {
    first: *const T,
    width: usize,
}

impl<T: Real> Ahead<T> {
    /// From a row on among rows of `width` values, of which the first is at `values`.
    /// There may be none so far on: what is asked for is not touched.
    pub(super) fn new(values: *const T, row: isize, width: usize) -> Self {
        Self {
            first: values.wrapping_offset(row * width as isize),
            width,
        }
    }

    /// Asks for the line of the cache at a value of each of some rows, if `x` begins one,
    /// unless the rows are so short that the processor foresees all of them. It goes to
    /// the second of the caches, since the nearest is full of what is at hand.
    #[inline(always)]
    pub(super) fn ask(self, rows: usize, x: usize) {
        /// Bytes.
        const LINE: usize = 64;
        /// Bytes of a row.
        const SHORT: usize = 256;

        let long = self.width * size_of::<T>() > SHORT;
        if long && x.is_multiple_of(LINE / size_of::<T>()) {
            for row in 0..rows {
                let place = self.first.wrapping_add(row * self.width + x);
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
}
