//! Backward: the gradient of the contrast map, and of sigma, which is the map with
//! c = 1 and no peak.
//!
//! ```text
//!   pixels --fold--> mu   of patches --.
//!   y, dL/dy ------> a    of patches --+--fold--> gradient of places --> of pixels
//! ```
//!
//! With the weights a of [`weights`],
//!
//! ```text
//! dL/dx(p) = 1/k^2 sum over the patches q that hold p of a(q) (x(p) - mu(q))
//! ```
//!
//! It is computed for places, in which the border is laid around the image: there the
//! patches that hold one are a square again. Each place then gives what it has to the
//! pixel it shows, which is the adjoint of any border. What a symmetric border shows of
//! a pixel is held by the mirror images of the patches that hold the pixel, so that one
//! needs no places but the image's. What the patch of the peak gives comes last.
//!
//! The square is summed along its rows first. With x_i(p) the pixel at the column of p
//! in the middle row of the patches of row i,
//!
//! ```text
//! A_i(p) = sum over q of a(q)       B_i(p) = sum over q of a(q) (mu(q) - x_i(p))
//! ```
//!
//! and then down, by the fold, about pixels that lie in all patches summed: the rows
//! before the shared one about the first place of the group, and those from it on about
//! the last. No term is larger than a(q) times twice the patch's range.

mod band;
mod blocks;
mod patches;
mod places;
mod weights;

use std::mem::MaybeUninit;
use std::ops::Range;

use self::band::Band;
use self::blocks::{Scratch, gradient_of};
use self::weights::Peak;
use super::super::windows::Windows;
use super::fold::known;
use super::lanes::Real;
use super::share::{bands, filled, in_groups};
use crate::MaxScope;

/// The gradient by the images, of a `response` with the gradient `by_response`.
pub(crate) fn gradient<T: Real>(
    images: &[T],
    response: &[T],
    by_response: &[T],
    [n, c]: [usize; 2],
    windows: &Windows,
    over: Option<MaxScope>,
) -> Vec<T> {
    let group = over.map_or(1, |scope| scope.planes(c));
    let tensors = Tensors {
        images,
        response,
        by_response,
        windows,
        group,
        divided: over.is_some(),
    };
    let bands = bands(n * c / group, windows.height, windows.k);
    // SAFETY: the bands cover the planes, and each writes all of its values.
    unsafe { filled(images.len(), |out| tensors.compute(out, &bands)) }
}

struct Tensors<'a, T> {
    images: &'a [T],
    response: &'a [T],
    by_response: &'a [T],
    windows: &'a Windows,
    /// Planes that share a peak.
    group: usize,
    divided: bool,
}

impl<T: Real> Tensors<'_, T> {
    /// Values of a plane, of the images and of the response.
    fn sizes(&self) -> [usize; 2] {
        let Windows { height, width, .. } = *self.windows;
        [height * width, self.windows.output().iter().product()]
    }

    fn compute(&self, out: &mut [MaybeUninit<T>], bands: &[Range<usize>]) {
        in_groups(
            out,
            [self.group, self.windows.width],
            bands,
            Scratch::new,
            |g| self.peak(g),
            |peak, plane, rows, out, scratch| self.band(plane, rows, peak, out, scratch),
            |g, peak, sums: Vec<Vec<f64>>, out| {
                // Row by row, whatever the bands are.
                let planes = sums.chunks(bands.len());
                let sum = planes.map(|plane| plane.iter().flatten().sum::<f64>());
                self.finish(g, peak, sum.sum(), out);
            },
        );
    }

    fn peak(&self, g: usize) -> Option<Peak<T>> {
        let [_, size] = self.sizes();
        let of_group = g * self.group * size..(g + 1) * self.group * size;
        match self.divided {
            true => Peak::find(self.images, self.response, of_group, self.windows),
            false => Some(Peak::none()),
        }
    }

    /// Writes the gradient of some rows of a plane, but for what the patch of the peak
    /// gives. Returns `sum(g y)` of each row of patches with its middle there.
    fn band(
        &self,
        plane: usize,
        rows: Range<usize>,
        peak: &Option<Peak<T>>,
        out: &mut [MaybeUninit<T>],
        scratch: &mut Scratch<T>,
    ) -> Vec<f64> {
        // Without a peak the group is flat or not finite, and so constant.
        let Some(peak) = peak else {
            out.fill(MaybeUninit::new(T::default()));
            return Vec::new();
        };
        let [size, patches] = self.sizes();
        let response = plane * patches..(plane + 1) * patches;
        let place = peak.patch.as_ref().map(|(place, _)| *place);
        let band = Band {
            plane: &self.images[plane * size..][..size],
            response: &self.response[response.clone()],
            by_response: &self.by_response[response.clone()],
            windows: self.windows,
            c: peak.sigma,
            peak: place
                .filter(|place| response.contains(place))
                .map(|place| place - response.start),
            rows,
        };
        known!(T, self.windows.k, 1, gradient_of(band, out, scratch))
    }

    /// Adds what the patch of the peak gives. Its g and the sum may cancel, and do so
    /// in f64.
    fn finish(&self, g: usize, peak: Option<Peak<T>>, sum: f64, out: &mut [MaybeUninit<T>]) {
        let Some(Peak {
            sigma,
            patch: Some((place, patch)),
        }) = peak
        else {
            return;
        };
        let [size, patches] = self.sizes();
        let plane = place / patches - g * self.group;
        let k = self.windows.k as f64;
        let share = (self.by_response[place].wide() - sum) / (sigma.wide() * k).powi(2);
        // SAFETY: the bands of the group, which cover it, are done.
        let out = unsafe { out.assume_init_mut() };
        patch.add_deviations(share, &mut out[plane * size..][..size]);
    }
}

#[cfg(test)]
pub(super) mod tests {
    //! Ways in for the tests of the kernel.

    use super::blocks::Gradient;
    use super::*;

    /// The gradient of the contrast map of planes, in bands.
    pub(in super::super) fn into(
        out: &mut [MaybeUninit<f32>],
        images: &[f32],
        planes: usize,
        windows: &Windows,
        bands: &[Range<usize>],
    ) {
        let response =
            super::super::forward::local_std(images, [planes, 1], windows, Some(MaxScope::Channel));
        let by_response: Vec<f32> = response.iter().map(|y| 0.3 - y * y).collect();
        let tensors = Tensors {
            images,
            response: &response,
            by_response: &by_response,
            windows,
            group: 1,
            divided: true,
        };
        tensors.compute(out, bands);
    }

    /// The gradient of sigma of a plane, as an operation for `run`.
    pub(in super::super) fn of_plane(
        [plane, sigma, by_sigma]: [&[f32]; 3],
        windows: &Windows,
        out: &mut [MaybeUninit<f32>],
        run: impl FnOnce(Gradient<f32, 0>) -> Vec<f64>,
    ) {
        let band = Band {
            plane,
            response: sigma,
            by_response: by_sigma,
            windows,
            c: 1.0,
            peak: None,
            rows: 0..windows.height,
        };
        let scratch = &mut Scratch::new();
        run(Gradient { band, out, scratch });
    }
}
