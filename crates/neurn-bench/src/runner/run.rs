//! A study carried out: every job that has no record yet is run, and a report is made
//! of all records. Any number of processes may do so in one folder.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use burn::tensor::Device;
use burn::train::Interrupter;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::claims::Claims;
use super::journal::{self, Journal};
use super::progress::Board;
use super::queue::Queue;
use super::study::{Study, id};
use super::worker::{Trouble, Work, latest};
use crate::device::{Backend, DeviceName};
use crate::error::Error;

/// Where a study is carried out.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of `results.jsonl` and of the report.
    pub out: PathBuf,
    /// Devices, all of one backend.
    pub devices: Vec<DeviceName>,
    /// How many jobs at a time on each device.
    pub at_a_time: usize,
}

/// A job of a study before it is run.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The job's identity.
    pub id: String,
    /// What a person sees of it.
    pub label: String,
    /// Whether it has a record.
    pub done: bool,
}

impl Place {
    /// The backend of all devices, which this build holds.
    ///
    /// # Errors
    ///
    /// If there is no device, if there are two backends, or if this build does not
    /// hold it.
    pub fn backend(&self) -> Result<Backend, Error> {
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

    /// Runs what has no record yet, writes the report, and returns its tables as
    /// Markdown. When `interrupter` stops it, the report holds what was finished.
    ///
    /// # Errors
    ///
    /// If the study is of no use, no device is left, or a result cannot be kept. What
    /// was finished is kept, and the same call goes on from there.
    pub fn run<S: Study>(&self, study: &S, interrupter: &Interrupter) -> Result<String, Error> {
        // Before anything is computed: jobs that can be run, a folder that can be
        // written to, and devices that start.
        self.backend()?;
        let jobs = identified(study)?;
        let journal: Journal<S::Record> = Journal::open(&self.journal())?;
        let claims = Claims::open(self.out.join("claims"))?;
        let (devices, lost) = self.open_devices()?;

        let numbered = jobs.iter().enumerate();
        let open = numbered
            .filter(|(_, (id, job))| latest(study, journal.records(), id, job).is_none())
            .map(|(number, _)| number);
        let work = Work {
            study,
            jobs: &jobs,
            queue: Queue::new(open),
            claims,
            journal: Mutex::new(journal),
            out: &self.out,
            board: Board::new(),
            interrupter,
            trouble: Mutex::new(Trouble {
                lost,
                ..Trouble::default()
            }),
        };
        let workers = devices.len() * self.at_a_time;
        std::thread::scope(|scope| {
            for (name, device) in &devices {
                for _ in 0..self.at_a_time {
                    let (work, pool) = (&work, pool(workers));
                    scope.spawn(move || pool.install(|| work.on(name, device)));
                }
            }
        });

        let left = work.queue.left();
        let journal = work.journal.into_inner().unwrap_or_else(|e| e.into_inner());
        let trouble = work.trouble.into_inner().unwrap_or_else(|e| e.into_inner());
        // What kept results from being kept is said before a report that fails too.
        let report = study.report(&answers(study, &jobs, journal.records()), &self.out);
        match trouble {
            Trouble {
                fatal: Some(error), ..
            } => Err(error),
            _ if interrupter.should_stop() => report.and(Err(Error::Interrupted)),
            Trouble { lost, .. } if left > 0 => Err(Error::NoDeviceLeft { left, lost }),
            Trouble { failed, .. } if !failed.is_empty() => Err(Error::RunsFailed(failed)),
            _ => report,
        }
    }

    /// Every job, and whether it has a record. Runs nothing and writes nothing.
    ///
    /// # Errors
    ///
    /// If the study is of no use or the records cannot be read.
    pub fn preview<S: Study>(&self, study: &S) -> Result<Vec<Preview>, Error> {
        self.backend()?;
        let records: Vec<S::Record> = journal::read(&self.journal())?;
        let jobs = identified(study)?;
        let preview = jobs.iter().map(|(id, job)| Preview {
            id: id.clone(),
            label: study.label(job),
            done: latest(study, &records, id, job).is_some(),
        });
        Ok(preview.collect())
    }

    fn journal(&self) -> PathBuf {
        self.out.join("results.jsonl")
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
}

/// The threads of one of so many workers. It works in one of them itself: from outside, each
/// operation would be handed over, and the worker sleep until it is done. A worker shares
/// them with no other, whose job it would begin inside of its own while it waits.
fn pool(workers: usize) -> ThreadPool {
    let threads = (rayon::current_num_threads() / workers).max(1);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads can be started, as those of the workers are")
}

/// A device with its name.
type Opened<'a> = (&'a DeviceName, Device);

/// The report of what is in a folder, whatever is missing there.
///
/// # Errors
///
/// If the records cannot be read or the report cannot be written.
pub fn report<S: Study>(study: &S, out: &Path) -> Result<String, Error> {
    let records: Vec<S::Record> = journal::read(&out.join("results.jsonl"))?;
    study.report(&records, out)
}

fn identified<S: Study>(study: &S) -> Result<Vec<(String, S::Job)>, Error> {
    let jobs = study.jobs()?;
    Ok(jobs.into_iter().map(|job| (id(&job), job)).collect())
}

/// The record of each job that has one, in the order of the jobs.
fn answers<S: Study>(
    study: &S,
    jobs: &[(String, S::Job)],
    records: &[S::Record],
) -> Vec<S::Record> {
    let found = jobs
        .iter()
        .filter_map(|(id, job)| latest(study, records, id, job));
    found.cloned().collect()
}
