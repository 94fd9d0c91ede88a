//! What a person sees while runs are under way: a bar with rate and time left
//! on a terminal, a line an epoch elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::record::Epoch;

/// The progress of one run, on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    label: String,
    epochs: usize,
    plain: bool,
}

impl Progress {
    /// Begins a run that will learn from `images` images in all.
    pub fn begin(label: &str, images: usize, epochs: usize) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = match plain {
            true => {
                ProgressBar::with_draw_target(Some(images as u64), ProgressDrawTarget::hidden())
            }
            false => ProgressBar::new(images as u64),
        };
        // Two lines, which fit a terminal of 80 columns.
        let style = "{msg}\n  {bar:30} {pos}/{len} images, {per_sec}, {eta} left";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
        bar.set_message(label.to_string());
        if plain {
            eprintln!("{label}");
        }
        Self {
            bar,
            label: label.to_string(),
            epochs,
            plain,
        }
    }

    /// `seen` images were learnt from so far; an epoch may have ended.
    pub fn update(&self, seen: usize, epoch: Option<Epoch>) {
        self.bar.set_position(seen as u64);
        let Some(epoch) = epoch else { return };
        let result = format!(
            "epoch {}/{}: loss {:.3}, selection {:.1} %",
            epoch.epoch, self.epochs, epoch.loss, epoch.select_accuracy
        );
        match self.plain {
            true => eprintln!(
                "  {result}, {:.0} images/s, {} s left",
                self.bar.per_sec(),
                self.bar.eta().as_secs()
            ),
            false => self.bar.set_message(format!("{}, {result}", self.label)),
        }
    }

    /// Ends the run with a line of what it came to.
    pub fn end(&self, result: &str) {
        self.bar.finish_and_clear();
        eprintln!("{}: {result}", self.label);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
