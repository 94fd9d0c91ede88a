//! What each frontend gains, beside what it gains for the controls.

use super::results::{Results, title, treatments};
use super::shown;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::{Figure, Group, Legend, Panel};

pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let frontends = results.frontends(data);
    let mut groups = Vec::new();
    for frontend in treatments(&frontends) {
        let mut panels = Vec::new();
        for measure in results.measures(data) {
            let mut names = Vec::new();
            let mut gains = Vec::new();
            for subject in results.subjects(data) {
                if let Some(gain) = results.gain(measure, data, &subject, frontend) {
                    gains.push(Dot {
                        row: names.len(),
                        // What has learnt, and controls.
                        series: usize::from(subject.is_trained()),
                        value: gain.value,
                        bar: gain.interval,
                    });
                    names.push(subject.label());
                }
            }
            let axis = format!("{}: nearer by", title(measure));
            if let Some(drawing) = dots(&names, &gains, &axis, Some(0.0), 0.005) {
                panels.push(Panel {
                    title: title(measure).to_string(),
                    drawing,
                });
            }
        }
        if !panels.is_empty() {
            groups.push(Group {
                title: frontend.clone(),
                panels,
            });
        }
    }
    if groups.is_empty() {
        return None;
    }
    Some(Figure {
        title: format!(
            "What brings it nearer, {}",
            shown(data, results.is_simulated(data))
        ),
        caption: "The gain of each frontend over none, the mean over layers and groups; to the \
                  right of the line is nearer. Blue has learnt from images, grey are controls. \
                  Bars are 95 % bootstrap intervals, over scenes for RSA and over neurons \
                  otherwise."
            .to_string(),
        legend: Legend::None,
        groups,
    })
}
