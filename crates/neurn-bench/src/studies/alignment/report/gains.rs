//! What each frontend gains, beside what it gains for the controls.

use super::results::{Results, treatments};
use super::shown;
use crate::report::figure::dots::{Dot, dots};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::Measure;

/// One measure of each kind beside RSA; the others stand in the table.
const DRAWN: [Measure; 3] = [Measure::Rmse, Measure::KdeIou, Measure::Ridge];

/// The measures of a data set, but for RSA, which stands at the top of the page.
pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let mut measures = results.measures(data);
    measures.retain(|measure| DRAWN.contains(measure));
    let data_shown = shown(data, results.is_simulated(data));
    let title = format!("What brings it nearer, {data_shown}");
    by_frontend(&title, &results.frontends(data), |frontend| {
        let measures = measures.iter();
        measures
            .filter_map(|&measure| panel(results, measure, data, frontend, measure.to_string()))
            .collect()
    })
}

/// RSA, of which all data sets have one, for the top of the page.
pub(super) fn of_all_data(results: &Results) -> Option<Figure> {
    let all = results.data();
    let frontends = all.first().map(|data| results.frontends(data))?;
    by_frontend("What brings it nearer by RSA", &frontends, |frontend| {
        let panels = all.iter().filter_map(|data| {
            let title = shown(data, results.is_simulated(data));
            panel(results, Measure::Rsa, data, frontend, title)
        });
        panels.collect()
    })
}

fn by_frontend(
    title: &str,
    frontends: &[String],
    panels: impl Fn(&str) -> Vec<Panel>,
) -> Option<Figure> {
    let groups = treatments(frontends).map(|frontend| Group {
        title: frontend.clone(),
        panels: panels(frontend),
    });
    let caption = "The gain of a frontend over none, the mean over layers and groups; to the \
                   right of the line is nearer. Blue has learnt from images, grey are controls. \
                   Bars are 95 % bootstrap intervals, over scenes for RSA and over neurons \
                   otherwise.";
    Figure::of_groups(title, caption.to_string(), Legend::None, groups.collect())
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
