//! How planes are shared out over threads.
//!
//! ```text
//! plane 0 | band 0 | band 1 | band 2 |     a band is whole groups of rows, so that it
//! plane 1 | band 0 | band 1 | band 2 |     rounds alike wherever it begins
//! ```

use std::mem::MaybeUninit;
use std::ops::Range;

/// Cuts rows into bands, each of a multiple of `step` rows but for the last.
pub(super) fn bands(rows: usize, step: usize) -> Vec<Range<usize>> {
    let tasks = 8 * rayon::current_num_threads();
    let length = rows.div_ceil(tasks).max(1).next_multiple_of(step);
    (0..rows)
        .step_by(length)
        .map(|first| first..rows.min(first + length))
        .collect()
}

/// The bands of each plane of `size` values, with the rows of `width` they are for.
pub(super) fn cut<'a, V>(
    mut values: &'a mut [V],
    size: usize,
    width: usize,
    bands: &[Range<usize>],
) -> Vec<(usize, Range<usize>, &'a mut [V])> {
    let planes = values.len() / size;
    let mut parts = Vec::with_capacity(planes * bands.len());
    for plane in 0..planes {
        for rows in bands {
            let (own, rest) = values.split_at_mut(rows.len() * width);
            parts.push((plane, rows.clone(), own));
            values = rest;
        }
    }
    parts
}

/// `size` values that `fill` writes.
///
/// # Safety
///
/// It must write every one of them.
pub(super) unsafe fn filled<T>(size: usize, fill: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut values = Vec::with_capacity(size);
    fill(&mut values.spare_capacity_mut()[..size]);
    // SAFETY: there is room for them, and all have been written.
    unsafe { values.set_len(size) };
    values
}
