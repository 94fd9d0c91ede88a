//! Training under way, kept after each epoch, so that a run that was killed goes
//! on from there to the result that it would have had.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Device;
use neurn_models::{Classifier, ClassifierConfig};
use serde::{Deserialize, Serialize};

use super::Epoch;
use super::trainer::seeded;
use crate::device::quietly;

/// Where a run keeps its latest epoch: one folder `epoch-N`, which is there whole
/// or not at all.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

/// Training after some epochs.
pub struct Checkpoint {
    /// The network as it is.
    pub classifier: Classifier,
    /// Its optimizer.
    pub optimizer: ModuleOptimizer,
    /// The network as it was after the best epoch.
    pub best: Classifier,
    /// The numbers.
    pub progress: Progress,
}

/// The numbers of a training under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Seconds of training so far.
    pub seconds: f64,
    /// What each epoch came to.
    pub learning: Vec<Epoch>,
}

/// Why a checkpoint could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What the parser said.
        found: String,
    },
}

const NETWORK: &str = "network.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const BEST: &str = "best.bpk";
/// Not JSON, whose parser here may be off by the last bit of a number.
const PROGRESS: &str = "progress.toml";

impl Checkpoints {
    /// Checkpoints of one run in a folder of its own.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The latest checkpoint of a network of that configuration, put on a device;
    /// `None` if there is none.
    pub fn latest(
        &self,
        config: &ClassifierConfig,
        device: &Device,
        optimizer: &ModuleOptimizer,
    ) -> Result<Option<Checkpoint>, CheckpointError> {
        let Some(folder) = self.epochs()?.pop().map(|(_, folder)| folder) else {
            return Ok(None);
        };
        let path = folder.join(PROGRESS);
        let text = fs::read_to_string(&path).map_err(io_error(&path))?;
        let progress: Progress =
            toml::from_str(&text).map_err(|found| CheckpointError::Format {
                path,
                expected: "the numbers of a training",
                found: found.to_string(),
            })?;
        let network = |name: &str| {
            let path = folder.join(name);
            // Each into a network of its own: clones share the running statistics
            // of their batch norms, also when these are loaded.
            let fresh = seeded(config, 0, device);
            ModuleRecord::load(&path)
                .and_then(|record| fresh.try_load_record(record))
                .map_err(record_error(&path, "the weights of this network"))
        };
        let path = folder.join(OPTIMIZER);
        let record = OptimizerRecord::load(&path)
            .map_err(record_error(&path, "the state of an optimizer"))?;
        // Burn puts it on the default device first, which may not start.
        let loaded = quietly(|| Ok(optimizer.clone().load_record(record)));
        let optimizer = loaded.map_err(|found| CheckpointError::Format {
            path,
            expected: "the state of an optimizer",
            found,
        })?;
        Ok(Some(Checkpoint {
            classifier: network(NETWORK)?,
            optimizer,
            best: network(BEST)?,
            progress,
        }))
    }

    /// Keeps a checkpoint in the place of the one before.
    pub fn keep(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let beside = self.folder.join("partial");
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(io_error(&beside))?;
        }
        fs::create_dir_all(&beside).map_err(io_error(&beside))?;
        let weights = "room for the weights";
        for (name, network) in [(NETWORK, &checkpoint.classifier), (BEST, &checkpoint.best)] {
            let path = beside.join(name);
            let record = network.clone().into_record();
            record.save(&path).map_err(record_error(&path, weights))?;
            sync(&path)?;
        }
        let path = beside.join(OPTIMIZER);
        let record = checkpoint.optimizer.to_record();
        record.save(&path).map_err(record_error(&path, weights))?;
        sync(&path)?;
        let path = beside.join(PROGRESS);
        // Numbers and lists of them always have a form in TOML.
        let text = toml::to_string(&checkpoint.progress).unwrap_or_default();
        fs::write(&path, text).map_err(io_error(&path))?;
        sync(&path)?;

        let before = self.epochs()?;
        let epoch = checkpoint.progress.learning.len();
        let place = self.folder.join(format!("epoch-{epoch}"));
        if place.exists() {
            fs::remove_dir_all(&place).map_err(io_error(&place))?;
        }
        fs::rename(&beside, &place).map_err(io_error(&place))?;
        for (_, old) in before.into_iter().filter(|(_, old)| *old != place) {
            fs::remove_dir_all(&old).map_err(io_error(&old))?;
        }
        Ok(())
    }

    /// Takes the folder away.
    pub fn clear(&self) -> Result<(), CheckpointError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error(&self.folder)(error))
            }
            _ => Ok(()),
        }
    }

    /// The epochs that are kept, in order: one, or two where a crash came between.
    fn epochs(&self) -> Result<Vec<(usize, PathBuf)>, CheckpointError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&self.folder)(error)),
        };
        let mut epochs = Vec::new();
        for entry in entries {
            let path = entry.map_err(io_error(&self.folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let epoch = name
                .and_then(|name| name.strip_prefix("epoch-"))
                .and_then(|epoch| epoch.parse().ok());
            epochs.extend(epoch.map(|epoch: usize| (epoch, path)));
        }
        epochs.sort_unstable();
        Ok(epochs)
    }
}

/// Waits until a file is on the disk.
fn sync(path: &Path) -> Result<(), CheckpointError> {
    let file = fs::File::open(path).map_err(io_error(path))?;
    file.sync_all().map_err(io_error(path))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_path_buf();
    |source| CheckpointError::Io { path, source }
}

fn record_error(
    path: &Path,
    expected: &'static str,
) -> impl FnOnce(RecordError) -> CheckpointError {
    let path = path.to_path_buf();
    move |found| CheckpointError::Format {
        path,
        expected,
        found: found.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::train::{Augmentation, Event, Examples, Trained, Trainer, Training};
    use burn::train::Interrupter;
    use neurn_models::{BackboneConfig, FrontendConfig};

    const EPOCHS: usize = 3;

    /// Trains, kept in `folder`; stops when that epoch has ended.
    fn train(folder: &Path, stop_after: Option<usize>) -> (Option<Trained>, Vec<String>) {
        train_a("digit-net-small", folder, stop_after)
    }

    fn train_a(
        model: &str,
        folder: &Path,
        stop_after: Option<usize>,
    ) -> (Option<Trained>, Vec<String>) {
        let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
        let images = synthetic::domain("synthetic-mnist", 160, 10, 0)
            .unwrap()
            .train;
        let interrupter = Interrupter::new();
        let checkpoints = Checkpoints::new(folder.to_path_buf());
        let trainer = Trainer {
            classifier: &ClassifierConfig::new(FrontendConfig::none(), backbone),
            training: &Training {
                epochs: EPOCHS,
                batch: 16,
                ..Training::default()
            },
            augmentation: &Augmentation::RandConv(Default::default()),
            seed: 5,
            device: &Device::flex(),
            interrupter: &interrupter,
            checkpoints: Some(&checkpoints),
        };
        let mut warnings = Vec::new();
        let mut observe = |event| match event {
            Event::Epoch(epoch) if Some(epoch.epoch) == stop_after => interrupter.stop(None),
            Event::Warning(text) => warnings.push(text),
            _ => {}
        };
        let part = |range| Examples::new(&images, range, 32);
        let (learnt, chosen) = (part(0..128), part(128..160));
        let trained = trainer.train(&learnt, &chosen, &mut observe);
        (trained.ok(), warnings)
    }

    fn weights(trained: &Trained) -> Vec<u8> {
        let record = trained.classifier.clone().into_record();
        record.into_bytes().unwrap().to_vec()
    }

    fn same(a: &Trained, b: &Trained) {
        assert_eq!(a.learning, b.learning);
        assert_eq!(a.selected, b.selected);
        // A record holds the identities of parameters, which are drawn anew.
        let logits = |trained: &Trained| {
            let images = synthetic::domain("synthetic-usps", 10, 10, 0).unwrap().test;
            let batch = Examples::new(&images, 0..10, 32).batches(10, None, &Device::flex());
            let images = batch.iter().next().unwrap().unwrap().images;
            trained.classifier.forward(images).into_data()
        };
        assert_eq!(logits(a), logits(b));
        assert_eq!(weights(a).len(), weights(b).len());
    }

    /// Stopped after any epoch, and gone on with from its checkpoint, a training
    /// comes to what it comes to in one piece, bit for bit.
    #[test]
    fn going_on_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let whole = train(&folder.path().join("whole"), None).0.unwrap();
        for epoch in 1..EPOCHS {
            let folder = folder.path().join(epoch.to_string());
            assert!(train(&folder, Some(epoch)).0.is_none());
            let kept = Checkpoints::new(folder.clone());
            assert_eq!(kept.epochs().unwrap().len(), 1);
            let (resumed, warnings) = train(&folder, None);
            assert_eq!(warnings, [] as [String; 0]);
            same(&resumed.unwrap(), &whole);
            kept.clear().unwrap();
            assert!(!folder.exists());
        }
    }

    /// Batch norms have running statistics besides, of the network and of the best
    /// one.
    #[test]
    fn running_statistics_come_back_too() {
        let folder = tempfile::tempdir().unwrap();
        let whole = train_a("resnet18", &folder.path().join("whole"), None);
        for epoch in 1..EPOCHS {
            let folder = folder.path().join(epoch.to_string());
            assert!(train_a("resnet18", &folder, Some(epoch)).0.is_none());
            let (resumed, warnings) = train_a("resnet18", &folder, None);
            assert_eq!(warnings, [] as [String; 0]);
            same(&resumed.unwrap(), whole.0.as_ref().unwrap());
        }
    }

    /// A checkpoint that is damaged is told of, and the run begins anew.
    #[test]
    fn a_damaged_checkpoint_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let whole = train(&folder.path().join("whole"), None).0.unwrap();
        for (file, bytes) in [
            (PROGRESS, &b"seconds = 3"[..]),
            (PROGRESS, b""),
            (NETWORK, b""),
            (NETWORK, b"not weights"),
            (BEST, b"BURN"),
            (OPTIMIZER, b"\0\0\0\0\0\0\0\0"),
        ] {
            let folder = folder.path().join("damaged");
            assert!(train(&folder, Some(1)).0.is_none());
            fs::write(folder.join("epoch-1").join(file), bytes).unwrap();
            let (trained, warnings) = train(&folder, None);
            assert_eq!(warnings.len(), 1, "{file}: {warnings:?}");
            assert!(warnings[0].contains(file), "{warnings:?}");
            same(&trained.unwrap(), &whole);
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    /// What a crash leaves beside a whole checkpoint does not count.
    #[test]
    fn half_a_checkpoint_is_none() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("partial")).unwrap();
        fs::create_dir_all(folder.path().join("epoch-x")).unwrap();
        let kept = Checkpoints::new(folder.path().to_path_buf());
        assert_eq!(kept.epochs().unwrap(), []);
        let (trained, warnings) = train(folder.path(), None);
        assert!(trained.is_some() && warnings.is_empty(), "{warnings:?}");
    }

    /// A place that cannot be written to costs the checkpoint and not the run.
    #[test]
    fn a_checkpoint_that_cannot_be_kept_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let (trained, warnings) = train(&file.join("run"), None);
        assert!(trained.is_some());
        // The first on looking for one, the others on keeping each epoch.
        assert_eq!(warnings.len(), 1 + EPOCHS, "{warnings:?}");
        assert!(
            warnings.iter().all(|text| text.contains("file")),
            "{warnings:?}"
        );
    }
}
