//! Similarity matrices of the Allen Brain Observatory (Visual Coding, two
//! photons), one an area and layer of mouse visual cortex.
//!
//! S. E. J. de Vries and others, "A large-scale standardized physiological
//! survey reveals functional organization of the mouse visual cortex", Nature
//! Neuroscience 23, 2020; matrices by C. Conwell and others, "Neural
//! Regression, Representational Similarity, Model Zoology & Neural
//! Taskonomy at Scale in Rodent Visual Cortex", NeurIPS 2021.
//!
//! | file | what it holds |
//! |---|---|
//! | `natural_scenes_118x31x31_u8.npy` | the 118 natural scenes, shrunk to 31x31 |
//! | `rsm_area_layer_21x119x119_f64.npy` | Pearson r between the population's mean responses to two conditions: the scenes in their order, and last what is taken to be the blank sweep. Left out here: it is no scene. |
//! | `rsm_sites.csv` | area, layer, numbers of cells and reliability of each matrix |
//!
//! They are similarities, not distances. Sites of few reliable cells (VISrl
//! layers 4 and 5, VISp layer 6, VISpm layer 6) are very noisy.

use std::path::Path;
use std::str::FromStr;

use csv::StringRecord;
use faer::Mat;

use super::arrays::{damaged, stimuli};
use super::error::open;
use super::{CortexError, Similarities, Site, npy};
use crate::value::quoted;

const SCENES: &str = "natural_scenes_118x31x31_u8.npy";
const MATRICES: &str = "rsm_area_layer_21x119x119_f64.npy";
const SITES: &str = "rsm_sites.csv";

/// Of the table of sites, in this order.
const COLUMNS: [&str; 7] = [
    "index",
    "area",
    "layer",
    "n_cells",
    "n_cells_splithalf_gt_0.75",
    "rsm_splithalf_r_mean",
    "rsm_splithalf_r_sem",
];

/// Reads the similarities from the folder with the three files.
///
/// # Errors
///
/// If a file is missing, cannot be read, is not as described above, or a
/// matrix is not one of correlations: symmetric, finite, within -1..=1 and 1
/// on the diagonal.
pub fn read(folder: &Path) -> Result<Similarities, CortexError> {
    let [scenes, matrices, sites] = [SCENES, MATRICES, SITES].map(|name| folder.join(name));
    for path in [&scenes, &matrices, &sites] {
        if !path.exists() {
            let expected = [SCENES, MATRICES, SITES].join(" with ");
            return Err(CortexError::missing(folder, expected));
        }
    }
    let stimuli = npy::read(&scenes)
        .and_then(stimuli)
        .map_err(|error| error.in_file(&scenes))?;
    let sites = table(&sites)?;

    let array = npy::read(&matrices)?;
    let conditions = stimuli.scenes() + 1;
    if array.shape != [sites.len(), conditions, conditions] {
        let expected = format!(
            "[{}, {conditions}, {conditions}]: sites, and scenes with a blank",
            sites.len()
        );
        let found = format!("{:?}", array.shape);
        return Err(CortexError::file(&matrices, "shape", expected, found));
    }
    let without_blank = |values: &[f64]| {
        Mat::from_fn(stimuli.scenes(), stimuli.scenes(), |i, j| {
            values[i * conditions + j]
        })
    };
    let squares: Vec<_> = array
        .values
        .chunks_exact(conditions * conditions)
        .map(without_blank)
        .collect();
    let similarities = Similarities::new("allen", false, stimuli, sites, squares);
    let similarities = similarities.map_err(|error| error.in_file(&matrices))?;
    Ok(Similarities {
        path: Some(matrices),
        ..similarities
    })
}

fn table(path: &Path) -> Result<Vec<Site>, CortexError> {
    let (file, _) = open(path, 1 << 20)?;
    let wrong = |error: csv::Error| damaged(path, error);
    let mut reader = csv::Reader::from_reader(file);
    if !reader.headers().map_err(wrong)?.iter().eq(COLUMNS) {
        let expected = COLUMNS.join(",");
        return Err(CortexError::file(path, "header", expected, "others"));
    }
    let mut sites = Vec::new();
    for record in reader.records() {
        sites.push(site(path, &record.map_err(wrong)?, sites.len())?);
    }
    Ok(sites)
}

fn site(path: &Path, record: &StringRecord, place: usize) -> Result<Site, CortexError> {
    let index: usize = value(path, record, 0, "the line's place")?;
    if index != place {
        let found = index.to_string();
        return Err(CortexError::file(path, "index", place.to_string(), found));
    }
    let (reliability, reliability_sem) = (
        value(path, record, 5, "a correlation")?,
        value(path, record, 6, "a standard error")?,
    );
    for (column, number) in [(5, reliability), (6, reliability_sem)] {
        if !f64::is_finite(number) {
            let field = format!("{} of site {place}", COLUMNS[column]);
            return Err(CortexError::file(
                path,
                field,
                "a number",
                number.to_string(),
            ));
        }
    }
    Ok(Site {
        area: value(path, record, 1, "an area such as VISp")?,
        layer: value(path, record, 2, "a layer such as layer23")?,
        cells: value(path, record, 3, "a count")?,
        reliable_cells: value(path, record, 4, "a count")?,
        reliability,
        reliability_sem,
    })
}

fn value<T: FromStr>(
    path: &Path,
    record: &StringRecord,
    column: usize,
    expected: &str,
) -> Result<T, CortexError> {
    // The reader has checked that all lines are as wide as the header.
    let text = &record[column];
    text.parse()
        .map_err(|_| CortexError::file(path, COLUMNS[column], expected, quoted(text)))
}
