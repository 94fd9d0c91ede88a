//! Drawings of what the tables say.

mod confusion;
mod gains;
mod layers;
mod learning;
mod patches;
mod shifts;

pub(super) use confusion::confusion;
pub(super) use gains::{gains, intervals};
pub(super) use layers::layers;
pub(super) use learning::learning;
pub(super) use patches::patches;
pub(super) use shifts::shifts;

use super::results::Results;
use crate::report::figure::Legend;
use crate::train::Method;

/// The keys of methods by their place among those shown.
fn keys(shown: &[Method]) -> Legend {
    Legend::of_series(shown.iter().map(Method::label))
}

/// The error bars of lines.
fn errors(results: &Results) -> &'static str {
    match results.seeds().len() {
        0 | 1 => "One seed, so without error bars.",
        _ => "Means over seeds; bars are one standard error.",
    }
}

/// Which methods a figure shows.
fn which(shown: &[Method], all: usize) -> String {
    match all > shown.len() {
        true => format!(
            "Shown are {} of {all} methods: none, NeuRN, and the best of the others. ",
            shown.len()
        ),
        false => String::new(),
    }
}
