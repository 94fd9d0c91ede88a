//! What each neuron has by itself beside a layer: RMSE, overlap of densities,
//! predictivity.

use faer::Mat;
use rayon::prelude::*;

use super::layer::Layer;
use super::neurons::Single;
use super::settings::Comparison;
use crate::measures::pearson::{column, columns, constant, row};
use crate::measures::{
    DensityGrid, DensityOverlap, Pairing, Ridge, Scaling, correlation_cost, kde_iou, pair,
    paired_costs, rmse_matrix,
};

/// One value a neuron, where it has one: a silent neuron has no RMSE and no overlap,
/// nor has one that is paired with no unit.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    pub(super) rmse: Vec<Option<f64>>,
    pub(super) overlap: Vec<Option<f64>>,
    pub(super) ridge: Vec<Option<f64>>,
    pub(super) corrected: Vec<Option<f64>>,
}

/// Neurons of which less is reliable are left out where a correlation is divided by
/// the root of the reliability, which would blow up their noise.
const LEAST_RELIABILITY: f64 = 0.1;

impl Scores {
    pub(super) fn of(single: &Single, layer: &Layer, comparison: &Comparison) -> Self {
        let ridge = predictivity(single, layer);
        let corrected = (ridge.iter().enumerate())
            .map(|(neuron, r)| {
                let reliability = single.reliability.as_ref()?[neuron];
                (reliability >= LEAST_RELIABILITY).then(|| r.map(|r| r / reliability.sqrt()))?
            })
            .collect();
        let mut overlap = vec![None; single.silent.len()];
        for found in overlaps(single, layer, comparison, COARSE) {
            overlap[found.neuron] = Some(found.densities.iou);
        }
        Self {
            rmse: rmse(single, layer, comparison),
            overlap,
            ridge,
            corrected,
        }
    }
}

/// The unit whose map stands beside that of each neuron, and their RMSE. Units that do
/// not vary are like nothing, and would be nearest to a silent neuron.
fn rmse(single: &Single, layer: &Layer, comparison: &Comparison) -> Vec<Option<f64>> {
    let (distances, _) = map_distances(single, layer, comparison);
    let mut rmse = paired_costs(distances.as_ref(), comparison.pairing);
    let silent = single.silent.iter().zip(&mut rmse);
    silent
        .filter(|(silent, _)| **silent)
        .for_each(|(_, rmse)| *rmse = None);
    rmse
}

/// Which unit's map stands beside that of each of some neurons.
pub(super) fn paired_units(
    single: &Single,
    layer: &Layer,
    comparison: &Comparison,
    neurons: &[usize],
) -> Vec<Option<usize>> {
    let (distances, units) = map_distances(single, layer, comparison);
    let pairs = pair(distances.as_ref(), comparison.pairing);
    let unit = |neuron: &usize| pairs.iter().find(|(other, _)| other == neuron);
    let found = neurons
        .iter()
        .map(|neuron| unit(neuron).map(|(_, unit)| units[*unit]));
    found.collect()
}

/// Of all neurons' maps to those of the units that vary, and which these are.
fn map_distances(
    single: &Single,
    layer: &Layer,
    comparison: &Comparison,
) -> (Mat<f64>, Vec<usize>) {
    let distances = rmse_matrix(
        single.representations.as_ref(),
        layer.maps.as_ref(),
        comparison.scaling,
    );
    let units = varying(layer.maps.nrows(), |unit| row(layer.maps.as_ref(), unit));
    (columns(distances.as_ref(), &units), units)
}

fn predictivity(single: &Single, layer: &Layer) -> Vec<Option<f64>> {
    let ridge = Ridge::default();
    if layer.gram.nrows() < 3 * ridge.folds {
        // Too few scenes to leave some out.
        return vec![None; single.silent.len()];
    }
    let found = ridge.predict(layer.gram.as_ref(), single.responses.as_ref());
    found.correlations.into_iter().map(Some).collect()
}

/// How far the activities of a neuron and of its unit overlap, both from 0 to 1.
pub(super) struct Overlap {
    pub(super) neuron: usize,
    pub(super) unit: usize,
    /// 1 - r of the two.
    pub(super) cost: f64,
    pub(super) densities: DensityOverlap,
}

/// Coarser than the default: the error is far below the intervals.
pub(super) const COARSE: DensityGrid = DensityGrid {
    points: 250,
    bandwidths: 5.0,
};

/// Of every neuron that is not silent and has a unit.
pub(super) fn overlaps(
    single: &Single,
    layer: &Layer,
    comparison: &Comparison,
    grid: DensityGrid,
) -> Vec<Overlap> {
    let activations = layer.activations.as_ref();
    let units = varying(layer.activations.ncols(), |unit| column(activations, unit));
    let cost = correlation_cost(
        single.responses.as_ref(),
        columns(activations, &units).as_ref(),
    );
    // The mean over all pairs would take long and say little.
    let pairing = match comparison.pairing {
        Pairing::All => Pairing::Nearest,
        other => other,
    };
    let scaled = |values: &[f64]| Scaling::MinMax.apply(values);
    pair(cost.as_ref(), pairing)
        .into_par_iter()
        .filter(|(neuron, _)| !single.silent[*neuron])
        .map(|(neuron, place)| {
            let unit = units[place];
            let response = scaled(single.responses.col_as_slice(neuron));
            let activation = scaled(layer.activations.col_as_slice(unit));
            Overlap {
                neuron,
                unit,
                cost: cost[(neuron, place)],
                densities: kde_iou(&response, &activation, grid),
            }
        })
        .collect()
}

fn varying(units: usize, values: impl Fn(usize) -> Vec<f64>) -> Vec<usize> {
    (0..units)
        .filter(|&unit| !constant(&values(unit)))
        .collect()
}
