//! What others report. Never in a column with what was measured here.

use serde::Serialize;

use super::super::results::Results;
use super::super::treatment::Setting;
use super::{Row, Table};
use crate::report::value::Value;

/// Published accuracies in percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::studies::transfer::report) struct PublishedTable {
    /// The backbone.
    pub(in crate::studies::transfer::report) model: &'static str,
    /// The domain that was trained on.
    pub(in crate::studies::transfer::report) source: &'static str,
    pub(in crate::studies::transfer::report) targets: &'static [&'static str],
    /// What was done.
    pub(in crate::studies::transfer::report) protocol: &'static str,
    /// How the numbers came to us.
    pub(in crate::studies::transfer::report) provenance: &'static str,
    pub(in crate::studies::transfer::report) rows: &'static [PublishedRow],
}

/// Published accuracies of one method.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(in crate::studies::transfer::report) struct PublishedRow {
    pub(in crate::studies::transfer::report) method: &'static str,
    /// A value a target.
    pub(in crate::studies::transfer::report) accuracy: &'static [f64],
    pub(in crate::studies::transfer::report) reported_in: &'static str,
}

const fn row(
    method: &'static str,
    accuracy: &'static [f64],
    reported_in: &'static str,
) -> PublishedRow {
    PublishedRow {
        method,
        accuracy,
        reported_in,
    }
}

/// All that are known here.
pub(in crate::studies::transfer::report) const PUBLISHED: [PublishedTable; 2] = [
    PublishedTable {
        model: "vgg19",
        source: "mnist",
        targets: &["svhn", "mnist-m"],
        protocol: "VGG-19 with and without NeuRN; its training settings are not published",
        provenance: "from a summary of the paper, not measured by us",
        rows: &[
            row("none", &[13.7, 39.7], "arXiv 2505.06886"),
            row("NeuRN", &[24.5, 62.6], "arXiv 2505.06886"),
        ],
    },
    PublishedTable {
        model: "digit-net",
        source: "mnist",
        targets: &["svhn", "mnist-m", "usps"],
        protocol: "single source, the first 10,000 training images of MNIST",
        provenance: "recalled from the papers, not measured by us",
        rows: &[
            row(
                "ERM",
                &[27.8, 52.7, 76.9],
                "the papers below, as their baseline",
            ),
            row(
                "ADA",
                &[35.5, 60.4, 77.3],
                "Volpi et al. 2018, arXiv 1805.12018",
            ),
            row(
                "M-ADA",
                &[42.6, 67.9, 78.5],
                "Qiao et al. 2020, arXiv 2003.13216",
            ),
            row(
                "RandConv",
                &[57.5, 87.8, 83.4],
                "Xu et al. 2021, arXiv 2007.13003",
            ),
            row("PDEN", &[62.2, 82.2, 85.3], "Li et al. 2021, CVPR"),
            row("L2D", &[62.9, 87.3, 84.0], "Wang et al. 2021, ICCV"),
            row("MetaCNN", &[66.5, 88.3, 89.6], "Wan et al. 2022, CVPR"),
        ],
    },
];

impl PublishedTable {
    /// Whether the study trains this network on this domain, and it is the real
    /// one.
    pub(in crate::studies::transfer::report) fn fits(
        &self,
        results: &Results,
        setting: &Setting,
    ) -> bool {
        !results.synthetic()
            && setting.model == self.model
            && results
                .of(setting)
                .any(|record| record.sources == [self.source])
    }
}

/// Those that this setting is to be read beside.
pub(super) fn tables(results: &Results, setting: &Setting) -> Vec<Table> {
    let fitting = PUBLISHED
        .iter()
        .filter(|table| table.fits(results, setting));
    fitting.map(|table| beside(table, results)).collect()
}

fn beside(published: &PublishedTable, results: &Results) -> Table {
    let mut columns: Vec<String> = published.targets.iter().map(ToString::to_string).collect();
    columns.push("reported in".to_string());
    let rows = published.rows.iter().map(|row| {
        let mut values: Vec<Value> = row.accuracy.iter().copied().map(Value::Percent).collect();
        values.push(Value::Text(row.reported_in.to_string()));
        Row::new(row.method, values)
    });
    let ours = published.targets.iter().filter_map(|target| {
        let (images, _) = results.test_set(target)?;
        Some(format!("{target} {images}"))
    });
    let ours: Vec<String> = ours.collect();
    let mut notes = vec![format!("{}.", upper_first(published.provenance))];
    if !ours.is_empty() {
        notes.push(format!(
            "Our test sets hold, in images: {}. Where one is a part of the official set, ours and \
             theirs are not comparable.",
            ours.join(", ")
        ));
    }
    Table {
        caption: format!(
            "Published accuracy in percent, trained on {} ({})",
            published.source, published.protocol
        ),
        corner: "method".to_string(),
        columns,
        rows: rows.collect(),
        notes,
    }
}

fn upper_first(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
