//! Trains networks on one domain of digits and tests them on the others, with
//! and without NeuRN in front, and prints the tables.
//!
//! ```text
//! cargo run --release --example domain_transfer                  # synthetic domains, minutes
//! cargo run --release --example domain_transfer -- --data DIR    # the real ones
//! cargo run --release --example domain_transfer -- --data DIR --plan baselines
//! cargo run --release --example domain_transfer -- --domain a=DIR --domain b=DIR
//! ```

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use neurn_bench::data::{self, ShiftKind};
use neurn_bench::device::{Backend, DeviceName};
use neurn_bench::error::Error;
use neurn_bench::runner::interrupt::on_ctrl_c;
use neurn_bench::runner::{self, Place};
use neurn_bench::studies::transfer::{Data, PRESETS, Plan, Protocol, Study, method_names};
use neurn_bench::train::Method;
use neurn_models::MODELS;

/// Train on one domain of digits, test on the others, with and without NeuRN.
///
/// Without --data the four domains are synthetic: drawn by this program in the
/// manner of MNIST, SVHN, USPS and MNIST-M. What is run stands in a plan; the
/// options below change it.
#[derive(Debug, Parser)]
#[command(name = "domain_transfer", version)]
struct Arguments {
    /// Folder of the real data: DIR/mnist, usps, svhn, mnist_m, bsds500.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A domain of your own: a folder of images, PATH/CLASS/*.jpg or
    /// PATH/{train,val,test}/CLASS/*.jpg. Give one for each domain.
    #[arg(long, value_name = "NAME=PATH", conflicts_with = "data")]
    domain: Vec<String>,
    /// Domains of your own as a list in TOML.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "domain"])]
    suite: Option<PathBuf>,
    /// Side of the square that images are resized to.
    #[arg(long, value_name = "PIXELS", value_parser = side)]
    image_size: Option<usize>,
    /// Train on all domains but one, in the place of one.
    #[arg(long)]
    leave_one_out: bool,
    /// A preset (--list names them) or a TOML file [default: quick; with --data
    /// digits].
    #[arg(long, value_name = "NAME|FILE")]
    plan: Option<String>,
    /// Backbones.
    #[arg(long, value_delimiter = ',', value_parser = MODELS.to_vec())]
    model: Vec<String>,
    /// Domains to train on.
    #[arg(long, value_delimiter = ',')]
    source: Vec<String>,
    /// Domains to test on.
    #[arg(long, value_delimiter = ',')]
    target: Vec<String>,
    /// Shifts of the targets, at every severity, to test on too.
    #[arg(long, value_delimiter = ',', value_name = "SHIFT")]
    shift: Vec<ShiftKind>,
    /// What stands against the shift: frontends, augmentations, or both as in
    /// neurn+rand-conv.
    #[arg(long, value_delimiter = ',', alias = "frontend")]
    method: Vec<Method>,
    /// Sides of NeuRN's patch, odd.
    #[arg(long, value_delimiter = ',', value_parser = odd)]
    k: Vec<usize>,
    /// How many seeds: 0, 1, ... up to this number.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: Option<u64>,
    /// Passes over the training images.
    #[arg(long, value_parser = positive)]
    epochs: Option<usize>,
    /// At most so many training images.
    #[arg(long, value_name = "IMAGES", value_parser = positive)]
    train_limit: Option<usize>,
    /// Images a step.
    #[arg(long, value_parser = positive)]
    batch: Option<usize>,
    /// Adam's step size.
    #[arg(long, value_parser = step_size)]
    lr: Option<f64>,
    /// Devices of one backend: flex, cuda:0,cuda:1, or ws://host:3000 for a Burn
    /// server; which backends there are is decided when it is built.
    #[arg(long, value_delimiter = ',', default_value = "flex")]
    device: Vec<DeviceName>,
    /// Runs at a time on each device.
    #[arg(long, value_name = "RUNS", value_parser = few, default_value_t = 1)]
    jobs: usize,
    /// Folder for the records and the report. Runs that are in its results.jsonl
    /// already are not run again, and any number of processes may work in it
    /// [default: out/PLAN].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leave the images of the domains out of the report, so that it can be
    /// passed on whatever their terms are.
    #[arg(long)]
    no_images: bool,
    /// Print the names that the options take, and exit.
    #[arg(long)]
    list: bool,
    /// Only write the report of the records that are in the folder. It needs no data.
    #[arg(long, conflicts_with = "dry_run")]
    report: bool,
    /// Print the plan and its runs, and which of them are done, and exit.
    #[arg(long)]
    dry_run: bool,
}

impl Arguments {
    /// The study, and where it is carried out.
    fn study(self) -> Result<(Study, Place), Error> {
        let (data, image_size) = self.data()?;
        let default = match data {
            Data::Synthetic { .. } => "quick",
            Data::Folder(_) => "digits",
            Data::Named(_) => "images",
        };
        let name = self.plan.clone().unwrap_or(default.to_string());
        let plan = match Plan::preset(&name) {
            Some(plan) => plan,
            None => Plan::read(name.as_ref())?,
        };
        self.check_names(&data.names())?;
        let mut plan = self.changed(plan);
        if let Some(size) = self.image_size.or(image_size) {
            plan.training.image_size = size;
        }
        let stem = PathBuf::from(&name).file_stem().map(PathBuf::from);
        let place = Place {
            out: self
                .out
                .or_else(|| Some(PathBuf::from("out").join(stem?)))
                .unwrap_or("out/plan".into()),
            devices: self.device,
            at_a_time: self.jobs,
        };
        let study = Study::new(plan, data, place.backend()?, !self.no_images);
        Ok((study, place))
    }

    /// The domains, and the side of their images if a suite says.
    fn data(&self) -> Result<(Data, Option<usize>), Error> {
        if let Some(path) = &self.suite {
            let suite = data::suite::read(path)?;
            return Ok((Data::Named(suite.domains), suite.image_size));
        }
        if !self.domain.is_empty() {
            let named: Result<Vec<_>, _> =
                self.domain.iter().map(|text| data::named(text)).collect();
            return Ok((Data::Named(named?), None));
        }
        let data = match &self.data {
            Some(folder) => Data::Folder(folder.clone()),
            None => Data::Synthetic {
                train: 3_600,
                test: 1_000,
                seed: 0,
            },
        };
        Ok((data, None))
    }

    /// Whether there are the domains that options name: a plan is not to blame for
    /// what they put in its place.
    fn check_names(&self, known: &[String]) -> Result<(), Error> {
        for (option, chosen) in [("--source", &self.source), ("--target", &self.target)] {
            if let Some(name) = chosen.iter().find(|name| !known.contains(name)) {
                let known = known.join(", ");
                return Err(Error::Argument(format!(
                    "{option}: expected any of {known}, found `{name}`"
                )));
            }
        }
        Ok(())
    }

    /// A plan with what the options say in its place.
    fn changed(&self, mut plan: Plan) -> Plan {
        for (chosen, planned) in [
            (&self.model, &mut plan.models),
            (&self.source, &mut plan.sources),
            (&self.target, &mut plan.targets),
        ] {
            if !chosen.is_empty() {
                *planned = chosen.clone();
            }
        }
        let targets = &plan.targets;
        plan.shifted
            .retain(|name| targets.is_empty() || targets.contains(name));
        if !self.shift.is_empty() {
            plan.shifts = self.shift.clone();
        }
        if !self.method.is_empty() {
            plan.methods = self.method.clone();
        }
        if !self.k.is_empty() {
            let methods = plan.methods.iter();
            let with_k = methods.flat_map(|method| match method.patch() {
                Some(_) => self.k.iter().map(|&k| method.with_patch(k)).collect(),
                None => vec![method.clone()],
            });
            plan.methods = with_k.collect();
        }
        if self.leave_one_out {
            plan.protocol = Protocol::LeaveOneOut;
        }
        if let Some(seeds) = self.seeds {
            plan.seeds = (0..seeds).collect();
        }
        if let Some(rate) = self.lr {
            plan.learning_rates = vec![rate];
        }
        let training = &mut plan.training;
        training.epochs = self.epochs.unwrap_or(training.epochs);
        if self.epochs.is_some() {
            training.iterations = None;
        }
        training.batch = self.batch.unwrap_or(training.batch);
        training.train_limit = self.train_limit.unwrap_or(training.train_limit);
        plan
    }
}

/// A patch with a centre, larger than a pixel, that the default border serves
/// on images of 32 x 32: floor(k / 2) <= 32.
fn odd(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(k) if k % 2 == 1 && (3..=65).contains(&k) => Ok(k),
        _ => Err("expected an odd number from 3 to 65".to_string()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=1_000_000).contains(&n) => Ok(n),
        _ => Err("expected a whole number from 1 to 1000000".to_string()),
    }
}

fn side(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (8..=1024).contains(&n) => Ok(n),
        _ => Err("expected a whole number from 8 to 1024".to_string()),
    }
}

fn few(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=64).contains(&n) => Ok(n),
        _ => Err("expected a whole number from 1 to 64".to_string()),
    }
}

fn step_size(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(lr) if lr > 0.0 && f64::is_finite(lr) => Ok(lr),
        _ => Err("expected a positive number".to_string()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        return list();
    }
    let (dry_run, report) = (arguments.dry_run, arguments.report);
    let result = arguments
        .study()
        .and_then(|(study, place)| match (dry_run, report) {
            (true, _) => preview(&study, &place),
            (_, true) => print(&runner::report(&study, &place.out)?, &place),
            _ => print(&place.run(&study, &on_ctrl_c("step"))?, &place),
        });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn list() -> ExitCode {
    let built: Vec<String> = Backend::all_built()
        .iter()
        .map(ToString::to_string)
        .collect();
    _ = writeln!(
        std::io::stdout(),
        "plans:     {}\ndomains:   {}\nshifts:    {}\nmodels:    {}\nmethods:   {}\n\
         devices:   {}",
        PRESETS
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(" "),
        data::NAMES.join(" "),
        ShiftKind::ALL.map(|shift| shift.to_string()).join(" "),
        MODELS.join(" "),
        method_names().join(" "),
        built.join(" ")
    );
    ExitCode::SUCCESS
}

fn preview(study: &Study, place: &Place) -> Result<(), Error> {
    _ = writeln!(std::io::stdout(), "{}", study.plan.to_toml());
    for job in place.preview(study)? {
        let state = if job.done { "done   " } else { "to run " };
        _ = writeln!(std::io::stdout(), "{} {state} {}", job.id, job.label);
    }
    Ok(())
}

fn print(tables: &str, place: &Place) -> Result<(), Error> {
    // A reader that has seen enough, such as `head`, is no error.
    _ = writeln!(
        std::io::stdout(),
        "{tables}\nWritten to {}",
        place.out.display()
    );
    Ok(())
}
