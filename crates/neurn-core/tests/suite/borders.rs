//! Every border, and what sets some of them apart.

use neurn_core::Border;
use proptest::prelude::*;

/// The constant is exact in every dtype.
pub const BORDERS: [Border; 7] = [
    Border::Symmetric,
    Border::Replicate,
    Border::Reflect,
    Border::Valid,
    Border::Zero,
    Border::Constant(0.375),
    Border::Circular,
];

pub fn any() -> impl Strategy<Value = Border> {
    prop::sample::select(&BORDERS[..])
}

/// Whether patches of `k` can be had on images of a shape.
pub fn serves(border: Border, k: usize, [_, _, h, w]: [usize; 4]) -> bool {
    let side = h.min(w);
    match border {
        Border::Symmetric | Border::Circular => k / 2 <= side,
        Border::Reflect => k / 2 < side,
        Border::Valid => k <= side,
        Border::Replicate | Border::Zero | Border::Constant(_) => true,
    }
}

/// Whether a value stands beyond the image that knows nothing of its pixels. An
/// offset of the image then changes the response.
pub fn is_fixed(border: Border) -> bool {
    matches!(border, Border::Zero | Border::Constant(_))
}
