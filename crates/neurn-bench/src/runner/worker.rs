//! One device at work on the runs of a study.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use burn::tensor::{Device, Tensor};
use burn::train::Interrupter;

use super::claims::Claims;
use super::queue::Queue;
use crate::device::{DeviceName, panic_text, quietly};
use crate::error::Error;
use crate::runner::journal::Journal;
use crate::runner::progress::Board;
use crate::studies::transfer::Job;
use crate::studies::transfer::record::Record;
use crate::train::{Checkpoints, Event, Interrupted};

/// What the workers of a study share.
pub struct Work<'a> {
    /// All runs of the plan.
    pub jobs: &'a [Job<'a>],
    /// Those that are to be done.
    pub queue: Queue,
    /// Those that some process is at.
    pub claims: Claims,
    /// Where records go.
    pub journal: Mutex<Journal<Record>>,
    /// Where runs under way are kept.
    pub checkpoints: &'a Path,
    /// What a person sees.
    pub board: Board,
    /// Asked whether to stop.
    pub interrupter: &'a Interrupter,
    /// What went wrong.
    pub trouble: Mutex<Trouble>,
}

/// What went wrong.
#[derive(Debug, Default)]
pub struct Trouble {
    /// What no run can go on after.
    pub fatal: Option<Error>,
    /// Runs that failed on a device that works.
    pub failed: Vec<String>,
    /// Devices that are gone.
    pub lost: Vec<String>,
}

/// How long until a run that another process is at is asked for again.
const ELSEWHERE: Duration = Duration::from_secs(1);

impl Work<'_> {
    /// Does runs on a device until none is left or the device is gone.
    pub fn on(&self, name: &DeviceName, device: &Device) {
        while let Some(number) = self.queue.take(self.interrupter) {
            match self.attempt(number, name, device) {
                Ok(After::Done) => self.queue.done(),
                Ok(After::Elsewhere) => self.queue.put_back(number, ELSEWHERE),
                Ok(After::Stopped) => {
                    self.queue.put_back(number, Duration::ZERO);
                    return;
                }
                Ok(After::DeviceLost) => {
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
        let job = &self.jobs[number];
        let id = job.id();
        let Some(_claim) = self.claims.claim(&id)? else {
            return Ok(After::Elsewhere);
        };
        self.journal().refresh()?;
        let checkpoints = Checkpoints::new(self.checkpoints.join(&id));
        if finished(self.journal().records(), job).is_none() {
            match self.carry_out(number, job, name, device, &checkpoints) {
                Ok(record) => self.journal().append(record)?,
                Err(after) => return Ok(after),
            }
        }
        // The record is kept; what is left behind takes room and nothing else.
        if let Err(error) = checkpoints.clear() {
            self.board.say(&format!("a checkpoint stays: {error}"));
        }
        Ok(After::Done)
    }

    fn carry_out(
        &self,
        number: usize,
        job: &Job<'_>,
        name: &DeviceName,
        device: &Device,
        checkpoints: &Checkpoints,
    ) -> Result<Record, After> {
        let run = job.run;
        let label = format!(
            "[{}/{}] {} -> {}, {}, seed {}, on {name}",
            number + 1,
            self.jobs.len(),
            run.source,
            run.model,
            run.frontend_label(),
            run.seed,
        );
        let images = job.split().train * run.training.epochs;
        let progress = self.board.begin(&label, images, run.training.epochs);
        let mut observe = |event: Event| progress.update(event);
        let done = catch_unwind(AssertUnwindSafe(|| {
            job.carry_out(device, Some(checkpoints), self.interrupter, &mut observe)
        }));
        match done {
            Ok(Ok(record)) => {
                progress.end(&summary(&record));
                Ok(record)
            }
            Ok(Err(Interrupted)) => Err(After::Stopped),
            Err(panic) => {
                let reason = panic_text(&*panic);
                Err(match quietly(|| alive(device)) {
                    Ok(()) => {
                        progress.end(&format!("failed: {reason}"));
                        self.trouble().failed.push(format!("{label}: {reason}"));
                        After::Done
                    }
                    Err(_) => {
                        progress.end("the device is gone, the run goes back to the queue");
                        self.trouble().lost.push(format!("{name}: {reason}"));
                        After::DeviceLost
                    }
                })
            }
        }
    }

    fn journal(&self) -> std::sync::MutexGuard<'_, Journal<Record>> {
        self.journal.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// What became of a run that was taken.
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

/// The latest record of a job that covers its targets as they are now.
pub fn finished<'a>(records: &'a [Record], job: &Job<'_>) -> Option<&'a Record> {
    let id = job.id();
    let covers = |record: &&Record| job.targets.iter().all(|target| target.is_in(record));
    let mut of_run = records.iter().rev().filter(|record| record.id == id);
    of_run.find(covers)
}

fn alive(device: &Device) -> Result<(), String> {
    let two = (Tensor::<1>::ones([1], device) + 1.0).into_scalar::<f32>();
    match two == 2.0 {
        true => Ok(()),
        false => Err("1 + 1 is not 2 there".to_string()),
    }
}

fn summary(record: &Record) -> String {
    let unshifted = |(target, _): &(&String, &f64)| !target.contains('+');
    let cells: Vec<String> = record
        .accuracy
        .iter()
        .filter(unshifted)
        .map(|(target, percent)| format!("{target} {percent:.1}"))
        .collect();
    format!("{} (%), {:.0} s", cells.join(", "), record.seconds)
}
