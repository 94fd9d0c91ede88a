//! The side of cortex, made ready to be compared with many layers.

use std::collections::BTreeSet;

use faer::Mat;
use sha2::{Digest, Sha256};

use super::choices::Choices;
use crate::alignment::{Rdm, Selection, gram, rdm_ceiling, representation, split_half};
use crate::cortex::{Recordings, Similarities, Stimuli};

/// Neural data to compare with.
#[derive(Clone, Debug)]
pub struct Neurons {
    /// What the data set is called.
    pub name: String,
    /// Whether a program made it up.
    pub simulated: bool,
    /// What was shown.
    pub stimuli: Stimuli,
    /// Whose RDMs are compared.
    pub groups: Vec<Group>,
    /// Single neurons, if they are known.
    pub single: Option<Single>,
    /// What the data are, as 16 hexadecimal digits.
    pub fingerprint: String,
}

/// Neurons that have an RDM together.
#[derive(Clone, Debug)]
pub struct Group {
    /// A site, an area, a genotype, a kind, or `all`.
    pub name: String,
    /// How many neurons.
    pub count: usize,
    /// Of them, those that answer the same to all scenes.
    pub silent: usize,
    /// Dissimilarities of the scenes.
    pub rdm: Rdm,
    /// What the truth is expected to reach with it.
    pub ceiling: Option<f64>,
    /// Which of the single neurons.
    pub members: Vec<usize>,
}

/// Responses of single neurons.
#[derive(Clone, Debug)]
pub struct Single {
    /// Mean responses over repeats, scenes x neurons.
    pub responses: Mat<f64>,
    /// Maps, neurons x pixels.
    pub representations: Mat<f64>,
    /// Reliability of each neuron's mean response; none of a single repeat.
    pub reliability: Option<Vec<f64>>,
    /// Neurons that answer the same to all scenes.
    pub silent: Vec<bool>,
}

/// How often halves of the repeats are drawn.
const SPLITS: usize = 50;

/// Seed of everything that is drawn about the neurons, which is the same for all
/// networks.
const SEED: u64 = 0;

impl Neurons {
    /// Of sites that are known by their similarities.
    pub fn of_similarities(data: Similarities) -> Self {
        let groups: Vec<Group> = data
            .sites
            .iter()
            .zip(&data.matrices)
            .map(|(site, matrix)| Group {
                name: site.name(),
                count: site.reliable_cells,
                silent: 0,
                rdm: Rdm::from_similarity(matrix.as_ref()),
                // Their reliability is that of halves of the repeats.
                ceiling: Some(
                    crate::alignment::spearman_brown(site.reliability, 2.0)
                        .max(0.0)
                        .sqrt(),
                ),
                members: Vec::new(),
            })
            .collect();
        Self {
            fingerprint: fingerprint(&data.stimuli, groups.iter().map(|group| &group.rdm), None),
            name: data.name,
            simulated: data.simulated,
            stimuli: data.stimuli,
            groups,
            single: None,
        }
    }

    /// Of single neurons: all of them, or the paper's choice. `None` if no group
    /// has as many as it takes.
    pub fn of_recordings(mut data: Recordings, choices: &Choices) -> Option<Self> {
        if choices.choose {
            data = chosen(data)?;
        }
        let (responses, repeats) = (data.responses.mean(), data.responses.repeats());
        let silent: Vec<bool> = responses
            .col_iter()
            .map(|neuron| neuron.iter().all(|x| *x == neuron[0]))
            .collect();
        let repeats: Vec<Mat<f64>> = (0..repeats).map(|r| data.responses.repeat(r)).collect();
        let reliability = split_half(&repeats, SPLITS, SEED).map(|found| found.values);
        let mut seen = BTreeSet::new();
        let mut groups = Vec::new();
        let everyone = ("all".to_string(), (0..data.neurons.len()).collect());
        for (name, members) in data.groups().into_iter().chain([everyone]) {
            // A site that is all there is of its area is named once.
            if members.len() < choices.least_neurons || !seen.insert(members.clone()) {
                continue;
            }
            let of_group = |all: &Mat<f64>| {
                Mat::from_fn(all.nrows(), members.len(), |scene, i| {
                    all[(scene, members[i])]
                })
            };
            let halves: Vec<Mat<f64>> = repeats.iter().map(of_group).collect();
            groups.push(Group {
                name,
                count: members.len(),
                silent: members.iter().filter(|&&neuron| silent[neuron]).count(),
                rdm: Rdm::of(of_group(&responses).as_ref(), choices.distance),
                ceiling: rdm_ceiling(&halves, choices.distance, SPLITS, SEED),
                members,
            });
        }
        if groups.is_empty() {
            return None;
        }
        let representations = representation(responses.as_ref(), data.stimuli.matrix().as_ref());
        Some(Self {
            fingerprint: fingerprint(&data.stimuli, std::iter::empty(), Some(&repeats)),
            name: data.name,
            simulated: data.simulated,
            stimuli: data.stimuli,
            groups,
            single: Some(Single {
                responses,
                representations,
                reliability,
                silent,
            }),
        })
    }
}

impl Single {
    /// The Gram matrix of some of the neurons, one that is named twice counting
    /// twice.
    pub fn gram(&self, members: &[usize]) -> Mat<f64> {
        let scenes = self.responses.nrows();
        let patterns = Mat::from_fn(scenes, members.len(), |scene, i| {
            self.responses[(scene, members[i])]
        });
        gram(patterns.as_ref())
    }
}

/// The paper's choice of neurons.
fn chosen(data: Recordings) -> Option<Recordings> {
    let representations = representation(
        data.responses.mean().as_ref(),
        data.stimuli.matrix().as_ref(),
    );
    let kinds: Vec<_> = data.neurons.iter().map(|neuron| neuron.kind).collect();
    let selection = Selection {
        seed: SEED,
        ..Selection::default()
    };
    let chosen = match kinds.iter().any(Option::is_some) {
        true => selection.balanced(representations.as_ref(), &kinds),
        false => selection.representatives(representations.as_ref()),
    };
    if chosen.neurons.is_empty() {
        return None;
    }
    Some(Recordings {
        responses: data.responses.select_neurons(&chosen.neurons),
        neurons: chosen
            .neurons
            .iter()
            .map(|&neuron| data.neurons[neuron].clone())
            .collect(),
        ..data
    })
}

fn fingerprint<'a>(
    stimuli: &Stimuli,
    rdms: impl Iterator<Item = &'a Rdm>,
    repeats: Option<&[Mat<f64>]>,
) -> String {
    let mut hash = Sha256::new();
    let mut add = |values: &[f64]| {
        hash.update((values.len() as u64).to_le_bytes());
        values
            .iter()
            .for_each(|value| hash.update(value.to_le_bytes()));
    };
    (0..stimuli.scenes()).for_each(|scene| add(stimuli.scene(scene)));
    rdms.for_each(|rdm| add(rdm.values()));
    for repeat in repeats.unwrap_or_default() {
        (0..repeat.ncols()).for_each(|neuron| add(repeat.col_as_slice(neuron)));
    }
    let bytes = hash.finalize();
    bytes[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
