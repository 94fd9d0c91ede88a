//! What a page begins with: what NeuRN gains, and how the others stand to it.

use super::figures;
use super::results::{Comparison, Results, Setting};
use crate::report::Answer;
use crate::report::value::{signed_tenths, tenths};
use crate::train::Method;

pub(super) fn answer(results: &Results) -> Answer {
    let settings = results.settings();
    let sentences: Vec<String> = settings
        .iter()
        .filter_map(|s| sentence(results, s))
        .collect();
    Answer {
        text: match sentences.is_empty() {
            true => "No run is finished.".to_string(),
            false => sentences.join(" "),
        },
        figure: settings
            .first()
            .and_then(|setting| figures::intervals(results, setting)),
    }
}

fn sentence(results: &Results, setting: &Setting) -> Option<String> {
    let primary = results.primary();
    let whereabouts = match primary.name.as_str() {
        "other domains" => "on domains that they were not trained on",
        "shifted images" => "on shifted images",
        _ => "on the domain that they were trained on",
    };
    let mut subject = "networks".to_string();
    let name = results.name(setting);
    if !name.is_empty() {
        subject += &format!(" ({name})");
    }
    let methods = results.methods(setting);
    let accuracy = |method: &Method| {
        let accuracy = results.accuracy(setting, method, &primary.cells)?;
        Some(format!("{} %", tenths(accuracy.mean)))
    };
    let neurn = results.neurn(setting);
    let baseline = results.baseline(setting);
    let gains = results.compare(setting, &methods, &baseline, &primary.cells);
    let gain = gains
        .iter()
        .find(|gain| Some(&gain.method) == neurn.as_ref());
    let Some(gain) = gain.or(gains.first()) else {
        let method = methods.first()?;
        let (label, accuracy) = (method.label(), accuracy(method)?);
        return Some(format!(
            "With {label}, {subject} reach {accuracy} {whereabouts}."
        ));
    };
    let mut text = format!(
        "With {}, {subject} reach {} {whereabouts}, against {} with none: {}.",
        gain.method.label(),
        accuracy(&gain.method)?,
        accuracy(&baseline)?,
        difference(gain),
    );
    if Some(&gain.method) == neurn.as_ref() {
        let beside = results.compare(setting, &methods, &gain.method, &primary.cells);
        text += &standing(&beside, &baseline);
    }
    Some(text)
}

/// `+9.1 points (95 % t interval +7.2 to +11.0, 10 seeds)`
fn difference(comparison: &Comparison) -> String {
    let estimate = comparison.difference.estimate;
    let points = format!("{} points", signed_tenths(estimate.mean));
    match comparison.difference.interval {
        None => format!("{points} (one seed)"),
        Some(interval) => format!(
            "{points} (95 % t interval {} to {}, {} seeds)",
            signed_tenths(interval.low),
            signed_tenths(interval.high),
            estimate.count
        ),
    }
}

/// How many of the other methods are better than NeuRN.
fn standing(beside: &[Comparison], baseline: &Method) -> String {
    let others: Vec<&Comparison> = beside
        .iter()
        .filter(|comparison| comparison.method != *baseline)
        .collect();
    let mean = |comparison: &&&Comparison| comparison.difference.estimate.mean;
    let Some(best) = others.iter().max_by(|a, b| mean(a).total_cmp(&mean(b))) else {
        return String::new();
    };
    let count = |verdict| {
        others
            .iter()
            .filter(|other| other.verdict() == verdict)
            .count()
    };
    let counts = match best.verdict() {
        "one seed" => String::new(),
        _ => format!(
            " Of the {} other methods: {} better, {} level, {} worse.",
            others.len(),
            count("better"),
            count("level"),
            count("worse")
        ),
    };
    format!(
        "{counts} The best of them is {}: {} points compared with NeuRN.",
        best.method.label(),
        signed_tenths(best.difference.estimate.mean)
    )
}
