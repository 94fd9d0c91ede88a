//! Which unit of a network stands beside which neuron.

use faer::{Mat, MatRef};
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::pearson::{column, pearson, row};

/// How units and neurons are paired, which the paper does not say.
///
/// A pairing that looks at the cost is a fit: the more units a layer has, the
/// nearer the nearest is, in a trained network and in noise. So compare layers
/// of different widths by `All` or `Random`, or beside an untrained network of
/// the same widths.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Pairing {
    /// Every neuron with its nearest unit, the first of equals; units may be
    /// used again or not at all. The default: every neuron has a value,
    /// however few units there are.
    #[default]
    Nearest,
    /// One to one at the smallest total cost (H. W. Kuhn, Naval Research
    /// Logistics Quarterly 2, 83, 1955). Of fewer units than neurons, the
    /// neurons that would cost most have no unit.
    Assignment,
    /// One to one by chance, the same on every machine: what a pairing that knows
    /// nothing gives. Of fewer units than neurons, as many neurons as units.
    Random,
    /// Every neuron with every unit, so that the mean over pairs involves no
    /// choice.
    All,
}

/// The assignment needs whole numbers: costs are brought to 0..=2^40, in steps
/// of a 2^40th of their range. Each is off by half a step at most, so the
/// total is within `pairs x range / 2^40` of the smallest there is.
const STEPS: f64 = (1_u64 << 40) as f64;

/// `(neuron, unit)` pairs in ascending order, of a cost (neurons x units) that
/// is smaller the nearer they are.
///
/// # Panics
///
/// If a cost is no finite number.
pub fn pair(cost: MatRef<'_, f64>, pairing: Pairing) -> Vec<(usize, usize)> {
    let (neurons, units) = cost.shape();
    for unit in 0..units {
        assert!(
            cost.col(unit).iter().all(|cost| cost.is_finite()),
            "a cost that is no number, of unit {unit}"
        );
    }
    if neurons == 0 || units == 0 {
        return Vec::new();
    }
    match pairing {
        Pairing::All => (0..neurons)
            .flat_map(|neuron| (0..units).map(move |unit| (neuron, unit)))
            .collect(),
        Pairing::Nearest => (0..neurons)
            .map(|neuron| (neuron, first_of_least(&row(cost, neuron))))
            .collect(),
        Pairing::Assignment => assignment(cost),
        Pairing::Random => {
            let mut rng = ChaCha8Rng::seed_from_u64(0);
            let mut shuffled = |count| {
                let mut order: Vec<usize> = (0..count).collect();
                order.shuffle(&mut rng);
                order
            };
            let mut pairs: Vec<_> = shuffled(neurons).into_iter().zip(shuffled(units)).collect();
            pairs.sort_unstable();
            pairs
        }
    }
}

/// The cost of each neuron under a pairing: of its pair, or the mean of its
/// pairs; `None` of a neuron that has no unit.
///
/// # Panics
///
/// If a cost is no finite number.
pub fn paired_costs(cost: MatRef<'_, f64>, pairing: Pairing) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0_usize); cost.nrows()];
    for (neuron, unit) in pair(cost, pairing) {
        sums[neuron].0 += cost[(neuron, unit)];
        sums[neuron].1 += 1;
    }
    sums.into_iter()
        .map(|(sum, count)| (count > 0).then(|| sum / count as f64))
        .collect()
}

/// `1 - r` between the responses of each neuron (scenes x neurons) and the
/// activations of each unit (scenes x units), over scenes: neurons x units, in
/// 0..=2. What is constant over scenes is at 1 from everything, as from
/// something unrelated.
///
/// # Panics
///
/// If the numbers of scenes differ.
pub fn correlation_cost(responses: MatRef<'_, f64>, activations: MatRef<'_, f64>) -> Mat<f64> {
    assert_eq!(
        responses.nrows(),
        activations.nrows(),
        "responses and activations to different scenes"
    );
    let units: Vec<Vec<f64>> = (0..activations.ncols())
        .map(|unit| column(activations, unit))
        .collect();
    let mut cost = Mat::zeros(responses.ncols(), units.len());
    for neuron in 0..responses.ncols() {
        let response = column(responses, neuron);
        for (unit, activation) in units.iter().enumerate() {
            cost[(neuron, unit)] = 1.0 - pearson(&response, activation).unwrap_or(0.0);
        }
    }
    cost
}

fn first_of_least(costs: &[f64]) -> usize {
    let mut least = 0;
    for (unit, cost) in costs.iter().enumerate() {
        if *cost < costs[least] {
            least = unit;
        }
    }
    least
}

fn assignment(cost: MatRef<'_, f64>) -> Vec<(usize, usize)> {
    // The algorithm wants no more rows than columns.
    let wide = cost.nrows() <= cost.ncols();
    let cost = if wide { cost } else { cost.transpose() };
    let (rows, columns) = cost.shape();
    let all = || (0..rows).flat_map(|row| (0..columns).map(move |column| cost[(row, column)]));
    let low = all().fold(f64::INFINITY, f64::min);
    let range = all().fold(f64::NEG_INFINITY, f64::max) - low;
    let steps = if range > 0.0 { STEPS / range } else { 0.0 };
    let whole: Vec<i64> = all()
        .map(|cost| ((cost - low) * steps).round() as i64)
        .collect();
    let whole = Matrix::from_vec(rows, columns, whole).expect("as many costs as rows x columns");
    let (_, chosen) = kuhn_munkres_min(&whole);
    let mut pairs: Vec<(usize, usize)> = chosen
        .into_iter()
        .enumerate()
        .map(|(row, column)| if wide { (row, column) } else { (column, row) })
        .collect();
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn costs() -> impl Strategy<Value = Mat<f64>> {
        (1_usize..6, 1_usize..6).prop_flat_map(|(neurons, units)| {
            prop::collection::vec(0.0..1.0_f64, neurons * units).prop_map(move |values| {
                MatRef::from_row_major_slice(&values, neurons, units).to_owned()
            })
        })
    }

    /// The smallest total of any one-to-one pairing of the first rows.
    fn least_total(cost: MatRef<'_, f64>, row: usize, used: &mut Vec<usize>) -> f64 {
        if row == cost.nrows() {
            return 0.0;
        }
        let mut least = f64::INFINITY;
        for column in 0..cost.ncols() {
            if !used.contains(&column) {
                used.push(column);
                least = least.min(cost[(row, column)] + least_total(cost, row + 1, used));
                used.pop();
            }
        }
        least
    }

    #[test]
    fn nearest_takes_the_first_of_equals() {
        let cost = MatRef::from_row_major_slice(&[0.5, 0.1, 0.1, 0.3, 0.3, 0.2], 2, 3);
        assert_eq!(pair(cost, Pairing::Nearest), [(0, 1), (1, 2)]);
        assert_eq!(paired_costs(cost, Pairing::Nearest), [Some(0.1), Some(0.2)]);
    }

    #[test]
    fn equal_costs_and_no_units() {
        let cost = Mat::<f64>::full(3, 4, 0.7);
        assert_eq!(pair(cost.as_ref(), Pairing::Assignment).len(), 3);
        let nobody = Mat::<f64>::zeros(3, 0);
        assert_eq!(paired_costs(nobody.as_ref(), Pairing::Nearest), [None; 3]);
    }

    #[test]
    fn the_constant_is_unrelated() {
        let responses = MatRef::from_row_major_slice(&[1.0, 0.1, 2.0, 0.1, 3.0, 0.1], 3, 2);
        let activations = MatRef::from_row_major_slice(&[-1.0, -2.0, -3.0], 3, 1);
        let cost = correlation_cost(responses, activations);
        assert!((cost[(0, 0)] - 2.0).abs() < 1e-15 && cost[(1, 0)] == 1.0);
    }

    proptest! {
        #[test]
        fn one_to_one_never_repeats(cost in costs()) {
            for pairing in [Pairing::Assignment, Pairing::Random] {
                let pairs = pair(cost.as_ref(), pairing);
                prop_assert_eq!(pairs.len(), cost.nrows().min(cost.ncols()));
                let neurons: HashSet<_> = pairs.iter().map(|pair| pair.0).collect();
                let units: HashSet<_> = pairs.iter().map(|pair| pair.1).collect();
                prop_assert_eq!(neurons.len(), pairs.len());
                prop_assert_eq!(units.len(), pairs.len());
            }
        }

        #[test]
        fn assignment_costs_least(cost in costs()) {
            let pairs = pair(cost.as_ref(), Pairing::Assignment);
            let total: f64 = pairs.iter().map(|&pair| cost[pair]).sum();
            let wide = cost.nrows() <= cost.ncols();
            let oriented = if wide { cost.as_ref() } else { cost.transpose() };
            let least = least_total(oriented, 0, &mut Vec::new());
            // The range is under 1, and sums round by less.
            prop_assert!((total - least).abs() <= pairs.len() as f64 / STEPS);
        }

        #[test]
        fn all_is_the_mean_of_every_row(cost in costs()) {
            for (neuron, value) in paired_costs(cost.as_ref(), Pairing::All).iter().enumerate() {
                let mean = row(cost.as_ref(), neuron).iter().sum::<f64>() / cost.ncols() as f64;
                prop_assert!((value.unwrap() - mean).abs() < 1e-14);
            }
        }
    }
}
