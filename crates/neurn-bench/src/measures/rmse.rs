//! The papers' distance between representations: the root mean squared error
//! of what was scaled and flattened.

use faer::{Mat, MatRef};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::pearson::{constant, mean, row};

/// What is done to a flattened map before it is compared.
///
/// The paper says that maps are scaled and not how. A representation is a sum
/// over scenes in units of response times grey, a feature map a mean
/// activation: without any scaling their distance says which is larger. The
/// default, [`MinMax`](Self::MinMax), gives numbers of the size that the paper
/// prints, but they fall for any two maps of similar mean and spread; with
/// [`Standard`](Self::Standard) the error is `sqrt(2 - 2 r)` of Pearson's r,
/// which only the pattern decides.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Scaling {
    /// `(x - min) / (max - min)`, so 0 to 1.
    #[default]
    MinMax,
    /// `(x - mean) / s` with `s^2` the mean squared deviation (n below the
    /// line).
    Standard,
    /// `x / sqrt(sum of x^2)`.
    UnitNorm,
    /// As it is.
    None,
}

impl Scaling {
    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::MinMax, Self::Standard, Self::UnitNorm, Self::None];

    /// The values, scaled. A map that has nothing to be divided by (a constant
    /// one for `MinMax` and `Standard`, one of zeros for `UnitNorm`) becomes
    /// zeros.
    ///
    /// ```
    /// use neurn_bench::measures::Scaling;
    ///
    /// assert_eq!(Scaling::MinMax.apply(&[1.0, 3.0, 2.0]), [0.0, 1.0, 0.5]);
    /// assert_eq!(Scaling::MinMax.apply(&[7.0; 3]), [0.0; 3]);
    /// assert_eq!(Scaling::UnitNorm.apply(&[3.0, 4.0]), [0.6, 0.8]);
    /// ```
    pub fn apply(self, values: &[f64]) -> Vec<f64> {
        let (offset, divisor) = match self {
            Self::None => return values.to_vec(),
            Self::UnitNorm => (0.0, norm(values)),
            _ if constant(values) => return vec![0.0; values.len()],
            Self::MinMax => {
                let low = values.iter().copied().fold(f64::INFINITY, f64::min);
                let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                (low, high - low)
            }
            Self::Standard => {
                let mean = mean(values);
                let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
                (mean, norm(&deviations) / (values.len() as f64).sqrt())
            }
        };
        if divisor == 0.0 {
            return vec![0.0; values.len()];
        }
        values
            .iter()
            .map(|value| (value - offset) / divisor)
            .collect()
    }
}

/// `sqrt(mean of (a - b)^2)`: 0 of equal maps, and no upper end.
///
/// # Panics
///
/// If the lengths differ, or are 0.
pub fn rmse(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "maps of different sizes");
    assert!(!a.is_empty(), "maps of no pixels");
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / a.len() as f64).sqrt()
}

/// [`rmse`] of every neuron's map (neurons x pixels) to every unit's
/// (units x pixels), both scaled: neurons x units, the cost that
/// [`pair`](super::pair) takes.
///
/// # Panics
///
/// If the maps differ in size, or have none.
pub fn rmse_matrix(neurons: MatRef<'_, f64>, units: MatRef<'_, f64>, scaling: Scaling) -> Mat<f64> {
    let scaled = |maps: MatRef<'_, f64>| -> Vec<Vec<f64>> {
        (0..maps.nrows())
            .map(|map| scaling.apply(&row(maps, map)))
            .collect()
    };
    let units = scaled(units);
    // Differences and not a product of matrices, which would leave the
    // rounding of large squares where maps are equal.
    let errors: Vec<Vec<f64>> = scaled(neurons)
        .into_par_iter()
        .map(|neuron| units.iter().map(|unit| rmse(&neuron, unit)).collect())
        .collect();
    Mat::from_fn(errors.len(), units.len(), |neuron, unit| {
        errors[neuron][unit]
    })
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_constant_map_is_zeros_and_so_at_a_defined_distance() {
        // Three times 0.1 is no mean of 0.1.
        for scaling in [Scaling::MinMax, Scaling::Standard] {
            assert_eq!(scaling.apply(&[0.1; 3]), [0.0; 3]);
        }
        assert_eq!(Scaling::UnitNorm.apply(&[0.0; 3]), [0.0; 3]);
        let flat = Scaling::Standard.apply(&[0.1; 3]);
        let other = Scaling::Standard.apply(&[1.0, 2.0, 3.0]);
        assert!((rmse(&flat, &other) - 1.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn equal_maps_are_at_no_distance_and_distance_is_symmetric(
            (a, b) in (1_usize..40).prop_flat_map(|count| {
                let map = || prop::collection::vec(-1e3..1e3_f64, count);
                (map(), map())
            })
        ) {
            for scaling in Scaling::ALL {
                let (a, b) = (scaling.apply(&a), scaling.apply(&b));
                prop_assert_eq!(rmse(&a, &a), 0.0);
                prop_assert_eq!(rmse(&a, &b), rmse(&b, &a));
                prop_assert!(rmse(&a, &b).is_finite());
                if scaling == Scaling::MinMax {
                    prop_assert!(rmse(&a, &b) <= 1.0);
                }
            }
        }

        /// sqrt(2 - 2 r), to the rounding of 1e-12 under the root.
        #[test]
        fn after_standard_scaling_it_is_pearson(
            pairs in prop::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 3..40)
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let r = super::super::pearson::pearson(&a, &b);
            prop_assume!(r.is_some());
            let error = rmse(&Scaling::Standard.apply(&a), &Scaling::Standard.apply(&b));
            prop_assert!((error * error - (2.0 - 2.0 * r.unwrap())).abs() < 1e-12);
        }

        #[test]
        fn the_matrix_holds_what_each_pair_has(
            values in prop::collection::vec(-1.0..1.0_f64, 5 * 6)
        ) {
            let maps = MatRef::from_row_major_slice(&values, 5, 6);
            let (neurons, units) = maps.split_at_row(2);
            let matrix = rmse_matrix(neurons, units, Scaling::MinMax);
            prop_assert_eq!(matrix.shape(), (2, 3));
            let scaled = |map| Scaling::MinMax.apply(&row(maps, map));
            let expected = rmse(&scaled(1), &scaled(4));
            prop_assert_eq!(matrix[(1, 2)], expected);
        }
    }
}
