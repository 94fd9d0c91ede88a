//! The measures against other implementations, and what each must not see.

mod invariants;
mod references;

use faer::Mat;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Independent standard normal values.
pub(super) fn normal(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| StandardNormal.sample(&mut rng))
}

/// The same patterns after a random rotation of their units.
pub(super) fn rotated(patterns: &Mat<f64>, seed: u64) -> Mat<f64> {
    let units = patterns.ncols();
    patterns * normal(units, units, seed + 77).qr().compute_Q()
}
