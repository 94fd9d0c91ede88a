//! UMAP: rows in a plane, near each other where they are among each other's
//! nearest (L. McInnes, J. Healy and J. Melville, arXiv 1802.03426).
//!
//! Written here, as the crates that there are draw from a generator without a
//! seed: neurons that were chosen once would not be chosen again.

use std::collections::BTreeMap;

use faer::{Mat, MatRef};
use rayon::prelude::*;

use super::super::pearson::{column, constant, mean};
use super::super::product;
use super::layout::{Edge, lay_out};
use super::principal::plane;

/// umap-learn's number of nearest rows, of which a row itself is the first.
const NEIGHBOURS: usize = 15;

/// With fewer rows there is no neighbourhood to speak of.
const FEWEST: usize = 4;

/// Rows whose distances are computed together, so that the others are read from
/// memory once for all of them.
const TOGETHER: usize = 16;

/// A point in the plane for every row of a matrix (rows x columns), by
/// Euclidean distances between rows and umap-learn's default settings, but
/// started from principal components. Fewer than 4 rows stay where they start.
///
/// Neither an offset common to all rows nor a factor common to all values
/// matters, beyond rounding. Rows that are all equal are all at 0.
///
/// The same bits from the same seed on as many threads as may be; on another
/// kind of machine, exponentials may round otherwise.
///
/// # Panics
///
/// If a value is no finite number, or a sum of them is none.
pub(super) fn embed(rows: MatRef<'_, f64>, seed: u64) -> Vec<[f64; 2]> {
    let centred = centred(rows);
    let mut points = plane(centred.as_ref());
    if points.len() >= FEWEST {
        lay_out(&mut points, &graph(centred.as_ref()), seed);
    }
    points
}

/// The rows without their mean, the largest value 1 from 0.
fn centred(rows: MatRef<'_, f64>) -> Mat<f64> {
    let mut centred = Mat::zeros(rows.nrows(), rows.ncols());
    let mut largest = 0.0_f64;
    for place in 0..rows.ncols() {
        let values = column(rows, place);
        // The mean of equal values may miss them by a rounding.
        let middle = match values.first() {
            Some(&value) if constant(&values) => value,
            _ => mean(&values),
        };
        for (row, value) in values.into_iter().enumerate() {
            let value: f64 = value - middle;
            assert!(
                value.is_finite(),
                "a representation of numbers that can be added up; row {row} has another in column {place}"
            );
            centred[(row, place)] = value;
            largest = largest.max(value.abs());
        }
    }
    if largest > 0.0 {
        for place in 0..centred.ncols() {
            for value in centred.col_mut(place).iter_mut() {
                *value /= largest;
            }
        }
    }
    centred
}

/// UMAP's fuzzy graph of the rows: every edge in both directions, in ascending
/// order. Of two weights `a` and `b`, one from each end, the edge has `a + b - a b`
/// (the paper's algorithm 2).
fn graph(rows: MatRef<'_, f64>) -> Vec<Edge> {
    let count = NEIGHBOURS.min(rows.nrows());
    let nearest = nearest(rows, count);
    let all = nearest.iter().flatten().map(|(distance, _)| distance);
    let mean = all.sum::<f64>() / (nearest.len() * count) as f64;
    let mut weights: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for (from, near) in nearest.iter().enumerate() {
        let others = near.iter().filter(|(_, to)| *to != from);
        let distances: Vec<f64> = near.iter().map(|(distance, _)| *distance).collect();
        let (closest, width) = smooth(&distances, mean);
        for (distance, to) in others {
            let weight = membership(distance - closest, width);
            for edge in [(from, *to), (*to, from)] {
                let known = weights.entry(edge).or_insert(0.0);
                *known += weight - *known * weight;
            }
        }
    }
    let positive = weights.into_iter().filter(|(_, weight)| *weight > 0.0);
    positive
        .map(|((from, to), weight)| Edge { from, to, weight })
        .collect()
}

/// 1 up to the closest row, and from there down over `width`.
fn membership(beyond: f64, width: f64) -> f64 {
    match beyond > 0.0 {
        true => (-beyond / width).exp(),
        false => 1.0,
    }
}

/// The distance to the closest other row, and the width at which the memberships of
/// all neighbours sum up to the base-2 logarithm of their number (the paper's
/// algorithm 3), which is no less than a thousandth of the mean distance.
fn smooth(distances: &[f64], mean_of_all: f64) -> (f64, f64) {
    let closest = distances.iter().copied().find(|d| *d > 0.0).unwrap_or(0.0);
    let target = (distances.len() as f64).log2();
    let (mut low, mut high, mut width) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let beyond = distances[1..].iter().map(|distance| distance - closest);
        let sum: f64 = beyond.map(|beyond| membership(beyond, width)).sum();
        if (sum - target).abs() < 1e-5 {
            break;
        }
        if sum > target {
            high = width;
        } else {
            low = width;
        }
        width = match high.is_finite() {
            true => (low + high) / 2.0,
            false => 2.0 * width,
        };
    }
    let mean = match closest > 0.0 {
        true => distances.iter().sum::<f64>() / distances.len() as f64,
        false => mean_of_all,
    };
    // Of rows that are all equal both are 0.
    (closest, width.max(1e-3 * mean))
}

/// The `count` nearest rows of every row with their distances, nearest first
/// and the first of equals first; but first of all, as in umap-learn, the row
/// itself.
fn nearest(rows: MatRef<'_, f64>, count: usize) -> Vec<Vec<(f64, usize)>> {
    let rows = product::rows(rows);
    rows.par_chunks(TOGETHER)
        .enumerate()
        .flat_map_iter(|(chunk, from)| {
            let mut distances = vec![Vec::with_capacity(rows.len()); from.len()];
            for to in &rows {
                for (distances, from) in distances.iter_mut().zip(from) {
                    distances.push(product::squared_distance(from, to).sqrt());
                }
            }
            let own = chunk * TOGETHER..;
            let of_each = own.zip(distances);
            of_each.map(|(own, distances)| first_of_least(&distances, own, count))
        })
        .collect()
}

/// The `count` least distances, that of the row itself before all.
fn first_of_least(distances: &[f64], own: usize, count: usize) -> Vec<(f64, usize)> {
    let others = distances.iter().copied().zip(0..);
    let mut others: Vec<(f64, usize)> = others.filter(|&(_, other)| other != own).collect();
    others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.insert(0, (0.0, own));
    others.truncate(count);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curved sheet of four dimensions in twenty, 300 points of it.
    fn sheet() -> Mat<f64> {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / 2_f64.powi(53)
        };
        let mut draw =
            |rows| -> Vec<[f64; 4]> { (0..rows).map(|_| [(); 4].map(|()| uniform())).collect() };
        let (latent, weights) = (draw(300), draw(20));
        Mat::from_fn(300, 20, |row, column| {
            let products = latent[row].iter().zip(weights[column]);
            products
                .map(|(x, w)| x * (4.0 * w - 2.0))
                .sum::<f64>()
                .sin()
        })
    }

    /// scikit-learn's `trustworthiness`: 1 if nobody is among the `count`
    /// nearest of another in the plane who is not so among the rows.
    fn trustworthiness(rows: MatRef<'_, f64>, points: &[[f64; 2]], count: usize) -> f64 {
        let points = Mat::from_fn(points.len(), 2, |row, axis| points[row][axis]);
        let all = rows.nrows();
        let among_rows = nearest(rows, all);
        let mut late = 0;
        for (row, near) in nearest(points.as_ref(), count + 1).iter().enumerate() {
            for (_, other) in &near[1..] {
                let rank = among_rows[row].iter().position(|(_, one)| one == other);
                late += rank.unwrap().saturating_sub(count);
            }
        }
        let worst = (all * count * (2 * all - 3 * count - 1)) as f64 / 2.0;
        1.0 - late as f64 / worst
    }

    /// Of umap-learn 0.5.12 and scikit-learn 1.9.1:
    ///
    /// ```python
    /// state = 1
    /// def uniform():
    ///     global state
    ///     state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    ///     return (state >> 11) / 2**53
    /// latent = np.array([[uniform() for _ in range(4)] for _ in range(300)])
    /// weights = np.array([[4 * uniform() - 2 for _ in range(4)] for _ in range(20)])
    /// rows = np.sin(latent @ weights.T)
    /// fitted = umap.UMAP(random_state=0).fit(rows)
    /// print(fitted.graph_.nnz, fitted.graph_.sum())
    /// print(trustworthiness(rows, fitted.embedding_, n_neighbors=15))
    /// ```
    ///
    /// prints 5186, 1805.8049 and 0.97398; seeds 1 to 4 give 0.97135 to
    /// 0.97495. The plane of principal components alone has 0.86371.
    #[test]
    fn it_is_as_trustworthy_as_umap_learn() {
        let rows = sheet();
        let edges = graph(centred(rows.as_ref()).as_ref());
        let weight: f64 = edges.iter().map(|edge| edge.weight).sum();
        assert_eq!(edges.len(), 5186);
        assert!((weight - 1805.8049).abs() < 0.01, "{weight}");

        let start = plane(centred(rows.as_ref()).as_ref());
        let before = trustworthiness(rows.as_ref(), &start, 15);
        assert!((before - 0.863_71).abs() < 1e-5, "{before}");
        for seed in 0..3 {
            let after = trustworthiness(rows.as_ref(), &embed(rows.as_ref(), seed), 15);
            assert!(after > 0.973_98 - 0.05, "{after}");
        }
    }

    #[test]
    fn a_row_is_its_own_nearest_among_equals() {
        let rows = Mat::from_fn(5, 9, |row, _| if row == 4 { 2.0 } else { 1.0 });
        let nearest = nearest(rows.as_ref(), 3);
        assert_eq!(nearest[2], [(0.0, 2), (0.0, 0), (0.0, 1)]);
        assert_eq!(nearest[4], [(0.0, 4), (3.0, 0), (3.0, 1)]);
    }

    #[test]
    fn equal_rows_are_at_0() {
        // 0.1 three times has a mean that is not 0.1.
        for rows in 0..20 {
            let points = embed(Mat::full(rows, 3, 0.1).as_ref(), 0);
            assert_eq!(points, vec![[0.0; 2]; rows]);
        }
    }

    #[test]
    fn the_silent_are_near_each_other() {
        let mut rows = sheet();
        for silent in 0..40 {
            rows.row_mut(silent).fill(0.0);
        }
        let points = embed(rows.as_ref(), 0);
        let scatter = |points: &[[f64; 2]]| -> f64 {
            let deviations = [0, 1].map(|axis| {
                let values: Vec<f64> = points.iter().map(|point| point[axis]).collect();
                let middle = mean(&values);
                values
                    .iter()
                    .map(|value| (value - middle).powi(2))
                    .sum::<f64>()
            });
            deviations.iter().sum::<f64>() / points.len() as f64
        };
        let (silent, all) = (scatter(&points[..40]), scatter(&points));
        assert!(silent < 0.2 * all, "{silent} of {all}");
    }

    #[test]
    fn neither_offset_nor_unit_matters() {
        let rows = sheet();
        let other = Mat::from_fn(300, 20, |row, column| {
            (rows[(row, column)] + 2048.0 * column as f64) * 1e-60
        });
        let near = |rows: &Mat<f64>| nearest(centred(rows.as_ref()).as_ref(), 2);
        for (one, other) in near(&rows).iter().zip(near(&other)) {
            // What is left of the bits beside the offset.
            assert!((one[1].0 - other[1].0).abs() < 1e-9);
        }
        let points = embed(other.as_ref(), 0);
        assert!(trustworthiness(rows.as_ref(), &points, 15) > 0.92);
    }

    #[test]
    #[should_panic = "numbers that can be added up"]
    fn a_value_that_is_no_number() {
        let mut rows = sheet();
        rows[(7, 3)] = f64::NAN;
        embed(rows.as_ref(), 0);
    }
}
