//! What figures need beyond a record: a file beside it.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use faer::Mat;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::evaluate::Behind;
use super::neurons::{Group, Neurons, Single};
use super::record::Record;
use super::scores::{COARSE, overlaps, paired_units};
use super::settings::Comparison;
use crate::error::Error;
use crate::file;
use crate::measures::{Rdm, Scaling, spearman};
use crate::report::write_whole;
use crate::runner::Line;
use crate::statistics::average_ranks;

/// Values of single neurons, densities of activity, RDMs and maps of one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Artifact {
    /// That of the record.
    pub(super) schema: u32,
    /// The groups of single neurons, each with its members; none if only whole sites
    /// are known.
    pub(super) groups: Vec<Members>,
    /// The group whose RDM is the most reliable, and its RDM.
    pub(super) most_reliable: String,
    pub(super) rdm: Shades,
    /// Maps of the neurons that answer most reliably.
    pub(super) maps: Vec<Shades>,
    /// Behind each frontend, the baseline first.
    pub(super) frontends: Vec<Views>,
}

/// A group of single neurons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    pub(super) group: String,
    pub(super) neurons: Vec<usize>,
}

/// What there is behind a frontend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Views {
    pub(super) frontend: String,
    /// RMSE of each layer and neuron; null of a neuron without one.
    pub(super) rmse: Vec<Vec<Option<f32>>>,
    /// Of a few neurons, in the last layer.
    pub(super) densities: Vec<Densities>,
    /// Of the layer whose RDM is nearest to the most reliable one.
    pub(super) nearest: String,
    pub(super) r: f32,
    pub(super) rdm: Shades,
    /// In the first layer, those of the units beside the neurons with maps.
    pub(super) first: String,
    pub(super) maps: Vec<Option<Shades>>,
    pub(super) last: String,
}

/// Densities of a neuron's activity and of its unit's, both scaled to 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Densities {
    pub(super) neuron: usize,
    pub(super) unit: usize,
    pub(super) iou: f32,
    /// First and last place of both curves, whose points are equally spaced.
    pub(super) ends: [f32; 2],
    pub(super) curves: [Vec<f32>; 2],
}

/// A grey picture: shades row after row, 0 for black.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shades {
    pub(super) width: usize,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(super) values: Vec<u8>,
}

/// Neurons with densities.
const SHOWN: usize = 4;
/// Neurons with maps; few enough for a phone.
const MAPS: usize = 8;
/// The largest file: an artifact of 10,000 neurons and 50 layers has about 10 MB.
const MOST_BYTES: u64 = 256 << 20;

impl Artifact {
    pub(super) fn of(neurons: &Neurons, behind: &[Behind], comparison: &Comparison) -> Self {
        let group = most_reliable(&neurons.groups);
        let single = neurons.single.as_ref();
        let mapped = single.map_or(Vec::new(), most_reliable_neurons);
        let width = super::neurons::map_size(&neurons.stimuli)[1];
        let shown = single.map_or(Vec::new(), |single| {
            nearest_neurons(single, behind, comparison)
        });
        let views = behind.iter().map(|behind| {
            let layers = &behind.layers;
            let near = |rdm: &Rdm| spearman(rdm, &group.rdm);
            let nearest = layers
                .iter()
                .max_by(|a, b| near(&a.rdm).total_cmp(&near(&b.rdm)));
            let nearest = nearest.expect("a network has layers");
            let (first, last) = (&layers[0], &layers[layers.len() - 1]);
            let of_units = single.map_or(Vec::new(), |single| {
                paired_units(single, first, comparison, &mapped)
            });
            Views {
                frontend: behind.frontend.clone(),
                rmse: behind
                    .scores
                    .iter()
                    .map(|scores| {
                        scores
                            .rmse
                            .iter()
                            .map(|rmse| rmse.map(|x| x as f32))
                            .collect()
                    })
                    .collect(),
                densities: single.map_or(Vec::new(), |single| {
                    let found = overlaps(single, last, comparison, COARSE);
                    let of = |neuron: &usize| found.iter().find(|one| one.neuron == *neuron);
                    shown.iter().filter_map(of).map(Densities::of).collect()
                }),
                nearest: nearest.name.clone(),
                r: near(&nearest.rdm) as f32,
                rdm: Shades::of_rdm(&nearest.rdm),
                first: first.name.clone(),
                maps: of_units
                    .into_iter()
                    .map(|unit| unit.map(|unit| Shades::of_map(&first.maps, unit, width)))
                    .collect(),
                last: last.name.clone(),
            }
        });
        let views = views.collect();
        let members = neurons.groups.iter().filter(|_| single.is_some());
        Self {
            schema: Record::SCHEMA,
            groups: members
                .map(|group| Members {
                    group: group.name.clone(),
                    neurons: group.members.clone(),
                })
                .collect(),
            most_reliable: group.name.clone(),
            rdm: Shades::of_rdm(&group.rdm),
            maps: single.map_or(Vec::new(), |single| {
                let maps = mapped.iter();
                maps.map(|&neuron| Shades::of_map(&single.representations, neuron, width))
                    .collect()
            }),
            frontends: views,
        }
    }

    /// Where that of a job is, from the study's folder.
    pub(super) fn name(id: &str) -> String {
        format!("artifacts/{id}.json")
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn write(&self, out: &Path, name: &str) -> Result<(), Error> {
        let path: PathBuf = out.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(file::at(folder))?;
        }
        let json = serde_json::to_vec(self).expect("numbers and text are JSON");
        write_whole(&path, &json)
    }

    /// That of a record in a study's folder; or why there is none.
    pub(super) fn read(record: &Record, out: &Path) -> Result<Self, String> {
        let [name] = &record.artifacts[..] else {
            return Err("the record names no file with them".to_string());
        };
        let path = out.join(name);
        let failed = |reason: String| format!("{}: {reason}", path.display());
        let bytes = file::read(&path, MOST_BYTES).map_err(|error| failed(error.to_string()))?;
        let artifact: Self =
            serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        artifact.check().map_err(failed)?;
        Ok(artifact)
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != Record::SCHEMA {
            return Err(format!(
                "expected schema {}, found {}",
                Record::SCHEMA,
                self.schema
            ));
        }
        let members = self.groups.iter().flat_map(|group| &group.neurons);
        let most = members.max().map_or(0, |neuron| neuron + 1);
        let of_views = self.frontends.iter().flat_map(|views| &views.rmse);
        for rmse in of_views {
            if rmse.len() < most {
                return Err(format!(
                    "expected {most} values of RMSE, found {}",
                    rmse.len()
                ));
            }
        }
        let pictures = self.frontends.iter().flat_map(|views| {
            let maps = views.maps.iter().flatten();
            maps.chain([&views.rdm])
        });
        for picture in pictures.chain(&self.maps).chain([&self.rdm]) {
            let Shades { width, values } = picture;
            if *width == 0 || values.is_empty() || values.len() % width != 0 {
                let found = values.len();
                return Err(format!(
                    "expected rows of {width} shades, found {found} shades"
                ));
            }
        }
        let densities = self.frontends.iter().flat_map(|views| &views.densities);
        for Densities { ends, curves, .. } in densities {
            let fits = curves[0].len() == curves[1].len() && curves[0].len() > 1;
            if !fits || ends[0].partial_cmp(&ends[1]) != Some(std::cmp::Ordering::Less) {
                return Err("expected two densities on one grid".to_string());
            }
        }
        Ok(())
    }
}

impl Views {
    /// The RMSE of each neuron, the mean over the layers in which it has one; the same
    /// numbers as in the record's tables.
    pub(super) fn mean_rmse(&self, neuron: usize) -> Option<f64> {
        let values = self.rmse.iter().filter_map(|layer| layer[neuron]);
        let (sum, count) = values.fold((0.0, 0), |(sum, count), value| {
            (sum + f64::from(value), count + 1)
        });
        (count > 0).then(|| sum / f64::from(count))
    }
}

impl Densities {
    fn of(overlap: &super::scores::Overlap) -> Self {
        let densities = &overlap.densities;
        let curve = |curve: &[f64]| curve.iter().map(|&value| value as f32).collect();
        let end = |place: Option<&f64>| place.map_or(0.0, |&x| x as f32);
        Self {
            neuron: overlap.neuron,
            unit: overlap.unit,
            iou: densities.iou as f32,
            ends: [end(densities.grid.first()), end(densities.grid.last())],
            curves: [curve(&densities.first), curve(&densities.second)],
        }
    }
}

impl Shades {
    /// Rows.
    pub(super) fn height(&self) -> usize {
        self.values.len() / self.width
    }

    /// Ranks of dissimilarities, dark where two scenes are alike.
    fn of_rdm(rdm: &Rdm) -> Self {
        let ranks = average_ranks(rdm.values());
        let most = ranks.len() as f64;
        let square = Rdm::from_values(rdm.conditions(), ranks).square();
        let side = rdm.conditions();
        let places = (0..side).flat_map(|row| (0..side).map(move |column| (row, column)));
        Self {
            width: side,
            values: places
                .map(|place| (255.0 * square[place] / most).round() as u8)
                .collect(),
        }
    }

    /// A map from its least value to its largest.
    fn of_map(maps: &Mat<f64>, index: usize, width: usize) -> Self {
        let map: Vec<f64> = maps.row(index).iter().copied().collect();
        let map = Scaling::MinMax.apply(&map);
        Self {
            width,
            values: map
                .iter()
                .map(|value| (255.0 * value).round() as u8)
                .collect(),
        }
    }
}

/// The group whose RDM has the highest ceiling, the first of equals.
fn most_reliable(groups: &[Group]) -> &Group {
    let best = groups
        .iter()
        .reduce(|best, group| match group.ceiling > best.ceiling {
            true => group,
            false => best,
        });
    best.expect("neurons have a group")
}

/// The neurons that answer most reliably; the first, if nothing is known of that.
fn most_reliable_neurons(single: &Single) -> Vec<usize> {
    let mut neurons: Vec<usize> = (0..single.silent.len()).collect();
    neurons.retain(|&neuron| !single.silent[neuron]);
    if let Some(reliability) = &single.reliability {
        neurons.sort_by(|&a, &b| reliability[b].total_cmp(&reliability[a]));
    }
    neurons.truncate(MAPS);
    neurons
}

/// The neurons that a unit of the last layer goes with most, behind the baseline.
fn nearest_neurons(single: &Single, behind: &[Behind], comparison: &Comparison) -> Vec<usize> {
    let last = behind[0].layers.last().expect("a network has layers");
    let mut found = overlaps(single, last, comparison, COARSE);
    found.retain(|one| !one.densities.grid.is_empty());
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    found.iter().take(SHOWN).map(|one| one.neuron).collect()
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
