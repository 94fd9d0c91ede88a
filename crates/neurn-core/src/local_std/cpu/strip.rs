//! What is computed in one go, and what is kept of it.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::windows::Windows;
use super::ahead::Ahead;
use super::isa::{Isa, Real};

/// Rows of one plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strip {
    pub plane: usize,
    /// The first row of the output.
    pub top: usize,
    /// The row of the output after the last.
    pub bottom: usize,
}

impl Strip {
    pub(super) fn rows(&self) -> usize {
        self.bottom - self.top
    }

    /// The rows of patches at stride 1, of which every `stride`-th is kept. A strip
    /// takes those that a stride leaves out as well, up to where the next begins, so
    /// that no pixel goes unseen.
    pub(super) fn patch_rows(&self, windows: &Windows) -> Range<usize> {
        let [height, _] = windows.output();
        let end = match self.bottom == height {
            true => windows.patches(windows.height),
            false => self.bottom * windows.stride,
        };
        self.top * windows.stride..end
    }
}

/// Where sigma of a strip goes.
pub(super) struct Output<'a, I: Isa<N>, const N: usize> {
    values: &'a mut [MaybeUninit<I::Value>],
    first_row: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
    pub(super) peak: Peak<I, N>,
}

impl<'a, I: Isa<N>, const N: usize> Output<'a, I, N> {
    pub(super) fn new(
        strip: Strip,
        windows: &Windows,
        values: &'a mut [MaybeUninit<I::Value>],
    ) -> Self {
        let [_, width] = windows.output();
        Self {
            values,
            first_row: strip.top,
            width,
            stride: windows.stride,
            peak: Peak::default(),
        }
    }

    /// Some patches of `count` rows from a row on, at stride 1.
    #[inline(always)]
    pub(super) fn rows(
        &mut self,
        row: usize,
        count: usize,
        patches: Range<usize>,
    ) -> PartOfRows<'_, I, N> {
        let first = (row - self.first_row) * self.width + patches.start;
        let length = patches.len();
        PartOfRows {
            values: &mut self.values[first..][..(count - 1) * self.width + length],
            width: self.width,
            count,
            length,
            isa: PhantomData,
        }
    }

    /// From a row of patches on.
    pub(super) fn ahead(&self, row: usize, windows: &Windows) -> Option<Ahead<I::Value>> {
        let row = row as isize - self.first_row as isize;
        Ahead::of_output(self.values.as_ptr().cast(), row, windows)
    }

    /// Writes those of some patches of a row that the stride keeps.
    #[inline(always)]
    pub(super) fn keep(&mut self, row: usize, patches: Range<usize>, sigma: I::Block) {
        if self.stride == 1 && patches.len() == N {
            self.peak.take(sigma);
            self.rows(row, 1, patches).store(0, 0, sigma);
            return;
        }
        for (x, sigma) in patches.zip(I::values(sigma)) {
            self.peak.seen(I::splat(sigma));
            if row.is_multiple_of(self.stride) && x.is_multiple_of(self.stride) {
                self.peak.take(I::splat(sigma));
                let row = (row / self.stride - self.first_row) * self.width;
                self.values[row + x / self.stride].write(sigma);
            }
        }
    }
}

/// What [`Output::rows`] gives.
pub(super) struct PartOfRows<'a, I: Isa<N>, const N: usize> {
    values: &'a mut [MaybeUninit<I::Value>],
    width: usize,
    count: usize,
    length: usize,
    isa: PhantomData<I>,
}

impl<I: Isa<N>, const N: usize> PartOfRows<'_, I, N> {
    /// Writes the patches of a row from `x` on, both counted from the first.
    #[inline(always)]
    pub(super) fn store(&mut self, row: usize, x: usize, sigma: I::Block) {
        assert!(row < self.count && x + N <= self.length);
        // SAFETY: each of the rows has so many values.
        #[allow(unsafe_code)]
        let out = unsafe { &mut *self.values.as_mut_ptr().add(row * self.width + x).cast() };
        I::store_new(sigma, out);
    }
}

/// The largest sigma of a strip so far, in lanes.
pub(super) struct Peak<I: Isa<N>, const N: usize> {
    largest: I::Block,
    /// 0 as long as all was finite, and then NaN.
    broken: I::Block,
}

impl<I: Isa<N>, const N: usize> Default for Peak<I, N> {
    fn default() -> Self {
        Self {
            largest: I::zero(),
            broken: I::zero(),
        }
    }
}

impl<I: Isa<N>, const N: usize> Peak<I, N> {
    #[inline(always)]
    pub(super) fn take(&mut self, sigma: I::Block) {
        self.largest = I::larger(sigma, self.largest);
    }

    /// Of values that are no candidates.
    #[inline(always)]
    pub(super) fn seen(&mut self, values: I::Block) {
        self.broken = I::mul_add(values, I::zero(), self.broken);
    }

    /// NaN if a value was not finite.
    pub(super) fn value(&self) -> I::Value {
        let zero = I::Value::default();
        let largest = I::values(self.largest)
            .into_iter()
            .fold(zero, I::Value::larger);
        let broken = I::values(self.broken).into_iter().fold(zero, |a, b| a + b);
        // 0, or NaN where one of them is infinite or NaN.
        largest + largest * zero + broken
    }
}
