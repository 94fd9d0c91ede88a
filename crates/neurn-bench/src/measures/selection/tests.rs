use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::ThreadPoolBuilder;

use super::*;

const BLOBS: usize = 3;

/// Rows of three normal distributions in turn, of deviation 1 about centres 10
/// from 0 on three of twenty axes.
fn blobs(rows: usize) -> Mat<f64> {
    deviating(rows, |_| 1.0)
}

/// Such rows of a deviation for each column.
fn deviating(rows: usize, deviation: fn(usize) -> f64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let noise: Vec<f64> = StandardNormal
        .sample_iter(&mut rng)
        .take(rows * 20)
        .collect();
    Mat::from_fn(rows, 20, |row, column| {
        noise[row * 20 + column] * deviation(column) + middle(row, column)
    })
}

/// Of the distribution that a row is from.
fn middle(row: usize, column: usize) -> f64 {
    if column == row % BLOBS { 10.0 } else { 0.0 }
}

/// All rows, embedded and clustered.
fn embedded(selection: Selection, rows: MatRef<'_, f64>) -> Candidates {
    selection.candidates(rows, (0..rows.nrows()).collect())
}

/// The kinds of a pattern, over and over.
fn kinds(rows: usize, pattern: &[Option<Kind>]) -> Vec<Option<Kind>> {
    pattern.iter().copied().cycle().take(rows).collect()
}

#[test]
fn blobs_are_clusters_from_any_seed() {
    let rows = blobs(150);
    for seed in 0..5 {
        let selection = Selection {
            clusters: BLOBS,
            central: 10,
            seed,
        };
        let chosen = selection.representatives(rows.as_ref());
        let expected: Vec<usize> = (0..150).map(|row| row % BLOBS).collect();
        assert_eq!(
            embedded(selection, rows.as_ref()).cluster,
            expected,
            "seed {seed}"
        );
        assert_eq!(chosen.len(), BLOBS * 10);
        assert!(chosen.is_sorted());
        for blob in 0..BLOBS {
            let of_blob = chosen.iter().filter(|&row| row % BLOBS == blob);
            assert_eq!(of_blob.count(), 10);
        }
    }
}

/// In the blobs' own space, of which a plane can hold the most.
#[test]
fn representatives_are_near_the_middle() {
    let rows = deviating(300, |column| if column >= 18 { 1.0 } else { 0.1 });
    let from_middle = |&row: &usize| -> f64 {
        let squares = (0..20).map(|column| (rows[(row, column)] - middle(row, column)).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let selection = Selection {
        clusters: BLOBS,
        central: 10,
        seed: 0,
    };
    let chosen = selection.representatives(rows.as_ref());
    let mean = |rows: &[usize]| rows.iter().map(from_middle).sum::<f64>() / rows.len() as f64;
    let all: Vec<usize> = (0..300).collect();
    let (central, all) = (mean(&chosen), mean(&all));
    assert!(central < 0.7 * all, "{central} of {all}");
}

#[test]
fn threads_do_not_matter() {
    let rows = blobs(90);
    let kinds = kinds(90, &[Some(Kind::Excitatory), Some(Kind::Inhibitory), None]);
    let on = |threads| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let selection = Selection::default();
            let of_all = embedded(selection, rows.as_ref());
            (of_all, selection.balanced(rows.as_ref(), &kinds))
        })
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn as_many_of_either_kind() {
    let rows = blobs(120);
    let pattern = [
        Some(Kind::Excitatory),
        Some(Kind::Excitatory),
        None,
        Some(Kind::Excitatory),
        Some(Kind::Inhibitory),
    ];
    let kinds = kinds(120, &pattern);
    let selection = Selection {
        clusters: BLOBS,
        central: 9,
        seed: 0,
    };
    let chosen = selection.balanced(rows.as_ref(), &kinds);
    let count = |kind| {
        let of_kind = |&&neuron: &&usize| kinds[neuron] == Some(kind);
        chosen.iter().filter(of_kind).count()
    };
    // 24 inhibitory ones, 8 in each blob.
    assert_eq!(count(Kind::Inhibitory), 24);
    assert_eq!(count(Kind::Excitatory), 24);
    // 27 excitatory ones would have been chosen: the last of each is not.
    for blob in 0..BLOBS {
        let excitatory =
            |&&neuron: &&usize| neuron % BLOBS == blob && kinds[neuron] == Some(Kind::Excitatory);
        assert_eq!(chosen.iter().filter(excitatory).count(), 8);
    }
}

#[test]
fn nothing_is_balanced_with_a_missing_kind() {
    let chosen = Selection::default().balanced(blobs(9).as_ref(), &[Some(Kind::Excitatory); 9]);
    assert!(chosen.is_empty());
}

#[test]
fn few_neurons() {
    for rows in [0, 1, 2, 3, 4, 5, 15, 16] {
        let chosen = Selection::default().representatives(blobs(rows).as_ref());
        assert_eq!(chosen, Vec::from_iter(0..rows));
        let kinds = kinds(rows, &[Some(Kind::Excitatory), Some(Kind::Inhibitory)]);
        let chosen = Selection::default().balanced(blobs(rows).as_ref(), &kinds);
        assert_eq!(chosen.len(), rows / 2 * 2);
    }
}

#[test]
#[should_panic = "numbers that can be added up"]
fn a_value_that_is_no_number() {
    let mut rows = blobs(6);
    rows[(5, 19)] = f64::NAN;
    Selection::default().representatives(rows.as_ref());
}

#[test]
#[should_panic = "a kind, or none, for each neuron"]
fn a_kind_too_few() {
    Selection::default().balanced(blobs(3).as_ref(), &[None; 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Few values, so that rows are equal, constant or zeros.
    #[test]
    fn what_is_chosen_is_central(
        (rows, columns, values) in (0_usize..24, 0_usize..4).prop_flat_map(|(rows, columns)| {
            let values = prop::collection::vec((0..3_u8).prop_map(f64::from), rows * columns);
            (Just(rows), Just(columns), values)
        }),
        clusters in 1_usize..6,
        central in 0_usize..6,
        seed: u64,
    ) {
        let selection = Selection { clusters, central, seed };
        let matrix = MatRef::from_row_major_slice(&values, rows, columns);
        let chosen = selection.representatives(matrix);
        prop_assert!(chosen.is_sorted_by(|a, b| a < b));
        let Candidates { points, cluster: of, .. } = embedded(selection, matrix);
        prop_assert_eq!(of.len(), rows);
        for cluster in 0..clusters {
            let members: Vec<usize> =
                (0..rows).filter(|&row| of[row] == cluster).collect();
            let centre = [0, 1].map(|axis| {
                members.iter().map(|&row| points[row][axis]).sum::<f64>()
                    / members.len() as f64
            });
            let from_centre = |&row: &usize| distance(points[row], centre);
            let (inside, outside): (Vec<usize>, Vec<usize>) = members
                .iter()
                .partition(|row| chosen.contains(row));
            prop_assert_eq!(inside.len(), central.min(members.len()));
            let farthest = inside.iter().map(from_centre).fold(0.0, f64::max);
            prop_assert!(outside.iter().map(from_centre).all(|other| other >= farthest));
        }
    }
}
