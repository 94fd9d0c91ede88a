//! What the neurons answered.

use faer::Mat;

use super::CortexError;
use super::stimuli::check_shape;

/// Finite numbers, repeats x scenes x neurons: one a presentation and neuron.
/// The unit is that of the data set, such as dF/F or spikes.
#[derive(Clone, Debug, PartialEq)]
pub struct Responses {
    repeats: usize,
    scenes: usize,
    neurons: usize,
    values: Vec<f64>,
}

impl Responses {
    /// # Errors
    ///
    /// [`CortexError::Values`] if a size is 0, there are not `repeats * scenes
    /// * neurons` values, or one is not finite.
    pub fn new(
        repeats: usize,
        scenes: usize,
        neurons: usize,
        values: Vec<f64>,
    ) -> Result<Self, CortexError> {
        check_shape("responses", &[repeats, scenes, neurons], values.len())?;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (repeat, rest) = (place / (scenes * neurons), place % (scenes * neurons));
            let (scene, neuron) = (rest / neurons, rest % neurons);
            let value = values[place];
            let found = format!("{value} of neuron {neuron} to scene {scene} in repeat {repeat}");
            return Err(CortexError::values("responses", "finite values", found));
        }
        Ok(Self {
            repeats,
            scenes,
            neurons,
            values,
        })
    }

    /// How often every scene was shown.
    pub fn repeats(&self) -> usize {
        self.repeats
    }

    /// How many scenes.
    pub fn scenes(&self) -> usize {
        self.scenes
    }

    /// How many neurons.
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// All of them, repeats x scenes x neurons.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// One repeat, scenes x neurons.
    ///
    /// # Panics
    ///
    /// If there is no such repeat.
    pub fn repeat(&self, repeat: usize) -> Mat<f64> {
        self.mean_of(&[repeat])
    }

    /// The mean over all repeats, scenes x neurons.
    pub fn mean(&self) -> Mat<f64> {
        self.mean_of(&(0..self.repeats).collect::<Vec<_>>())
    }

    /// The mean over some repeats, scenes x neurons; one that is named twice
    /// counts twice.
    ///
    /// # Panics
    ///
    /// If none is named, or one that there is not.
    pub fn mean_of(&self, repeats: &[usize]) -> Mat<f64> {
        assert!(!repeats.is_empty(), "the mean of no repeats");
        Mat::from_fn(self.scenes, self.neurons, |scene, neuron| {
            let sum: f64 = repeats
                .iter()
                .map(|&repeat| self.at(repeat, scene, neuron))
                .sum();
            sum / repeats.len() as f64
        })
    }

    /// The responses of some neurons, in this order.
    ///
    /// # Panics
    ///
    /// If none is named, or one that there is not.
    #[must_use]
    pub fn select_neurons(&self, neurons: &[usize]) -> Self {
        assert!(!neurons.is_empty(), "no neurons");
        let rows = self.values.chunks_exact(self.neurons);
        Self {
            neurons: neurons.len(),
            values: rows
                .flat_map(|row| neurons.iter().map(|&neuron| row[neuron]))
                .collect(),
            ..*self
        }
    }

    fn at(&self, repeat: usize, scene: usize, neuron: usize) -> f64 {
        self.values[(repeat * self.scenes + scene) * self.neurons + neuron]
    }
}
