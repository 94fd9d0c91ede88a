//! How alike two RDMs are.

use std::fmt;

use faer::Mat;

use super::Rdm;
use super::kendall::kendall_tau_a;
use super::pearson::pearson;
use super::product::dot;
use crate::statistics::average_ranks;

/// A measure of two RDMs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// Pearson's correlation of the ranks.
    #[default]
    Spearman,
    /// [`kendall_tau_a`], which prefers no model that predicts ties.
    KendallTauA,
    /// Pearson's correlation.
    Pearson,
    /// The cosine of the angle, for dissimilarities with a meaningful zero.
    Cosine,
    /// The cosine after whitening: the entries of an RDM share conditions, so they
    /// covary; for independent patterns of equal noise the whitened inner product
    /// is that of the doubly centred matrices. For squared Euclidean
    /// dissimilarities it is linear CKA (Diedrichsen et al. 2021).
    WhitenedCosine,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Spearman,
        Self::KendallTauA,
        Self::Pearson,
        Self::Cosine,
        Self::WhitenedCosine,
    ];
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spearman => "spearman",
            Self::KendallTauA => "kendall-tau-a",
            Self::Pearson => "pearson",
            Self::Cosine => "cosine",
            Self::WhitenedCosine => "whitened-cosine",
        })
    }
}

/// Compares two RDMs; in `-1..=1`, and 0 where either is without what the measure
/// looks at: all dissimilarities equal for the correlations, or zero for the
/// cosines.
///
/// # Panics
///
/// If they are not of as many conditions.
pub fn compare(a: &Rdm, b: &Rdm, comparison: Comparison) -> f64 {
    assert_eq!(
        a.conditions(),
        b.conditions(),
        "RDMs of the same conditions"
    );
    match comparison {
        Comparison::Spearman => correlation(&average_ranks(a.values()), &average_ranks(b.values())),
        Comparison::KendallTauA => kendall_tau_a(a.values(), b.values()),
        Comparison::Pearson => correlation(a.values(), b.values()),
        Comparison::Cosine => cosine(a.values(), b.values()),
        Comparison::WhitenedCosine => cosine(&doubly_centred(a), &doubly_centred(b)),
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    pearson(a, b).unwrap_or(0.0)
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    match lengths > 0.0 {
        true => (dot(a, b) / lengths).clamp(-1.0, 1.0),
        false => 0.0,
    }
}

/// `H D H`, of which a cosine does not see the factor -1/2.
fn doubly_centred(rdm: &Rdm) -> Vec<f64> {
    let square: Mat<f64> = rdm.square();
    let n = rdm.conditions();
    // Symmetric, so rows and columns have the same means.
    let means: Vec<f64> = (0..n)
        .map(|i| (0..n).map(|j| square[(j, i)]).sum::<f64>() / n as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / n as f64;
    let entries = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    entries
        .map(|(i, j)| square[(i, j)] - means[i] - means[j] + mean)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_itself_is_one_and_with_nothing_zero() {
        let rdm = Rdm::from_values(4, vec![0.1, 0.7, 0.3, 0.2, 0.9, 0.4]);
        let same = Rdm::from_values(4, vec![0.5; 6]);
        let zero = Rdm::from_values(4, vec![0.0; 6]);
        for comparison in Comparison::ALL {
            assert!((compare(&rdm, &rdm, comparison) - 1.0).abs() < 1e-12);
            assert_eq!(compare(&rdm, &zero, comparison), 0.0, "{comparison}");
        }
        for comparison in [
            Comparison::Spearman,
            Comparison::KendallTauA,
            Comparison::Pearson,
        ] {
            assert_eq!(compare(&same, &rdm, comparison), 0.0, "{comparison}");
        }
    }
}
