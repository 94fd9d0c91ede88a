//! How alike two RDMs are.

use super::Rdm;
use super::pearson::pearson;
use crate::statistics::average_ranks;

/// Spearman's correlation of two RDMs, over all pairs of conditions; in `-1..=1`,
/// and 0 where all dissimilarities of one are equal.
///
/// # Panics
///
/// If they are not of as many conditions.
pub fn spearman(a: &Rdm, b: &Rdm) -> f64 {
    assert_eq!(
        a.conditions(),
        b.conditions(),
        "RDMs of the same conditions"
    );
    pearson(&average_ranks(a.values()), &average_ranks(b.values())).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_itself_is_one_and_with_nothing_zero() {
        let rdm = Rdm::from_values(4, vec![0.1, 0.7, 0.3, 0.2, 0.9, 0.4]);
        let same = Rdm::from_values(4, vec![0.5; 6]);
        assert!((spearman(&rdm, &rdm) - 1.0).abs() < 1e-12);
        assert_eq!(spearman(&same, &rdm), 0.0);
        assert_eq!(spearman(&rdm, &same), 0.0);
    }
}
