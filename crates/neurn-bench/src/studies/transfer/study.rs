//! The study as the runner sees it.

use crate::studies::distinct;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use super::Data;
use super::job::Job;
use super::plan::Plan;
use super::record::Record;
use super::report::{self, Samples};
use super::run::{Run, Target};
use crate::data::{Domain, Shift};
use crate::device::{self, Backend};
use crate::error::Error;
use crate::report::{Gallery, write_whole};
use crate::runner::{self, Context};

/// A plan with its data.
#[derive(Debug)]
pub struct Study {
    /// What to run.
    pub plan: Plan,
    /// On what images.
    pub data: Data,
    /// On what.
    pub backend: Backend,
    /// Whether the report shows images of the domains. Without them it can be
    /// passed on where the data sets' terms do not let their images be.
    pub images: bool,
    domains: OnceLock<BTreeMap<String, Domain>>,
}

impl Study {
    /// A study of this plan.
    pub fn new(plan: Plan, data: Data, backend: Backend, images: bool) -> Self {
        Self {
            plan,
            data,
            backend,
            images,
            domains: OnceLock::new(),
        }
    }

    /// The plan by the names that domains have here.
    fn shown_plan(&self) -> Plan {
        let mut plan = self.plan.clone();
        for names in [&mut plan.sources, &mut plan.targets, &mut plan.shifted] {
            names
                .iter_mut()
                .for_each(|name| *name = self.data.shown(name));
        }
        plan
    }

    /// All domains that the plan names, read once.
    fn domains(&self) -> Result<&BTreeMap<String, Domain>, Error> {
        if let Some(domains) = self.domains.get() {
            return Ok(domains);
        }
        let all = self.data.names();
        self.plan.check(&all)?;
        let sources = self.plan.source_sets(&all).concat();
        let names = distinct(sources.into_iter().chain(self.plan.target_names(&all)));
        let domains = self.data.domains(&names, self.plan.training.image_size)?;
        let by_name = domains
            .into_iter()
            .map(|domain| (domain.name.clone(), domain));
        Ok(self.domains.get_or_init(|| by_name.collect()))
    }

    /// The names of the domains, in the order in which reports show them.
    fn names(&self) -> Vec<String> {
        let names = self.data.names().into_iter();
        names.map(|name| self.data.shown(&name)).collect()
    }

    /// What every network is tested on: the targets, then each shift of each.
    fn targets<'a>(&self, domains: &'a BTreeMap<String, Domain>) -> Vec<Target<'a>> {
        let plan = self.shown_plan();
        let names = plan.target_names(&self.names());
        let whole = names
            .iter()
            .map(|name| &domains[name])
            .map(|domain| Target {
                domain,
                shift: None,
                count: domain.test.labels().len(),
            });
        let mut targets: Vec<Target<'a>> = whole.collect();
        let shifted = match plan.shifted.is_empty() {
            true => names,
            false => distinct(plan.shifted.iter().cloned()),
        };
        for domain in shifted.iter().map(|name| &domains[name]) {
            for kind in distinct(plan.shifts.iter().copied()) {
                targets.extend(Shift::severities(kind).map(|shift| Target {
                    domain,
                    shift: Some(shift),
                    count: domain.test.labels().len().min(plan.shift_limit),
                }));
            }
        }
        targets
    }

    fn run_of<'a>(
        &self,
        job: &'a Job,
        domains: &'a BTreeMap<String, Domain>,
        targets: &'a [Target<'a>],
    ) -> Result<Run<'a>, Error> {
        let sources = job.sources.iter().map(|name| &domains[name]).collect();
        let run = Run {
            job,
            sources,
            targets,
        };
        for domain in &run.sources {
            if run.split(domain).train == 0 {
                return Err(Error::TooFewImages {
                    domain: domain.name.clone(),
                    expected: 2,
                    found: domain.train.labels().len(),
                });
            }
        }
        Ok(run)
    }
}

impl runner::Study for Study {
    type Job = Job;
    type Record = Record;

    fn jobs(&self) -> Result<Vec<Job>, Error> {
        let domains = self.domains()?;
        let prints = domains.iter().map(|(name, domain)| {
            let print = domain.train.fingerprint().to_string();
            (name.clone(), print)
        });
        let classes = match domains.values().next() {
            Some(domain) => domain.classes.clone(),
            None => Vec::new(),
        };
        let plan = self.shown_plan();
        let jobs = plan.jobs(&self.names(), &classes, &prints.collect(), self.backend)?;
        for job in &jobs {
            self.run_of(job, domains, &[])?;
        }
        Ok(jobs)
    }

    fn label(&self, job: &Job) -> String {
        job.label()
    }

    fn length(&self, job: &Job) -> usize {
        let Ok(domains) = self.domains() else {
            return 0;
        };
        let sources = self.run_of(job, domains, &[]).map(|run| {
            let images = run.sources.iter().map(|source| run.split(source).train);
            images.sum()
        });
        sources.map_or(0, |images| job.training.images(images))
    }

    fn run(&self, job: &Job, context: &Context) -> Result<Record, Error> {
        let domains = self.domains()?;
        let targets = self.targets(domains);
        self.run_of(job, domains, &targets)?.record(context)
    }

    fn answers(&self, record: &Record, _: &Job) -> bool {
        self.domains().is_ok_and(|domains| {
            let targets = self.targets(domains);
            targets.iter().all(|target| target.is_in(record))
        })
    }

    fn summary(&self, record: &Record) -> String {
        let unshifted = record
            .targets
            .iter()
            .filter(|(name, _)| !name.contains('+'));
        let cells: Vec<String> = unshifted
            .map(|(name, result)| format!("{name} {:.1}", result.accuracy))
            .collect();
        format!("{} (%), {:.0} s", cells.join(", "), record.seconds)
    }

    fn report(&self, records: &[Record], out: &Path) -> Result<String, Error> {
        write_whole(&out.join("plan.toml"), self.plan.to_toml().as_bytes())?;
        let plan = self.shown_plan();
        let names = self.names();
        let targets = plan.target_names(&names);
        let title = match plan.title.as_str() {
            "" => "Domain transfer",
            title => title,
        };
        let shown: Vec<&Domain> = match self.domains.get() {
            Some(domains) => names.iter().filter_map(|name| domains.get(name)).collect(),
            None => Vec::new(),
        };
        let mut galleries = Vec::new();
        if self.images {
            if let (false, Some(device)) = (shown.is_empty(), device::cpu()) {
                draw_gallery(&plan, &shown, &device, out)?;
                draw_samples(&plan, &shown, &device, out)?;
            }
            galleries = Gallery::read_all(out);
        }
        report::document(title, records, &targets).write(out, galleries)
    }
}

fn draw_gallery(
    plan: &Plan,
    domains: &[&Domain],
    device: &burn::tensor::Device,
    out: &Path,
) -> Result<(), Error> {
    let methods = plan.methods.iter();
    let first = methods.filter(|method| method.frontend_passes_once());
    let frontends = first.map(|method| (method.frontend.label(), method.frontend.clone()));
    let frontends: Vec<_> = distinct(frontends);
    if frontends.is_empty() {
        return Ok(());
    }
    let gallery = report::gallery(domains, &frontends, plan.training.image_size, device);
    let gallery = gallery.map_err(|source| Error::Picture {
        path: out.to_path_buf(),
        source,
    })?;
    gallery.save(out, "frontends")
}

fn draw_samples(
    plan: &Plan,
    domains: &[&Domain],
    device: &burn::tensor::Device,
    out: &Path,
) -> Result<(), Error> {
    let k = plan
        .methods
        .iter()
        .find_map(|method| method.patch())
        .unwrap_or(3);
    let picture = Samples::new(domains, k, plan.training.image_size, device).draw();
    let path = out.join("samples.png");
    let mut png = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(|source| Error::Picture {
            path: path.clone(),
            source,
        })?;
    write_whole(&path, png.get_ref())
}
