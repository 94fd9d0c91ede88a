//! The one product behind a convolution and its gradients.
//!
//! ```text
//! sums[r][j] += sum over t of values[bases[r] + offsets[t]] * panel[t][j]
//! ```
//!
//! A kernel that stands at position r sees its pixels at the same offsets from there. So the
//! pixels are read where they lie, and nothing is laid out as columns. For the output and
//! the gradient by the images, r is a position and t a channel and tap; for the gradient by
//! the weight it is the other way round.
//!
//! ```text
//!              panel:  t = 0  | j j j ... j |      a row of WIDTH numbers for each t,
//!                      t = 1  | j j j ... j |      one after another
//!                             |     ...     |
//! values[r, t] spread over a register, times a row of the panel, is added to
//! the sums of r, of which R rows stay in registers.
//! ```

use macerator::{Simd, VMulAdd, Vector, vload_unaligned, vstore_unaligned};

/// Numbers of a row of a panel, and of a row of sums, at most.
pub(super) const WIDTH: usize = 64;
/// The width is a multiple of so many.
pub(super) const LANES: usize = 16;
/// The bases come in a multiple of so many.
pub(super) const ROWS: usize = 12;

/// Where the pixels of a product lie.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    /// Of each row of sums, the first pixel. Their number is a multiple of [`ROWS`].
    pub bases: &'a [usize],
    /// Of each row of the panel, how much further on.
    pub offsets: &'a [usize],
}

/// Whether sums begin anew or go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sums {
    New,
    GoOn,
}

/// A product, whose rows of sums and of the panel are `width` long.
///
/// # Panics
///
/// If a slice is too short, or `width` is not a multiple of [`LANES`] up to [`WIDTH`].
pub(super) fn multiply<T: VMulAdd>(
    sums: &mut [T],
    values: &[T],
    places: Places<'_>,
    panel: &[T],
    width: usize,
    begin: Sums,
) {
    let Places { bases, offsets } = places;
    let last = match (bases.iter().max(), offsets.iter().max()) {
        (Some(base), Some(offset)) => base.checked_add(*offset),
        _ => Some(0),
    };
    assert!(bases.len().is_multiple_of(ROWS));
    assert!(width.is_multiple_of(LANES) && width <= WIDTH);
    assert!(last.is_some_and(|last| last < values.len()) || offsets.is_empty());
    assert!(sums.len() >= bases.len() * width && panel.len() >= offsets.len() * width);
    // SAFETY: the lines above are what it asks for.
    #[allow(unsafe_code)]
    unsafe {
        multiply_checked(sums, values, places, panel, width, begin);
    }
}

/// # Safety
///
/// Every base and offset together lie in `values`; there are `width` sums for each base, of
/// which there is a multiple of [`ROWS`], and `width` numbers of the panel for each offset;
/// `width` is a multiple of [`LANES`].
#[macerator::with_simd]
#[allow(unsafe_code)]
unsafe fn multiply_checked<'a, S: Simd, T: VMulAdd>(
    sums: &mut [T],
    values: &[T],
    places: Places<'a>,
    panel: &[T],
    width: usize,
    begin: Sums,
) {
    let lanes = T::lanes::<S>();
    // Registers: 32 of 64 bytes, or of 16 on AArch64; 16 elsewhere.
    let many = lanes * size_of::<T>() == 64 || cfg!(target_arch = "aarch64");
    let mut rest = Rest {
        sums,
        values,
        places,
        panel,
        width,
        begin,
        column: 0,
    };
    while rest.column < width {
        // SAFETY: registers divide LANES, so they end at `width` at the latest; all else is
        // passed on.
        unsafe {
            match (many, (width - rest.column) / lanes) {
                (true, 4..) => rest.columns::<S, 6, 4>(),
                (true, 3) => rest.columns::<S, 6, 3>(),
                (_, 2..) => rest.columns::<S, 6, 2>(),
                _ => rest.columns::<S, 12, 1>(),
            }
        }
    }
}

/// What is left of a product from a column on.
struct Rest<'a, T> {
    sums: &'a mut [T],
    values: &'a [T],
    places: Places<'a>,
    panel: &'a [T],
    width: usize,
    begin: Sums,
    column: usize,
}

impl<T: VMulAdd> Rest<'_, T> {
    /// Computes `N` registers' columns, `R` rows at a time.
    ///
    /// # Safety
    ///
    /// As [`multiply_checked`], and `N` registers from `column` on are at most `width`.
    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn columns<S: Simd, const R: usize, const N: usize>(&mut self) {
        const { assert!(ROWS.is_multiple_of(R)) };
        let lanes = T::lanes::<S>();
        for (index, bases) in self.places.bases.chunks_exact(R).enumerate() {
            // SAFETY: all addresses are those of the condition.
            unsafe {
                let sums = self
                    .sums
                    .as_mut_ptr()
                    .add(index * R * self.width + self.column);
                let sum = |r: usize, n: usize| sums.add(r * self.width + n * lanes);
                let rows: [*const T; R] =
                    std::array::from_fn(|r| self.values.as_ptr().add(bases[r]));
                let mut registers: [[Vector<S, T>; N]; R] = match self.begin {
                    Sums::New => [[T::default().splat(); N]; R],
                    Sums::GoOn => std::array::from_fn(|r| {
                        std::array::from_fn(|n| vload_unaligned(sum(r, n).cast_const()))
                    }),
                };
                let mut panel = self.panel.as_ptr().add(self.column);
                for &offset in self.places.offsets {
                    let row: [Vector<S, T>; N] =
                        std::array::from_fn(|n| vload_unaligned(panel.add(n * lanes)));
                    for r in 0..R {
                        let value = T::splat::<S>(*rows[r].add(offset));
                        for n in 0..N {
                            registers[r][n] = value.mul_add(row[n], registers[r][n]);
                        }
                    }
                    panel = panel.wrapping_add(self.width);
                }
                for (r, registers) in registers.iter().enumerate() {
                    for (n, register) in registers.iter().enumerate() {
                        vstore_unaligned(sum(r, n), *register);
                    }
                }
            }
        }
        self.column += N * lanes;
    }
}
