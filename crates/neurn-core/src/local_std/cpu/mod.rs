//! The kernel for processors, behind Burn's `Flex` and `NdArray`.
//!
//! A batch is cut into strips of rows. For small k [`rows`] computes them one by
//! one; for large k [`strip`] computes eight at a time, in the lanes of a vector
//! register. Here is how they are shared out over threads.

mod gradient;
mod isa;
mod lanes;
mod patch;
mod rows;
mod strip;
#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;

use burn::tensor::DType;
use rayon::prelude::*;

pub(crate) use self::gradient::gradient;
pub(crate) use self::isa::Real;
use self::isa::{BLOCK, Isa};
use self::lanes::LANES;
use self::strip::Strip;
use super::windows::Windows;
use crate::MaxScope;

/// Whether patches of k are computed here.
pub(crate) fn serves(dtype: DType, k: usize) -> bool {
    match dtype {
        DType::F32 => true,
        DType::F64 => rows::serves::<f64>(k),
        _ => false,
    }
}

/// Sigma of every patch, and with a scope over the largest of its group.
pub(crate) fn local_std<T: Real>(
    images: &[T],
    [n, c]: [usize; 2],
    windows: &Windows,
    over: Option<MaxScope>,
) -> Vec<T> {
    match over {
        None => compute(images, n * c, windows, 1, |_, _| ()),
        Some(scope) => compute(images, n * c, windows, scope.planes(c), over_peak),
    }
}

isa::on_best_isa! {
    /// A flat group stays 0; one whose peak is not finite is NaN throughout.
    pub(super) fn over_peak<T> = divide(sigma: &mut [T], peak: T) -> ()
}

#[inline(always)]
fn divide<I: Isa>(sigma: &mut [I::Value], peak: I::Value) {
    if !peak.is_finite() {
        sigma.fill(I::Value::NAN);
    } else if peak > I::Value::default() {
        let (blocks, rest) = sigma.as_chunks_mut::<BLOCK>();
        for block in blocks {
            I::store(I::div(I::load(block), I::splat(peak)), block);
        }
        for sigma in rest {
            *sigma = *sigma / peak;
        }
    }
}

/// Sigma, and then `finish` on the values of every `group` planes with the
/// largest of them.
fn compute<T: Real>(
    images: &[T],
    planes: usize,
    windows: &Windows,
    group: usize,
    finish: impl Fn(&mut [T], T) + Sync,
) -> Vec<T> {
    let size = planes * windows.output().iter().product::<usize>();
    let mut output = Vec::with_capacity(size);
    let values = &mut output.spare_capacity_mut()[..size];
    compute_into(values, images, planes, windows, group, finish);
    // SAFETY: `compute_into` writes every value, see `tests`.
    #[allow(unsafe_code)]
    unsafe {
        output.set_len(size);
    }
    output
}

/// Writes every one of `values`: the strips cover each row of each plane, and a
/// strip writes all of its rows.
fn compute_into<T: Real>(
    values: &mut [MaybeUninit<T>],
    images: &[T],
    planes: usize,
    windows: &Windows,
    group: usize,
    finish: impl Fn(&mut [T], T) + Sync,
) {
    let threads = rayon::current_num_threads();
    if planes / group >= threads {
        whole_groups(images, windows, group, threads, values, &finish);
    } else {
        strips_of_few(images, windows, group, threads, values, &finish);
    }
}

/// A task is a few whole groups, finished while they are in the cache.
fn whole_groups<T: Real>(
    images: &[T],
    windows: &Windows,
    group: usize,
    threads: usize,
    values: &mut [MaybeUninit<T>],
    finish: &(impl Fn(&mut [T], T) + Sync),
) {
    let [height, width] = windows.output();
    let size = height * width;
    let groups = values.len() / (group * size);
    let lanes = lanes::<T>(windows);
    // As many groups as fill the lanes with planes; where the threads leave no
    // task that many, planes are cut into bands.
    let together = (lanes / gcd(group, lanes)).min(groups / threads).max(1);
    let bands = (lanes / gcd(together * group, lanes)).min(height);
    values
        .par_chunks_mut(together * group * size)
        .enumerate()
        .for_each_init(Scratch::<T>::default, |scratch, (task, values)| {
            let first = task * together * group;
            let strips = strips(first..first + values.len() / size, bands, height);
            let mut peaks = Vec::with_capacity(strips.len());
            for (strips, values) in share(&strips, lanes, width, values) {
                let max = scratch.local_std(images, windows, strips, values);
                peaks.extend_from_slice(&max[..strips.len()]);
            }
            let groups = values.chunks_mut(group * size);
            for (peaks, values) in peaks.chunks(group * bands).zip(groups) {
                finish(written(values), peak(peaks));
            }
        });
}

/// Fewer groups than threads: a task is eight strips of any plane.
fn strips_of_few<T: Real>(
    images: &[T],
    windows: &Windows,
    group: usize,
    threads: usize,
    values: &mut [MaybeUninit<T>],
    finish: &(impl Fn(&mut [T], T) + Sync),
) {
    /// Rows for which it pays to start a strip, whose first k - 1 give nothing.
    const ROWS: usize = 8;
    /// Values that are finished in one go.
    const PIECE: usize = 1 << 14;

    let [height, width] = windows.output();
    let size = height * width;
    let bands = (LANES * threads * 2).min(height.div_ceil(ROWS));
    let strips = strips(0..values.len() / size, bands, height);
    let peaks: Vec<T> = share(&strips, lanes::<T>(windows), width, values)
        .into_par_iter()
        .map_init(Scratch::<T>::default, |scratch, (strips, values)| {
            let max = scratch.local_std(images, windows, strips, values);
            max[..strips.len()].to_vec()
        })
        .flatten_iter()
        .collect();
    let groups = values.chunks_mut(group * size);
    for (peaks, values) in peaks.chunks(group * bands).zip(groups) {
        let peak = peak(peaks);
        let pieces = written(values).par_chunks_mut(PIECE);
        pieces.for_each(|values| finish(values, peak));
    }
}

/// `bands` strips of each plane, from top to bottom.
fn strips(planes: std::ops::Range<usize>, bands: usize, height: usize) -> Vec<Strip> {
    planes
        .flat_map(|plane| {
            (0..bands).map(move |band| Strip {
                plane,
                top: band * height / bands,
                bottom: (band + 1) * height / bands,
            })
        })
        .collect()
}

/// What a thread keeps between strips, so that it allocates once.
#[derive(Default)]
struct Scratch<T> {
    rows: rows::Scratch<T>,
    strip: strip::Scratch,
}

impl<T: Real> Scratch<T> {
    /// Writes sigma of as many strips as there are [`lanes`], which lie one
    /// behind the other in `out`, and returns the largest of each; NaN if the
    /// strip has seen a pixel that is not finite.
    fn local_std(
        &mut self,
        images: &[T],
        windows: &Windows,
        strips: &[Strip],
        out: &mut [MaybeUninit<T>],
    ) -> [T; LANES] {
        match strips {
            [strip] if rows::serves::<T>(windows.k) => {
                let mut peaks = [T::default(); LANES];
                peaks[0] = rows::local_std(images, windows, *strip, out, &mut self.rows);
                peaks
            }
            _ => T::strips(images, windows, strips, out, &mut self.strip),
        }
    }
}

/// How many strips are computed at a time.
fn lanes<T: Real>(windows: &Windows) -> usize {
    match rows::serves::<T>(windows.k) {
        true => 1,
        false => LANES,
    }
}

/// Up to `lanes` strips at a time with the values they write, which lie one behind the
/// other.
fn share<'a, T>(
    strips: &'a [Strip],
    lanes: usize,
    width: usize,
    mut values: &'a mut [MaybeUninit<T>],
) -> Vec<(&'a [Strip], &'a mut [MaybeUninit<T>])> {
    strips
        .chunks(lanes)
        .map(|strips| {
            let rows: usize = strips.iter().map(Strip::rows).sum();
            let (own, rest) = std::mem::take(&mut values).split_at_mut(rows * width);
            values = rest;
            (strips, own)
        })
        .collect()
}

/// The largest; NaN if one is.
fn peak<T: Real>(peaks: &[T]) -> T {
    let larger = |a: T, b: T| if a.wide().is_nan() || a > b { a } else { b };
    peaks.iter().copied().fold(T::default(), larger)
}

fn written<T>(values: &mut [MaybeUninit<T>]) -> &mut [T] {
    // SAFETY: the strips of these values have been computed, see `compute_into`.
    #[allow(unsafe_code)]
    unsafe {
        values.assume_init_mut()
    }
}

/// `count` times `value`, in the memory that is there.
fn refill<T: Copy>(values: &mut Vec<T>, value: T, count: usize) {
    values.clear();
    values.resize(count, value);
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
