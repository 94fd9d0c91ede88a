//! A plan carried out: every run that has no record yet is run, and all of
//! them are put into a report. Any number of processes may do so in one folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use burn::tensor::Device;
use burn::train::Interrupter;
use neurn_models::{ClassifierConfig, FrontendConfig};

use super::report::{self, Report, Samples};
use super::{Data, Job, Plan, Run, Split, Target};
use crate::data::{Domain, Shift};
use crate::device::{self, Backend, DeviceName};
use crate::error::Error;
use crate::report::write_whole;
use crate::runner::claims::Claims;
use crate::runner::journal::{self, Journal};
use crate::runner::progress::Board;
use crate::runner::queue::Queue;
use crate::runner::worker::{Trouble, Work, finished};
use crate::studies::transfer::record::Record;
use crate::train::Augmentation;

/// A plan, its data and where its results go.
#[derive(Debug)]
pub struct Study {
    /// What to run.
    pub plan: Plan,
    /// On what images.
    pub data: Data,
    /// On which devices, all of one backend.
    pub devices: Vec<DeviceName>,
    /// How many runs at a time on each device.
    pub at_a_time: usize,
    /// Whether the report shows images of the domains. Without them it can be
    /// passed on where the data sets' terms do not let their images be.
    pub images: bool,
    /// The folder of `results.jsonl`, `plan.toml`, `table.md`, `table.csv`,
    /// `table.json`, `table.tex`, `report.html` and, with images, `samples.png`.
    pub out: PathBuf,
}

impl Study {
    /// The runs of the plan, each with its identity and whether it has a
    /// record. Trains nothing and writes nothing.
    pub fn preview(&self) -> Result<Vec<(Run, String, bool)>, Error> {
        let runs = self.runs()?;
        let records = journal::read(&self.journal_path())?;
        let domains = self.read()?;
        let targets = self.targets(&domains);
        let classifiers = classifiers(&runs)?;
        let jobs = self.jobs(&runs, &classifiers, &domains, &targets);
        let previewed = jobs
            .iter()
            .map(|job| (job.run.clone(), job.id(), finished(&records, job).is_some()));
        Ok(previewed.collect())
    }

    /// Runs what has no record yet, writes the report, and returns its tables as
    /// Markdown. When `interrupter` stops it, the report holds what was finished.
    pub fn run(&self, interrupter: &Interrupter) -> Result<String, Error> {
        // Before anything is computed: a plan that can be run, a folder that can be
        // written to, and devices that start.
        let runs = self.runs()?;
        let journal = Journal::open(&self.journal_path())?;
        let claims = Claims::open(self.out.join("claims"))?;
        let (devices, missing) = self.open_devices()?;
        let domains = self.read()?;
        let targets = self.targets(&domains);
        let classifiers = classifiers(&runs)?;
        let jobs = self.jobs(&runs, &classifiers, &domains, &targets);
        let plan = self.plan.to_toml();
        write_whole(&self.out.join("plan.toml"), plan.as_bytes())?;

        let open = jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| finished(journal.records(), job).is_none());
        let work = Work {
            jobs: &jobs,
            queue: Queue::new(open.map(|(number, _)| number)),
            claims,
            journal: Mutex::new(journal),
            checkpoints: &self.out.join("checkpoints"),
            board: Board::new(),
            interrupter,
            trouble: Mutex::new(Trouble {
                lost: missing,
                ..Trouble::default()
            }),
        };
        std::thread::scope(|scope| {
            for (name, device) in &devices {
                for _ in 0..self.at_a_time {
                    let work = &work;
                    scope.spawn(move || work.on(name, device));
                }
            }
        });

        let journal = work.journal.into_inner().unwrap_or_else(|e| e.into_inner());
        let trouble = work.trouble.into_inner().unwrap_or_else(|e| e.into_inner());
        let left = work.queue.left();
        let records: Vec<Record> = jobs
            .iter()
            .filter_map(|job| finished(journal.records(), job).cloned())
            .collect();
        let drawing = device::cpu().unwrap_or(devices[0].1.clone());
        let markdown = self.report(&jobs, &records, &domains, &drawing)?;
        match trouble {
            Trouble {
                fatal: Some(error), ..
            } => Err(error),
            _ if interrupter.should_stop() => Err(Error::Interrupted),
            Trouble { lost, .. } if left > 0 => Err(Error::NoDeviceLeft { left, lost }),
            Trouble { failed, .. } if !failed.is_empty() => Err(Error::RunsFailed(failed)),
            _ => Ok(markdown),
        }
    }

    /// The runs of the plan, of the domains by the names that they have here.
    fn runs(&self) -> Result<Vec<Run>, Error> {
        let backend = self.backend()?;
        let mut runs = self.plan.runs(backend)?;
        for run in &mut runs {
            run.source = self.data.name(&run.source);
        }
        Ok(runs)
    }

    /// The backend of all devices, which this build holds.
    fn backend(&self) -> Result<Backend, Error> {
        let Some(first) = self.devices.first() else {
            return Err(Error::Argument("expected a device, found none".to_string()));
        };
        let backend = first.backend();
        if let Some(other) = self.devices.iter().find(|d| d.backend() != backend) {
            return Err(Error::Argument(format!(
                "expected devices of one backend, as another rounds differently and the runs of \
                 a study are compared with each other; found `{first}` and `{other}`"
            )));
        }
        backend.built()?;
        Ok(backend)
    }

    /// The devices that start, and what became of the others: a study goes on
    /// without a server that is down.
    fn open_devices(&self) -> Result<(Vec<Opened<'_>>, Vec<String>), Error> {
        let mut devices = Vec::new();
        let mut missing = Vec::new();
        let mut first = None;
        for name in &self.devices {
            match name.open() {
                Ok(device) => devices.push((name, device)),
                Err(error) => {
                    missing.push(error.to_string());
                    first.get_or_insert(error);
                }
            }
        }
        match (devices.is_empty(), first) {
            (true, Some(error)) => Err(error.into()),
            _ => {
                missing.iter().for_each(|error| eprintln!("{error}"));
                Ok((devices, missing))
            }
        }
    }

    fn journal_path(&self) -> PathBuf {
        self.out.join("results.jsonl")
    }

    /// The domains of the plan, by the plan's names, each read once.
    fn read(&self) -> Result<BTreeMap<String, Domain>, Error> {
        let mut domains = BTreeMap::new();
        for name in self.plan.sources.iter().chain(&self.plan.targets) {
            if !domains.contains_key(name) {
                domains.insert(name.clone(), self.data.domain(name)?);
            }
        }
        let training = &self.plan.training;
        for source in &self.plan.sources {
            let domain = &domains[source];
            let found = domain.train.labels().len();
            if Split::of(found, training.train_limit, training.select_limit).train == 0 {
                return Err(Error::TooFewImages {
                    domain: domain.name.clone(),
                    expected: 2,
                    found,
                });
            }
        }
        Ok(domains)
    }

    /// What every network is tested on: the targets, then each shift of each.
    fn targets<'a>(&self, domains: &'a BTreeMap<String, Domain>) -> Vec<Target<'a>> {
        let plan = &self.plan;
        let mut targets: Vec<Target<'_>> = Vec::new();
        for name in once(plan.targets.iter()) {
            let domain = &domains[name];
            targets.push(Target {
                domain,
                shift: None,
                count: domain.test.labels().len(),
            });
        }
        let shifted = match plan.shifted.is_empty() {
            true => &plan.targets,
            false => &plan.shifted,
        };
        for name in once(shifted.iter()) {
            let domain = &domains[name];
            for kind in once(plan.shifts.iter().copied()) {
                targets.extend(Shift::severities(kind).map(|shift| Target {
                    domain,
                    shift: Some(shift),
                    count: domain.test.labels().len().min(plan.shift_limit),
                }));
            }
        }
        targets
    }

    fn jobs<'a>(
        &self,
        runs: &'a [Run],
        classifiers: &'a [ClassifierConfig],
        domains: &'a BTreeMap<String, Domain>,
        targets: &'a [Target<'a>],
    ) -> Vec<Job<'a>> {
        let by_name: BTreeMap<&str, &Domain> = domains
            .values()
            .map(|domain| (domain.name.as_str(), domain))
            .collect();
        runs.iter()
            .zip(classifiers)
            .map(|(run, classifier)| Job {
                run,
                classifier,
                source: by_name[run.source.as_str()],
                targets,
            })
            .collect()
    }

    /// Writes the report and the pictures, and returns the tables as Markdown.
    fn report(
        &self,
        jobs: &[Job<'_>],
        records: &[Record],
        domains: &BTreeMap<String, Domain>,
        device: &Device,
    ) -> Result<String, Error> {
        let names = |plan: &[String]| once(plan.iter().map(|name| self.data.name(name)));
        let sources: Vec<String> = names(&self.plan.sources);
        let targets: Vec<String> = names(&self.plan.targets);
        // In the order in which all pictures show them.
        let shown = crate::data::NAMES.iter();
        let shown: Vec<&Domain> = shown.filter_map(|name| domains.get(*name)).collect();
        let mut frontends: Vec<(String, FrontendConfig)> = Vec::new();
        for job in jobs {
            // What has a picture of its own.
            let first = job.run.after.is_none();
            if first && job.run.augmentation() == Augmentation::None {
                let frontend = (job.run.frontend_label(), job.classifier.frontend.clone());
                if !frontends.contains(&frontend) {
                    frontends.push(frontend);
                }
            }
        }
        let side = self.plan.training.image_size;
        let title = match self.plan.title.as_str() {
            "" => "Domain transfer",
            title => title,
        };
        let gallery = match self.images {
            true => report::gallery(&shown, &frontends, side, device),
            false => Vec::new(),
        };
        let report = Report {
            title,
            records,
            sources: &sources,
            targets: &targets,
            gallery: &gallery,
        };
        let markdown = report::write(&report, &self.out)?;
        if self.images {
            self.draw_samples(&shown, device)?;
        }
        Ok(markdown)
    }

    fn draw_samples(&self, domains: &[&Domain], device: &Device) -> Result<(), Error> {
        let neurn = self.plan.frontends.iter().find(|f| f.name == "neurn");
        let k = neurn.and_then(|f| f.k.first()).copied().unwrap_or(3);
        let picture = Samples::new(domains, k, self.plan.training.image_size, device).draw();
        let path = self.out.join("samples.png");
        let mut png = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut png, image::ImageFormat::Png)
            .map_err(|source| Error::Picture { path, source })?;
        write_whole(&self.out.join("samples.png"), png.get_ref())
    }
}

/// A device with its name.
type Opened<'a> = (&'a DeviceName, Device);

/// The classifier of each run, each made and checked once.
fn classifiers(runs: &[Run]) -> Result<Vec<ClassifierConfig>, Error> {
    let mut made: BTreeMap<(&str, String), ClassifierConfig> = BTreeMap::new();
    let mut classifiers = Vec::new();
    for run in runs {
        let key = (run.model.as_str(), run.frontend_label());
        if !made.contains_key(&key) {
            made.insert(key.clone(), run.classifier()?);
        }
        classifiers.push(made[&key].clone());
    }
    Ok(classifiers)
}

/// Each once, in the order of its first.
fn once<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}
