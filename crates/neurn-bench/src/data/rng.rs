//! Random numbers of one image.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// The random numbers of a place that four words name.
pub(crate) fn keyed(words: [u64; 4]) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The random numbers of one image: they depend on where it stands and on
/// nothing else, so neither threads nor the number of images change it.
pub(super) struct Rng(ChaCha8Rng);

impl Rng {
    /// The numbers of place `key`: four words that say where the image stands.
    pub(super) fn new(key: [u64; 4]) -> Self {
        Self(keyed(key))
    }

    /// Uniform in `low..high`.
    pub(super) fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.random::<f32>()
    }

    /// Bell-shaped around zero with this standard deviation, never further
    /// away than three of them (a sum of uniform numbers: no outliers that
    /// would make a digit unreadable).
    pub(super) fn around_zero(&mut self, deviation: f32) -> f32 {
        let sum: f32 = self.0.random::<f32>() + self.0.random::<f32>() + self.0.random::<f32>();
        (2.0 * sum - 3.0) * deviation
    }

    /// Normal with mean 0 and variance 1.
    pub(super) fn normal(&mut self) -> f32 {
        self.0.sample(StandardNormal)
    }

    /// -1 or 1.
    pub(super) fn sign(&mut self) -> f64 {
        if self.happens(0.5) { 1.0 } else { -1.0 }
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f32) -> bool {
        self.0.random::<f32>() < probability
    }

    /// Below `n`, which is over zero.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }
}
