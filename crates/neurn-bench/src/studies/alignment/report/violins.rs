//! How RMSE is distributed over the neurons of each group.

use super::Drawn;
use super::results::without_layers;
use crate::report::figure::violins::{Violin, violins};
use crate::report::figure::{Figure, Legend, Panel};

pub(super) fn figure(drawn: &Drawn) -> Option<Figure> {
    let groups: Vec<String> = drawn
        .artifact
        .groups
        .iter()
        .map(|g| g.group.clone())
        .collect();
    let names = without_layers(groups);
    let samples = samples(drawn, &names);
    let drawing = violins(&names, &samples, "RMSE")?;
    let comparison = &drawn.record.job.comparison;
    let title = format!("RMSE of single neurons, {}", drawn.data());
    let caption = format!(
        "{}: the distribution over the neurons of each group, each neuron with its mean over \
         layers; the bar is the median. A neuron without a unit, or that answers the same to all \
         scenes, is left out, as in the tables. Pairing: {}; scaling: {}.",
        drawn.record.job.network.label(),
        comparison.pairing,
        comparison.scaling
    );
    let frontends = drawn.artifact.frontends.iter();
    let legend = Legend::of_series(frontends.map(|views| views.frontend.clone()));
    Figure::of(&title, caption, legend, vec![Panel::untitled(drawing)])
}

/// Of each of these groups and each frontend.
pub(super) fn samples(drawn: &Drawn, names: &[String]) -> Vec<Violin> {
    let mut samples = Vec::new();
    for (row, name) in names.iter().enumerate() {
        let mut groups = drawn.artifact.groups.iter();
        let Some(group) = groups.find(|group| group.group == *name) else {
            continue;
        };
        for (series, views) in drawn.artifact.frontends.iter().enumerate() {
            let neurons = group.neurons.iter();
            samples.push(Violin {
                row,
                series,
                values: neurons
                    .filter_map(|&neuron| views.mean_rmse(neuron))
                    .collect(),
            });
        }
    }
    samples
}
