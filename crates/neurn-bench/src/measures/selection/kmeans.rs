//! Clusters in the plane.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray_of_linfa::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

/// Which cluster each point is in, and where clusters are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clusters {
    /// One a point, numbered in the order in which they first appear.
    pub of: Vec<usize>,
    /// The mean of each cluster's points.
    pub centres: Vec<[f64; 2]>,
}

/// k-means: the best of ten runs of Lloyd's algorithm, each started by
/// k-means++ (D. Arthur and S. Vassilvitskii, SODA 2007), from one seed.
///
/// There are at most as many clusters as points at different places, and
/// possibly fewer than asked for: none is empty. Chance is drawn on one thread,
/// so the number of threads does not matter.
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
    let data = DatasetBase::from(Array2::from_shape_fn((points.len(), 2), |(point, axis)| {
        points[point][axis]
    }));
    let chance = Xoshiro256Plus::seed_from_u64(seed);
    let fitted = KMeans::params_with_rng(clusters.min(points.len()), chance)
        .fit(&data)
        .expect("clusters of finite points");
    clusters_of(
        points,
        fitted.predict(data.records()).into_raw_vec_and_offset().0,
    )
}

/// Numbered anew, and with the mean as centre: the crate's own is the mean of
/// the points and of where it was before.
fn clusters_of(points: &[[f64; 2]], labels: Vec<usize>) -> Clusters {
    let mut labels_in_order = Vec::new();
    let mut members: Vec<Vec<[f64; 2]>> = Vec::new();
    let of = labels
        .into_iter()
        .zip(points)
        .map(|(label, &point)| {
            let known = labels_in_order.iter().position(|&known| known == label);
            let cluster = known.unwrap_or_else(|| {
                labels_in_order.push(label);
                members.push(Vec::new());
                members.len() - 1
            });
            members[cluster].push(point);
            cluster
        })
        .collect();
    let mean = |points: &Vec<[f64; 2]>, axis: usize| {
        points.iter().map(|point| point[axis]).sum::<f64>() / points.len() as f64
    };
    let centres = members
        .iter()
        .map(|points| [mean(points, 0), mean(points, 1)])
        .collect();
    Clusters { of, centres }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rayon::ThreadPoolBuilder;

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

        #[test]
        fn threads_do_not_matter(points in points(0..60), clusters in 1_usize..9, seed: u64) {
            let on = |threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| kmeans(&points, clusters, seed))
            };
            prop_assert_eq!(on(1), on(4));
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
