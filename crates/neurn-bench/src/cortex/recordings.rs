//! Neurons with their responses to images.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Area, CortexError, CorticalLayer, Kind, Neuron, Responses, Stimuli};

/// Images, what every neuron answered to each of them, and what is known of
/// the neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct Recordings {
    /// What the data set is called in tables.
    pub name: String,
    /// Whether a program made them up.
    pub simulated: bool,
    /// What they were read from: a file, or a folder of them.
    pub path: Option<PathBuf>,
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
            path: None,
            stimuli,
            responses,
            neurons,
        })
    }

    /// The same, read from there.
    #[must_use]
    pub(super) fn read_from(self, path: &Path) -> Self {
        Self {
            path: Some(path.to_path_buf()),
            ..self
        }
    }

    /// Several recordings of the same images as one: the neurons of all, the first
    /// repeats of each, as many as all have.
    ///
    /// # Errors
    ///
    /// [`CortexError::Values`] if there are none, or they differ in their images
    /// or in whether they are simulated.
    pub fn pooled(name: impl Into<String>, recordings: &[Self]) -> Result<Self, CortexError> {
        let Some(first) = recordings.first() else {
            return Err(CortexError::values("recordings", "at least one", "none"));
        };
        for other in recordings {
            if other.stimuli != first.stimuli || other.simulated != first.simulated {
                let expected = format!("the images of {}", first.name);
                let found = format!("others in {}", other.name);
                return Err(CortexError::values("stimuli", expected, found));
            }
        }
        let repeats = recordings.iter().map(|one| one.responses.repeats());
        let repeats = repeats.fold(first.responses.repeats(), usize::min);
        let scenes = first.stimuli.scenes();
        let neurons: Vec<Neuron> = recordings
            .iter()
            .flat_map(|one| one.neurons.iter().cloned())
            .collect();
        let mut values = Vec::with_capacity(repeats * scenes * neurons.len());
        for repeat in 0..repeats {
            let parts: Vec<_> = recordings
                .iter()
                .map(|one| one.responses.repeat(repeat))
                .collect();
            for scene in 0..scenes {
                values.extend(
                    parts
                        .iter()
                        .flat_map(|part| part.row(scene).iter().copied()),
                );
            }
        }
        let responses = Responses::new(repeats, scenes, neurons.len(), values)?;
        let stimuli = first.stimuli.clone();
        Ok(Self {
            path: first.path.clone(),
            ..Self::new(name, first.simulated, stimuli, responses, neurons)?
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

#[cfg(test)]
mod tests {
    use super::super::simulated::Simulated;
    use super::*;

    #[test]
    fn pooled_neurons_stand_side_by_side() {
        let simulated = |repeats| Simulated {
            scenes: 5,
            side: 8,
            neurons: 3,
            repeats,
            ..Simulated::default()
        };
        let [one, other] = [4, 2].map(|repeats| simulated(repeats).recordings());
        let pooled = Recordings::pooled("both", &[one.clone(), other.clone()]).unwrap();
        assert_eq!((pooled.responses.repeats(), pooled.neurons.len()), (2, 6));
        for repeat in 0..2 {
            let all = pooled.responses.repeat(repeat);
            for scene in 0..5 {
                for neuron in 0..3 {
                    let at = |of: &Recordings| of.responses.repeat(repeat)[(scene, neuron)];
                    assert_eq!(all[(scene, neuron)], at(&one));
                    assert_eq!(all[(scene, 3 + neuron)], at(&other));
                }
            }
        }
        let others = Simulated {
            seed: 1,
            ..simulated(2)
        };
        let error = Recordings::pooled("both", &[one, others.recordings()]).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("stimuli: expected the images of")
        );
        assert!(Recordings::pooled("none", &[]).is_err());
    }
}
