//! What neurons in mouse visual cortex answer to images: recordings of single
//! neurons, similarities between the scenes in a site, and a simulated
//! population for those who have no data at hand.
//!
//! | from | what comes out |
//! |---|---|
//! | [`simulated`] | [`Recordings`] whose true rates are known |
//! | [`nwb`] | [`Recordings`] of one session of the Allen Brain Observatory |
//! | [`antolik`] | [`Recordings`] of Antolik and others, 2016, one a region |
//! | [`arrays`] | [`Recordings`] of your own, as NumPy arrays and a table |
//! | [`allen`] | [`Similarities`] by area and layer |
//!
//! Whatever a file holds, a reader answers with data or with a [`CortexError`]
//! that names the file, the field, what was expected and what was found.

pub mod allen;
pub mod antolik;
pub mod arrays;
mod error;
mod genotype;
mod neuron;
mod npy;
pub mod nwb;
mod recordings;
mod responses;
mod similarity;
pub mod simulated;
mod stimuli;

pub use error::{CortexError, UnknownName};
pub use genotype::Genotype;
pub use neuron::{Area, CorticalLayer, Kind, Neuron};
pub use recordings::Recordings;
pub use responses::Responses;
pub use similarity::{Similarities, Site};
pub use stimuli::{Stimuli, resampled};

#[cfg(test)]
mod tests;
