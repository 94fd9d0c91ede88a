//! Training under way, kept after each epoch, so that a run that was killed goes
//! on from there to the result that it would have had.
//!
//! A damaged number in a network would go on to another result and nobody would see
//! it. So the progress file names the SHA-256 of every other file, and its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Device;
use neurn_models::{Classifier, ClassifierConfig};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Epoch;
use super::seeded::seeded;
use crate::device::quietly;
use crate::file::{self, FileError};
use crate::fingerprint::hexadecimal;

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

impl Progress {
    /// That these are the numbers of so many epochs.
    fn check(&self, epochs: usize) -> Result<(), String> {
        if !(0.0..f64::INFINITY).contains(&self.seconds) {
            return Err(format!("{} seconds", self.seconds));
        }
        if self.learning.len() != epochs {
            return Err(format!("a curve of {} epochs", self.learning.len()));
        }
        for (place, epoch) in self.learning.iter().enumerate() {
            if epoch.epoch != place + 1 {
                return Err(format!("epoch {} as number {}", epoch.epoch, place + 1));
            }
            if !(0.0..=100.0).contains(&epoch.validation_accuracy) {
                return Err(format!("an accuracy of {}", epoch.validation_accuracy));
            }
        }
        Ok(())
    }
}

/// What stands in the progress file, after a line with the SHA-256 of the rest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// The name of the folder of the run, so that another run's are not taken for it.
    run: String,
    /// The SHA-256 of each other file.
    files: BTreeMap<String, String>,
    progress: Progress,
}

impl Contents {
    fn to_text(&self) -> String {
        // Numbers and tables of them always have a form in TOML.
        let text = toml::to_string(self).unwrap_or_default();
        format!("{SUM}{}\n{text}", hexadecimal(&Sha256::digest(&text)))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let first = text
            .strip_prefix(SUM)
            .and_then(|rest| rest.split_once('\n'));
        let (sum, rest) = first.ok_or("no checksum in the first line")?;
        if sum != hexadecimal(&Sha256::digest(rest)) {
            return Err("a checksum of something else".to_string());
        }
        toml::from_str(rest).map_err(|error| error.to_string())
    }
}

/// How the first line of the progress file begins; a comment to TOML.
const SUM: &str = "# sha256 ";

/// The most bytes of a progress file: an epoch takes about 80.
const MOST_PROGRESS: u64 = 16 << 20;

/// Why a checkpoint could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] FileError),
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
        let Some((epochs, folder)) = self.epochs()?.pop() else {
            return Ok(None);
        };
        let progress = self.verified(epochs, &folder)?;
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

    /// The numbers of a checkpoint whose files are as they were when it was kept.
    fn verified(&self, epochs: usize, folder: &Path) -> Result<Progress, CheckpointError> {
        let path = folder.join(PROGRESS);
        let text = file::read_text(&path, MOST_PROGRESS).map_err(file::at(&path))?;
        let wrong = |path: &Path, found: String| CheckpointError::Format {
            path: path.to_path_buf(),
            expected: "a checkpoint of this run as it was kept",
            found,
        };
        let contents = Contents::from_text(&text).map_err(|found| wrong(&path, found))?;
        if contents.run != self.run() {
            return Err(wrong(&path, format!("one of the run `{}`", contents.run)));
        }
        let progress = contents.progress;
        progress
            .check(epochs)
            .map_err(|found| wrong(&path, found))?;
        for name in [NETWORK, OPTIMIZER, BEST] {
            let path = folder.join(name);
            if contents.files.get(name) != Some(&sum(&path)?) {
                return Err(wrong(&path, "a file with another checksum".to_string()));
            }
        }
        Ok(progress)
    }

    /// The name of the folder, which is that of the run.
    fn run(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Keeps a checkpoint in the place of the one before.
    pub fn keep(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let beside = self.folder.join("partial");
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(file::at(&beside))?;
        }
        fs::create_dir_all(&beside).map_err(file::at(&beside))?;
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
        let names = [NETWORK, OPTIMIZER, BEST];
        let files = names.map(|name| {
            let sum = sum(&beside.join(name))?;
            Ok::<_, FileError>((name.to_string(), sum))
        });
        let contents = Contents {
            run: self.run(),
            files: files.into_iter().collect::<Result<_, _>>()?,
            progress: checkpoint.progress.clone(),
        };
        let path = beside.join(PROGRESS);
        fs::write(&path, contents.to_text()).map_err(file::at(&path))?;
        sync(&path)?;

        let before = self.epochs()?;
        let epoch = checkpoint.progress.learning.len();
        let place = self.folder.join(format!("epoch-{epoch}"));
        if place.exists() {
            fs::remove_dir_all(&place).map_err(file::at(&place))?;
        }
        fs::rename(&beside, &place).map_err(file::at(&place))?;
        for (_, old) in before.into_iter().filter(|(_, old)| *old != place) {
            fs::remove_dir_all(&old).map_err(file::at(&old))?;
        }
        Ok(())
    }

    /// Takes the folder away.
    pub fn clear(&self) -> Result<(), CheckpointError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(file::at(&self.folder)(error).into())
            }
            _ => Ok(()),
        }
    }

    /// The epochs that are kept, in order: one, or two where a crash came between.
    fn epochs(&self) -> Result<Vec<(usize, PathBuf)>, CheckpointError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(file::at(&self.folder)(error).into()),
        };
        let mut epochs = Vec::new();
        for entry in entries {
            let path = entry.map_err(file::at(&self.folder))?.path();
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
fn sync(path: &Path) -> Result<(), FileError> {
    let file = File::open(path).map_err(file::at(path))?;
    file.sync_all().map_err(file::at(path))
}

fn sum(path: &Path) -> Result<String, FileError> {
    file::sha256(path).map_err(file::at(path))
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

    /// Why the checkpoint in a folder is of no use.
    fn refusal(folder: &Path) -> String {
        let backbone = BackboneConfig::from_name("digit-net-small", 10, 3, 32).unwrap();
        let config = ClassifierConfig::new(FrontendConfig::none(), backbone);
        let optimizer = neurn_models::AdamConfig::new().init();
        let kept = Checkpoints::new(folder.to_path_buf());
        let latest = kept.latest(&config, &Device::flex(), &optimizer);
        latest
            .err()
            .map_or(String::new(), |error| error.to_string())
    }

    /// One bit is enough, wherever it is.
    #[test]
    fn a_bit_that_flipped_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("run");
        assert!(train(&folder, Some(2)).0.is_none());
        assert_eq!(refusal(&folder), "");
        for file in [NETWORK, OPTIMIZER, BEST, PROGRESS] {
            let path = folder.join("epoch-2").join(file);
            let whole = fs::read(&path).unwrap();
            for place in (0..whole.len()).step_by(whole.len() / 23) {
                let mut flipped = whole.clone();
                flipped[place] ^= 1 << (place % 8);
                fs::write(&path, flipped).unwrap();
                let error = refusal(&folder);
                assert!(error.contains(file), "{file}, byte {place}: {error}");
            }
            fs::write(&path, whole).unwrap();
        }
        assert_eq!(refusal(&folder), "");
    }

    /// Each file by itself is whole there.
    #[test]
    fn files_of_another_checkpoint_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        let whole = train(&folder.path().join("whole"), None).0.unwrap();
        assert!(train(&first, Some(1)).0.is_none());
        assert!(train(&second, Some(2)).0.is_none());
        let within = |folder: &Path, epoch: usize, file: &str| {
            folder.join(format!("epoch-{epoch}")).join(file)
        };
        let network = fs::read(within(&second, 2, NETWORK)).unwrap();
        for (from, to, file) in [
            (
                within(&second, 2, BEST),
                within(&second, 2, NETWORK),
                NETWORK,
            ),
            (
                within(&first, 1, NETWORK),
                within(&second, 2, NETWORK),
                NETWORK,
            ),
            (
                within(&first, 1, PROGRESS),
                within(&second, 2, PROGRESS),
                PROGRESS,
            ),
        ] {
            fs::copy(from, to).unwrap();
            let error = refusal(&second);
            assert!(error.contains(file), "{error}");
            fs::write(within(&second, 2, NETWORK), &network).unwrap();
        }
        // Begun anew, it comes to the same.
        let (trained, warnings) = train(&second, None);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        same(&trained.unwrap(), &whole);

        // All of another run, or under another epoch's name.
        let third = folder.path().join("third");
        fs::rename(&first, &third).unwrap();
        assert!(refusal(&third).contains("one of the run `first`"));
        fs::rename(&third, &first).unwrap();
        assert_eq!(refusal(&first), "");
        fs::rename(first.join("epoch-1"), first.join("epoch-2")).unwrap();
        assert!(refusal(&first).contains("a curve of 1 epochs"));
    }

    /// With a checksum that is right.
    #[test]
    fn numbers_that_no_training_has_are_refused() {
        let epoch = |epoch, validation_accuracy| Epoch {
            epoch,
            loss: f64::NAN,
            validation_accuracy,
        };
        let read = |seconds, learning: &[Epoch]| {
            let contents = Contents {
                run: String::new(),
                files: BTreeMap::new(),
                progress: Progress {
                    seconds,
                    learning: learning.to_vec(),
                },
            };
            let contents = Contents::from_text(&contents.to_text())?;
            contents.progress.check(2)
        };
        assert_eq!(read(0.5, &[epoch(1, 0.0), epoch(2, 100.0)]), Ok(()));
        for (seconds, learning, says) in [
            (-1.0, [epoch(1, 0.0), epoch(2, 0.0)], "-1 seconds"),
            (f64::NAN, [epoch(1, 0.0), epoch(2, 0.0)], "NaN seconds"),
            (0.5, [epoch(2, 0.0), epoch(1, 0.0)], "epoch 2 as number 1"),
            (0.5, [epoch(1, 0.0), epoch(1, 0.0)], "epoch 1 as number 2"),
            (0.5, [epoch(1, 0.0), epoch(2, 101.0)], "an accuracy of 101"),
            (
                0.5,
                [epoch(1, f64::NAN), epoch(2, 1.0)],
                "an accuracy of NaN",
            ),
        ] {
            let error = read(seconds, &learning).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    /// What has no end is not read.
    #[cfg(unix)]
    #[test]
    fn a_device_is_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("run");
        assert!(train(&folder, Some(1)).0.is_none());
        for file in [NETWORK, OPTIMIZER, BEST, PROGRESS] {
            let path = folder.join("epoch-1").join(file);
            let whole = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            let error = refusal(&folder);
            assert!(
                error.contains(file) && error.contains("expected a file"),
                "{error}"
            );
            fs::remove_file(&path).unwrap();
            fs::write(&path, whole).unwrap();
        }
        assert_eq!(refusal(&folder), "");
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
