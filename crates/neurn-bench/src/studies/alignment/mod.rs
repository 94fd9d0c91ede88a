//! The alignment study: networks with and without NeuRN, and the controls beside
//! them, compared with neurons of mouse visual cortex by every measure.
//!
//! What there is: `settings`, and `record` with the job and what is kept of it. From
//! data to a record: `data` reads, `neurons` and `layer` have what the measures look
//! at, `network` gives layers, `scores` and `evaluate` compare. From records to a page:
//! `artifact` has what figures need beyond a record, and [`report`] needs nothing else.

mod artifact;
mod data;
mod evaluate;
mod layer;
mod network;
mod neurons;
mod record;
pub mod report;
mod scores;
mod settings;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Instant;

pub use data::Cortex;
pub use record::{
    BASELINE, Job, Learnt, MEAN, Measure, Network, Origin, Record, Value, difference,
};
pub use settings::{Comparison, SIDE, Settings, UnitMap};

use artifact::Artifact;
use data::StudyData;
use evaluate::Behind;
use layer::Summary;
use network::{MOBILENET, Subject};
use neurons::Neurons;
use scores::Scores;

use crate::device::Backend;
use crate::error::Error;
use crate::report::write_whole;
use crate::runner::{Context, Line, Study, journal};
use crate::studies::SettingsError;
use crate::studies::made::{now, versions};
use crate::train::{InputScale, Method};

/// How values are computed, but for settings: counted up when it changes.
const COMPUTATION: u32 = 2;

/// Neurons, networks, and how they are compared.
#[derive(Debug)]
pub struct AlignmentStudy {
    settings: Settings,
    backend: Backend,
    images: bool,
    data: StudyData,
}

impl AlignmentStudy {
    /// Reads the neurons; and from the folder `learnt` what networks learn from:
    /// photographs in `cifar10`, weights in `weights`. Without either, no network has
    /// learnt anything. With `images` the report shows RDMs and maps, from which the
    /// data could be had.
    ///
    /// # Errors
    ///
    /// If settings or data are of no use.
    pub fn open(
        cortex: &Cortex,
        learnt: Option<&Path>,
        settings: Settings,
        backend: Backend,
        images: bool,
    ) -> Result<Self, Error> {
        settings.check().map_err(SettingsError::from)?;
        Ok(Self {
            data: StudyData::read(cortex, learnt, &settings)?,
            settings,
            backend,
            images,
        })
    }

    /// Networks and controls.
    fn networks(&self) -> Vec<Network> {
        let one = |model: &str, origin, seed| Network {
            model: model.to_string(),
            origin,
            seed,
        };
        let seeds = |model: &str, origin| -> Vec<Network> {
            let seeds = 0..self.settings.seeds;
            seeds.map(|seed| one(model, origin, seed)).collect()
        };
        let models: Vec<&str> = self.settings.models.iter().map(String::as_str).collect();
        let each = |origin| models.iter().flat_map(move |model| seeds(model, origin));
        let mut networks = vec![one("pixels", Origin::Pixels, 0)];
        if self.data.rates.is_some() {
            networks.push(one("generator", Origin::Generator, 0));
        }
        networks.extend(seeds("shuffled-pixels", Origin::Shuffled));
        networks.extend(each(Origin::Untrained));
        if self.data.photographs.is_some() {
            networks.extend(each(Origin::Cifar10));
        }
        if self.data.weights.is_some() {
            if !models.contains(&MOBILENET) {
                networks.extend(seeds(MOBILENET, Origin::Untrained));
            }
            networks.push(one(MOBILENET, Origin::ImageNet, 0));
        }
        networks
    }

    fn job(&self, neurons: &Neurons, network: Network) -> Job {
        // A truth has no frontend, and MobileNet the scale of its weights.
        let input = match network.model == MOBILENET {
            true => &InputScale::Half,
            false => &self.settings.input,
        };
        let mut methods = self.settings.methods(input);
        if network.origin == Origin::Generator {
            methods.truncate(1);
        }
        let scaled_by_images = |method: &Method| method.input == InputScale::Standardized;
        let needs_images = network.origin == Origin::Cifar10
            || network.origin == Origin::Untrained && methods.iter().any(scaled_by_images);
        let photographs = self.data.photographs.as_ref().filter(|_| needs_images);
        let weights = self.data.weights.as_ref();
        Job {
            computation: COMPUTATION,
            data: neurons.name.clone(),
            fingerprint: neurons.fingerprint.clone(),
            methods,
            comparison: self.settings.comparison.clone(),
            training: photographs.map(|_| self.settings.training.clone()),
            images: photographs.map(|domain| domain.train.fingerprint().to_string()),
            weights: weights
                .filter(|_| network.origin == Origin::ImageNet)
                .map(|weights| weights.digest.clone()),
            network,
            backend: self.backend,
        }
    }
}

impl Study for AlignmentStudy {
    type Job = Job;
    type Record = Record;

    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let networks = self.networks();
        let of_neurons = |neurons| {
            let networks = networks.iter();
            networks.map(move |network| self.job(neurons, network.clone()))
        };
        Ok(self.data.neurons.iter().flat_map(of_neurons).collect())
    }

    fn label(&self, job: &Job) -> String {
        job.label()
    }

    fn length(&self, job: &Job) -> usize {
        network::length(job, &self.data)
    }

    fn run(&self, job: &Job, context: &Context) -> Result<Record, Error> {
        let start = Instant::now();
        let neurons = self.data.neurons(&job.fingerprint);
        let neurons = neurons.expect("a job of this study");
        let subject = Subject {
            job,
            data: &self.data,
            summary: Summary {
                stimuli: &neurons.stimuli,
                distance: job.comparison.distance,
                map: job.comparison.maps,
            },
            context,
        };
        let mut behind = Vec::new();
        let mut learnt = Vec::new();
        for (place, method) in job.methods.iter().enumerate() {
            if context.interrupter.should_stop() {
                return Err(Error::Interrupted);
            }
            let (layers, of_network) = subject.behind(place)?;
            learnt.extend(of_network);
            let scores = neurons.single.iter().flat_map(|single| {
                let layers = layers.iter();
                layers.map(|layer| Scores::of(single, layer, &job.comparison))
            });
            behind.push(Behind {
                frontend: method.frontend.label(),
                scores: scores.collect(),
                layers,
            });
        }
        let values = evaluate::evaluate(neurons, &behind, &job.comparison);
        // Before the record that names it.
        let name = Artifact::name(context.id);
        Artifact::of(neurons, &behind, &job.comparison).write(context.out, &name)?;
        Ok(Record {
            schema: Record::SCHEMA,
            id: context.id.to_string(),
            job: job.clone(),
            simulated: neurons.simulated,
            learnt,
            values,
            artifacts: vec![name],
            seconds: start.elapsed().as_secs_f64(),
            finished: now(),
            versions: versions(),
        })
    }

    fn answers(&self, _record: &Record, _job: &Job) -> bool {
        // Everything that is asked is part of the identity.
        true
    }

    fn summary(&self, record: &Record) -> String {
        let learnt = record.learnt.iter().map(|learnt| {
            format!(
                "{} {:.1} % of the test images",
                learnt.frontend, learnt.test_accuracy
            )
        });
        let values = format!("{} values", record.values.len());
        let parts: Vec<String> = learnt.chain([values]).collect();
        format!("{}, {:.0} s", parts.join(", "), record.seconds)
    }

    fn report(&self, records: &[Record], out: &Path) -> Result<String, Error> {
        let settings = self.settings.to_toml();
        write_whole(&out.join("settings.toml"), settings.as_bytes())?;
        report::document(records, out, self.images).write(out, Vec::new())
    }
}

/// Makes the report of the records in a folder anew, and returns its tables as
/// Markdown. It needs neither data nor networks. Of a network that was compared with
/// the same neurons several times it shows the last record, and only those records
/// that were made as the last of all was.
///
/// # Errors
///
/// If there are no records, they cannot be read, or the report cannot be written.
pub fn report_of(out: &Path, images: bool) -> Result<String, Error> {
    let path = out.join("results.jsonl");
    let all: Vec<Record> = journal::read(&path)?;
    let Some(last) = all.last().map(|record| record.job.clone()) else {
        let path = path.display();
        return Err(Error::Argument(format!(
            "{path}: expected records, found none"
        )));
    };
    let mut records: Vec<Record> = Vec::new();
    for record in all {
        let job = &record.job;
        records.retain(|other| other.job.data != job.data || other.job.network != job.network);
        let alike = job.comparison == last.comparison && job.backend == last.backend;
        if alike && job.computation == last.computation {
            records.push(record);
        }
    }
    report::document(&records, out, images).write(out, Vec::new())
}
