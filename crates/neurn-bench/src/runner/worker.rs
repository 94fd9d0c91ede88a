//! One device at work on the jobs of a study.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use burn::tensor::{Device, Tensor};
use burn::train::Interrupter;

use super::claims::Claims;
use super::journal::{Journal, Line};
use super::progress::Board;
use super::queue::Queue;
use super::study::{Context, Study};
use crate::device::{DeviceName, panic_text, quietly};
use crate::error::Error;

/// What the workers of a study share.
pub(super) struct Work<'a, S: Study> {
    pub(super) study: &'a S,
    /// All jobs of the study, each with its identity.
    pub(super) jobs: &'a [(String, S::Job)],
    /// Those that are to be done.
    pub(super) queue: Queue,
    /// Those that some process is at.
    pub(super) claims: Claims,
    /// Where records go.
    pub(super) journal: Mutex<Journal<S::Record>>,
    /// The folder of the study.
    pub(super) out: &'a Path,
    /// What a person sees.
    pub(super) board: Board,
    /// Asked whether to stop.
    pub(super) interrupter: &'a Interrupter,
    /// What went wrong.
    pub(super) trouble: Mutex<Trouble>,
}

/// What went wrong.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// What no job can go on after.
    pub(super) fatal: Option<Error>,
    /// Jobs that failed on a device that works.
    pub(super) failed: Vec<String>,
    /// Devices that are gone.
    pub(super) lost: Vec<String>,
}

/// How long until a job that another process is at is asked for again.
const ELSEWHERE: Duration = Duration::from_secs(1);

impl<S: Study> Work<'_, S> {
    /// Does jobs on a device until none is left or the device is gone.
    pub(super) fn on(&self, name: &DeviceName, device: &Device) {
        while let Some(number) = self.queue.take(self.interrupter) {
            match self.attempt(number, name, device) {
                Ok(After::Done) => self.queue.done(),
                Ok(After::Elsewhere) => self.queue.put_back(number, ELSEWHERE),
                Ok(After::Stopped | After::DeviceLost) => {
                    self.queue.put_back(number, Duration::ZERO);
                    return;
                }
                Err(error) => {
                    self.trouble().fatal.get_or_insert(error);
                    self.queue.close();
                    self.queue.done();
                    return;
                }
            }
        }
    }

    fn attempt(&self, number: usize, name: &DeviceName, device: &Device) -> Result<After, Error> {
        let (id, job) = &self.jobs[number];
        let Some(_claim) = self.claims.claim(id)? else {
            return Ok(After::Elsewhere);
        };
        self.journal().refresh()?;
        let checkpoints = self.out.join("checkpoints").join(id);
        let is_done = latest(self.study, self.journal().records(), id, job).is_some();
        if !is_done {
            match self.carry_out(number, name, device, &checkpoints)? {
                Ok(record) => self.journal().append(record)?,
                Err(after) => return Ok(after),
            }
        }
        // The record is kept; what is left behind takes room and nothing else.
        match std::fs::remove_dir_all(&checkpoints) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let path = checkpoints.display();
                self.board
                    .say(&format!("{path}: {error}, so a checkpoint stays"));
            }
            _ => {}
        }
        Ok(After::Done)
    }

    /// The record of a job, or why there is none.
    fn carry_out(
        &self,
        number: usize,
        name: &DeviceName,
        device: &Device,
        checkpoints: &Path,
    ) -> Result<Result<S::Record, After>, Error> {
        let (id, job) = &self.jobs[number];
        let label = self.study.label(job);
        let label = format!("[{}/{}] {label}, on {name}", number + 1, self.jobs.len());
        let progress = self.board.begin(&label, self.study.length(job));
        let context = Context {
            device,
            interrupter: self.interrupter,
            progress: &progress,
            id,
            checkpoints,
            out: self.out,
        };
        match catch_unwind(AssertUnwindSafe(|| self.study.run(job, &context))) {
            Ok(Ok(record)) => {
                progress.end(&self.study.summary(&record));
                Ok(Ok(record))
            }
            Ok(Err(Error::Interrupted)) => Ok(Err(After::Stopped)),
            Ok(Err(error)) => Err(error),
            Err(panic) => {
                let reason = panic_text(&*panic);
                Ok(Err(match quietly(|| alive(device)) {
                    Ok(()) => {
                        progress.end(&format!("failed: {reason}"));
                        self.trouble().failed.push(format!("{label}: {reason}"));
                        After::Done
                    }
                    Err(_) => {
                        progress.end("the device is gone, the job goes back to the queue");
                        self.trouble().lost.push(format!("{name}: {reason}"));
                        After::DeviceLost
                    }
                }))
            }
        }
    }

    fn journal(&self) -> std::sync::MutexGuard<'_, Journal<S::Record>> {
        self.journal.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// What became of a job that was taken.
enum After {
    /// It has a record, or it failed.
    Done,
    /// Another process is at it.
    Elsewhere,
    /// The study is to stop.
    Stopped,
    /// Its device is gone.
    DeviceLost,
}

/// The latest record that answers a job.
pub(super) fn latest<'a, S: Study>(
    study: &S,
    records: &'a [S::Record],
    id: &str,
    job: &S::Job,
) -> Option<&'a S::Record> {
    let mut of_job = records.iter().rev().filter(|record| record.id() == id);
    of_job.find(|record| study.answers(record, job))
}

fn alive(device: &Device) -> Result<(), String> {
    let two = (Tensor::<1>::ones([1], device) + 1.0).into_scalar::<f32>();
    match two == 2.0 {
        true => Ok(()),
        false => Err("1 + 1 is not 2 there".to_string()),
    }
}
