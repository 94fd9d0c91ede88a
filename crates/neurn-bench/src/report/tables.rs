//! The domain-transfer tables: accuracy of every frontend from every source to
//! every target, and what it gains over no frontend.

use std::fmt::Write;

use crate::record::Record;
use crate::statistics::Estimate;
use crate::transfer::frontend_label;

/// The tables of a set of records.
#[derive(Debug)]
pub struct TransferTables<'a> {
    records: &'a [Record],
    sources: &'a [String],
    targets: &'a [String],
}

/// A backbone on a backend behind a frontend: one table.
#[derive(Clone, Debug, PartialEq)]
struct Setting {
    model: String,
    device: String,
    frontend: String,
    k: Option<usize>,
}

impl Setting {
    fn of(record: &Record) -> Self {
        Self {
            model: record.model.clone(),
            device: record.device.to_string(),
            frontend: record.frontend.clone(),
            k: record.k,
        }
    }

    /// The same without a frontend, which the gain is counted from.
    fn baseline(&self) -> Self {
        Self {
            frontend: "none".to_string(),
            k: None,
            ..self.clone()
        }
    }

    fn label(&self) -> String {
        frontend_label(&self.frontend, self.k)
    }
}

impl<'a> TransferTables<'a> {
    /// Tables with these rows and columns.
    pub fn new(records: &'a [Record], sources: &'a [String], targets: &'a [String]) -> Self {
        Self {
            records,
            sources,
            targets,
        }
    }

    /// All tables as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from("# Domain transfer\n\n");
        text += &self.preamble();
        for setting in self.settings() {
            let Setting { model, device, .. } = &setting;
            let label = setting.label();
            _ = write!(text, "\n## {model}, {label}, on {device}\n\n");
            text += &self.table(
                &|source, target| self.accuracies(&setting, source, target),
                false,
            );
            if setting != setting.baseline() && self.settings().contains(&setting.baseline()) {
                _ = write!(text, "\n### Gain of {label} over none, in points\n\n");
                text += &self.table(&|source, target| self.gains(&setting, source, target), true);
            }
        }
        text
    }

    /// What holds for all of the tables.
    fn preamble(&self) -> String {
        let Some(first) = self.records.first() else {
            return "No run is finished.\n".to_string();
        };
        let mut text = String::new();
        if first.synthetic {
            text += "**The domains are synthetic**: drawn by a program in the manner of the real \
                     four, for those who have no data at hand. These are not results on MNIST, \
                     SVHN, USPS or MNIST-M.\n\n";
        }
        text += "Accuracy in percent on the test images of each target, of a network that was \
                 trained and selected on the source alone.\n\n";
        let mut seeds: Vec<u64> = self.records.iter().map(|record| record.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
        _ = writeln!(
            text,
            "Seeds: {}. Epochs: {}. Adam at {}, batches of {}. {}",
            seeds.join(", "),
            first.epochs,
            first.learning_rate,
            first.batch,
            match seeds.len() {
                1 => "One seed, so no standard errors.",
                _ => "+- is the standard error over seeds.",
            }
        );
        text += "\n| | training images | selection images |\n|---|---|---|\n";
        for source in self.sources {
            if let Some(record) = self.records.iter().find(|record| record.source == *source) {
                let (train, select) = (record.train_images, record.select_images);
                _ = writeln!(text, "| {source} | {train} | {select} |");
            }
        }
        text += "\n| | test images | most frequent digit, % |\n|---|---|---|\n";
        for target in self.targets {
            let of = |record: &Record| {
                Some((*record.images.get(target)?, *record.majority.get(target)?))
            };
            if let Some((images, majority)) = self.records.iter().find_map(of) {
                _ = writeln!(text, "| {target} | {images} | {majority:.1} |");
            }
        }
        text
    }

    /// One table, with the mean over the cells in which source and target
    /// differ below it.
    fn table(&self, values: &dyn Fn(&str, &str) -> Vec<f64>, signed: bool) -> String {
        let mut text = String::from("| trained on \\ tested on |");
        for target in self.targets {
            _ = write!(text, " {target} |");
        }
        _ = write!(text, "\n|---{}|\n", "|---:".repeat(self.targets.len()));
        let mut off_diagonal = Vec::new();
        for source in self.sources {
            _ = write!(text, "| {source} |");
            for target in self.targets {
                let estimate = Estimate::of(&values(source, target));
                _ = write!(text, " {} |", cell(estimate, signed));
                if let Some(estimate) = estimate.filter(|_| source != target) {
                    off_diagonal.push(estimate.mean);
                }
            }
            text.push('\n');
        }
        if let Some(mean) = Estimate::of(&off_diagonal) {
            let mean_text = number(mean.mean, signed);
            let count = mean.count;
            _ = write!(
                text,
                "\nMean over the {count} off-diagonal cells (source and target differ): {mean_text}\n"
            );
        }
        text
    }

    /// One row a cell, comma-separated.
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory does not fail.
        _ = writer.write_record([
            "model",
            "device",
            "frontend",
            "k",
            "source",
            "target",
            "synthetic",
            "seeds",
            "accuracy",
            "standard_error",
            "gain",
            "gain_standard_error",
            "images",
            "majority",
        ]);
        for setting in self.settings() {
            for source in self.sources {
                for target in self.targets {
                    let accuracies = self.accuracies(&setting, source, target);
                    let Some(accuracy) = Estimate::of(&accuracies) else {
                        continue;
                    };
                    let gain = match setting == setting.baseline() {
                        true => None,
                        false => Estimate::of(&self.gains(&setting, source, target)),
                    };
                    let record = self
                        .of(&setting, source)
                        .find(|r| r.images.contains_key(target));
                    let optional =
                        |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.4}"));
                    _ = writer.write_record([
                        setting.model.clone(),
                        setting.device.clone(),
                        setting.frontend.clone(),
                        setting.k.map_or(String::new(), |k| k.to_string()),
                        source.clone(),
                        target.clone(),
                        record.is_some_and(|r| r.synthetic).to_string(),
                        accuracy.count.to_string(),
                        format!("{:.4}", accuracy.mean),
                        optional(accuracy.standard_error),
                        optional(gain.map(|g| g.mean)),
                        optional(gain.and_then(|g| g.standard_error)),
                        record
                            .and_then(|r| r.images.get(target))
                            .map_or(String::new(), ToString::to_string),
                        optional(record.and_then(|r| r.majority.get(target)).copied()),
                    ]);
                }
            }
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Every setting in the order in which the records name it.
    fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        for record in self.records {
            let setting = Setting::of(record);
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
        settings
    }

    fn of<'b>(&'b self, setting: &'b Setting, source: &'b str) -> impl Iterator<Item = &'b Record> {
        self.records
            .iter()
            .filter(move |record| Setting::of(record) == *setting && record.source == source)
    }

    /// Of each seed.
    fn accuracies(&self, setting: &Setting, source: &str, target: &str) -> Vec<f64> {
        self.of(setting, source)
            .filter_map(|record| record.accuracy.get(target).copied())
            .collect()
    }

    /// Of each seed that the baseline has too, paired.
    fn gains(&self, setting: &Setting, source: &str, target: &str) -> Vec<f64> {
        let baseline = setting.baseline();
        self.of(setting, source)
            .filter_map(|record| {
                let without = self.of(&baseline, source).find(|r| r.seed == record.seed)?;
                Some(record.accuracy.get(target)? - without.accuracy.get(target)?)
            })
            .collect()
    }
}

fn cell(estimate: Option<Estimate>, signed: bool) -> String {
    let Some(estimate) = estimate else {
        return "".to_string();
    };
    let mean = number(estimate.mean, signed);
    match estimate.standard_error {
        Some(error) => format!("{mean} +- {error:.1}"),
        None => mean,
    }
}

fn number(value: f64, signed: bool) -> String {
    match signed {
        true => format!("{value:+.1}"),
        false => format!("{value:.1}"),
    }
}
