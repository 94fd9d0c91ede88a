//! The kernel: sigma of up to eight strips, with work that does not grow with
//! k.
//!
//! Let d = x - s, with s one pixel of the strip. Every column keeps the sums
//! of d and d^2 over k rows; a step down adds one row and takes one away. Along
//! a row, k columns are summed in the same way. With S1 and S2 the sums over a
//! patch,
//!
//! ```text
//! k^4 sigma^2 = k^2 S2 - S1^2
//! ```
//!
//! # Error
//!
//! All sums are f64, with e = 2^-53. Let M be the largest sum of d^2 over k
//! rows of a column so far, so |d| <= sqrt(M), a column's |sum of d| <=
//! sqrt(k M), |S1| <= sqrt(k^3 M) and S2 <= k M. One step down or along rounds
//! at most four times, each by at most e times the values named. After n steps
//! S2 is therefore off by at most 4 n k e M and S1 by 4 n e sqrt(k^3 M), so that
//!
//! ```text
//! |error of k^4 sigma^2| <= 4 n k^3 e M + 2 * 4 n k^3 e M = 12 n k^3 e M
//! ```
//!
//! Where k^4 sigma^2 is at least 12 n k^3 e M / (4 k^2 u), u = 2^-24, the
//! relative error of sigma is at most 2 k^2 u, and the roundings to f32 and of
//! the root add 2 u. Below that the patch is either flat, which is counted
//! without any rounding (runs of equal pixels), or is computed by itself.

use std::mem::MaybeUninit;

use super::super::windows::Windows;
use super::isa::Portable;
use super::lanes::{F32s, F64s, LANES, Transpose, U32s, lanes_to_rows, mask, rows_to_lanes};
use super::patch::patch_std;
use super::refill;

/// Columns that are computed before their rows are: what a strip keeps of them
/// has to stay in the cache.
const TILE: usize = 240;

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
}

/// What a thread keeps between strips, so that it allocates once.
#[derive(Default)]
pub(crate) struct Scratch {
    /// The last k + 1 rows.
    ring: Vec<F32s>,
    /// Sums of d and of d^2 over the k rows of a column.
    sum: Vec<F64s>,
    squares: Vec<F64s>,
    /// How many rows before this one hold the same pixel.
    run: Vec<U32s>,
    sigma: Vec<F32s>,
    zeros: Vec<f32>,
}

/// Writes sigma of `strips`, which lie one behind the other in `out`, and
/// returns the largest of each; NaN if the strip has seen a pixel that is not
/// finite.
pub(super) fn local_std(
    images: &[f32],
    windows: &Windows,
    strips: &[Strip],
    out: &mut [MaybeUninit<f32>],
    scratch: &mut Scratch,
) -> F32s {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(max) = x86::local_std(images, windows, strips, out, scratch) {
            return max;
        }
    }
    strips_std::<Portable<f32>>(images, windows, strips, out, scratch)
}

/// The same code for the instruction sets that a processor may turn out to
/// have.
#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(unsafe_code)]

    use super::super::isa::{Avx2, Avx512, has_avx2, has_avx512};
    use super::*;

    pub(super) fn local_std(
        images: &[f32],
        windows: &Windows,
        strips: &[Strip],
        out: &mut [MaybeUninit<f32>],
        scratch: &mut Scratch,
    ) -> Option<F32s> {
        if has_avx512() {
            // SAFETY: the features were detected.
            return Some(unsafe { avx512(images, windows, strips, out, scratch) });
        }
        if has_avx2() {
            // SAFETY: the features were detected.
            return Some(unsafe { avx2(images, windows, strips, out, scratch) });
        }
        None
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
    fn avx512(
        images: &[f32],
        windows: &Windows,
        strips: &[Strip],
        out: &mut [MaybeUninit<f32>],
        scratch: &mut Scratch,
    ) -> F32s {
        strips_std::<Avx512>(images, windows, strips, out, scratch)
    }

    #[target_feature(enable = "avx2,fma")]
    fn avx2(
        images: &[f32],
        windows: &Windows,
        strips: &[Strip],
        out: &mut [MaybeUninit<f32>],
        scratch: &mut Scratch,
    ) -> F32s {
        strips_std::<Avx2>(images, windows, strips, out, scratch)
    }
}

#[inline(always)]
pub(super) fn strips_std<I: Transpose>(
    images: &[f32],
    windows: &Windows,
    strips: &[Strip],
    out: &mut [MaybeUninit<f32>],
    scratch: &mut Scratch,
) -> F32s {
    let Windows {
        k,
        stride,
        height,
        width,
        ..
    } = *windows;
    let [out_height, out_width] = windows.output();
    let planes = |lane: usize| &images[strips[lane].plane * height * width..][..height * width];
    // Lanes without a strip repeat the last one, and what they give is dropped.
    let lane: [Strip; LANES] = std::array::from_fn(|l| strips[l.min(strips.len() - 1)]);
    let mut starts = [0; LANES];
    for l in 1..strips.len() {
        starts[l] = starts[l - 1] + strips[l - 1].rows() * out_width;
    }
    // A plane's last strip also takes the rows that a stride leaves over, so
    // that no pixel goes unseen.
    let full_height = windows.patches(height);
    let rows = strips
        .iter()
        .map(|strip| match strip.bottom == out_height {
            true => full_height - strip.top * stride,
            false => (strip.rows() - 1) * stride + 1,
        })
        .max()
        .unwrap_or(0);
    let last_row = (full_height + k - 2) as isize;

    let mut max = [0.0; LANES];
    let mut broken = [false; LANES];
    let full_width = windows.patches(width);
    let tile = (TILE / stride).max(1) * stride;
    for left in (0..full_width).step_by(tile) {
        let right = (left + tile).min(full_width);
        let columns = right - left + k - 1;
        let shift: F32s = std::array::from_fn(|l| {
            let row = ((lane[l].top + lane[l].bottom) / 2 * stride).min(height - 1);
            let column = ((left + right) / 2).min(width - 1);
            let pixel = images[(lane[l].plane * height + row) * width + column];
            if pixel.is_finite() { pixel } else { 0.0 }
        });
        scratch.start(shift, columns, k, width, (right - left).div_ceil(stride));
        let Scratch {
            ring,
            sum,
            squares,
            run,
            sigma,
            zeros,
        } = &mut *scratch;
        let shift = shift.map(f64::from);
        let mut largest = [0.0; LANES];

        for step in 0..rows + k - 1 {
            let slot = |back: usize| (step + k + 1 - back) % (k + 1) * columns;
            let source: [&[f32]; LANES] = std::array::from_fn(|l| {
                let row = ((lane[l].top * stride + step) as isize).min(last_row);
                match windows.source(row, height) {
                    Some(row) => &images[(lane[l].plane * height + row) * width..][..width],
                    None => zeros,
                }
            });
            load::<I>(source, windows, left, &mut ring[slot(0)..][..columns]);
            let new = &ring[slot(0)..][..columns];
            let (above, old) = (&ring[slot(1)..][..columns], &ring[slot(k)..][..columns]);
            down(new, old, above, shift, sum, squares, run, &mut largest);
            if step + 1 < k || !(step + 1 - k).is_multiple_of(stride) {
                continue;
            }

            let row = (step + 1 - k) / stride;
            let steps = (step + 1 + columns) as f64;
            // 12 n k^3 e / (4 k^2 u)
            let least = 3.0 * k as f64 * steps / f64::from(1 << 29);
            let least = largest.map(|m| m * least);
            let flagged = along(k, stride, new, sum, squares, run, least, sigma, &mut max);
            if flagged {
                for (x, sigma) in sigma.iter_mut().enumerate() {
                    for l in 0..strips.len() {
                        if sigma[l] < 0.0 && row < lane[l].rows() {
                            let (row, column) = ((lane[l].top + row) * stride, left + x * stride);
                            sigma[l] = patch_std(planes(l), windows, row, column);
                            max[l] = max[l].max(sigma[l]);
                        }
                    }
                }
            }
            let place = |l: usize| {
                let inside = l < strips.len() && row < lane[l].rows();
                inside.then(|| starts[l] + row * out_width + left / stride)
            };
            lanes_to_rows::<I>(sigma, place, out);
        }
        // What is not finite stays in a running sum for good.
        for (sum, squares) in sum.iter().zip(&*squares) {
            for l in 0..LANES {
                broken[l] |= !(sum[l] + squares[l]).is_finite();
            }
        }
    }
    for l in 0..strips.len() {
        if broken[l] {
            max[l] = f32::NAN;
            for row in 0..lane[l].rows() {
                for column in 0..out_width {
                    let sigma = patch_std(
                        planes(l),
                        windows,
                        (lane[l].top + row) * stride,
                        column * stride,
                    );
                    out[starts[l] + row * out_width + column].write(sigma);
                }
            }
        }
    }
    max
}

impl Scratch {
    /// As if `k + 1` rows of `shift` had gone before, which add nothing to a
    /// sum.
    fn start(&mut self, shift: F32s, columns: usize, k: usize, width: usize, patches: usize) {
        refill(&mut self.ring, shift, columns * (k + 1));
        refill(&mut self.sum, [0.0; LANES], columns);
        refill(&mut self.squares, [0.0; LANES], columns);
        refill(&mut self.run, [0; LANES], columns);
        self.sigma.resize(patches, [0.0; LANES]);
        self.zeros.resize(width, 0.0);
    }
}

/// One row of every strip from column `left` of the patches on, the border
/// included.
#[inline(always)]
fn load<I: Transpose>(rows: [&[f32]; LANES], windows: &Windows, left: usize, lanes: &mut [F32s]) {
    let width = windows.width;
    let margin = windows.margin();
    // The columns of the image among those asked for.
    let begin = margin.saturating_sub(left).min(lanes.len());
    let end = (width + margin).saturating_sub(left).min(lanes.len());
    let first = (left + begin) - margin;
    rows_to_lanes::<I>(rows.map(|row| &row[first..]), &mut lanes[begin..end]);
    for x in (0..begin).chain(end..lanes.len()) {
        lanes[x] = match windows.source((left + x) as isize, width) {
            Some(column) => std::array::from_fn(|l| rows[l][column]),
            None => [0.0; LANES],
        };
    }
}

/// One step down: `new` enters the sums over k rows, `old` leaves them.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn down(
    new: &[F32s],
    old: &[F32s],
    above: &[F32s],
    shift: F64s,
    sum: &mut [F64s],
    squares: &mut [F64s],
    run: &mut [U32s],
    largest: &mut F64s,
) {
    let count = new.len();
    let (old, above) = (&old[..count], &above[..count]);
    let (sum, squares, run) = (&mut sum[..count], &mut squares[..count], &mut run[..count]);
    let mut top = *largest;
    for x in 0..count {
        for l in 0..LANES {
            let enters = f64::from(new[x][l]) - shift[l];
            let leaves = f64::from(old[x][l]) - shift[l];
            sum[x][l] += enters - leaves;
            let total = squares[x][l] + (enters - leaves) * (enters + leaves);
            squares[x][l] = total;
            top[l] = if total > top[l] { total } else { top[l] };
        }
        for l in 0..LANES {
            run[x][l] = (run[x][l] + 1) & mask(new[x][l] == above[x][l]);
        }
    }
    *largest = top;
}

/// Sigma along one row, and whether a patch was left for [`patch_std`]: its
/// place holds -1.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn along(
    k: usize,
    stride: usize,
    row: &[F32s],
    sum: &[F64s],
    squares: &[F64s],
    run: &[U32s],
    least: F64s,
    sigma: &mut [F32s],
    max: &mut F32s,
) -> bool {
    let count = row.len() - (k - 1);
    let size = (k * k) as f64;
    let scale = 1.0 / (size * size);
    let (tall, wide) = ((k - 1) as u32, k as u32);
    let mut s1 = [0.0; LANES];
    let mut s2 = [0.0; LANES];
    // How many columns up to this one are flat and equal.
    let mut flat = [0_u32; LANES];
    for x in 0..k - 1 {
        let before = row[x.saturating_sub(1)];
        for l in 0..LANES {
            s1[l] += sum[x][l];
            s2[l] += squares[x][l];
            flat[l] = ((flat[l] & mask(row[x][l] == before[l])) + 1) & mask(run[x][l] >= tall);
        }
    }
    let (enters1, enters2) = (&sum[k - 1..][..count], &squares[k - 1..][..count]);
    let (leaves1, leaves2) = (&sum[..count], &squares[..count]);
    let (run, new) = (&run[k - 1..][..count], &row[k - 1..][..count]);
    let before = &row[(k - 1).saturating_sub(1)..][..count];
    let mut top = *max;
    let mut lowest = [0.0_f32; LANES];
    let mut patches = sigma.iter_mut();
    let mut due = 0;
    for x in 0..count {
        for l in 0..LANES {
            s1[l] += enters1[x][l];
            s2[l] += enters2[x][l];
        }
        let mut spread = [0.0; LANES];
        for l in 0..LANES {
            spread[l] = size * s2[l] - s1[l] * s1[l];
        }
        for l in 0..LANES {
            s1[l] -= leaves1[x][l];
            s2[l] -= leaves2[x][l];
        }
        for l in 0..LANES {
            flat[l] = ((flat[l] & mask(new[x][l] == before[x][l])) + 1) & mask(run[x][l] >= tall);
        }
        if x != due {
            continue;
        }
        due += stride;
        let mut root = [0.0_f32; LANES];
        let mut uncertain = [0.0_f32; LANES];
        for l in 0..LANES {
            root[l] = (spread[l] * scale) as f32;
            uncertain[l] = if spread[l] < least[l] { -1.0 } else { 0.0 };
        }
        for l in 0..LANES {
            let value = root[l].sqrt();
            let value = if uncertain[l] < 0.0 { -1.0 } else { value };
            let value = if flat[l] >= wide { 0.0 } else { value };
            root[l] = value;
            top[l] = if value > top[l] { value } else { top[l] };
            lowest[l] = if value < lowest[l] { value } else { lowest[l] };
        }
        *patches.next().expect("one for each patch that is kept") = root;
    }
    *max = top;
    lowest.iter().any(|&value| value < 0.0)
}
