//! The layout of a weighted graph in the plane, as UMAP has it: the fuzzy
//! cross entropy, descended by sampling (L. McInnes, J. Healy and J. Melville,
//! arXiv 1802.03426, section 3.2 and appendix C).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// `a` and `b` of the similarity `1 / (1 + a d^(2b))` of points at distance
/// d: umap-learn's fit for `min_dist` 0.1 and `spread` 1.
pub(super) const CURVE: (f64, f64) = (1.576_943_460_3, 0.895_060_878_0);

/// umap-learn's number for up to 10,000 points.
const EPOCHS: u16 = 500;

/// Points pushed away for each edge pulled.
const NEGATIVES: usize = 5;

/// No step is longer than this in either coordinate.
const LONGEST: f64 = 4.0;

/// Added to the squared distance that repulsion is divided by.
const NEAREST: f64 = 0.001;

/// A weight from one point to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub from: usize,
    pub to: usize,
    pub weight: f64,
}

/// Moves the points to where those joined by heavy edges are near and others
/// are not.
///
/// In each of 500 epochs the edges are visited in their order, one of the
/// largest weight every time and others in proportion (never, below 1/500 of
/// it). A visit pulls both ends together and pushes the first away from 5
/// points, drawn of all. Steps shrink linearly from 1 to 0. Points at the same
/// place do not act on each other.
///
/// One thread does it all, and chance is of the seed alone.
pub(super) fn lay_out(points: &mut [[f64; 2]], edges: &[Edge], seed: u64) {
    let heaviest = edges.iter().map(|edge| edge.weight).fold(0.0, f64::max);
    // Epochs between visits, and the epoch of the next.
    let mut visits: Vec<(Edge, f64, f64)> = edges
        .iter()
        .map(|edge| (edge, heaviest / edge.weight))
        .filter(|&(_, between)| between <= f64::from(EPOCHS))
        .map(|(edge, between)| (*edge, between, between))
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for epoch in 0..EPOCHS {
        let rate = 1.0 - f64::from(epoch) / f64::from(EPOCHS);
        for (edge, between, next) in &mut visits {
            if *next > f64::from(epoch) {
                continue;
            }
            *next += *between;
            let pull = step(points[edge.from], points[edge.to], attraction);
            for (axis, pull) in pull.into_iter().enumerate() {
                points[edge.from][axis] += rate * pull;
                points[edge.to][axis] -= rate * pull;
            }
            for _ in 0..NEGATIVES {
                let other = rng.random_range(0..points.len());
                let push = step(points[edge.from], points[other], repulsion);
                for (axis, push) in push.into_iter().enumerate() {
                    points[edge.from][axis] += rate * push;
                }
            }
        }
    }
}

/// `coefficient(d^2) (point - other)`, each coordinate in -4..=4.
fn step(point: [f64; 2], other: [f64; 2], coefficient: fn(f64) -> f64) -> [f64; 2] {
    let apart = [point[0] - other[0], point[1] - other[1]];
    let square = apart[0] * apart[0] + apart[1] * apart[1];
    if square == 0.0 {
        return [0.0; 2];
    }
    let coefficient = coefficient(square);
    apart.map(|apart| (coefficient * apart).clamp(-LONGEST, LONGEST))
}

/// Of the gradient of the logarithm of similarity, by `point`:
/// `-2 a b d^(2b - 2) / (1 + a d^(2b))`.
fn attraction(square: f64) -> f64 {
    let (a, b) = CURVE;
    let power = a * square.powf(b);
    -2.0 * b * power / (square * (1.0 + power))
}

/// Of the gradient of the logarithm of 1 - similarity:
/// `2 b / ((0.001 + d^2) (1 + a d^(2b)))`.
fn repulsion(square: f64) -> f64 {
    let (a, b) = CURVE;
    2.0 * b / ((NEAREST + square) * (1.0 + a * square.powf(b)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(distance: f64) -> f64 {
        let (a, b) = CURVE;
        1.0 / (1.0 + a * distance.powf(2.0 * b))
    }

    fn slope(of: impl Fn(f64) -> f64, at: f64) -> f64 {
        let step = 1e-5 * at;
        (of(at + step) - of(at - step)) / (2.0 * step)
    }

    #[test]
    fn the_joined_come_near_and_the_others_do_not() {
        // Two pairs, each far apart and near one of the other.
        let mut points = [[-5.0, 0.0], [5.0, 0.1], [-5.0, 0.2], [5.0, 0.3]];
        let edge = |from, to| Edge {
            from,
            to,
            weight: 0.5,
        };
        let edges = [edge(0, 1), edge(1, 0), edge(2, 3), edge(3, 2)];
        lay_out(&mut points, &edges, 1);
        let distance =
            |a: usize, b: usize| (points[a][0] - points[b][0]).hypot(points[a][1] - points[b][1]);
        let joined = distance(0, 1).max(distance(2, 3));
        let others = [
            distance(0, 2),
            distance(0, 3),
            distance(1, 2),
            distance(1, 3),
        ];
        assert!(
            others.iter().all(|&other| other > joined),
            "{joined} {others:?}"
        );
    }

    #[test]
    fn without_edges_or_at_one_place_nothing_moves() {
        let mut nobody: [[f64; 2]; 0] = [];
        lay_out(&mut nobody, &[], 0);
        let mut points = [[1.0, 2.0]; 3];
        lay_out(&mut points, &[], 0);
        let edge = Edge {
            from: 0,
            to: 2,
            weight: 1.0,
        };
        lay_out(&mut points, &[edge], 0);
        assert_eq!(points, [[1.0, 2.0]; 3]);
    }

    proptest! {
        #[test]
        fn steps_are_gradients(distance in 0.1..20.0_f64) {
            let square = distance * distance;
            let pull = slope(|d| similarity(d).ln(), distance);
            let error = attraction(square) * distance - pull;
            prop_assert!(error.abs() < 1e-6 * pull.abs(), "{error} of {pull}");
            let push = slope(|d| (1.0 - similarity(d)).ln(), distance);
            // Less what keeps it finite.
            let push = push * square / (square + NEAREST);
            let error = repulsion(square) * distance - push;
            prop_assert!(error.abs() < 1e-6 * push, "{error} of {push}");
        }

        #[test]
        fn no_step_is_longer_than_4(x in -1e3..1e3_f64, y in -1e-6..1e-6_f64) {
            for coefficient in [attraction, repulsion] {
                let step = step([x, y], [y, x], coefficient);
                prop_assert!(step.iter().all(|step| step.abs() <= LONGEST));
            }
        }
    }
}
