//! Neurons with their responses to images.

use std::collections::BTreeSet;

use super::{Area, CortexError, CorticalLayer, Kind, Neuron, Responses, Stimuli};

/// Images, what every neuron answered to each of them, and what is known of
/// the neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct Recordings {
    /// What the data set is called in tables.
    pub name: String,
    /// Whether a program made them up.
    pub simulated: bool,
    /// What was shown.
    pub stimuli: Stimuli,
    /// What was answered.
    pub responses: Responses,
    /// One a column of the responses.
    pub neurons: Vec<Neuron>,
}

impl Recordings {
    /// # Errors
    ///
    /// [`CortexError::Values`] if stimuli and responses differ in the number
    /// of scenes, or responses and neurons in that of neurons.
    pub fn new(
        name: impl Into<String>,
        simulated: bool,
        stimuli: Stimuli,
        responses: Responses,
        neurons: Vec<Neuron>,
    ) -> Result<Self, CortexError> {
        if responses.scenes() != stimuli.scenes() {
            let expected = format!("{} scenes, as stimuli have", stimuli.scenes());
            let found = responses.scenes().to_string();
            return Err(CortexError::values("responses", expected, found));
        }
        if neurons.len() != responses.neurons() {
            let expected = format!("{} neurons, as responses have", responses.neurons());
            let found = neurons.len().to_string();
            return Err(CortexError::values("neurons", expected, found));
        }
        Ok(Self {
            name: name.into(),
            simulated,
            stimuli,
            responses,
            neurons,
        })
    }

    /// The groups that have at least one neuron, each with its neurons:
    /// first the sites, such as `VISp/layer23`, then areas, genotypes and
    /// kinds. A neuron of which something is not known is in fewer of them.
    pub fn groups(&self) -> Vec<(String, Vec<usize>)> {
        let mut groups = Vec::new();
        for area in Area::ALL {
            for layer in CorticalLayer::ALL {
                let name = format!("{area}/{layer}");
                let inside =
                    |neuron: &Neuron| neuron.area == Some(area) && neuron.layer == Some(layer);
                groups.push((name, self.which(inside)));
            }
        }
        for area in Area::ALL {
            let inside = |neuron: &Neuron| neuron.area == Some(area);
            groups.push((area.to_string(), self.which(inside)));
        }
        let genotypes: BTreeSet<_> = self
            .neurons
            .iter()
            .filter_map(|neuron| neuron.genotype.as_ref())
            .collect();
        for genotype in genotypes {
            let inside = |neuron: &Neuron| neuron.genotype.as_ref() == Some(genotype);
            groups.push((genotype.to_string(), self.which(inside)));
        }
        for kind in Kind::ALL {
            let inside = |neuron: &Neuron| neuron.kind == Some(kind);
            groups.push((kind.to_string(), self.which(inside)));
        }
        groups.retain(|(_, neurons)| !neurons.is_empty());
        groups
    }

    fn which(&self, inside: impl Fn(&Neuron) -> bool) -> Vec<usize> {
        (0..self.neurons.len())
            .filter(|&neuron| inside(&self.neurons[neuron]))
            .collect()
    }
}
