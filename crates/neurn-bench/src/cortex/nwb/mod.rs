//! One session of the Allen Brain Observatory (Visual Coding, two photons), an
//! NWB 1.0 file, which is HDF5.
//!
//! # Where the files are
//!
//! The Allen Institute's terms of use apply (research, not commercial, cite).
//! Sessions with natural scenes are those of type `three_session_B`.
//!
//! - With the AllenSDK for Python:
//!   `BrainObservatoryCache(manifest_file="boc/manifest.json")`, of which
//!   `get_ophys_experiments(stimuli=["natural_scenes"])` lists the sessions
//!   and `get_ophys_experiment_data(id)` downloads one as `ID.nwb`.
//! - Without it: the same files stand in the public bucket
//!   `s3://allen-brain-observatory/visual-coding-2p/ophys_experiment_data/ID.nwb`,
//!   which needs no account (`aws s3 cp --no-sign-request`).
//!
//! # What is read
//!
//! | path in the file | what it holds |
//! |---|---|
//! | `stimulus/templates/natural_scenes_image_stack/data` | `[scenes, height, width]`, grey values of 0..=255 |
//! | `stimulus/presentation/natural_scenes_stimulus/data` | a presentation's scene, -1 for the blank; the group may also be called `natural_scenes` |
//! | `stimulus/presentation/natural_scenes_stimulus/frame_duration` | `[presentations, 2]`: the first two-photon frame of each and the first after it |
//! | `processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/data` | dF/F, `[cells, frames]` |
//! | `processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/timestamps` | the second of every frame |
//! | `processing/brain_observatory_pipeline/ImageSegmentation/cell_specimen_ids` | an integer a cell |
//! | `general/subject/genotype` | `Cux2-CreERT2/wt;Camk2a-tTA/wt;...`, the driver line first |
//! | `general/optophysiology/imaging_plane_1/location` | the area, such as `VISp` |
//! | `general/optophysiology/imaging_plane_1/imaging depth` | `175 microns` |
//!
//! # What comes out
//!
//! A response is one number of the dF/F in the frames of the presentation,
//! which last 250 ms: their mean or their peak ([`WindowStatistic`]). Nothing
//! before or after counts and no baseline is subtracted. (The AllenSDK's own
//! analysis takes twice the window and dF/F against the second before it.)
//! Repeats are in the order of time; if scenes differ in their number, the
//! last ones of those that have more are left out. Blanks are left out.
//! Scenes with a side of more than 224 pixels are shrunk to 224 on that side
//! ([`Stimuli::resized`]), since 118 of 918x1174 are 1 GB.

use std::path::Path;

use super::error::MOST_VALUES;
use super::stimuli::{resize, taps};
use super::{Area, CortexError, CorticalLayer, Genotype, Neuron, Recordings, Responses, Stimuli};
use crate::value::quoted;
use file::NwbFile;
use presentations::{Presentation, Timing};

mod file;
mod presentations;

/// What the dF/F in the window of a presentation is reduced to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum WindowStatistic {
    /// Its mean.
    #[default]
    Mean,
    /// Its largest value.
    Peak,
}

const TEMPLATE: &str = "stimulus/templates/natural_scenes_image_stack/data";
const TRACES: &str = "processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/data";
const TIMESTAMPS: &str = "processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/timestamps";
const CELLS: &str = "processing/brain_observatory_pipeline/ImageSegmentation/cell_specimen_ids";
const GENOTYPE: &str = "general/subject/genotype";
const LOCATION: &str = "general/optophysiology/imaging_plane_1/location";
const DEPTH: &str = "general/optophysiology/imaging_plane_1/imaging depth";

/// The largest side of an image.
const LARGEST_SIDE: usize = 224;

/// The most scenes; there are 118.
const MOST_SCENES: usize = 2_000;

impl WindowStatistic {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mean, Self::Peak];

    /// Of at least one value, all of them finite.
    fn of(self, window: &[f64]) -> f64 {
        match self {
            Self::Mean => window.iter().sum::<f64>() / window.len() as f64,
            Self::Peak => window.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// Reads a session. It is named as the file, without `.nwb`.
///
/// # Errors
///
/// If the file cannot be read or is no HDF5 file, one of the paths above is
/// missing or of another type or shape, the area is none of [`Area::ALL`], the
/// frames of the presentations are not those of 250 ms at the rate of the
/// timestamps, a scene is never shown, or a response is not finite.
pub fn read(path: &Path, statistic: WindowStatistic) -> Result<Recordings, CortexError> {
    let file = NwbFile::open(path)?;
    let stimuli = scenes(&file)?;
    let neurons = neurons(&file)?;
    let (cells, frames) = match file.shape(TRACES)?[..] {
        [cells, frames] if cells == neurons.len() => (cells, frames),
        ref shape => {
            let expected = format!("[{}, frames], as there are cells", neurons.len());
            return Err(file.error(TRACES, expected, format!("{shape:?}")));
        }
    };
    let timing = Timing::read(&file, TIMESTAMPS, frames)?;
    let repeats = presentations::repeats(&file, stimuli.scenes(), &timing)?;

    let per_repeat = stimuli.scenes() * cells;
    if per_repeat > MOST_VALUES / repeats.len() {
        let expected = format!("at most {MOST_VALUES} responses");
        let found = format!("{} of {per_repeat}", repeats.len());
        return Err(file.error(TRACES, expected, found));
    }
    let mut values = vec![0.0; repeats.len() * per_repeat];
    for cell in 0..cells {
        let trace = file.row(TRACES, cell, frames)?;
        for (repeat, presentations) in repeats.iter().enumerate() {
            for (scene, &Presentation { start, end }) in presentations.iter().enumerate() {
                let window = &trace[start..end];
                if let Some(place) = window.iter().position(|value| !value.is_finite()) {
                    let found = format!(
                        "{} of cell {cell} in frame {}",
                        window[place],
                        start + place
                    );
                    return Err(file.error(TRACES, "finite values", found));
                }
                values[repeat * per_repeat + scene * cells + cell] = statistic.of(window);
            }
        }
    }
    let responses = Responses::new(repeats.len(), stimuli.scenes(), cells, values)
        .map_err(|error| error.in_file(path))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Recordings::new(name, false, stimuli, responses, neurons)
        .map(|recordings| recordings.read_from(path))
        .map_err(|error| error.in_file(path))
}

/// The scenes, one at a time since all of them at full size are large.
fn scenes(file: &NwbFile) -> Result<Stimuli, CortexError> {
    let shape = file.shape(TEMPLATE)?;
    let [scenes, height, width] = shape[..] else {
        let found = format!("{shape:?}");
        return Err(file.error(TEMPLATE, "[scenes, height, width]", found));
    };
    if shape.contains(&0) || scenes > MOST_SCENES {
        let expected = format!("at least one a side and at most {MOST_SCENES} scenes");
        return Err(file.error(TEMPLATE, expected, format!("{shape:?}")));
    }
    let [to_height, to_width] = [height, width].map(|side| side.min(LARGEST_SIDE));
    if scenes * to_height * to_width > MOST_VALUES {
        let expected = format!("at most {MOST_VALUES} pixels at {to_height}x{to_width}");
        return Err(file.error(TEMPLATE, expected, format!("{shape:?}")));
    }
    let rows = taps(height, to_height);
    let columns = taps(width, to_width);
    let mut values = Vec::new();
    for scene in 0..scenes {
        let mut pixels = file.row(TEMPLATE, scene, height * width)?;
        for pixel in &mut pixels {
            if !(0.0..=255.0).contains(pixel) {
                let found = format!("{pixel} in scene {scene}");
                return Err(file.error(TEMPLATE, "values from 0 to 255", found));
            }
            *pixel /= 255.0;
        }
        let pixels = resize(&pixels, width, &rows, &columns);
        values.extend(pixels.into_iter().map(|pixel| pixel.clamp(0.0, 1.0)));
    }
    Stimuli::new(scenes, to_height, to_width, values).map_err(|error| error.in_file(file.path()))
}

/// The cells, which share area, depth and genotype.
fn neurons(file: &NwbFile) -> Result<Vec<Neuron>, CortexError> {
    let location = file.text(LOCATION)?;
    let area: Area = location.trim().parse().map_err(|_| {
        let expected = format!(
            "one of {}",
            Area::ALL.map(|area| area.to_string()).join(", ")
        );
        file.error(LOCATION, expected, quoted(&location))
    })?;
    let line = file.text(GENOTYPE)?;
    let genotype: Genotype = line
        .trim()
        .parse()
        .map_err(|_| file.error(GENOTYPE, "a line such as Cux2-CreERT2", quoted(&line)))?;
    let text = file.text(DEPTH)?;
    let layer = text
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .filter(|depth: &f64| depth.is_finite() && *depth > 0.0)
        .and_then(|depth| CorticalLayer::at(depth, Some(genotype.driver())))
        .ok_or_else(|| file.error(DEPTH, "a depth such as `175 microns`", quoted(&text)))?;

    let (shape, ids) = file.integers(CELLS)?;
    if shape.len() != 1 || ids.is_empty() {
        return Err(file.error(CELLS, "[cells]", format!("{shape:?}")));
    }
    let neuron = |id: i64| Neuron {
        id: id.to_string(),
        area: Some(area),
        layer: Some(layer),
        genotype: Some(genotype.clone()),
        kind: genotype.kind(),
    };
    Ok(ids.into_iter().map(neuron).collect())
}
