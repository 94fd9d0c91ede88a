//! What a person sees while runs are under way: a bar with rate and time left for
//! each on a terminal, a line an epoch elsewhere.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::train::Event;

/// Where the progress of all runs is shown: standard error.
#[derive(Debug)]
pub struct Board {
    bars: MultiProgress,
    plain: bool,
}

/// The progress of one run.
#[derive(Debug)]
pub struct Progress<'a> {
    board: &'a Board,
    bar: ProgressBar,
    label: String,
    epochs: usize,
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

    /// Begins a run that will learn from `images` images in all.
    pub fn begin(&self, label: &str, images: usize, epochs: usize) -> Progress<'_> {
        let bar = self.bars.add(ProgressBar::new(images as u64));
        // Two lines, which fit a terminal of 80 columns.
        let style = "{msg}\n  {bar:30} {pos}/{len} images, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
        bar.set_message(label.to_string());
        if self.plain {
            eprintln!("{label}");
        }
        Progress {
            board: self,
            bar,
            label: label.to_string(),
            epochs,
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
    /// Shows what the training tells.
    pub fn update(&self, event: Event) {
        match event {
            Event::Seen(images) => self.bar.set_position(images as u64),
            Event::Warning(text) => self.board.say(&format!("{}: {text}", self.label)),
            Event::Epoch(epoch) => {
                let result = format!(
                    "epoch {}/{}: loss {:.3}, selection {:.1} %",
                    epoch.epoch, self.epochs, epoch.loss, epoch.select_accuracy
                );
                match self.board.plain {
                    true => eprintln!(
                        "{}\n  {result}, {:.0} images/s, {} s left",
                        self.label,
                        self.bar.per_sec(),
                        self.bar.eta().as_secs()
                    ),
                    false => self.bar.set_message(format!("{}, {result}", self.label)),
                }
            }
        }
    }

    /// Ends the run with a line of what it came to.
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
