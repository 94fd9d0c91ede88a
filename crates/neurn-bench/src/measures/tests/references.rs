//! Values from `references/alignment.py`.

use faer::Mat;
use serde_json::Value;

use super::super::*;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Mat<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Mat::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

#[track_caller]
fn near(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= tolerance, "{found} {expected}");
}

/// Both sides compute in f64 with a dozen scenes.
const ROUNDING: f64 = 1e-12;

#[test]
fn rdms_are_rsatoolbox_and_scipys() {
    let reference = reference();
    let x = matrix(&reference["x"]);
    for distance in Distance::ALL {
        let rdm = Rdm::of(x.as_ref(), distance);
        let expected = reference["rdm"][distance.to_string()].as_array().unwrap();
        assert_eq!(rdm.values().len(), expected.len());
        for (value, expected) in rdm.values().iter().zip(expected) {
            near(*value, expected, ROUNDING);
        }
    }
}

#[test]
fn spearman_is_rsatoolboxs_and_with_ties_scipys() {
    let reference = reference();
    let [x, y] = ["x", "y"].map(|name| {
        let patterns = matrix(&reference[name]);
        Rdm::of(patterns.as_ref(), Distance::Correlation)
    });
    near(
        spearman(&x, &y),
        &reference["compare"]["spearman"],
        ROUNDING,
    );
    let tied = &reference["tied"];
    let [a, b] = [0, 1].map(|index| Rdm::from_values(12, numbers(&tied["rdms"][index])));
    near(spearman(&a, &b), &tied["spearman"], ROUNDING);
}

#[test]
fn cka_is_as_defined_and_procrustes_scipys() {
    let reference = reference();
    let [x, y] = ["x", "y"].map(|name| gram(matrix(&reference[name]).as_ref()));
    let (x, y) = (x.as_ref(), y.as_ref());
    near(linear_cka(x, y), &reference["cka"], ROUNDING);
    near(debiased_linear_cka(x, y), &reference["debiased_cka"], 1e-11);
    // Roots of eigenvalues that are zero but for a rounding.
    near(procrustes(x, y), &reference["procrustes"], 1e-7);
}

#[test]
fn ridge_is_scikit_learns() {
    let reference = reference();
    let [x, y] = ["x", "y"].map(|name| matrix(&reference[name]));
    let expected = &reference["ridge"];
    let folds: Vec<Vec<usize>> = serde_json::from_value(expected["folds"].clone()).unwrap();
    let ridge = Ridge {
        folds: folds.len(),
        penalties: numbers(&expected["shares"]),
        seed: 0,
    };
    let found = ridge.predict_folds(gram(x.as_ref()).as_ref(), y.as_ref(), &folds);
    let predicted = matrix(&expected["predicted"]);
    for scene in 0..predicted.nrows() {
        for neuron in 0..predicted.ncols() {
            let (found, expected) = (found.predicted[(scene, neuron)], predicted[(scene, neuron)]);
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
    for (found, expected) in (found.correlations.iter()).zip(numbers(&expected["correlations"])) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[test]
fn densities_overlap_as_scipys() {
    let expected = &reference()["kde"];
    let [a, b] = [0, 1].map(|index| numbers(&expected["samples"][index]));
    let overlap = kde_iou(&a, &b, DensityGrid::default());
    // A grid of 1,000 points against one of 200,000.
    near(overlap.iou, &expected["iou"], 1e-5);
}

#[test]
fn the_assignment_is_scipys() {
    let expected = &reference()["assignment"];
    let cost = matrix(&expected["cost"]);
    let pairs = pair(cost.as_ref(), Pairing::Assignment);
    let known: Vec<(usize, usize)> = serde_json::from_value(expected["pairs"].clone()).unwrap();
    assert_eq!(pairs, known);
    let total: f64 = pairs.iter().map(|&pair| cost[pair]).sum();
    near(total, &expected["total"], ROUNDING);
}
