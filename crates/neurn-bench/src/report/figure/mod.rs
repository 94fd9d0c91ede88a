//! Drawings of what the tables say.

mod confusion;
pub(super) mod dots;
mod gains;
pub(super) mod ink;
mod intervals;
mod ks;
mod layers;
mod learning;
mod lines;
mod shifts;
pub(super) mod ticks;
pub(super) mod tiles;

pub(super) use ink::SERIES;

use super::results::Results;
use super::treatment::{Setting, Treatment};

/// Panels with one caption.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What it shows, and what its error bars are.
    pub(super) caption: String,
    pub(super) legend: Legend,
    /// One, or several that are opened one by one.
    pub(super) groups: Vec<Group>,
}

/// What the colours of a figure mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Legend {
    /// It has but one.
    None,
    /// A name for each of the drawn keys.
    Keys(Vec<(String, String)>),
    /// Ends of a scale, and its colours from low to high as CSS takes them.
    Scale([String; 2], String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) panels: Vec<Panel>,
}

/// A drawing with what it is of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) drawing: ink::Drawing,
}

/// All figures that there are data for.
pub(super) fn figures(results: &Results) -> Vec<Figure> {
    let settings = results.settings();
    let mut figures = Vec::new();
    for draw in [
        intervals::figure,
        gains::figure,
        ks::figure,
        layers::figure,
        shifts::figure,
        learning::figure,
        confusion::figure,
    ] {
        for setting in &settings {
            let Some(mut figure) = draw(results, setting) else {
                continue;
            };
            if settings.len() > 1 {
                figure.title += &format!(", {}", setting.label());
            }
            figures.push(figure);
        }
    }
    figures
}

/// The keys of treatments by their place among all of the setting, which keeps
/// their looks the same in every figure.
fn keys(results: &Results, setting: &Setting, used: &[Treatment]) -> Legend {
    let treatments = results.treatments(setting);
    let places = treatments.iter().enumerate();
    let used = places.filter(|(_, treatment)| used.contains(treatment));
    Legend::Keys(
        used.map(|(place, treatment)| (ink::key(place), treatment.label()))
            .collect(),
    )
}

/// The error bars of lines.
fn errors(results: &Results) -> &'static str {
    match results.seeds().len() {
        0 | 1 => "One seed, so without error bars.",
        _ => "Means over seeds; bars are one standard error.",
    }
}
