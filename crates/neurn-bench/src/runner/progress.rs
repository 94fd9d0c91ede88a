//! What a person sees while jobs are under way: a bar with rate and time left for
//! each on a terminal, a line a stage elsewhere.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where the progress of all jobs is shown: standard error.
#[derive(Debug)]
pub struct Board {
    bars: MultiProgress,
    plain: bool,
}

/// The progress of one job.
#[derive(Debug)]
pub struct Progress<'a> {
    board: &'a Board,
    bar: ProgressBar,
    label: String,
}

impl Board {
    /// An empty board.
    #[allow(clippy::new_without_default)] // it depends on the terminal
    pub fn new() -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = match plain {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        Self {
            bars: MultiProgress::with_draw_target(target),
            plain,
        }
    }

    /// Begins a job of so many units.
    pub fn begin(&self, label: &str, length: usize) -> Progress<'_> {
        let bar = self.bars.add(ProgressBar::new(length as u64));
        // Two lines, which fit a terminal of 80 columns.
        let style = "{msg}\n  {bar:30} {pos}/{len}, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
        bar.set_message(label.to_string());
        if self.plain {
            eprintln!("{label}");
        }
        Progress {
            board: self,
            bar,
            label: label.to_string(),
        }
    }

    /// A line beside the bars.
    pub fn say(&self, line: &str) {
        match self.plain {
            true => eprintln!("{line}"),
            // A terminal that is gone needs no line.
            false => _ = self.bars.println(line),
        }
    }
}

impl Progress<'_> {
    /// So many units are done.
    pub fn reach(&self, units: usize) {
        self.bar.set_position(units as u64);
    }

    /// A stage came to an end, such as an epoch.
    pub fn stage(&self, result: &str) {
        match self.board.plain {
            true => eprintln!(
                "{}\n  {result}, {:.0}/s, {} s left",
                self.label,
                self.bar.per_sec(),
                self.bar.eta().as_secs()
            ),
            false => self.bar.set_message(format!("{}, {result}", self.label)),
        }
    }

    /// Something went wrong that the job goes on after.
    pub fn warn(&self, text: &str) {
        self.board.say(&format!("{}: {text}", self.label));
    }

    /// Ends the job with a line of what it came to.
    pub fn end(&self, result: &str) {
        self.bar.finish_and_clear();
        self.board.say(&format!("{}: {result}", self.label));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
