//! Mouse V1, layer 2/3, natural images, single presentations.
//!
//! J. Antolik, S. B. Hofer, J. A. Bednar, T. D. Mrsic-Flogel, "Model
//! Constrained by Visual Hierarchy Improves Prediction of Neural Responses to
//! Natural Scenes", PLoS Computational Biology 12(6): e1004927, 2016,
//! supplementary data: two-photon imaging of three regions in two animals.
//!
//! A folder `region1`, `region2`, `region3` each, with
//!
//! | file | what it holds |
//! |---|---|
//! | `validation_inputs.npy` | f64 `[50, 961]`: images of 31x31, grey value of 0..=255 times 1e-6 |
//! | `raw_validation_set.npy` | f64 `[repeats, 50, neurons]`: deconvolved calcium, one value a presentation |
//!
//! The set says nothing about genotypes or kinds of the neurons.

use std::path::Path;

use super::arrays::{responses, stimuli};
use super::{Area, CortexError, CorticalLayer, Neuron, Recordings, npy};

const REGIONS: [u32; 3] = [1, 2, 3];
const IMAGES: &str = "validation_inputs.npy";
const ANSWERS: &str = "raw_validation_set.npy";

/// What white is in the files.
const WHITE: f64 = 2.55e-4;

/// How far beyond white a value may lie and is taken for it, as a part of
/// white: products of floating point numbers are rounded.
const ROUNDING: f64 = 1e-9;

/// Reads the regions that the folder has, of which it needs one. They are
/// named `antolik2016 region 1` and so on.
///
/// # Errors
///
/// If there is no region, or a file of one is missing, cannot be read or is
/// not as described above.
pub fn read(folder: &Path) -> Result<Vec<Recordings>, CortexError> {
    let regions = REGIONS
        .into_iter()
        .map(|number| (number, folder.join(format!("region{number}"))))
        .filter(|(_, path)| path.exists())
        .map(|(number, path)| region(&path, number))
        .collect::<Result<Vec<_>, _>>()?;
    if regions.is_empty() {
        let expected = "region1, region2 or region3";
        return Err(CortexError::missing(folder, expected));
    }
    Ok(regions)
}

fn region(folder: &Path, number: u32) -> Result<Recordings, CortexError> {
    let [images, answers] = [IMAGES, ANSWERS].map(|name| folder.join(name));
    if !(images.exists() && answers.exists()) {
        let expected = format!("{IMAGES} with {ANSWERS}");
        return Err(CortexError::missing(folder, expected));
    }
    let mut array = npy::read(&images)?;
    for value in &mut array.values {
        *value /= WHITE;
        if (1.0..=1.0 + ROUNDING).contains(value) {
            *value = 1.0;
        }
    }
    let stimuli = stimuli(array).map_err(|error| error.in_file(&images))?;

    let array = npy::read(&answers)?;
    if array.shape.len() != 3 {
        let found = format!("{:?}", array.shape);
        let expected = "[repeats, scenes, neurons]";
        return Err(CortexError::file(&answers, "shape", expected, found));
    }
    let responses = responses(array).map_err(|error| error.in_file(&answers))?;
    let neurons = (0..responses.neurons())
        .map(|index| Neuron {
            id: format!("region{number}/{index}"),
            area: Some(Area::VISp),
            layer: Some(CorticalLayer::Layer23),
            genotype: None,
            kind: None,
        })
        .collect();
    let name = format!("antolik2016 region {number}");
    Recordings::new(name, false, stimuli, responses, neurons)
        .map(|recordings| recordings.read_from(&answers))
        .map_err(|error| error.in_file(&answers))
}
