//! What the study finds, in three sentences.

use super::gains;
use super::results::{Results, Subject, Summary, treatments};
use crate::report::Answer;
use crate::report::value::{signed_thousandths, tenths};
use crate::studies::alignment::{BASELINE, Measure, Origin};

/// What is said of a gain beside those of controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The interval, or the seeds, hold 0.
    NoDifference,
    Farther,
    /// Nearer, but so is what has learnt nothing.
    Shared,
    /// Nearer, and by more than the controls.
    Nearer,
}

pub(super) fn answer(results: &Results) -> Answer {
    let mut sentences = vec![compared(results)];
    sentences.extend(controls(results));
    sentences.push(learnt(results));
    Answer {
        text: sentences.join(" "),
        figure: gains::of_all_data(results),
    }
}

/// How many comparisons of which networks came to what.
fn counts(results: &Results, of: impl Fn(&Subject) -> bool) -> [usize; 4] {
    let mut counts = [0; 4];
    for data in results.data() {
        for subject in results.subjects(&data).iter().filter(|subject| of(subject)) {
            for measure in results.measures(&data) {
                for frontend in treatments(&results.frontends(&data)) {
                    let found = verdict(results, measure, &data, subject, frontend);
                    if let Some((verdict, _)) = found {
                        counts[verdict as usize] += 1;
                    }
                }
            }
        }
    }
    counts
}

fn compared(results: &Results) -> String {
    let [none, farther, shared, nearer] = counts(results, |subject| subject.origin.is_trained());
    let all = none + farther + shared + nearer;
    if all == 0 {
        return "No network here has learnt anything, so this says nothing of what a frontend \
                does to one that has."
            .to_string();
    }
    let tendency = match () {
        () if 2 * farther > all => "mostly lower",
        () if 2 * nearer > all => "mostly higher",
        () => "without a clear direction",
    };
    format!(
        "Not tested as the papers made it; in the weak networks at hand, {tendency}: of {all} \
         comparisons of a trained network with and without a frontend, {farther} are farther from \
         cortex, {nearer} nearer by more than the controls, {shared} nearer as the controls are, \
         and {none} show no difference."
    )
}

fn controls(results: &Results) -> Option<String> {
    let [none, farther, shared, nearer] =
        counts(results, |subject| subject.origin == Origin::Untrained);
    let all = none + farther + shared + nearer;
    (all > 0).then(|| {
        format!(
            "Of {all} comparisons of networks that have learnt nothing, {farther} are farther and \
             {} nearer.",
            shared + nearer
        )
    })
}

/// What the trained networks are worth.
fn learnt(results: &Results) -> String {
    let mut parts = Vec::new();
    let mut imagenet = false;
    let (mut named, mut unknown) = (Vec::new(), Vec::new());
    for data in results.data() {
        for subject in results.subjects(&data) {
            imagenet |= subject.origin == Origin::ImageNet;
            if subject.origin != Origin::Cifar10 || named.contains(&subject) {
                continue;
            }
            let frontends = results.frontends(&data);
            let behind = frontends.iter().filter_map(|frontend| {
                let accuracy = results.accuracy(&subject.model, frontend)?;
                Some(format!("{} % behind {frontend}", tenths(accuracy.mean)))
            });
            let behind: Vec<String> = behind.collect();
            match behind.is_empty() {
                true => unknown.push(subject.model.clone()),
                false => parts.push(format!("{} names {}", subject.model, behind.join(" and "))),
            }
            named.push(subject);
        }
    }
    let mut text = match (parts.is_empty(), unknown.is_empty()) {
        (true, true) => "No network was trained for this.".to_string(),
        (true, false) => String::new(),
        (false, _) => format!("Of CIFAR-10's test images {}.", parts.join(", ")),
    };
    if !unknown.is_empty() {
        text += &format!(
            "How well {} learnt CIFAR-10 was not recorded.",
            unknown.join(" and ")
        );
    }
    if imagenet {
        text += " MobileNet V1 learnt ImageNet without a frontend; with one in front, its weights \
                 meet images that they were not made for.";
    }
    text
}

/// What is said of one gain, and how.
pub(super) fn verdict(
    results: &Results,
    measure: Measure,
    data: &str,
    subject: &Subject,
    frontend: &str,
) -> Option<(Verdict, String)> {
    let gain = |subject: &Subject| results.gain(measure, data, subject, frontend);
    let subjects = results.subjects(data);
    let controls = subjects.iter().filter(|other| {
        let same = other.origin == Origin::Untrained && other.model == subject.model;
        matches!(other.origin, Origin::Pixels | Origin::Shuffled)
            || (same && subject.origin.is_trained())
    });
    let controls = controls.filter_map(|control| {
        let found = gain(control)?;
        Some((control.label(), found))
    });
    Some(said(gain(subject)?, &controls.collect::<Vec<_>>()))
}

fn said(gain: Summary, controls: &[(String, Summary)]) -> (Verdict, String) {
    let number = signed_thousandths(gain.value);
    let [low, high] = gain.interval.unwrap_or(gain.seeds);
    let range = match gain.interval {
        Some(_) => format!(
            "[{}, {}]",
            signed_thousandths(low),
            signed_thousandths(high)
        ),
        None => "(without an interval)".to_string(),
    };
    let text = format!("{number} {range}");
    if low <= 0.0 && high >= 0.0 {
        let text = format!("{text}, no difference that the interval shows");
        return (Verdict::NoDifference, text);
    }
    let [least, most] = gain.seeds;
    if least <= 0.0 && most >= 0.0 {
        let text = format!(
            "{text}, but seeds lie on both sides, from {} to {}: no difference",
            signed_thousandths(least),
            signed_thousandths(most)
        );
        return (Verdict::NoDifference, text);
    }
    if high < 0.0 {
        return (Verdict::Farther, format!("{text}, farther"));
    }
    // A control shares the gain if it may have as much, or if the network may have as
    // little.
    let sharing: Vec<String> = controls
        .iter()
        .filter(|(_, control)| {
            let most = control.interval.map_or(control.value, |[_, high]| high);
            control.value >= low || most >= gain.value
        })
        .map(|(name, control)| format!("{name} {}", signed_thousandths(control.value)))
        .collect();
    match sharing.is_empty() {
        true => {
            let text = format!("{text}, nearer, and by more than the controls");
            (Verdict::Nearer, text)
        }
        false => {
            let names = sharing.join(", ");
            let text =
                format!("{text}, nearer, but so is what has learnt nothing ({names}): no gain");
            (Verdict::Shared, text)
        }
    }
}

/// What each measure says of each frontend, in a sentence.
pub(super) fn sentences(results: &Results, data: &str) -> Vec<String> {
    let subjects = results.subjects(data);
    // The networks that have learnt; without any, those that have not.
    let any_trained = subjects.iter().any(|subject| subject.origin.is_trained());
    let told = subjects.iter().filter(|subject| match any_trained {
        true => subject.origin.is_trained(),
        false => subject.origin == Origin::Untrained,
    });
    let told: Vec<&Subject> = told.collect();
    let mut sentences = Vec::new();
    for frontend in treatments(&results.frontends(data)) {
        for measure in results.measures(data) {
            let parts = told.iter().filter_map(|subject| {
                let (_, text) = verdict(results, measure, data, subject, frontend)?;
                Some(format!("{}: {text}", subject.label()))
            });
            let parts: Vec<String> = parts.collect();
            if !parts.is_empty() {
                sentences.push(format!(
                    "By {measure}, {frontend} against {BASELINE}, mean over layers and groups, \
                     positive is nearer. {}.",
                    parts.join("; ")
                ));
            }
        }
    }
    sentences
}
