//! Trains networks on one domain of digits and tests them on the others, with
//! and without NeuRN in front, and prints the tables.
//!
//! ```text
//! cargo run --release --example domain_transfer                  # synthetic domains, minutes
//! cargo run --release --example domain_transfer -- --data DIR    # the real ones
//! ```

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use burn::train::Interrupter;
use clap::Parser;
use neurn_bench::device::Backend;
use neurn_bench::domains;
use neurn_bench::error::Error;
use neurn_bench::study::{Data, Study};
use neurn_bench::transfer::{FRONTENDS, Plan, Training};
use neurn_models::MODELS;

/// Train on one domain of digits, test on the others, with and without NeuRN.
///
/// Without --data the four domains are synthetic: drawn by this program in the
/// manner of MNIST, SVHN, USPS and MNIST-M.
#[derive(Debug, Parser)]
#[command(name = "domain_transfer", version)]
struct Arguments {
    /// Folder of the real data: DIR/mnist, usps, svhn, mnist_m, bsds500.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Backbones [default: digit-net-small; with --data digit-net].
    #[arg(long, value_delimiter = ',', value_parser = MODELS.to_vec())]
    model: Vec<String>,
    /// Domains to train on [default: all four].
    #[arg(long, value_delimiter = ',', value_parser = domains::NAMES.to_vec())]
    source: Vec<String>,
    /// Domains to test on [default: all four].
    #[arg(long, value_delimiter = ',', value_parser = domains::NAMES.to_vec())]
    target: Vec<String>,
    /// What stands before the backbone.
    #[arg(long, value_delimiter = ',', value_parser = FRONTENDS.to_vec(), default_value = "none,neurn")]
    frontend: Vec<String>,
    /// Sides of NeuRN's patch, odd.
    #[arg(long, value_delimiter = ',', value_parser = odd, default_value = "3")]
    k: Vec<usize>,
    /// How many seeds: 0, 1, ... up to this number.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000), default_value_t = 1)]
    seeds: u64,
    /// Passes over the training images [default: 4; with --data 10].
    #[arg(long, value_parser = positive)]
    epochs: Option<usize>,
    /// At most so many training images [default: 3000; with --data 10000].
    #[arg(long, value_name = "IMAGES", value_parser = positive)]
    train_limit: Option<usize>,
    /// Images a step [default: 32; with --data 64].
    #[arg(long, value_parser = positive)]
    batch: Option<usize>,
    /// Adam's step size.
    #[arg(long, value_parser = step_size, default_value = "0.001")]
    lr: f64,
    /// The backend; which ones there are is decided when it is built.
    #[arg(long, value_enum, default_value_t = Backend::Flex)]
    device: Backend,
    /// Folder for results.jsonl, table.md, table.csv and samples.png. Runs that
    /// are in results.jsonl already are not run again.
    #[arg(long, value_name = "DIR", default_value = "out/domain_transfer")]
    out: PathBuf,
    /// Print the names that the options take, and exit.
    #[arg(long)]
    list: bool,
    /// Print the runs, and which of them are done, and exit.
    #[arg(long)]
    dry_run: bool,
}

impl Arguments {
    fn study(self) -> Study {
        let real = self.data.is_some();
        let data = match self.data {
            Some(folder) => Data::Folder(folder),
            None => Data::Synthetic {
                train: 3_600,
                test: 1_000,
                seed: 0,
            },
        };
        let domains = |named: Vec<String>| -> Vec<String> {
            let all = domains::NAMES.iter().zip(data.names());
            all.filter(|(name, _)| named.is_empty() || named.iter().any(|n| n == *name))
                .map(|(_, name)| name.to_string())
                .collect()
        };
        let protocol = Training::default();
        let training = Training {
            epochs: self
                .epochs
                .unwrap_or(if real { protocol.epochs } else { 4 }),
            batch: self.batch.unwrap_or(if real { protocol.batch } else { 32 }),
            learning_rate: self.lr,
            train_limit: self.train_limit.unwrap_or(if real {
                protocol.train_limit
            } else {
                3_000
            }),
            ..protocol
        };
        let default_model = if real { "digit-net" } else { "digit-net-small" };
        Study {
            plan: Plan {
                sources: domains(self.source),
                targets: domains(self.target),
                models: match self.model.is_empty() {
                    true => vec![default_model.to_string()],
                    false => self.model,
                },
                frontends: self.frontend,
                ks: self.k,
                seeds: (0..self.seeds).collect(),
                training,
                backend: self.device,
            },
            data,
            out: self.out,
        }
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
    let dry_run = arguments.dry_run;
    let study = arguments.study();
    let result = match dry_run {
        true => preview(&study),
        false => run(&study),
    };
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
        "domains:   {}\nmodels:    {}\nfrontends: {}\ndevices:   {}",
        domains::NAMES.join(" "),
        MODELS.join(" "),
        FRONTENDS.join(" "),
        built.join(" ")
    );
    ExitCode::SUCCESS
}

fn preview(study: &Study) -> Result<(), Error> {
    for (run, id, done) in study.preview()? {
        _ = writeln!(
            std::io::stdout(),
            "{id} {} {} -> {}, {}, seed {}, {}",
            if done { "done   " } else { "to run " },
            run.source,
            run.model,
            run.frontend_label(),
            run.seed,
            run.backend
        );
    }
    Ok(())
}

fn run(study: &Study) -> Result<(), Error> {
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    let handler = ctrlc::set_handler(move || {
        eprintln!("\nstopping after this step; a second Ctrl-C stops at once");
        if stop.should_stop() {
            std::process::exit(130);
        }
        stop.stop(Some("Ctrl-C"));
    });
    if let Err(error) = handler {
        eprintln!("Ctrl-C will not end this cleanly: {error}");
    }
    let tables = study.run(&interrupter)?;
    // A reader that has seen enough, such as `head`, is no error.
    _ = writeln!(
        std::io::stdout(),
        "{tables}\nWritten to {}",
        study.out.display()
    );
    Ok(())
}
