//! What each frontend gains, beside what it gains for the controls.

use super::results::{Results, treatments};
use super::shown;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::Measure;

/// One measure of each kind; the others stand in the table.
const DRAWN: [Measure; 4] = [Measure::Rsa, Measure::Rmse, Measure::KdeIou, Measure::Ridge];

/// The measures of a data set.
pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let mut measures = results.measures(data);
    measures.retain(|measure| DRAWN.contains(measure));
    let panels = |frontend: &String| {
        let measures = measures.iter();
        let panels = measures
            .filter_map(|&measure| panel(results, measure, data, frontend, measure.to_string()));
        Group {
            title: frontend.clone(),
            panels: panels.collect(),
        }
    };
    let frontends = results.frontends(data);
    let title = format!(
        "What brings it nearer, {}",
        shown(data, results.is_simulated(data))
    );
    of_groups(title, treatments(&frontends).map(panels).collect())
}

/// RSA, of which all data sets have one, for the top of the page.
pub(super) fn of_all_data(results: &Results) -> Option<Figure> {
    let data = results.data();
    let frontends = data.first().map(|data| results.frontends(data))?;
    let panels = |frontend: &String| {
        let data = data.iter();
        let panels = data.filter_map(|data| {
            let title = shown(data, results.is_simulated(data));
            panel(results, Measure::Rsa, data, frontend, title)
        });
        Group {
            title: frontend.clone(),
            panels: panels.collect(),
        }
    };
    of_groups(
        "What brings it nearer by RSA".to_string(),
        treatments(&frontends).map(panels).collect(),
    )
}

fn panel(
    results: &Results,
    measure: Measure,
    data: &str,
    frontend: &str,
    title: String,
) -> Option<Panel> {
    let mut names = Vec::new();
    let mut gains = Vec::new();
    for subject in results.subjects(data) {
        if let Some(gain) = results.gain(measure, data, &subject, frontend) {
            gains.push(Dot {
                row: names.len(),
                // What has learnt, and controls.
                series: usize::from(subject.origin.is_trained()),
                value: gain.value,
                bar: gain.interval,
            });
            names.push(subject.label());
        }
    }
    let axis = format!("{measure}: nearer by");
    let drawing = dots(&names, &gains, &axis, Some(0.0), 0.005)?;
    Some(Panel { title, drawing })
}

fn of_groups(title: String, mut groups: Vec<Group>) -> Option<Figure> {
    groups.retain(|group| !group.panels.is_empty());
    (!groups.is_empty()).then(|| Figure {
        title,
        caption: "The gain of a frontend over none, the mean over layers and groups; to the \
                  right of the line is nearer. Blue has learnt from images, grey are controls. \
                  Bars are 95 % bootstrap intervals, over scenes for RSA and over neurons \
                  otherwise."
            .to_string(),
        legend: Legend::None,
        groups,
    })
}
