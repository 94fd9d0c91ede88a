//! What a study is to the runner.

use std::path::Path;

use burn::tensor::Device;
use burn::train::Interrupter;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::journal::Line;
use super::progress::Progress;
use crate::error::Error;
use crate::fingerprint::hexadecimal;

/// Jobs that are to be run, how one is run, and what their records say.
///
/// The runner knows nothing else of a study. It keeps one record a job, shares jobs
/// among devices and processes, and goes on where it was stopped.
pub trait Study: Sync {
    /// Everything that a result depends on: two jobs that differ in anything give
    /// different records.
    type Job: Serialize + Send + Sync;
    /// What is kept of a job: one line of the journal.
    type Record: Line + Clone + Send;

    /// Every job once, in the order in which they are to be run.
    ///
    /// # Errors
    ///
    /// If the settings or the data are of no use.
    fn jobs(&self) -> Result<Vec<Self::Job>, Error>;

    /// What a person sees of a job.
    fn label(&self, job: &Self::Job) -> String;

    /// How long a job is, in units that [`Progress::reach`] counts.
    fn length(&self, job: &Self::Job) -> usize;

    /// Runs a job.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if it was asked to stop; any other error ends the study.
    ///
    /// # Panics
    ///
    /// If the device fails. The runner catches it.
    fn run(&self, job: &Self::Job, context: &Context) -> Result<Self::Record, Error>;

    /// Whether a record with the identity of the job answers all that the job asks.
    fn answers(&self, record: &Self::Record, job: &Self::Job) -> bool;

    /// A line of what a job came to.
    fn summary(&self, record: &Self::Record) -> String;

    /// Writes the report into a folder and returns its tables as Markdown. It is made
    /// from records, and from what jobs left in the folder: it needs neither data nor
    /// networks.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    fn report(&self, records: &[Self::Record], out: &Path) -> Result<String, Error>;
}

/// What a job is run with.
pub struct Context<'a> {
    /// On what.
    pub device: &'a Device,
    /// Asked whether to stop.
    pub interrupter: &'a Interrupter,
    /// What a person sees.
    pub progress: &'a Progress<'a>,
    /// The job's identity.
    pub id: &'a str,
    /// A folder of the job for what it goes on from when it was stopped. It is removed
    /// once the job has a record.
    pub checkpoints: &'a Path,
    /// The folder of the study.
    pub out: &'a Path,
}

/// The identity of a job: 16 hexadecimal digits of the SHA-256 of its JSON.
pub fn id<J: Serialize>(job: &J) -> String {
    let json = serde_json::to_string(job).expect("a job has a form in JSON");
    hexadecimal(&Sha256::digest(json)[..8])
}

/// That each of the changes makes it another job.
#[cfg(test)]
pub(crate) fn assert_another_identity<J: Serialize + Clone>(job: &J, changes: &[fn(&mut J)]) {
    let changed = changes.iter().map(|change| {
        let mut other = job.clone();
        change(&mut other);
        id(&other)
    });
    let ids: std::collections::HashSet<String> = changed.chain([id(job)]).collect();
    assert_eq!(ids.len(), changes.len() + 1);
}
