//! The local standard deviation from Burn operations, for every backend.
//!
//! Rows first, then columns, each relative to the patch's centre: the k pixels
//! of a column give a mean and a sum of squared deviations, and k columns are
//! combined by the parallel-variance rule
//!
//! ```text
//! k^2 var = sum_j M2_j + k sum_j (m_j - mean of m)^2
//! ```
//!
//! so the work grows with k and not with k^2. Every subtraction is between
//! pixels of one patch or of what came of them, which is why an offset of the
//! image costs no accuracy and a flat patch gives exactly 0.

use burn::tensor::{Slice, Tensor};

use crate::Border;

/// Sigma of every patch, as `local_std` promises it.
pub fn local_std(images: Tensor<4>, k: usize, border: Border, stride: usize) -> Tensor<4> {
    let radius = k / 2;
    let columns = shifted(border.pad(images, radius), 2, k, stride);
    let centre = columns[radius].clone();
    let (column_mean, column_m2) = mean_and_m2(
        columns
            .into_iter()
            .map(|row| row - centre.clone())
            .collect(),
    );

    let centres = shifted(centre, 3, k, stride);
    let centre = centres[radius].clone();
    let means = centres
        .into_iter()
        .zip(shifted(column_mean, 3, k, stride))
        .map(|(pixel, mean)| (pixel - centre.clone()) + mean)
        .collect();
    let (_, between) = mean_and_m2(means);
    let within = sum(shifted(column_m2, 3, k, stride));

    sqrt_or_zero((within + between * k as f64) * inverse(k * k))
}

/// The mean of every patch, as `local_mean_std` promises it.
pub(super) fn local_mean(images: Tensor<4>, k: usize, border: Border, stride: usize) -> Tensor<4> {
    let columns = mean_along(border.pad(images, k / 2), 2, k, stride);
    mean_along(columns, 3, k, stride)
}

/// The mean of `k` values along `axis`, taken relative to the middle one.
fn mean_along(padded: Tensor<4>, axis: usize, k: usize, stride: usize) -> Tensor<4> {
    let values = shifted(padded, axis, k, stride);
    let middle = values[k / 2].clone();
    let above = values.into_iter().map(|value| value - middle.clone());
    sum(above) * inverse(k) + middle
}

/// The `k` views of `padded` along `axis` that a patch's pixels are taken
/// from, first to last.
fn shifted(padded: Tensor<4>, axis: usize, k: usize, stride: usize) -> Vec<Tensor<4>> {
    let span = padded.dims()[axis] - k + 1;
    (0..k)
        .map(|first| {
            let last = (first + span) as isize;
            let slice = Slice::with_step(first as isize, Some(last), stride as isize);
            padded.clone().slice_dim(axis, slice)
        })
        .collect()
}

/// The mean and the sum of squared deviations from it.
fn mean_and_m2(values: Vec<Tensor<4>>) -> (Tensor<4>, Tensor<4>) {
    let mean = sum(values.iter().cloned()) * inverse(values.len());
    let squares = values
        .into_iter()
        .map(|value| (value - mean.clone()).square());
    let m2 = sum(squares);
    (mean, m2)
}

/// A factor in the place of a division, whose gradient Burn 0.22 computes with
/// an f32 inverse in f64 tensors too.
fn inverse(count: usize) -> f64 {
    1.0 / count as f64
}

/// One after the other, so that no more than two are alive at a time.
fn sum(values: impl IntoIterator<Item = Tensor<4>>) -> Tensor<4> {
    values
        .into_iter()
        .reduce(|a, b| a + b)
        .expect("a patch has at least one pixel")
}

/// The square root, and 0 with a gradient of 0 where the patch is flat.
fn sqrt_or_zero(variance: Tensor<4>) -> Tensor<4> {
    let flat = variance.clone().equal_elem(0.0);
    let constant = variance.clone().detach();
    let root = constant.clone().mask_fill(flat.clone(), 1.0).sqrt();
    let sigma = if variance.is_autodiff() {
        // The gradient 1 / (2 sigma) by way of a term that is 0. Burn's own
        // takes a power, which wgpu gets wrong in f64.
        root.clone() + (variance - constant) / (root * 2.0)
    } else {
        root
    };
    sigma.mask_fill(flat, 0.0)
}
