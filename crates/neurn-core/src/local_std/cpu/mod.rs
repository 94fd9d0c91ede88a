//! The kernel for processors, behind Burn's `Flex` and `NdArray`.
//!
//! ```text
//! plane --tile--> rows of pixels --fold--> sigma --over the peak--> response
//! ```
//!
//! [`tile`] lays out pixels with their border, [`fold`] sums rows in the one way that
//! serves every k, and [`sigma`] and [`gradient`](mod@gradient) say what is summed.
//! [`forward`] and `gradient` share the planes out over threads as [`share`] cuts them.
//! No bit of the result depends on how many threads there are.
//!
//! With debug assertions every load and store is checked against the ends of its slice.

#![allow(unsafe_code)]

mod fold;
mod forward;
mod gradient;
mod lanes;
mod patch;
mod share;
mod sigma;
#[cfg(test)]
mod tests;
mod tile;

use burn::tensor::DType;

pub(crate) use self::forward::local_std;
pub(crate) use self::gradient::gradient;
pub(crate) use self::lanes::Real;

/// Whether images of this type are computed here.
pub(crate) fn serves(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64)
}
