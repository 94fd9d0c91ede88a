//! What a study is made of: neurons, and what networks learn from.

use std::path::{Path, PathBuf};

use faer::Mat;

use super::neurons::Neurons;
use super::settings::Settings;
use crate::cortex::simulated::Simulated;
use crate::cortex::{Recordings, allen, antolik};
use crate::data::{Domain, cifar10};
use crate::error::Error;
use crate::file;
use crate::train::Training;

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

/// Everything that is read before anything is compared.
#[derive(Debug)]
pub(super) struct StudyData {
    pub(super) neurons: Vec<Neurons>,
    /// The truth behind simulated neurons, scenes x neurons.
    pub(super) rates: Option<Mat<f64>>,
    /// What networks learn from.
    pub(super) photographs: Option<Domain>,
    /// How they learn, which also says how many images scale the input of others.
    pub(super) training: Training,
    pub(super) weights: Option<WeightsOfMobileNet>,
}

/// The weights of MobileNet V1.
#[derive(Debug)]
pub(super) struct WeightsOfMobileNet {
    pub(super) path: PathBuf,
    pub(super) digest: String,
}

/// The file of weights that is looked for in a folder of data.
pub(super) const WEIGHTS: &str = "weights/mobilenet_v1_1.0_224_imagenet_to_pw12.safetensors";

impl StudyData {
    /// Reads neurons, and from the folder `learnt` what networks learn from:
    /// photographs in `cifar10`, weights in `weights`. Without either, no network has
    /// learnt anything.
    ///
    /// # Errors
    ///
    /// If something is there and cannot be used, or there are no neurons.
    pub(super) fn read(
        cortex: &Cortex,
        learnt: Option<&Path>,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let mut data = Self {
            neurons: Vec::new(),
            rates: None,
            photographs: None,
            training: settings.training.clone(),
            weights: None,
        };
        let mut recordings = Vec::new();
        match cortex {
            Cortex::Simulated(simulated) => {
                recordings.push(simulated.recordings());
                // Those of chosen neurons are others.
                data.rates = (!settings.comparison.choose).then(|| simulated.rates());
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
                    data.neurons.push(neurons);
                }
                if antolik.exists() {
                    recordings.extend(antolik::read(&antolik)?);
                }
            }
        }
        if let Some(folder) = learnt {
            data.read_learnt(folder)?;
        }
        for recordings in recordings {
            let neurons = Neurons::of_recordings(recordings, &settings.comparison)?;
            if data.neurons.iter().any(|other| other.name == neurons.name) {
                return Err(Error::Argument(format!(
                    "expected data sets with names of their own, found `{}` twice",
                    neurons.name
                )));
            }
            data.neurons.push(neurons);
        }
        Ok(data)
    }

    fn read_learnt(&mut self, folder: &Path) -> Result<(), Error> {
        let photographs = folder.join("cifar10");
        if photographs.exists() {
            let domain = cifar10::read(&photographs)?;
            let found = domain.train.labels().len();
            if found < 2 {
                return Err(Error::TooFewImages {
                    domain: domain.name,
                    expected: 2,
                    found,
                });
            }
            self.photographs = Some(domain);
        }
        let path = folder.join(WEIGHTS);
        if path.exists() {
            let mut digest = file::sha256(&path).map_err(file::at(&path))?;
            digest.truncate(16);
            self.weights = Some(WeightsOfMobileNet { path, digest });
        }
        Ok(())
    }

    /// The neurons of a job.
    pub(super) fn neurons(&self, fingerprint: &str) -> Option<&Neurons> {
        let mut all = self.neurons.iter();
        all.find(|neurons| neurons.fingerprint == fingerprint)
    }
}
