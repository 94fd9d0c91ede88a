//! Drawings of what the tables say.

mod confusion;
mod gains;
mod intervals;
mod ks;
mod layers;
mod learning;
mod shifts;

use super::results::Results;
use super::treatment::Setting;
use crate::report::figure::{Figure, Legend, ink};
use crate::train::Method;

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
fn keys(results: &Results, setting: &Setting, used: &[Method]) -> Legend {
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
