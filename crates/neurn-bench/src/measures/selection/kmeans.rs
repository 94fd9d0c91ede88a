//! Clusters in the plane.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Which cluster each point is in, and where clusters are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clusters {
    /// One a point, numbered in the order in which they first appear.
    pub of: Vec<usize>,
    /// The mean of each cluster's points.
    pub centres: Vec<[f64; 2]>,
}

/// How often it starts anew.
const RUNS: usize = 10;

/// The most steps of a run; it ends when no point changes its cluster.
const STEPS: usize = 300;

/// k-means: the best of ten runs of Lloyd's algorithm, each started by
/// k-means++ (D. Arthur and S. Vassilvitskii, SODA 2007), from one seed.
///
/// There are at most as many clusters as points at different places, and
/// possibly fewer than asked for: none is empty.
///
/// # Panics
///
/// If there are points and `clusters` is 0, or if a coordinate is no finite
/// number.
pub(super) fn kmeans(points: &[[f64; 2]], clusters: usize, seed: u64) -> Clusters {
    if points.is_empty() {
        return Clusters {
            of: Vec::new(),
            centres: Vec::new(),
        };
    }
    assert!(clusters > 0, "at least 1 cluster; got 0");
    assert!(
        points.iter().flatten().all(|value| value.is_finite()),
        "points that are somewhere"
    );
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let runs = (0..RUNS).map(|_| lloyd(points, first_centres(points, clusters, &mut rng)));
    let best = runs.min_by(|a, b| a.0.total_cmp(&b.0));
    best.expect("at least one run").1
}

/// k-means++: each centre is a point, drawn in proportion to its squared distance
/// from those before. As many as asked for, or as there are places.
fn first_centres(points: &[[f64; 2]], clusters: usize, rng: &mut ChaCha8Rng) -> Vec<[f64; 2]> {
    let mut centres = vec![points[rng.random_range(0..points.len())]];
    while centres.len() < clusters {
        let far = points.iter().map(|&point| nearest(point, &centres).0);
        let far: Vec<f64> = far.collect();
        let sum: f64 = far.iter().sum();
        if sum <= 0.0 {
            break;
        }
        let mut left = rng.random_range(0.0..sum);
        let drawn = far.iter().position(|far| {
            left -= far;
            left < 0.0
        });
        // After the last one only by a rounding.
        let last = || far.iter().rposition(|far| *far > 0.0);
        centres.push(points[drawn.or_else(last).expect("a distance above 0")]);
    }
    centres
}

/// Moves centres to the means of their points until no point changes; gives the sum
/// of squared distances too.
fn lloyd(points: &[[f64; 2]], mut centres: Vec<[f64; 2]>) -> (f64, Clusters) {
    let mut found = Vec::new();
    for _ in 0..STEPS {
        let of: Vec<usize> = points.iter().map(|&p| nearest(p, &centres).1).collect();
        if of == found {
            break;
        }
        let clusters = numbered(points, &of);
        (found, centres) = (clusters.of, clusters.centres);
    }
    let inertia = points.iter().map(|&point| nearest(point, &centres).0).sum();
    (inertia, Clusters { of: found, centres })
}

/// The squared distance to the nearest centre, and which it is: the first of equals.
fn nearest(point: [f64; 2], centres: &[[f64; 2]]) -> (f64, usize) {
    let squares = centres.iter().map(|centre| {
        let [x, y] = [0, 1].map(|axis: usize| point[axis] - centre[axis]);
        x * x + y * y
    });
    let all = squares.zip(0..);
    all.min_by(|a, b| a.0.total_cmp(&b.0)).expect("a centre")
}

/// The clusters that have points, numbered anew, with the means of their points.
fn numbered(points: &[[f64; 2]], labels: &[usize]) -> Clusters {
    let mut names: Vec<usize> = Vec::new();
    let mut sums: Vec<([f64; 2], f64)> = Vec::new();
    let of = labels.iter().zip(points).map(|(label, point)| {
        let known = names.iter().position(|name| name == label);
        let cluster = known.unwrap_or_else(|| {
            names.push(*label);
            sums.push(([0.0; 2], 0.0));
            names.len() - 1
        });
        sums[cluster].0[0] += point[0];
        sums[cluster].0[1] += point[1];
        sums[cluster].1 += 1.0;
        cluster
    });
    let of = of.collect();
    let means = sums.iter().map(|(sum, count)| sum.map(|sum| sum / count));
    Clusters {
        of,
        centres: means.collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<[f64; 2]>> {
        let coordinate = || (-3..4_i8).prop_map(f64::from);
        prop::collection::vec([coordinate(), coordinate()], count)
    }

    #[test]
    fn points_at_one_place_are_one_cluster() {
        let found = kmeans(&[[0.1, -7.0]; 6], 3, 0);
        assert_eq!(found.of, [0; 6]);
        assert_eq!(found.centres.len(), 1);
    }

    #[test]
    fn as_many_clusters_as_places() {
        let points = [[0.0, 0.0], [9.0, 0.0], [0.0, 0.0], [0.0, 9.0]];
        let found = kmeans(&points, 50, 0);
        assert_eq!(found.of, [0, 1, 0, 2]);
        assert_eq!(found.centres, [[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]]);
    }

    #[test]
    #[should_panic = "at least 1 cluster"]
    fn no_clusters() {
        kmeans(&[[0.0; 2]], 0, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Each point is with the centre that is nearest, each centre is the mean
        /// of its points, and the seed alone decides.
        #[test]
        fn it_is_where_lloyd_stops(points in points(1..60), clusters in 1_usize..9, seed: u64) {
            let found = kmeans(&points, clusters, seed);
            prop_assert_eq!(&found, &kmeans(&points, clusters, seed));
            prop_assert_eq!(&found, &numbered(&points, &found.of));
            for (&point, &of) in points.iter().zip(&found.of) {
                let own = nearest(point, &found.centres[of..=of]).0;
                prop_assert_eq!(own, nearest(point, &found.centres).0);
            }
        }

        #[test]
        fn no_cluster_is_empty_and_every_point_is_in_one(
            points in points(0..30),
            clusters in 1_usize..40,
            seed: u64,
        ) {
            let found = kmeans(&points, clusters, seed);
            prop_assert_eq!(found.of.len(), points.len());
            prop_assert!(found.centres.len() <= clusters.min(points.len()));
            for cluster in 0..found.centres.len() {
                prop_assert!(found.of.contains(&cluster));
            }
            prop_assert!(found.of.iter().all(|&cluster| cluster < found.centres.len()));
        }
    }
}
