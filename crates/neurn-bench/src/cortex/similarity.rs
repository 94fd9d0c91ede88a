//! How alike the responses of whole sites to pairs of scenes are.

use std::path::PathBuf;

use faer::Mat;

use super::{Area, CortexError, CorticalLayer, Stimuli};

/// A part of cortex that a similarity matrix is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// The area.
    pub area: Area,
    /// The layer.
    pub layer: CorticalLayer,
    /// Cells that were recorded.
    pub cells: usize,
    /// Those of them that are reliable; the matrix is of at most as many.
    pub reliable_cells: usize,
    /// The correlation of the matrices from two halves of the repeats.
    pub reliability: f64,
    /// Its standard error.
    pub reliability_sem: f64,
}

/// Images, and for every site how alike its responses to them are.
#[derive(Clone, Debug)]
pub struct Similarities {
    /// What the data set is called in tables.
    pub name: String,
    /// Whether a program made them up.
    pub simulated: bool,
    /// The file of the matrices.
    pub path: Option<PathBuf>,
    /// What was shown.
    pub stimuli: Stimuli,
    /// Where it was recorded.
    pub sites: Vec<Site>,
    /// One a site, scenes x scenes: Pearson r between the population's
    /// responses to two scenes, so 1 on the diagonal. 1 - r is the
    /// dissimilarity.
    pub matrices: Vec<Mat<f64>>,
}

/// How far a matrix may be off from symmetry, from a diagonal of 1 and from
/// -1..=1: correlations are stored rounded.
const ROUNDING: f64 = 1e-9;

impl Site {
    /// Area and layer, such as `VISp/layer23`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.area, self.layer)
    }
}

impl Similarities {
    /// # Errors
    ///
    /// [`CortexError::Values`] if there are not as many matrices as sites, or
    /// one of them is not scenes x scenes, not symmetric, has a diagonal other
    /// than 1 or a value outside -1..=1.
    pub fn new(
        name: impl Into<String>,
        simulated: bool,
        stimuli: Stimuli,
        sites: Vec<Site>,
        matrices: Vec<Mat<f64>>,
    ) -> Result<Self, CortexError> {
        if matrices.len() != sites.len() {
            let expected = format!("{} matrices, one a site", sites.len());
            let found = matrices.len().to_string();
            return Err(CortexError::values("matrices", expected, found));
        }
        for (site, matrix) in sites.iter().zip(&matrices) {
            check(&site.name(), matrix, stimuli.scenes())?;
        }
        Ok(Self {
            name: name.into(),
            simulated,
            path: None,
            stimuli,
            sites,
            matrices,
        })
    }
}

fn check(site: &str, matrix: &Mat<f64>, scenes: usize) -> Result<(), CortexError> {
    let field = format!("matrix of {site}");
    if (matrix.nrows(), matrix.ncols()) != (scenes, scenes) {
        let expected = format!("{scenes}x{scenes}, as there are scenes");
        let found = format!("{}x{}", matrix.nrows(), matrix.ncols());
        return Err(CortexError::values(field, expected, found));
    }
    for i in 0..scenes {
        for j in 0..=i {
            let (value, mirrored) = (matrix[(i, j)], matrix[(j, i)]);
            // Of NaN, no difference is small.
            let close = |a: f64, b: f64| (a - b).abs() <= ROUNDING;
            let expected = if !(-1.0 - ROUNDING..=1.0 + ROUNDING).contains(&value) {
                "a correlation"
            } else if i == j && !close(value, 1.0) {
                "1 on the diagonal"
            } else if !close(value, mirrored) {
                "a symmetric matrix"
            } else {
                continue;
            };
            let found = format!("{value} at ({i}, {j}) and {mirrored} at ({j}, {i})");
            return Err(CortexError::values(field, expected, found));
        }
    }
    Ok(())
}
