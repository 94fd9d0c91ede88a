//! Compares networks with neurons of mouse visual cortex, with and without NeuRN
//! in front, by the papers' measures and by the field's, beside controls.
//!
//! ```text
//! cargo run --release --example alignment                  # simulated neurons, minutes
//! cargo run --release --example alignment -- --data DIR    # the real ones
//! cargo run --release --example alignment -- --nwb SESSION.nwb
//! cargo run --release --example alignment -- --report --out DIR    # of what is there
//! ```

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use neurn_bench::cortex::nwb::{self, WindowStatistic};
use neurn_bench::cortex::{Recordings, arrays, simulated::Simulated};
use neurn_bench::device::{Backend, DeviceName};
use neurn_bench::error::Error;
use neurn_bench::runner::Place;
use neurn_bench::runner::interrupt::on_ctrl_c;
use neurn_bench::studies::alignment::{AlignmentStudy, Cortex, Measure, Settings, report_of};
use neurn_models::{FRONTENDS, MODELS};

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
    /// Devices of one backend: flex, cuda:0,cuda:1, or ws://host:3000 for a Burn
    /// server; which backends there are is decided when it is built.
    #[arg(long, value_delimiter = ',', default_value = "flex")]
    device: Vec<DeviceName>,
    /// Networks at a time on each device.
    #[arg(long, value_name = "JOBS", value_parser = few, default_value_t = 1)]
    jobs: usize,
    /// Folder for the records and the report. What is in its results.jsonl already is
    /// not done again, and any number of processes may work in it.
    #[arg(long, value_name = "DIR", default_value = "out/alignment")]
    out: PathBuf,
    /// Leave pictures of RDMs and of maps out of the report, so that it can be
    /// passed on whatever the terms of the data are.
    #[arg(long)]
    no_images: bool,
    /// Print the names that the options take, and exit.
    #[arg(long)]
    list: bool,
    /// Print the settings and the networks, and which of them are done, and exit.
    #[arg(long)]
    dry_run: bool,
    /// Make the report of what is in the folder already, and exit. It needs no data.
    #[arg(long, conflicts_with_all = ["dry_run", "list"])]
    report: bool,
}

impl Arguments {
    fn study(self) -> Result<(AlignmentStudy, Settings, Place), Error> {
        let place = Place {
            out: self.out.clone(),
            devices: self.device.clone(),
            at_a_time: self.jobs,
        };
        let backend = place.backend()?;
        let mut settings = match &self.settings {
            Some(path) => Settings::read(path)?,
            None => Settings::default(),
        };
        if !self.model.is_empty() {
            settings.models = self.model.clone();
        }
        if !self.frontend.is_empty() {
            settings.frontends = self.frontend.clone();
        }
        settings.seeds = self.seeds.unwrap_or(settings.seeds);
        settings.comparison.choose |= self.choose;
        let recordings = self.recordings()?;
        let cortex = match (&self.data, recordings.is_empty()) {
            (_, false) => Cortex::Recordings(recordings),
            (Some(folder), true) => Cortex::Folder(folder.clone()),
            (None, true) => {
                if self.settings.is_none() {
                    // Minutes and not half an hour.
                    settings.comparison.scene_draws = 1_000;
                    settings.comparison.permutations = 500;
                    settings.comparison.neuron_draws = 500;
                }
                Cortex::Simulated(Simulated::default())
            }
        };
        let (learnt, images) = (self.data.as_deref(), !self.no_images);
        let study = AlignmentStudy::open(&cortex, learnt, settings.clone(), backend, images)?;
        Ok((study, settings, place))
    }

    fn recordings(&self) -> Result<Vec<Recordings>, Error> {
        let statistic = match self.peak {
            true => WindowStatistic::Peak,
            false => WindowStatistic::Mean,
        };
        let sessions = self.nwb.iter().map(|path| nwb::read(path, statistic));
        let sessions: Vec<Recordings> = sessions.collect::<Result<_, _>>()?;
        let arrays = self.arrays.iter().map(|path| arrays::read(path));
        let mut recordings: Vec<Recordings> = arrays.collect::<Result<_, _>>()?;
        match sessions.len() {
            0 | 1 => recordings.extend(sessions),
            count => {
                let name = format!("{count} sessions");
                recordings.push(Recordings::pooled(name, &sessions)?);
            }
        }
        Ok(recordings)
    }
}

fn few(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=64).contains(&n) => Ok(n),
        _ => Err("expected a whole number from 1 to 64".to_string()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match () {
        () if arguments.list => list(),
        () if arguments.report => report(&arguments),
        () if arguments.dry_run => preview(arguments),
        () => run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

// A reader that has seen enough, such as `head`, is no error below.

fn list() -> Result<(), Error> {
    let built = Backend::all_built();
    let built: Vec<String> = built.iter().map(ToString::to_string).collect();
    let measures = Measure::ALL.map(|measure| measure.to_string());
    _ = writeln!(
        std::io::stdout(),
        "models:    {}\nfrontends: {}\nmeasures:  {}\ndevices:   {}",
        MODELS.join(" "),
        FRONTENDS.join(" "),
        measures.join(" | "),
        built.join(" ")
    );
    Ok(())
}

fn report(arguments: &Arguments) -> Result<(), Error> {
    let tables = report_of(&arguments.out, !arguments.no_images)?;
    say(&tables, &arguments.out);
    Ok(())
}

fn preview(arguments: Arguments) -> Result<(), Error> {
    let (study, settings, place) = arguments.study()?;
    _ = writeln!(std::io::stdout(), "{}", settings.to_toml());
    for job in place.preview(&study)? {
        let state = if job.done { "done   " } else { "to run " };
        _ = writeln!(std::io::stdout(), "{} {state} {}", job.id, job.label);
    }
    Ok(())
}

fn run(arguments: Arguments) -> Result<(), Error> {
    let (study, _, place) = arguments.study()?;
    let interrupter = on_ctrl_c("step");
    let tables = place.run(&study, &interrupter)?;
    say(&tables, &place.out);
    Ok(())
}

fn say(tables: &str, out: &std::path::Path) {
    _ = writeln!(std::io::stdout(), "{tables}\nWritten to {}", out.display());
}
