//! A plan carried out: every run that has no record yet is run, and all of
//! them are put into tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::tensor::Device;
use burn::train::Interrupter;
use neurn_models::ClassifierConfig;

use crate::domains::{self, Domain, synthetic};
use crate::error::Error;
use crate::journal::{self, Journal};
use crate::progress::Progress;
use crate::record::{Record, test_key};
use crate::report::{self, Samples, TransferTables};
use crate::transfer::{self, Plan, Run, Split};

/// Where the domains come from.
#[derive(Clone, Debug)]
pub enum Data {
    /// Drawn by this program, with so many training and test images each.
    Synthetic {
        /// Training images of a domain, those that select included.
        train: usize,
        /// Test images of a domain.
        test: usize,
        /// What they are drawn from.
        seed: u64,
    },
    /// Read from a folder with the real ones.
    Folder(PathBuf),
}

impl Data {
    /// The domains that can be had.
    pub fn names(&self) -> [&'static str; 4] {
        match self {
            Data::Synthetic { .. } => synthetic::NAMES,
            Data::Folder(_) => domains::NAMES,
        }
    }

    fn domain(&self, name: &str) -> Result<Domain, Error> {
        match self {
            Data::Synthetic { train, test, seed } => synthetic::domain(name, *train, *test, *seed)
                .ok_or_else(|| Error::Argument(format!("unknown synthetic domain `{name}`"))),
            Data::Folder(root) => Ok(domains::read(root, name)?),
        }
    }
}

/// A plan, its data and where its results go.
#[derive(Debug)]
pub struct Study {
    /// What to run.
    pub plan: Plan,
    /// On what images.
    pub data: Data,
    /// The folder of `results.jsonl`, `table.md`, `table.csv` and
    /// `samples.png`.
    pub out: PathBuf,
}

impl Study {
    /// The runs of the plan, each with its identity and whether it has a
    /// record. Trains nothing and writes nothing.
    pub fn preview(&self) -> Result<Vec<(Run, String, bool)>, Error> {
        let records = journal::read(&self.journal_path())?;
        self.plan.backend.built()?;
        let domains = self.read()?;
        let previewed = self.plan.runs().into_iter().map(|run| {
            let fingerprint = domains[&run.source].train.fingerprint();
            let id = run.id(&run.classifier()?, fingerprint);
            let done = self.finished(&records, &id, &domains).is_some();
            Ok((run, id, done))
        });
        previewed.collect()
    }

    /// Runs what has no record yet, writes the tables and the picture, and
    /// returns the tables as Markdown. When `interrupter` stops it, the tables
    /// hold what was finished.
    pub fn run(&self, interrupter: &Interrupter) -> Result<String, Error> {
        // Before anything is computed: a folder that can be written to, and a
        // device that starts.
        let mut journal = Journal::open(&self.journal_path())?;
        let device = self.plan.backend.open()?;
        let domains = self.read()?;
        let targets: Vec<&Domain> = self
            .plan
            .targets
            .iter()
            .map(|name| &domains[name])
            .collect();
        let runs = self.plan.runs();
        let classifiers: Vec<ClassifierConfig> =
            runs.iter().map(Run::classifier).collect::<Result<_, _>>()?;

        let mut ids = Vec::new();
        let mut interrupted = false;
        for (i, (run, classifier)) in runs.iter().zip(&classifiers).enumerate() {
            let source = &domains[&run.source];
            let id = run.id(classifier, source.train.fingerprint());
            ids.push(id.clone());
            if interrupted || self.finished(journal.records(), &id, &domains).is_some() {
                continue;
            }
            let label = format!(
                "[{}/{}] {} -> {}, {}, seed {}",
                i + 1,
                runs.len(),
                run.source,
                run.model,
                run.frontend_label(),
                run.seed
            );
            let images = self.split(source)?.train * run.training.epochs;
            let progress = Progress::begin(&label, images, run.training.epochs);
            let mut observe = |seen, epoch| progress.update(seen, epoch);
            match transfer::run(
                run,
                classifier,
                source,
                &targets,
                &device,
                interrupter,
                &mut observe,
            ) {
                Ok(record) => {
                    progress.end(&summary(&record));
                    journal.append(record)?;
                }
                Err(transfer::Interrupted) => interrupted = true,
            }
        }

        let records: Vec<Record> = ids
            .iter()
            .filter_map(|id| self.finished(journal.records(), id, &domains).cloned())
            .collect();
        let tables = TransferTables::new(&records, &self.plan.sources, &self.plan.targets);
        let markdown = tables.markdown();
        self.write("table.md", markdown.as_bytes())?;
        self.write("table.csv", tables.csv().as_bytes())?;
        self.draw_samples(&domains, &device)?;
        match interrupted {
            true => Err(Error::Interrupted),
            false => Ok(markdown),
        }
    }

    fn journal_path(&self) -> PathBuf {
        self.out.join("results.jsonl")
    }

    /// The domains of the plan, each read once.
    fn read(&self) -> Result<BTreeMap<String, Domain>, Error> {
        let mut domains = BTreeMap::new();
        for name in self.plan.sources.iter().chain(&self.plan.targets) {
            if !domains.contains_key(name) {
                domains.insert(name.clone(), self.data.domain(name)?);
            }
        }
        for source in &self.plan.sources {
            self.split(&domains[source])?;
        }
        Ok(domains)
    }

    fn split(&self, source: &Domain) -> Result<Split, Error> {
        let training = &self.plan.training;
        let found = source.train.labels().len();
        let split = Split::of(found, training.train_limit, training.select_limit);
        match split.train {
            0 => Err(Error::TooFewImages {
                domain: source.name.clone(),
                expected: 2,
                found,
            }),
            _ => Ok(split),
        }
    }

    /// The record of a run, if it has one that covers the targets as they are
    /// now.
    fn finished<'a>(
        &self,
        records: &'a [Record],
        id: &str,
        domains: &BTreeMap<String, Domain>,
    ) -> Option<&'a Record> {
        let covers = |record: &&Record| {
            self.plan.targets.iter().all(|target| {
                let fingerprint = domains[target].test.fingerprint();
                record.data.get(&test_key(target)).map(String::as_str) == Some(fingerprint)
            })
        };
        let mut of_run = records.iter().rev().filter(|record| record.id == id);
        of_run.find(covers)
    }

    fn draw_samples(
        &self,
        domains: &BTreeMap<String, Domain>,
        device: &Device,
    ) -> Result<(), Error> {
        let names = self.data.names();
        let drawn: Vec<&Domain> = names.iter().filter_map(|name| domains.get(*name)).collect();
        let k = self.plan.ks.first().copied().unwrap_or(3);
        let picture = Samples::new(&drawn, k, self.plan.training.image_size, device).draw();
        let path = self.out.join("samples.png");
        let mut png = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut png, image::ImageFormat::Png)
            .map_err(|source| Error::Picture { path, source })?;
        self.write("samples.png", png.get_ref())
    }

    /// Writes a file whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        report::write_whole(&self.out.join(name), bytes)
    }
}

fn summary(record: &Record) -> String {
    let cells: Vec<String> = record
        .accuracy
        .iter()
        .map(|(target, percent)| format!("{target} {percent:.1}"))
        .collect();
    format!("{} (%), {:.0} s", cells.join(", "), record.seconds)
}
