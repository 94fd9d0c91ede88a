//! What each treatment gains on other domains, and how sure that is.

use super::super::results::Results;
use super::super::treatment::Setting;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::train::Method;

pub(super) fn figure(results: &Results, setting: &Setting) -> Option<Figure> {
    let cells = results.off_diagonal().cells;
    let treatments = results.treatments(setting);
    let mut names = Vec::new();
    let mut gains = Vec::new();
    for treatment in treatments.iter().filter(|t| **t != Method::default()) {
        if let Some(gain) = results.gain(setting, treatment, &cells) {
            gains.push(Dot {
                row: names.len(),
                // Each stands beside its name, so one colour does.
                series: 1,
                value: gain.estimate.mean,
                bar: gain.interval.map(|interval| [interval.low, interval.high]),
            });
            names.push(treatment.label());
        }
    }
    let drawing = dots(&names, &gains, "gain over none, points", Some(0.0), 0.5)?;
    let bars = match gains.iter().any(|gain| gain.bar.is_some()) {
        true => {
            "Bars are 95 % bootstrap intervals over seeds, which of five seeds hold the true mean in \
             84 of 100 cases."
        }
        false => "One seed, so without error bars.",
    };
    Some(Figure {
        id: "intervals",
        title: "Gain on other domains".to_string(),
        caption: format!(
            "The off-diagonal mean of each frontend less that of none on the same seeds. {bars}"
        ),
        legend: Legend::None,
        groups: vec![Group {
            title: String::new(),
            panels: vec![Panel {
                title: String::new(),
                drawing,
            }],
        }],
    })
}
