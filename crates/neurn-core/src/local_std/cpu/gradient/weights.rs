//! What a patch's gradient weighs, and the patch of the peak.
//!
//! With y = sigma / c, g = dL/dy and q* the patch of the peak, the gradient's formula
//! multiplies what lies around mu in each patch q by
//!
//! ```text
//! a(q) = (g(q) - [q = q*] sum(g y)) / (c sigma(q))        0 where sigma = 0
//! ```
//!
//! The part with the sum comes last, when it is known: see [`Peak`].

use std::ops::Range;

use macerator::{Simd, Vector, WithSimd};
use rayon::prelude::*;

use super::super::super::windows::Windows;
use super::super::lanes::{self, MOST, Real, lanes, load, splat};
use super::super::patch::Patch;

/// What a group is divided by.
pub(super) struct Peak<T> {
    /// c.
    pub(super) sigma: T,
    /// The first patch with that sigma, and its place in the response. Sigma itself is
    /// divided by 1 and has none.
    pub(super) patch: Option<(usize, Patch<T>)>,
}

impl<T: Real> Peak<T> {
    /// Of sigma that is not divided.
    pub(super) fn none() -> Self {
        Self {
            sigma: T::of(1.0),
            patch: None,
        }
    }

    /// Among some values of the response `y`; none if the group is flat or not finite.
    pub(super) fn find(
        images: &[T],
        y: &[T],
        values: Range<usize>,
        windows: &Windows,
    ) -> Option<Self> {
        // A division puts 1 at the peak and nowhere else: of two different
        // numbers the quotient rounds to something below 1.
        let place = values.start + place_of_one(&y[values])?;
        let [height, width] = windows.output();
        let (plane, row) = (place / (height * width), place / width % height);
        let stride = windows.stride;
        let size = windows.height * windows.width;
        let plane = &images[plane * size..][..size];
        let patch = Patch::new(plane, windows, row * stride, place % width * stride);
        Some(Self {
            sigma: patch.std(),
            patch: Some((place, patch)),
        })
    }
}

/// Where the first 1 is.
fn place_of_one<T: Real>(y: &[T]) -> Option<usize> {
    /// Values that are looked at by one thread, and in one go.
    const SHARE: usize = 1 << 16;
    const PIECE: usize = 256;

    let within = |share: &[T]| {
        let pieces = &mut share.chunks(PIECE);
        let piece = pieces.position(|y| lanes::run(Largest(y)) == T::of(1.0))?;
        let mut piece_of = share[piece * PIECE..].iter();
        let place = piece_of.position(|&y| y == T::of(1.0))?;
        Some(piece * PIECE + place)
    };
    let shares = y.par_chunks(SHARE).enumerate();
    shares
        .map(|(i, share)| Some(i * SHARE + within(share)?))
        .find_first(Option::is_some)?
}

/// The largest of some values that are NaN or not below 0.
struct Largest<'a, T>(&'a [T]);

impl<T: Real> WithSimd for Largest<'_, T> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self) -> T {
        let blocks = self.0.chunks_exact(lanes::<S, T>());
        let rest = blocks.remainder().iter().copied();
        let mut largest = splat::<S, T>(0.0);
        for block in blocks {
            // SAFETY: a block is as long as a register.
            let block = unsafe { load::<S, T>(block, 0) };
            largest = lanes::larger(largest, block);
        }
        let largest = lanes::values(largest).into_iter().chain(rest);
        largest.fold(T::default(), T::larger)
    }
}

/// a, with no regard to the peak.
pub(super) struct Weigh<T> {
    c: T,
    by_c: T,
}

impl<T: Real> Weigh<T> {
    pub(super) fn new(c: T) -> Self {
        Self {
            c,
            by_c: T::of(1.0) / c,
        }
    }

    #[inline(always)]
    pub(super) fn one(&self, y: T, g: T) -> T {
        match y > T::FLAT {
            true => g * self.by_c / (y * self.c),
            false => T::default(),
        }
    }

    /// The same of a register full.
    #[inline(always)]
    pub(super) fn lanes<S: Simd>(&self, y: Vector<S, T>, g: Vector<S, T>) -> Vector<S, T> {
        let a = g * self.by_c.splat() / (y * self.c.splat());
        y.gt(T::FLAT.splat()).select(a, splat(0.0))
    }
}

/// The sum of `g y`, in an order of its own, whatever a register holds. A lane adds up 64
/// products, so it is off by at most 65 units of the sum of their sizes; the rest is in
/// f64.
#[inline(always)]
pub(super) fn dot<T: Real>(y: &[T], g: &[T]) -> f64 {
    let (blocks, rest) = y.as_chunks::<MOST>();
    let (of_g, rest_of_g) = g.as_chunks::<MOST>();
    let mut sum = 0.0;
    for (y, g) in blocks.chunks(64).zip(of_g.chunks(64)) {
        let mut sums = [T::default(); MOST];
        for (y, g) in y.iter().zip(g) {
            for i in 0..MOST {
                sums[i] += y[i] * g[i];
            }
        }
        for of_lane in sums {
            sum += of_lane.wide();
        }
    }
    for (y, g) in rest.iter().zip(rest_of_g) {
        sum += y.wide() * g.wide();
    }
    sum
}
