//! How planes are shared out over threads.
//!
//! ```text
//! group of planes that share a peak      a task while there are as many as threads
//! plane 0 | band 0 | band 1 | band 2 |   and else a task a band: whole groups of
//! plane 1 | band 0 | band 1 | band 2 |   rows, which round alike wherever it begins
//! ```

use std::mem::MaybeUninit;
use std::ops::Range;

use rayon::prelude::*;

/// The rows of a plane, in one band if there are enough `groups` for all threads, or in
/// bands of a multiple of `step` rows.
pub(super) fn bands(groups: usize, rows: usize, step: usize) -> Vec<Range<usize>> {
    let threads = rayon::current_num_threads();
    let length = match groups >= threads {
        true => rows,
        false => rows.div_ceil(8 * threads).next_multiple_of(step),
    };
    (0..rows)
        .step_by(length)
        .map(|first| first..rows.min(first + length))
        .collect()
}

/// Computes groups of `group` planes, whose rows have `width` values: `begin` finds what
/// `band` needs to know of a group, and `finish` gets what the bands return, in their
/// order. Where a plane is one band, a group is finished while it is in the cache.
pub(super) fn in_groups<V: Send, S, P: Sync, R: Send>(
    out: &mut [V],
    [group, width]: [usize; 2],
    bands: &[Range<usize>],
    scratch: impl Fn() -> S + Sync,
    begin: impl Fn(usize) -> P + Sync,
    band: impl Fn(&P, usize, Range<usize>, &mut [V], &mut S) -> R + Sync,
    finish: impl Fn(usize, P, Vec<R>, &mut [V]) + Sync,
) {
    let size = bands.last().map_or(0, |last| last.end) * width;
    let groups = out.par_chunks_mut(group * size).enumerate();
    groups.for_each_init(&scratch, |own, (g, out)| {
        let shared = begin(g);
        let parts = cut(out, width, bands);
        let of = |scratch: &mut S, (i, rows, out): (usize, Range<usize>, &mut [V])| {
            band(&shared, g * group + i / bands.len(), rows, out, scratch)
        };
        let found = match bands.len() {
            1 => parts.into_iter().map(|part| of(own, part)).collect(),
            _ => parts.into_par_iter().map_init(&scratch, of).collect(),
        };
        finish(g, shared, found, out);
    });
}

/// The bands of planes, numbered, with the rows of `width` that they are for.
fn cut<'a, V>(
    mut values: &'a mut [V],
    width: usize,
    bands: &[Range<usize>],
) -> Vec<(usize, Range<usize>, &'a mut [V])> {
    let mut parts = Vec::new();
    while !values.is_empty() {
        for rows in bands {
            let (own, rest) = values.split_at_mut(rows.len() * width);
            parts.push((parts.len(), rows.clone(), own));
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
