//! Representational dissimilarity matrices.

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::product::{dot, of_pairs, rows, squared_distance};

/// How far two patterns lie apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Distance {
    /// `1 - r`, Pearson's correlation over the units; in `0..=2`. Scale and
    /// offset of a pattern do not matter.
    #[default]
    Correlation,
    /// `|x - y|`. rsatoolbox's `euclidean` is its square over the number of
    /// units, which has the same ranks.
    Euclidean,
    /// `1 - x y / (|x| |y|)`; in `0..=2`.
    Cosine,
}

impl Distance {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Correlation, Self::Euclidean, Self::Cosine];
}

/// The dissimilarities of all pairs of conditions (here: scenes).
///
/// Kriegeskorte, Mur & Bandettini 2008, Frontiers in Systems Neuroscience 2.
#[derive(Clone, Debug, PartialEq)]
pub struct Rdm {
    conditions: usize,
    values: Vec<f64>,
}

impl Rdm {
    /// Of patterns, one a row.
    ///
    /// A pattern without a direction (constant, for the correlation; zero, for the
    /// cosine) is at distance 1 from every other, as if uncorrelated with it.
    ///
    /// # Panics
    ///
    /// If there are fewer than 2 patterns, or no units.
    pub fn of(patterns: MatRef<'_, f64>, distance: Distance) -> Self {
        let conditions = patterns.nrows();
        assert!(
            conditions >= 2 && patterns.ncols() > 0,
            "an RDM is of at least 2 patterns of at least 1 unit; got {conditions} of {}",
            patterns.ncols()
        );
        let mut patterns = rows(patterns);
        if distance == Distance::Euclidean {
            let values = of_pairs(conditions, |i, j| {
                squared_distance(&patterns[i], &patterns[j]).sqrt()
            });
            return Self { conditions, values };
        }
        for pattern in &mut patterns {
            to_direction(pattern, distance == Distance::Correlation);
        }
        let values = of_pairs(conditions, |i, j| {
            (1.0 - dot(&patterns[i], &patterns[j])).clamp(0.0, 2.0)
        });
        Self { conditions, values }
    }

    /// `1 - r` of a matrix of similarities, of which the upper triangle is read.
    ///
    /// # Panics
    ///
    /// If it is not square, has fewer than 2 rows, or a value is not finite.
    pub fn from_similarity(similarity: MatRef<'_, f64>) -> Self {
        let conditions = similarity.nrows();
        assert!(
            conditions >= 2 && similarity.ncols() == conditions,
            "a matrix of similarities is square with at least 2 rows; got {conditions} x {}",
            similarity.ncols()
        );
        let values = of_pairs(conditions, |i, j| 1.0 - similarity[(i, j)]);
        Self::from_values(conditions, values)
    }

    /// Of the upper triangle, row by row.
    ///
    /// # Panics
    ///
    /// If there are not `conditions (conditions - 1) / 2` values, or one is not
    /// finite.
    pub fn from_values(conditions: usize, values: Vec<f64>) -> Self {
        assert_eq!(
            values.len(),
            conditions * (conditions - 1) / 2,
            "an RDM of {conditions} conditions"
        );
        assert!(
            values.iter().all(|value| value.is_finite()),
            "dissimilarities are finite"
        );
        Self { conditions, values }
    }

    /// How many conditions it is of.
    pub fn conditions(&self) -> usize {
        self.conditions
    }

    /// The upper triangle, row by row: (0, 1), (0, 2), ..., (1, 2), ...
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// As a whole matrix: symmetric, 0 on the diagonal.
    pub fn square(&self) -> Mat<f64> {
        let mut square = Mat::zeros(self.conditions, self.conditions);
        let mut values = self.values.iter();
        for i in 0..self.conditions {
            for j in i + 1..self.conditions {
                let value = *values.next().expect("as many values as pairs");
                square[(i, j)] = value;
                square[(j, i)] = value;
            }
        }
        square
    }

    /// Of the given conditions, in their order.
    ///
    /// # Panics
    ///
    /// If there is no such condition, or fewer than 2 are given.
    pub fn select(&self, conditions: &[usize]) -> Self {
        assert!(conditions.len() >= 2, "an RDM has at least 2 conditions");
        let square = self.square();
        let values = of_pairs(conditions.len(), |i, j| {
            square[(conditions[i], conditions[j])]
        });
        Self {
            conditions: conditions.len(),
            values,
        }
    }
}

/// The number of conditions of RDMs of cortex and of models.
///
/// # Panics
///
/// If there are none on either side, or they are not of as many conditions.
pub(super) fn same_conditions(sites: &[Rdm], models: &[Rdm]) -> usize {
    assert!(
        !sites.is_empty() && !models.is_empty(),
        "RDMs of cortex and of models"
    );
    let conditions = sites[0].conditions;
    let same = |rdm: &Rdm| rdm.conditions == conditions;
    assert!(
        sites.iter().all(same) && models.iter().all(same),
        "RDMs of the same conditions"
    );
    conditions
}

/// The pattern, centred if asked for, at length 1; all zeros if it has no
/// direction.
fn to_direction(pattern: &mut [f64], centre: bool) {
    let first = pattern[0];
    let straight = match centre {
        // By comparison, as a rounded mean leaves something of a constant.
        true => pattern.iter().all(|x| *x == first),
        false => pattern.iter().all(|x| *x == 0.0),
    };
    if straight {
        pattern.fill(0.0);
        return;
    }
    if centre {
        // About the first value, so that a large offset costs no digits.
        let mean = pattern.iter().map(|x| x - first).sum::<f64>() / pattern.len() as f64;
        pattern.iter_mut().for_each(|x| *x = (*x - first) - mean);
    }
    // By its largest first, so that no square over- or underflows.
    let most = pattern.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    pattern.iter_mut().for_each(|x| *x /= most);
    let length = dot(pattern, pattern).sqrt();
    pattern.iter_mut().for_each(|x| *x /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_three_patterns() {
        let patterns = faer::mat![[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 2.0, 1.0]];
        let close = |rdm: &Rdm, expected: [f64; 3]| {
            for (value, expected) in rdm.values().iter().zip(expected) {
                assert!((value - expected).abs() < 1e-15, "{rdm:?}");
            }
        };
        close(
            &Rdm::of(patterns.as_ref(), Distance::Correlation),
            [0.0, 2.0, 2.0],
        );
        // 1 - 10 / 14
        close(
            &Rdm::of(patterns.as_ref(), Distance::Cosine),
            [0.0, 2.0 / 7.0, 2.0 / 7.0],
        );
        let euclidean = Rdm::of(patterns.as_ref(), Distance::Euclidean);
        close(
            &euclidean,
            [14.0_f64.sqrt(), 8.0_f64.sqrt(), 30.0_f64.sqrt()],
        );
        assert_eq!(euclidean.square()[(2, 1)], 30.0_f64.sqrt());
        assert_eq!(euclidean.select(&[2, 0]).values(), [8.0_f64.sqrt()]);
    }

    #[test]
    fn a_pattern_without_a_direction_is_uncorrelated() {
        let patterns = faer::mat![[0.1, 0.1, 0.1], [0.0, 0.0, 0.0], [1.0, 2.0, 4.0]];
        let rdm = Rdm::of(patterns.as_ref(), Distance::Correlation);
        assert_eq!(rdm.values(), [1.0; 3]);
        let rdm = Rdm::of(patterns.as_ref(), Distance::Cosine);
        assert_eq!(rdm.values()[0], 1.0);
    }
}
