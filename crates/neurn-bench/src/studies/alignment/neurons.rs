//! The side of cortex, made ready to be compared with many layers.

use std::collections::BTreeSet;
use std::path::Path;

use faer::Mat;
use sha2::{Digest, Sha256};

use super::settings::Comparison;
use crate::cortex::{Kind, Recordings, Similarities, Stimuli};
use crate::error::Error;
use crate::fingerprint::hexadecimal;
use crate::measures::pearson::{columns, constant};
use crate::measures::{Rdm, Selection, cka_ceiling, gram, rdm_ceiling, representation, split_half};

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
    /// The same of debiased CKA.
    pub cka_ceiling: Option<f64>,
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

/// The largest side of maps: larger stimuli are brought to it, as the paper does.
const MAP_SIDE: usize = 31;

/// Groups whose ceiling is lower tell little and are left out of means over
/// groups, unless all are.
const LEAST_CEILING: f64 = 0.5;

/// The largest response, in the unit of the data: squares of larger ones add up
/// beyond what numbers hold.
const LARGEST: f64 = 1e100;

/// Seed of everything that is drawn about the neurons, which is the same for all
/// networks.
const SEED: u64 = 0;

impl Neurons {
    /// Of sites that are known by their similarities. The reliability that they
    /// come with is taken to be the correlation between halves of the repeats, not
    /// yet corrected for their length.
    ///
    /// # Errors
    ///
    /// If there are no sites, or fewer than 4 or more than 2,000 scenes.
    pub fn of_similarities(data: Similarities) -> Result<Self, Error> {
        let place = place(data.path.as_deref(), &data.name);
        check_scenes(&place, data.stimuli.scenes())?;
        if data.sites.is_empty() {
            return Err(Error::Argument(format!(
                "{place}: expected sites, found none"
            )));
        }
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
                    crate::measures::spearman_brown(site.reliability, 2.0)
                        .max(0.0)
                        .sqrt(),
                ),
                cka_ceiling: None,
                members: Vec::new(),
            })
            .collect();
        Ok(Self {
            fingerprint: fingerprint(&data.stimuli, &groups, &[]),
            name: data.name,
            simulated: data.simulated,
            stimuli: data.stimuli,
            groups,
            single: None,
        })
    }

    /// Of single neurons: all of them, or the paper's choice.
    ///
    /// # Errors
    ///
    /// If no group has as many neurons as it takes, there are fewer than 4 or more
    /// than 2,000 scenes, or a response is beyond 1e100.
    pub fn of_recordings(mut data: Recordings, comparison: &Comparison) -> Result<Self, Error> {
        let place = place(data.path.as_deref(), &data.name);
        check_scenes(&place, data.stimuli.scenes())?;
        let large = |response: &&f64| response.abs() > LARGEST;
        if let Some(found) = data.responses.values().iter().find(large) {
            return Err(Error::Argument(format!(
                "{place}: expected responses of at most {LARGEST:e}, found {found:e}"
            )));
        }
        if comparison.choose {
            data = chosen(data);
        }
        let (responses, repeats) = (data.responses.mean(), data.responses.repeats());
        let silent: Vec<bool> = (0..responses.ncols())
            .map(|neuron| constant(responses.col_as_slice(neuron)))
            .collect();
        let repeats: Vec<Mat<f64>> = (0..repeats).map(|r| data.responses.repeat(r)).collect();
        let reliability = split_half(&repeats, SPLITS, SEED);
        let mut named = BTreeSet::new();
        let mut groups = Vec::new();
        let everyone = ("all".to_string(), (0..data.neurons.len()).collect());
        for (name, members) in data.groups().into_iter().chain([everyone]) {
            // A site that is all there is of its area is named once.
            if members.len() < comparison.least_neurons || !named.insert(members.clone()) {
                continue;
            }
            let of_group = |all: &Mat<f64>| columns(all.as_ref(), &members);
            let halves: Vec<Mat<f64>> = repeats.iter().map(of_group).collect();
            groups.push(Group {
                name,
                count: members.len(),
                silent: members.iter().filter(|&&neuron| silent[neuron]).count(),
                rdm: Rdm::of(of_group(&responses).as_ref(), comparison.distance),
                ceiling: rdm_ceiling(&halves, comparison.distance, SPLITS, SEED),
                cka_ceiling: cka_ceiling(&halves, SPLITS, SEED),
                members,
            });
        }
        if groups.is_empty() {
            return Err(Error::Argument(format!(
                "{place}: expected a group of at least {} neurons, found {} neurons in all",
                comparison.least_neurons,
                data.neurons.len()
            )));
        }
        let seen = seen(&data.stimuli);
        let representations = representation(responses.as_ref(), seen.as_ref());
        Ok(Self {
            fingerprint: fingerprint(&data.stimuli, &groups, &repeats),
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
        let patterns = columns(self.responses.as_ref(), members);
        gram(patterns.as_ref())
    }
}

/// Height and width of maps.
pub fn map_size(stimuli: &Stimuli) -> [usize; 2] {
    [stimuli.height(), stimuli.width()].map(|side| side.min(MAP_SIDE))
}

/// The stimuli at the size of maps, scenes x pixels.
pub fn seen(stimuli: &Stimuli) -> Mat<f64> {
    let [height, width] = map_size(stimuli);
    stimuli.resized(height, width).matrix()
}

/// Groups that a mean is taken over: without those that share neurons with an
/// earlier one, such as an area after its layers, or that are too noisy.
pub fn averaged(groups: &[Group]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let shares = |&other: &usize| {
            let other = &groups[other].members;
            group.members.iter().any(|neuron| other.contains(neuron))
        };
        if !kept.iter().any(shares) {
            kept.push(index);
        }
    }
    let sure = |&index: &usize| groups[index].ceiling.is_none_or(|c| c >= LEAST_CEILING);
    let sure: Vec<usize> = kept.iter().copied().filter(sure).collect();
    match sure.is_empty() {
        true => kept,
        false => sure,
    }
}

/// Where an error is: the file, or the name of what comes from none.
fn place(path: Option<&Path>, name: &str) -> String {
    path.map_or(name.to_string(), |path| path.display().to_string())
}

/// What resampling needs at least and bears at most: the RDM of 2,000 scenes takes
/// 16 MB, and every layer has one.
fn check_scenes(place: &str, scenes: usize) -> Result<(), Error> {
    match (4..=2_000).contains(&scenes) {
        true => Ok(()),
        false => Err(Error::Argument(format!(
            "{place}: expected 4 to 2000 scenes, found {scenes}"
        ))),
    }
}

/// The paper's choice of neurons; of a single kind, without a balance.
fn chosen(data: Recordings) -> Recordings {
    let seen = seen(&data.stimuli);
    let representations = representation(data.responses.mean().as_ref(), seen.as_ref());
    let kinds: Vec<_> = data.neurons.iter().map(|neuron| neuron.kind).collect();
    let selection = Selection {
        seed: SEED,
        ..Selection::default()
    };
    let both = Kind::ALL.iter().all(|kind| kinds.contains(&Some(*kind)));
    let chosen = match both {
        true => selection.balanced(representations.as_ref(), &kinds),
        false => selection.representatives(representations.as_ref()),
    };
    Recordings {
        responses: data.responses.select_neurons(&chosen),
        neurons: chosen
            .iter()
            .map(|&neuron| data.neurons[neuron].clone())
            .collect(),
        ..data
    }
}

/// Of everything that a value may depend on.
fn fingerprint(stimuli: &Stimuli, groups: &[Group], repeats: &[Mat<f64>]) -> String {
    let mut hash = Sha256::new();
    let mut add = |values: &[f64]| {
        hash.update((values.len() as u64).to_le_bytes());
        values
            .iter()
            .for_each(|value| hash.update(value.to_le_bytes()));
    };
    add(&[stimuli.height() as f64, stimuli.width() as f64]);
    (0..stimuli.scenes()).for_each(|scene| add(stimuli.scene(scene)));
    for repeat in repeats {
        (0..repeat.ncols()).for_each(|neuron| add(repeat.col_as_slice(neuron)));
    }
    for group in groups {
        add(group.rdm.values());
        add(&[group.count as f64, group.ceiling.unwrap_or(f64::NAN)]);
        let members: Vec<f64> = group.members.iter().map(|&neuron| neuron as f64).collect();
        add(&members);
    }
    for group in groups {
        hash.update((group.name.len() as u64).to_le_bytes());
        hash.update(&group.name);
    }
    hexadecimal(&hash.finalize()[..8])
}
