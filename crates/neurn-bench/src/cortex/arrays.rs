//! Recordings of your own: a folder of NumPy arrays and a table.
//!
//! | file | what it holds |
//! |---|---|
//! | `stimuli.npy` | `[scenes, height, width]`, or `[scenes, pixels]` of square images. Integers are grey values of 0..=255, everything else 0..=1. |
//! | `responses.npy` | `[repeats, scenes, neurons]`, or `[scenes, neurons]` of one repeat or of the mean of several |
//! | `recordings.npz` | both as `stimuli` and `responses`, read where the two files are not there |
//! | `neurons.csv` | a line a neuron with the columns `id`, `area`, `layer`, `genotype` and `kind`; any may be left out or empty, as may the file. Other columns are passed over. |
//!
//! Areas, layers and kinds are named as [`Area`](super::Area),
//! [`CorticalLayer`](super::CorticalLayer) and [`Kind`](super::Kind) are
//! printed: `VISp`, `layer23`, `excitatory`. A kind that is not given follows
//! from the genotype, where that is known.
//!
//! An array has at most 2^25 values, which take 256 MiB of memory, and there are at
//! most 100,000 neurons; what has more is refused before it is read.

use std::path::Path;

use super::npy::{self, Array};
use super::{CortexError, Neuron, Recordings, Responses, Stimuli};

mod table;

pub(super) use table::damaged;

/// The most neurons: each has its name, its area and its map. (The Allen Brain
/// Observatory has 60,000.)
const MOST_NEURONS: usize = 100_000;

/// Reads the recordings in a folder, which gives them their name.
///
/// # Errors
///
/// If a file is missing, cannot be read or is not as described above, a
/// response is not finite, or the files differ in the number of scenes or
/// neurons.
pub fn read(folder: &Path) -> Result<Recordings, CortexError> {
    let [images, answers] = ["stimuli.npy", "responses.npy"].map(|name| folder.join(name));
    let archive = folder.join("recordings.npz");
    let (paths, arrays) = if images.exists() && answers.exists() {
        let arrays = [npy::read(&images)?, npy::read(&answers)?];
        ([images, answers], arrays)
    } else if archive.exists() {
        let arrays = npy::read_archive(&archive, ["stimuli", "responses"])?;
        ([archive.clone(), archive], arrays)
    } else {
        let expected = "stimuli.npy with responses.npy; or recordings.npz";
        return Err(CortexError::missing(folder, expected));
    };
    let [images, answers] = arrays;
    let stimuli = stimuli(images).map_err(|error| error.in_file(&paths[0]))?;
    let responses = responses(answers).map_err(|error| error.in_file(&paths[1]))?;

    let table = folder.join("neurons.csv");
    let neurons = if table.exists() {
        table::read(&table, responses.neurons())?
    } else {
        unknown(responses.neurons())
    };
    let name = folder
        .file_name()
        .map_or("recordings".into(), |name| name.to_string_lossy());
    Recordings::new(name, false, stimuli, responses, neurons)
        .map(|recordings| recordings.read_from(&paths[1]))
        .map_err(|error| error.in_file(&paths[1]))
}

/// Images of an array of three dimensions, or of two if they are square.
pub(super) fn stimuli(array: Array) -> Result<Stimuli, CortexError> {
    let (scenes, height, width) = match array.shape[..] {
        [scenes, height, width] => (scenes, height, width),
        [scenes, pixels] if pixels.isqrt().pow(2) == pixels => {
            (scenes, pixels.isqrt(), pixels.isqrt())
        }
        _ => {
            let expected = "[scenes, height, width] or [scenes, pixels of a square]";
            let found = format!("{:?}", array.shape);
            return Err(CortexError::values("stimuli", expected, found));
        }
    };
    let mut values = array.values;
    if array.whole {
        values.iter_mut().for_each(|value| *value /= 255.0);
    }
    Stimuli::new(scenes, height, width, values)
}

/// Responses of an array of three dimensions, or of two without repeats.
pub(super) fn responses(array: Array) -> Result<Responses, CortexError> {
    let (repeats, scenes, neurons) = match array.shape[..] {
        [repeats, scenes, neurons] => (repeats, scenes, neurons),
        [scenes, neurons] => (1, scenes, neurons),
        _ => {
            let expected = "[repeats, scenes, neurons] or [scenes, neurons]";
            let found = format!("{:?}", array.shape);
            return Err(CortexError::values("responses", expected, found));
        }
    };
    if neurons > MOST_NEURONS {
        let expected = format!("at most {MOST_NEURONS} neurons");
        return Err(CortexError::values("responses", expected, neurons));
    }
    Responses::new(repeats, scenes, neurons, array.values)
}

/// Neurons of which nothing is known but their places.
fn unknown(count: usize) -> Vec<Neuron> {
    (0..count)
        .map(|index| Neuron {
            id: index.to_string(),
            ..Neuron::default()
        })
        .collect()
}
