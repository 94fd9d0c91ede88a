//! The alignment study: networks with and without NeuRN, and the controls beside
//! them, compared with neurons of mouse visual cortex by every measure.
//!
//! Data flows one way: [`cortex`](crate::cortex) and networks -> `neurons` and
//! `features` (what the measures look at) -> `evaluate` -> [`Measurement`] ->
//! [`journal`] -> [`report`].

mod candidate;
mod choices;
mod evaluate;
mod features;
mod measurement;
mod neurons;
pub mod report;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use burn::train::Interrupter;
use faer::Mat;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

pub use candidate::{Candidate, Origin};
pub use choices::Choices;
pub use evaluate::MEASURES;
pub use features::{Layer, UnitMap};
pub use measurement::{BASELINE, MEAN, Measurement, difference};
pub use neurons::{Group, Neurons, Single};
pub use settings::Settings;

use candidate::{MOBILENET, Studio};
use features::Summary;

use crate::cortex::simulated::Simulated;
use crate::cortex::{CortexError, Recordings, allen, antolik};
use crate::data::{Domain, cifar10};
use crate::device::DeviceName;
use crate::error::Error;
use crate::file;
use crate::fingerprint::hexadecimal;
use crate::measures::{Pairing, Scaling};
use crate::report::write_whole;
use crate::runner::journal::{self, Journal};

/// Where neural data are from.
#[derive(Clone, Debug)]
pub enum Cortex {
    /// A simulated population, of which the truth is known.
    Simulated(Simulated),
    /// `allen` and `antolik2016` in a folder, of which it needs one.
    Folder(PathBuf),
    /// Recordings that were read before.
    Recordings(Vec<Recordings>),
}

/// A study and where its results go.
#[derive(Clone, Debug)]
pub struct AlignmentStudy {
    /// The neurons.
    pub cortex: Cortex,
    /// A folder with what networks have learnt: photographs in `cifar10`, weights
    /// in `weights`. Without either, none has learnt anything.
    pub learnt: Option<PathBuf>,
    /// What is compared, and how.
    pub settings: Settings,
    /// On what.
    pub device: DeviceName,
    /// Whether the report shows pictures of RDMs and maps, from which the data could
    /// be had.
    pub images: bool,
    /// The folder of `results.jsonl`, `settings.toml`, `networks`, `table.md`,
    /// `table.csv` and `report.html`.
    pub out: PathBuf,
}

/// The file of weights that is looked for in a folder of data.
const WEIGHTS: &str = "weights/mobilenet_v1_1.0_224_imagenet_to_pw12.safetensors";

/// How values are computed, but for settings: counted up when it changes, so that
/// none of before is taken for one of after.
const METHOD: u32 = 1;

impl AlignmentStudy {
    /// Measures what has not been measured yet, writes the report, and returns
    /// its tables as Markdown. When `interrupter` stops it, what was measured is
    /// kept and the same study goes on from there.
    ///
    /// # Errors
    ///
    /// If data, settings or the device are of no use, or a result cannot be
    /// kept.
    pub fn run(&self, interrupter: &Interrupter) -> Result<String, Error> {
        let choices = Choices::of(&self.settings)?;
        let device = self.device.open()?;
        let materials = self.materials(&choices)?;
        let path = self.out.join("results.jsonl");
        let mut journal: Journal<Measurement> = Journal::open(&path)?;
        let settings = toml::to_string(&self.settings).unwrap_or_default();
        write_whole(&self.out.join("settings.toml"), settings.as_bytes())?;

        let runs = self.runs(&materials)?;
        let bar = ProgressBar::new(runs.len() as u64);
        let style = ProgressStyle::with_template("{pos}/{len} {elapsed} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        for run in &runs {
            if interrupter.should_stop() {
                return Err(Error::Interrupted);
            }
            bar.set_message(format!("{}: {}", run.neurons.name, run.candidate.label()));
            if whole(journal.records(), &run.id).is_empty() {
                let lines = self.measure(run, &materials, &choices, &device, interrupter)?;
                journal.append_all(lines)?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let measured: Vec<Measurement> = runs
            .iter()
            .flat_map(|run| whole(journal.records(), &run.id).into_iter().cloned())
            .collect();
        let views = self.views(&materials, &choices, &device, interrupter)?;
        report::write(&measured, &views, &self.settings, self.images, &self.out)
    }

    /// The measurements that are in the folder, of whole runs, oldest first,
    /// whatever settings they were made with.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn measured(out: &Path) -> Result<Vec<Measurement>, Error> {
        let mut lines: Vec<Measurement> = journal::read(&out.join("results.jsonl"))?;
        let named: BTreeSet<String> = lines.iter().map(|line| line.run.clone()).collect();
        let are_whole = named
            .into_iter()
            .filter(|run| !whole(&lines, run).is_empty());
        let are_whole: BTreeSet<String> = are_whole.collect();
        lines.retain(|line| are_whole.contains(&line.run));
        Ok(lines)
    }

    fn materials(&self, choices: &Choices) -> Result<Materials, Error> {
        let mut materials = Materials {
            neurons: Vec::new(),
            rates: None,
            photographs: None,
            weights: None,
        };
        let mut recordings = Vec::new();
        match &self.cortex {
            Cortex::Simulated(simulated) => {
                let rates = simulated.rates();
                recordings.push(simulated.recordings());
                // Those of chosen neurons are others.
                materials.rates = (!choices.choose).then_some(rates);
            }
            Cortex::Recordings(read) => recordings.extend(read.iter().cloned()),
            Cortex::Folder(folder) => {
                let [allen, antolik] = ["allen", "antolik2016"].map(|name| folder.join(name));
                if !allen.exists() && !antolik.exists() {
                    return Err(Error::Argument(format!(
                        "{}: expected allen or antolik2016 in it, found neither",
                        folder.display()
                    )));
                }
                if allen.exists() {
                    let neurons = Neurons::of_similarities(allen::read(&allen)?)?;
                    materials.neurons.push(neurons);
                }
                if antolik.exists() {
                    recordings.extend(antolik::read(&antolik)?);
                }
            }
        }
        if let Some(folder) = &self.learnt {
            let photographs = folder.join("cifar10");
            if photographs.exists() {
                materials.photographs = Some(cifar10::read(&photographs)?);
            }
            let weights = folder.join(WEIGHTS);
            if weights.exists() {
                let mut sum = file::sha256(&weights).map_err(|source| CortexError::Io {
                    path: weights.clone(),
                    source,
                })?;
                sum.truncate(16);
                materials.weights = Some((weights, sum));
            }
        }
        for data in recordings {
            let neurons = Neurons::of_recordings(data, choices)?;
            let known = &mut materials.neurons;
            if known
                .iter()
                .any(|other: &Neurons| other.name == neurons.name)
            {
                return Err(Error::Argument(format!(
                    "expected data sets with names of their own, found `{}` twice",
                    neurons.name
                )));
            }
            known.push(neurons);
        }
        Ok(materials)
    }

    /// Networks and controls.
    fn candidates(&self, materials: &Materials) -> Vec<Candidate> {
        let one = |model: &str, origin, seed| Candidate {
            model: model.to_string(),
            origin,
            seed,
        };
        let seeds = |model: &str, origin| -> Vec<Candidate> {
            let seeds = 0..self.settings.seeds;
            seeds.map(|seed| one(model, origin, seed)).collect()
        };
        let models = &self.settings.models;
        let mut candidates = vec![one("pixels", Origin::Pixels, 0)];
        if materials.rates.is_some() {
            candidates.push(one("generator", Origin::Generator, 0));
        }
        candidates.extend(seeds("shuffled-pixels", Origin::Shuffled));
        candidates.extend(
            models
                .iter()
                .flat_map(|model| seeds(model, Origin::Untrained)),
        );
        if materials.photographs.is_some() {
            candidates.extend(
                models
                    .iter()
                    .flat_map(|model| seeds(model, Origin::Cifar10)),
            );
        }
        if materials.weights.is_some() {
            if !models.iter().any(|model| model == MOBILENET) {
                candidates.extend(seeds(MOBILENET, Origin::Untrained));
            }
            candidates.push(one(MOBILENET, Origin::ImageNet, 0));
        }
        candidates
    }

    fn runs<'a>(&self, materials: &'a Materials) -> Result<Vec<Run<'a>>, Error> {
        let mut runs = Vec::new();
        for neurons in &materials.neurons {
            for candidate in self.candidates(materials) {
                let id = self.id(neurons, &candidate, materials)?;
                runs.push(Run {
                    neurons,
                    candidate,
                    id,
                });
            }
        }
        Ok(runs)
    }

    /// A hash of all that a run's values depend on.
    fn id(
        &self,
        neurons: &Neurons,
        candidate: &Candidate,
        materials: &Materials,
    ) -> Result<String, Error> {
        let settings = Settings {
            // Which others there are changes nothing.
            models: Vec::new(),
            seeds: 0,
            ..self.settings.clone()
        };
        let frontends = candidate.frontends(&self.settings.frontends).iter();
        let identities: Result<Vec<_>, Error> = frontends
            .map(|frontend| candidate.identity(frontend))
            .collect();
        let photographs = materials.photographs.as_ref();
        let photographs = photographs.filter(|_| candidate.origin == Origin::Cifar10);
        let weights = materials.weights.as_ref();
        let weights = weights.filter(|_| candidate.origin == Origin::ImageNet);
        let all = serde_json::json!({
            "method": METHOD,
            "settings": settings,
            "neurons": neurons.fingerprint,
            "data": neurons.name,
            "candidate": identities?,
            "photographs": photographs.map(|domain| domain.train.fingerprint()),
            "weights": weights.map(|(_, digest)| digest),
            "device": self.device.backend(),
        });
        Ok(hexadecimal(&Sha256::digest(all.to_string())[..8]))
    }

    fn measure(
        &self,
        run: &Run,
        materials: &Materials,
        choices: &Choices,
        device: &Device,
        interrupter: &Interrupter,
    ) -> Result<Vec<Measurement>, Error> {
        let layers = self.layers(run, materials, choices, device, interrupter)?;
        let values = evaluate::evaluate(run.neurons, &layers, choices);
        let lines = values.len();
        let measurement = |(line, value): (usize, evaluate::Value)| Measurement {
            run: run.id.clone(),
            line,
            lines,
            measure: value.measure.to_string(),
            data: run.neurons.name.clone(),
            model: run.candidate.model.clone(),
            training: run.candidate.origin.training().to_string(),
            frontend: value.frontend,
            layer: value.layer,
            group: value.group,
            value: value.value,
            low: value.interval.map(|(low, _)| low),
            high: value.interval.map(|(_, high)| high),
            ceiling: value.ceiling,
            p: value.p,
            seed: run.candidate.seed,
            simulated: run.neurons.simulated,
            neurons: value.neurons,
            degenerate: value.degenerate,
            device: self.device.backend(),
        };
        Ok(values.into_iter().enumerate().map(measurement).collect())
    }

    /// A candidate's layers behind each of its frontends.
    fn layers(
        &self,
        run: &Run,
        materials: &Materials,
        choices: &Choices,
        device: &Device,
        interrupter: &Interrupter,
    ) -> Result<Vec<(String, Vec<Layer>)>, Error> {
        let networks = self.out.join("networks").join(self.learnt(materials));
        let studio = Studio {
            training: &self.settings.training,
            photographs: materials.photographs.as_ref(),
            mobilenet: materials.weights.as_ref().map(|(path, _)| path),
            rates: materials.rates.as_ref(),
            networks: &networks,
            device,
            interrupter,
        };
        let summary = Summary {
            stimuli: &run.neurons.stimuli,
            distance: choices.distance,
            map: choices.map,
        };
        let frontends = run.candidate.frontends(&self.settings.frontends);
        let layers = frontends.iter().map(|frontend| {
            let layers = run.candidate.layers(frontend, &summary, &studio)?;
            Ok((frontend.clone(), layers))
        });
        layers.collect()
    }

    /// Where networks are that learnt in this way.
    fn learnt(&self, materials: &Materials) -> String {
        let photographs = materials.photographs.as_ref();
        let how = serde_json::json!({
            "training": self.settings.training,
            "photographs": photographs.map(|domain| domain.train.fingerprint()),
            "device": self.device.backend(),
        });
        hexadecimal(&Sha256::digest(how.to_string())[..4])
    }

    /// What the pictures of each data set show besides numbers: the layers of one
    /// candidate, the last in the list. None of a data set that nothing is drawn
    /// of.
    fn views<'a>(
        &self,
        materials: &'a Materials,
        choices: &Choices,
        device: &Device,
        interrupter: &Interrupter,
    ) -> Result<Vec<View<'a>>, Error> {
        let Some(candidate) = self.candidates(materials).pop() else {
            return Ok(Vec::new());
        };
        let drawn = |neurons: &&Neurons| self.images || neurons.single.is_some();
        let views = materials.neurons.iter().filter(drawn).map(|neurons| {
            let run = Run {
                neurons,
                id: String::new(),
                candidate: candidate.clone(),
            };
            Ok(View {
                neurons,
                label: candidate.label(),
                scaling: choices.scaling,
                pairing: choices.pairing,
                layers: self.layers(&run, materials, choices, device, interrupter)?,
            })
        });
        views.collect()
    }
}

/// Data that a study is made of.
#[derive(Debug)]
struct Materials {
    neurons: Vec<Neurons>,
    rates: Option<Mat<f64>>,
    photographs: Option<Domain>,
    /// The file, and a digest of it.
    weights: Option<(PathBuf, String)>,
}

struct Run<'a> {
    neurons: &'a Neurons,
    candidate: Candidate,
    id: String,
}

/// Neurons beside the layers of one network.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The neurons.
    pub neurons: &'a Neurons,
    /// The network.
    pub label: String,
    /// How maps are scaled.
    pub scaling: Scaling,
    /// Which unit stands beside which neuron.
    pub pairing: Pairing,
    /// Its layers behind each frontend.
    pub layers: Vec<(String, Vec<Layer>)>,
}

/// The lines of a run, if they are all there. A run that was cut off and then
/// measured again has its first lines twice, and the whole of it last.
fn whole<'a>(lines: &'a [Measurement], run: &str) -> Vec<&'a Measurement> {
    let mut of_run: Vec<&Measurement> = lines.iter().filter(|line| line.run == run).collect();
    let count = of_run.last().map_or(0, |line| line.lines);
    let Some(before) = of_run.len().checked_sub(count) else {
        return Vec::new();
    };
    of_run.drain(..before);
    match of_run
        .iter()
        .enumerate()
        .all(|(place, line)| line.line == place)
    {
        true => of_run,
        false => Vec::new(),
    }
}
