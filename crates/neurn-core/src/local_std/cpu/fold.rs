//! The one way in which rows are summed, forward and backward, for every k.
//!
//! What k rows give is summed about one of them. Results are taken in groups that
//! share a row, here for k = 4 (an odd k would look the same) and stride 1:
//!
//! ```text
//! row      0   1   2  [3]  4   5   6        about row 3:
//! result 0 <-------+---.                    sums back from it (0, 1, 2), and
//! result 1     <---+---+-->                 sums on from it (3, 4, 5, 6);
//! result 2         <---+------>             a result is one of each.
//! result 3             +---------->
//! ```
//!
//! So a result takes two rows' worth of work whatever k is, every difference is of
//! rows of one patch, and nothing slides: no error is carried from one group to the
//! next. The last k - 1 rows of a group are the first of the next and are kept.
//! Lanes lie along x, and each strip of them goes down the rows by itself. With a
//! stride the results of a group are so far apart, and fewer.

use std::ops::Range;

use macerator::Simd;

use super::lanes::{Real, lanes};

/// What is summed.
pub(super) trait Fold<S: Simd, T: Real> {
    /// What one row gives to the strip at hand.
    type Row: Copy;
    /// What the sums of a group are about.
    type Shared: Copy;
    type Sums: Copy;

    /// Of row `y`, in lanes from column `x` on. `K` is k, or 0 where the compiler does
    /// not know it.
    ///
    /// # Safety
    ///
    /// There must be such a row and a register full of such columns.
    unsafe fn row<const K: usize>(&self, y: usize, x: usize) -> Self::Row;

    /// For the `results` of a group, which share a row.
    ///
    /// # Safety
    ///
    /// As [`row`](Self::row), for results.
    unsafe fn shared(&self, results: Range<usize>, x: usize, row: &Self::Row) -> Self::Shared;

    /// What the shared row itself adds to sums on from it.
    fn own(&self, shared: &Self::Shared, row: &Self::Row) -> Self::Sums;

    /// What a row before the shared one adds.
    fn back(&self, shared: &Self::Shared, row: &Self::Row) -> Self::Sums;

    /// What a row after it adds.
    fn on(&self, shared: &Self::Shared, row: &Self::Row) -> Self::Sums;

    fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums;

    /// Takes result `y` of the columns from `x` on.
    ///
    /// # Safety
    ///
    /// There must be room for it.
    unsafe fn take(
        &mut self,
        y: usize,
        x: usize,
        on: Self::Sums,
        back: Option<Self::Sums>,
        shared: &Self::Shared,
    );
}

/// Which results there are.
#[derive(Clone, Copy)]
pub(super) struct Results {
    pub k: usize,
    pub stride: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Results {
    /// How many results share a row.
    pub(super) fn group(k: usize, stride: usize) -> usize {
        (k - 1) / stride + 1
    }

    /// At stride 1.
    pub(super) fn of_every(k: usize, rows: usize, columns: usize) -> Self {
        Self {
            k,
            stride: 1,
            rows,
            columns,
        }
    }

    /// Hands all results to `fold`. K is k, with stride 1, or 0: see [`known`].
    ///
    /// `kept` is empty, or holds what this left there for the results right above these
    /// in the same columns, whose rows were a multiple of a group. Rows that they have
    /// seen are then not looked at again.
    ///
    /// # Safety
    ///
    /// The fold must have `(rows - 1) stride + k` rows, and room for `rows` results. A
    /// register full of columns is taken at a time; the last one ends at the last
    /// column if there are enough, or else begins at 0.
    #[inline(always)]
    pub(super) unsafe fn of<S: Simd, T: Real, F: Fold<S, T>, const K: usize>(
        self,
        fold: &mut F,
        kept: &mut Vec<F::Row>,
    ) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        debug_assert!(K == 0 || (self.k, self.stride) == (K, 1));
        let k = if K > 0 { K } else { self.k };
        let n = lanes::<S, T>();
        let goes_on = !kept.is_empty();
        // SAFETY: the caller's condition; what is read at first fills unused places.
        unsafe {
            let last = (self.rows - 1) * self.stride + k - 1;
            let none = fold.row::<K>(last, 0);
            let shared = fold.shared(0..1, 0, &none);
            let sums = fold.own(&shared, &none);
            kept.resize(self.columns.div_ceil(n) * k, none);
            let mut back = vec![sums; if K > 0 { 0 } else { k }];
            for (strip, kept) in kept.chunks_exact_mut(k).enumerate() {
                let x = (strip * n).min(self.columns.saturating_sub(n));
                if K > 0 {
                    let mut own = [none; K];
                    own.copy_from_slice(kept);
                    self.strip::<S, T, F, K>(fold, x, goes_on, &mut own, &mut [sums; K]);
                    kept.copy_from_slice(&own);
                } else {
                    self.strip::<S, T, F, K>(fold, x, goes_on, kept, &mut back);
                }
            }
        }
    }

    /// # Safety
    ///
    /// As [`of`](Self::of).
    #[inline(always)]
    unsafe fn strip<S: Simd, T: Real, F: Fold<S, T>, const K: usize>(
        self,
        fold: &mut F,
        x: usize,
        goes_on: bool,
        kept: &mut [F::Row],
        back: &mut [F::Sums],
    ) {
        let (k, stride) = if K > 0 { (K, 1) } else { (self.k, self.stride) };
        let group = Self::group(k, stride);
        for y in (0..self.rows).step_by(group) {
            // SAFETY: the caller's condition.
            unsafe {
                self.before::<S, T, F, K>(fold, y, x, goes_on || y > 0, kept);
                let count = group.min(self.rows - y);
                self.group_at::<S, T, F, K>(fold, y, x, count, kept, back);
            }
        }
    }

    /// The rows before the shared one of the group from row `y` on, as far as the last
    /// group has not kept them.
    ///
    /// # Safety
    ///
    /// As [`of`](Self::of).
    #[expect(clippy::needless_range_loop, reason = "row `j` goes to place `j`")]
    #[inline(always)]
    unsafe fn before<S: Simd, T: Real, F: Fold<S, T>, const K: usize>(
        self,
        fold: &F,
        y: usize,
        x: usize,
        goes_on: bool,
        kept: &mut [F::Row],
    ) {
        let (k, stride) = if K > 0 { (K, 1) } else { (self.k, self.stride) };
        let lead = (Self::group(k, stride) - 1) * stride;
        if goes_on {
            for j in k.saturating_sub(stride)..lead {
                // SAFETY: the first result of the group sees the row.
                kept[j] = unsafe { fold.row::<K>(y * stride + j, x) };
            }
        } else {
            for j in 0..lead {
                // SAFETY: as above.
                kept[j] = unsafe { fold.row::<K>(y * stride + j, x) };
            }
        }
    }

    /// The `count` first results of the group from row `y` on. The rows before the
    /// shared one are `kept`, and those of the next group are afterwards.
    ///
    /// For a K that is known every index here is as well, once loops are unrolled: what
    /// is kept stays in registers.
    ///
    /// # Safety
    ///
    /// As [`of`](Self::of).
    #[inline(always)]
    unsafe fn group_at<S: Simd, T: Real, F: Fold<S, T>, const K: usize>(
        self,
        fold: &mut F,
        y: usize,
        x: usize,
        count: usize,
        kept: &mut [F::Row],
        back: &mut [F::Sums],
    ) {
        let (k, stride) = if K > 0 { (K, 1) } else { (self.k, self.stride) };
        let group = Self::group(k, stride);
        let lead = (group - 1) * stride;
        let first = y * stride + lead;
        // SAFETY: every result of the group sees this row.
        let row = unsafe { fold.row::<K>(first, x) };
        let shared = unsafe { fold.shared(y..y + count, x, &row) };
        if lead > 0 {
            let mut sums = fold.back(&shared, &kept[lead - 1]);
            back[(lead - 1) / stride] = sums;
            for j in (0..lead - 1).rev() {
                sums = F::add(sums, fold.back(&shared, &kept[j]));
                back[j / stride] = sums;
            }
        }
        let mut sums = fold.own(&shared, &row);
        let mut last = 0;
        for t in 0..group {
            if t == count {
                break;
            }
            // On to the last row of result t: at stride 1 one more.
            let end = t * stride + k - 1 - lead;
            for i in last + 1..=end {
                // SAFETY: result t sees the row.
                let row = unsafe { fold.row::<K>(first + i, x) };
                sums = F::add(sums, fold.on(&shared, &row));
                if i >= stride {
                    kept[i - stride] = row;
                }
                if K > 0 {
                    break;
                }
            }
            last = end;
            let back = (t + 1 < group).then(|| back[t]);
            // SAFETY: one of the results.
            unsafe { fold.take(y + t, x, sums, back, &shared) };
        }
    }
}

/// Calls a function with k where it pays that the compiler knows it, so that sums stay
/// in registers, and with 0 elsewhere. Nobody trains in f64.
macro_rules! known {
    ($value:ty, $k:expr, $stride:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match ($k, $stride, size_of::<$value>()) {
            (3, 1, 4) => $function::<$value, 3>($($argument),*),
            (5, 1, 4) => $function::<$value, 5>($($argument),*),
            (7, 1, 4) => $function::<$value, 7>($($argument),*),
            (9, 1, 4) => $function::<$value, 9>($($argument),*),
            (15, 1, 4) => $function::<$value, 15>($($argument),*),
            _ => $function::<$value, 0>($($argument),*),
        }
    };
}
pub(super) use known;
