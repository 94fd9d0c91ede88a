//! How far a rounded result may lie from the oracle, derived once.
//!
//! Let u be the rounding unit, R the range of a patch and s its standard
//! deviation. Two pixels that differ by R put at least R^2 / 2 into the sum of
//! squares k^2 s^2, so R <= sqrt(2) k s.
//!
//! Every value that is summed is a difference of pixels of one patch, at most
//! R, and off by at most u R. A mean of k of them is off by at most k u R, and
//! a column's mean taken relative to the patch's centre by (k + 3) u R.
//! Deviations from a mean are therefore off by at most (2 k + 6) u R each; the
//! root of their mean square, a norm, by no more: (2 k + 6) sqrt(2) k u s.
//! Squaring, summing and the root multiply by at most 1 + (k + 4) u. Together
//!
//! ```text
//! |error of s| <= (3 k^2 + 10 k + 10) u s
//! ```
//!
//! A kernel that sums in another way has to stay within the same bound. Each
//! derives its own where it stands.
//!
//! A GPU's division and root may be off by 3 units in the last place, 6 u.

/// Relative error of sigma, in rounding units.
pub fn sigma_units(k: usize) -> f64 {
    (3 * k * k + 10 * k + 10) as f64 + 6.0
}

/// Relative error of each response: sigma and its peak enter once each, and at
/// most three roundings, one of them a device's division, follow.
pub fn response_units(k: usize) -> f64 {
    2.0 * sigma_units(k) + 2.0 + 6.0
}

/// The rounding unit of f32.
pub const F32: f64 = 1.0 / (1_u64 << 24) as f64;
/// The rounding unit of f64.
pub const F64: f64 = 1.0 / (1_u64 << 53) as f64;
/// The rounding unit of f16.
pub const F16: f64 = 1.0 / (1_u64 << 11) as f64;
/// The rounding unit of bf16.
pub const BF16: f64 = 1.0 / (1_u64 << 8) as f64;

/// # Panics
///
/// If a value differs from `expected` by more than `relative` of it. Exact
/// zeros and NaN must agree exactly.
#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64], relative: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: count");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let close = (found.is_nan() && expected.is_nan())
            || (found - expected).abs() <= relative * expected.abs();
        assert!(
            close,
            "{what}: value {i} is {found:e}, expected {expected:e} to {relative:e}"
        );
    }
}
