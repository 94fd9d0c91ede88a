//! The kernel for processors, behind Burn's `Flex` and `NdArray`.
//!
//! A batch is cut into strips of rows, which [`rows`] computes for small k and
//! [`columns`] for large. Here is how they are shared out over threads.

mod ahead;
mod columns;
mod gradient;
mod isa;
mod patch;
mod pixels;
mod rows;
mod strip;
#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;

use burn::tensor::DType;
use rayon::prelude::*;

pub(crate) use self::gradient::gradient;
use self::isa::Isa;
pub(crate) use self::isa::Real;
use self::strip::Strip;
use super::windows::Windows;
use crate::MaxScope;

/// Whether images of this type are computed here.
pub(crate) fn serves(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64)
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
fn divide<I: Isa<N>, const N: usize>(sigma: &mut [I::Value], peak: I::Value) {
    if !peak.is_finite() {
        sigma.fill(I::Value::NAN);
    } else if peak > I::Value::default() {
        let c = I::splat(peak);
        let by_c = I::splat(I::Value::of(1.0) / peak);
        let (blocks, rest) = sigma.as_chunks_mut::<N>();
        for block in blocks {
            I::store(I::quotient(I::load(block), c, by_c), block);
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
    filled(size, |values| {
        compute_into(values, images, planes, windows, group, finish);
    })
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
        whole_groups(images, windows, group, values, &finish);
    } else {
        strips_of_few(images, windows, group, threads, values, &finish);
    }
}

/// A task is a group, finished while it is in the cache.
fn whole_groups<T: Real>(
    images: &[T],
    windows: &Windows,
    group: usize,
    values: &mut [MaybeUninit<T>],
    finish: &(impl Fn(&mut [T], T) + Sync),
) {
    let [height, width] = windows.output();
    let size = height * width;
    values
        .par_chunks_mut(group * size)
        .enumerate()
        .for_each_init(Scratch::<T>::default, |scratch, (g, values)| {
            let mut peaks = T::default();
            for (plane, values) in values.chunks_mut(size).enumerate() {
                let strip = Strip {
                    plane: g * group + plane,
                    top: 0,
                    bottom: height,
                };
                let peak = strip_std(images, windows, strip, values, scratch);
                peaks = peaks.larger(peak);
            }
            finish(written(values), peaks);
        });
}

/// Fewer groups than threads: a task is a strip of any plane.
fn strips_of_few<T: Real>(
    images: &[T],
    windows: &Windows,
    group: usize,
    threads: usize,
    values: &mut [MaybeUninit<T>],
    finish: &(impl Fn(&mut [T], T) + Sync),
) {
    /// Rows for which it pays to start a strip, whose first k - 1 give nothing.
    const ROWS: usize = 32;
    /// Values that are finished in one go.
    const PIECE: usize = 1 << 14;

    let [height, width] = windows.output();
    let size = height * width;
    let bands = (8 * threads).min(height.div_ceil(ROWS));
    let strips = strips(0..values.len() / size, bands, height);
    let peaks: Vec<T> = share(&strips, width, values)
        .into_par_iter()
        .map_init(Scratch::<T>::default, |scratch, (strip, values)| {
            strip_std(images, windows, strip, values, scratch)
        })
        .collect();
    let groups = values.chunks_mut(group * size);
    for (peaks, values) in peaks.chunks(group * bands).zip(groups) {
        let peak = peaks.iter().copied().fold(T::default(), T::larger);
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
    columns: columns::Scratch<T>,
}

isa::on_best_isa! {
    /// Writes sigma of `strip` and returns the largest; NaN if the strip has seen
    /// a pixel, or gives a sigma, that is not finite.
    fn strip_std<T> = strip_of(
        images: &[T],
        windows: &Windows,
        strip: Strip,
        out: &mut [MaybeUninit<T>],
        scratch: &mut Scratch<T>,
    ) -> T
}

#[inline(always)]
fn strip_of<I: Isa<N>, const N: usize>(
    images: &[I::Value],
    windows: &Windows,
    strip: Strip,
    out: &mut [MaybeUninit<I::Value>],
    scratch: &mut Scratch<I::Value>,
) -> I::Value {
    match windows.k {
        ..=rows::LARGEST => rows::local_std::<I, N>(images, windows, strip, out, &mut scratch.rows),
        _ => columns::local_std::<I, N>(images, windows, strip, out, &mut scratch.columns),
    }
}

/// Strips with the values they write, which lie one behind the other.
fn share<'a, T>(
    strips: &'a [Strip],
    width: usize,
    mut values: &'a mut [MaybeUninit<T>],
) -> Vec<(Strip, &'a mut [MaybeUninit<T>])> {
    strips
        .iter()
        .map(|&strip| {
            let (own, rest) = std::mem::take(&mut values).split_at_mut(strip.rows() * width);
            values = rest;
            (strip, own)
        })
        .collect()
}

/// `size` values, every one of which `fill` writes: see `tests`.
fn filled<T>(size: usize, fill: impl FnOnce(&mut [MaybeUninit<T>])) -> Vec<T> {
    let mut values = Vec::with_capacity(size);
    fill(&mut values.spare_capacity_mut()[..size]);
    // SAFETY: all have been written.
    #[allow(unsafe_code)]
    unsafe {
        values.set_len(size);
    }
    values
}

/// Values that have been written, by a strip or a band that is done with them.
fn written<T>(values: &mut [MaybeUninit<T>]) -> &mut [T] {
    // SAFETY: as said.
    #[allow(unsafe_code)]
    unsafe {
        values.assume_init_mut()
    }
}
