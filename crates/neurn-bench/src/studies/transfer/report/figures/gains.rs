//! What each method gains: with intervals, and by target.

use super::super::results::{Comparison, Measure, Results, Setting};
use crate::report::Section;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::ink::{LESS, MORE, scale, tint};
use crate::report::figure::tiles::Tiles;
use crate::report::figure::{Figure, Legend, Panel};
use crate::report::value::{signed_tenths, typeset};
use crate::train::Method;

/// The intervals, of a setting that the answer does not show, and the heat map.
pub(in super::super) fn gains(results: &Results, setting: &Setting) -> Option<Section> {
    let answered = results.settings().first() == Some(setting);
    let intervals = intervals(results, setting).filter(|_| !answered);
    let figures: Vec<Figure> = intervals
        .into_iter()
        .chain(heat(results, setting))
        .collect();
    (!figures.is_empty()).then(|| Section {
        title: "Where it gains and where it costs".to_string(),
        figures,
        ..Section::default()
    })
}

/// The gain of each method by what the study is read by, the largest first.
pub(in super::super) fn intervals(results: &Results, setting: &Setting) -> Option<Figure> {
    let primary = results.primary();
    let methods = results.methods(setting);
    let mut gains = results.compare(
        setting,
        &methods,
        &results.baseline(setting),
        &primary.cells,
    );
    let mean = |gain: &Comparison| gain.difference.estimate.mean;
    gains.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
    let names: Vec<String> = gains.iter().map(|gain| gain.method.label()).collect();
    let neurn = results.neurn(setting);
    let all = gains.iter().enumerate().map(|(row, gain)| Dot {
        row,
        // Each stands beside its name; NeuRN has a colour of its own.
        series: if Some(&gain.method) == neurn.as_ref() {
            2
        } else {
            1
        },
        value: mean(gain),
        bar: gain
            .difference
            .interval
            .map(|interval| [interval.low, interval.high]),
    });
    let all: Vec<Dot> = all.collect();
    let drawing = dots(&names, &all, "gain over none, points", Some(0.0), 0.5)?;
    let bars = match all.iter().any(|dot| dot.bar.is_some()) {
        true => "Bars are 95 % t intervals over seeds, not corrected for their number.",
        false => "One seed, so without error bars.",
    };
    let caption = format!(
        "The accuracy of each method less that of none on the same seeds, the mean over {}. {bars}",
        match primary.name.as_str() {
            "other domains" => "domains that were not trained on",
            name => name,
        }
    );
    let title = format!("Gain, {}", primary.name);
    Figure::of(
        &title,
        caption,
        Legend::None,
        vec![Panel::untitled(drawing)],
    )
}

/// Gains by target, if there are several: all methods below each other, or a panel
/// each.
fn heat(results: &Results, setting: &Setting) -> Option<Figure> {
    let mut methods = results.methods(setting);
    let baseline = results.baseline(setting);
    methods.retain(|method| *method != baseline);
    let panels: Vec<Matrix> = match results.columns() {
        Some(columns) if columns.len() < 2 => return None,
        Some(columns) => vec![of_columns(results, setting, &methods, &columns)],
        None => {
            let one = |method: &Method| of_sources(results, setting, method);
            methods.iter().map(one).collect()
        }
    };
    let values = panels
        .iter()
        .flat_map(|panel| panel.values.iter().flatten());
    let most = values.flatten().map(|gain| gain.abs()).reduce(f64::max)?;
    // Never so little that a tenth of a point looks like something.
    let most = most.max(1.0);
    let colours = [
        tint(LESS, 1.0).0,
        tint(LESS, 0.0).0,
        tint(MORE, 0.0).0,
        tint(MORE, 1.0).0,
    ];
    let legend = Legend::Scale(
        [
            signed_tenths(-most),
            format!("{} points", signed_tenths(most)),
        ],
        scale(&colours),
    );
    let caption = "Gain over none in points, the mean over seeds: blue where the method is better \
                   than none, orange where it is worse.";
    let panels = panels.iter().map(|panel| panel.draw(most)).collect();
    Figure::of("Gain by target", caption.to_string(), legend, panels)
}

fn of_columns(
    results: &Results,
    setting: &Setting,
    methods: &[Method],
    columns: &[Measure],
) -> Matrix {
    let row = |method: &Method| {
        let gains = columns
            .iter()
            .map(|c| results.gain(setting, method, &c.cells));
        gains
            .map(|gain| gain.map(|gain| gain.estimate.mean))
            .collect()
    };
    Matrix {
        title: String::new(),
        titles: [String::new(), "tested on".to_string()],
        rows: methods.iter().map(Method::label).collect(),
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        values: methods.iter().map(row).collect(),
    }
}

fn of_sources(results: &Results, setting: &Setting, method: &Method) -> Matrix {
    let row = |(source, _): &(String, &[String])| {
        let cells = results
            .targets
            .iter()
            .map(|target| [(source.clone(), target.clone())]);
        let gains = cells.map(|cell| results.gain(setting, method, &cell));
        gains
            .map(|gain| gain.map(|gain| gain.estimate.mean))
            .collect()
    };
    Matrix {
        title: method.label(),
        titles: ["trained on".to_string(), "tested on".to_string()],
        rows: results
            .sources
            .iter()
            .map(|(label, _)| label.clone())
            .collect(),
        columns: results.targets.to_vec(),
        values: results.sources.iter().map(row).collect(),
    }
}

struct Matrix {
    title: String,
    titles: [String; 2],
    rows: Vec<String>,
    columns: Vec<String>,
    values: Vec<Vec<Option<f64>>>,
}

impl Matrix {
    fn draw(&self, most: f64) -> Panel {
        let tile = |value: &Option<f64>| {
            value.map(|gain| {
                let side = if gain < 0.0 { LESS } else { MORE };
                let (colour, text) = tint(side, gain.abs() / most);
                (typeset(&signed_tenths(gain)), colour, text)
            })
        };
        let tiles = Tiles {
            rows: self.rows.clone(),
            columns: self.columns.clone(),
            tiles: self
                .values
                .iter()
                .map(|row| row.iter().map(tile).collect())
                .collect(),
            titles: self.titles.clone(),
            tile: [56, 30],
        };
        Panel {
            title: self.title.clone(),
            drawing: tiles.draw(),
        }
    }
}
