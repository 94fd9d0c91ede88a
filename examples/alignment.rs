//! Compares networks with neurons of mouse visual cortex, with and without NeuRN
//! in front, by the papers' measures and by the field's, beside controls.
//!
//! ```text
//! cargo run --release --example alignment                  # simulated neurons, minutes
//! cargo run --release --example alignment -- --data DIR    # the real ones
//! cargo run --release --example alignment -- --nwb SESSION.nwb
//! ```

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use neurn_bench::cortex::nwb::{self, WindowStatistic};
use neurn_bench::cortex::{Recordings, arrays, simulated::Simulated};
use neurn_bench::device::DeviceName;
use neurn_bench::error::Error;
use neurn_bench::runner::interrupt::on_ctrl_c;
use neurn_bench::studies::alignment::{AlignmentStudy, Cortex, Settings};
use neurn_models::FRONTENDS;
use neurn_models::MODELS;

/// Compare networks with neurons of mouse visual cortex, with and without NeuRN.
///
/// Without --data, --nwb or --arrays the neurons are simulated: made up by this
/// program, so that what the measures should find is known.
#[derive(Debug, Parser)]
#[command(name = "alignment", version)]
struct Arguments {
    /// Folder of real data: neurons in DIR/allen and DIR/antolik2016 (unless --nwb
    /// or --arrays name others), and what networks have learnt in DIR/cifar10 and
    /// DIR/weights.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Sessions of the Allen Brain Observatory, whose neurons are put together.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    nwb: Vec<PathBuf>,
    /// Take the peak of dF/F in the 250 ms of a presentation and not its mean.
    #[arg(long, requires = "nwb")]
    peak: bool,
    /// Folders of recordings as NumPy arrays, a data set each.
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    arrays: Vec<PathBuf>,
    /// A TOML file of settings, which the options below change.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Networks.
    #[arg(long, value_delimiter = ',', value_parser = MODELS.to_vec())]
    model: Vec<String>,
    /// What stands before them, besides none.
    #[arg(long, value_delimiter = ',', value_parser = FRONTENDS.to_vec())]
    frontend: Vec<String>,
    /// How many seeds of each network.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    seeds: Option<u64>,
    /// Compare the paper's choice of neurons: the most central of each cluster,
    /// as many excitatory as inhibitory.
    #[arg(long)]
    choose: bool,
    /// Where to compute.
    #[arg(long, default_value = "flex")]
    device: DeviceName,
    /// Folder for the measurements and the report. What is in its results.jsonl
    /// already is not measured again.
    #[arg(long, value_name = "DIR", default_value = "out/alignment")]
    out: PathBuf,
    /// Leave pictures of RDMs and of maps out of the report, so that it can be
    /// passed on whatever the terms of the data are.
    #[arg(long)]
    no_images: bool,
}

impl Arguments {
    fn study(self) -> Result<AlignmentStudy, Error> {
        let mut settings = match &self.settings {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if !self.model.is_empty() {
            settings.models = self.model;
        }
        if !self.frontend.is_empty() {
            settings.frontends = vec!["none".to_string()];
            let others = self.frontend.into_iter().filter(|name| name != "none");
            settings.frontends.extend(others);
        }
        settings.seeds = self.seeds.unwrap_or(settings.seeds);
        settings.choose |= self.choose;
        let statistic = match self.peak {
            true => WindowStatistic::Peak,
            false => WindowStatistic::Mean,
        };
        let sessions: Vec<Recordings> = self
            .nwb
            .iter()
            .map(|path| nwb::read(path, statistic))
            .collect::<Result<_, _>>()?;
        let mut recordings: Vec<Recordings> = self
            .arrays
            .iter()
            .map(|path| arrays::read(path))
            .collect::<Result<_, _>>()?;
        match sessions.len() {
            0 | 1 => recordings.extend(sessions),
            count => {
                let name = format!("{count} sessions");
                recordings.push(Recordings::pooled(name, &sessions)?);
            }
        }
        let cortex = match (&self.data, recordings.is_empty()) {
            (_, false) => Cortex::Recordings(recordings),
            (Some(folder), true) => Cortex::Folder(folder.clone()),
            (None, true) => {
                if self.settings.is_none() {
                    // Minutes and not half an hour.
                    settings.scene_draws = 1_000;
                    settings.permutations = 500;
                    settings.neuron_draws = 500;
                }
                Cortex::Simulated(Simulated::default())
            }
        };
        Ok(AlignmentStudy {
            cortex,
            learnt: self.data,
            settings,
            device: self.device,
            images: !self.no_images,
            out: self.out,
        })
    }
}

fn main() -> ExitCode {
    match Arguments::parse().study().and_then(|study| run(&study)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(study: &AlignmentStudy) -> Result<(), Error> {
    let interrupter = on_ctrl_c("network");
    let tables = study.run(&interrupter)?;
    // A reader that has seen enough, such as `head`, is no error.
    _ = writeln!(
        std::io::stdout(),
        "{tables}\nWritten to {}",
        study.out.display()
    );
    Ok(())
}
