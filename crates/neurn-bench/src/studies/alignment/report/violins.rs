//! How RMSE is distributed over the neurons of each group.

use super::results::without_layers;
use super::shown;
use crate::measures::{paired_costs, rmse_matrix};
use crate::report::figure::ink::key;
use crate::report::figure::violins::{Violin, violins};
use crate::report::figure::{Figure, Group, Legend, Panel};
use crate::studies::alignment::View;

pub(super) fn figure(view: &View) -> Option<Figure> {
    let single = view.neurons.single.as_ref()?;
    // The mean over layers, neuron by neuron.
    let rmse: Vec<Vec<f64>> = view
        .layers
        .iter()
        .map(|(_, layers)| {
            let mut sums = vec![0.0; single.responses.ncols()];
            for layer in layers {
                let distances = rmse_matrix(
                    single.representations.as_ref(),
                    layer.maps.as_ref(),
                    view.scaling,
                );
                let costs = paired_costs(distances.as_ref(), view.pairing);
                for (sum, cost) in sums.iter_mut().zip(costs) {
                    *sum += cost.unwrap_or(0.0) / layers.len() as f64;
                }
            }
            sums
        })
        .collect();
    let all = view.neurons.groups.iter();
    let shown_groups = without_layers(all.clone().map(|group| group.name.clone()).collect());
    let groups: Vec<_> = all
        .filter(|group| shown_groups.contains(&group.name))
        .collect();
    let mut samples = Vec::new();
    for (row, group) in groups.iter().enumerate() {
        for (frontend, rmse) in rmse.iter().enumerate() {
            samples.push(Violin {
                row,
                series: frontend,
                values: group.members.iter().map(|&neuron| rmse[neuron]).collect(),
            });
        }
    }
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let keys = view.layers.iter().enumerate();
    let drawing = violins(&names, &samples, "RMSE")?;
    Some(Figure {
        id: "violins",
        title: format!(
            "RMSE of single neurons, {}",
            shown(&view.neurons.name, view.neurons.simulated)
        ),
        caption: format!(
            "{}: the distribution over the neurons of each group, each neuron with its mean over \
             layers; the bar is the median. Pairing: {}; scaling: {}.",
            view.label, view.pairing, view.scaling
        ),
        legend: Legend::Keys(
            keys.map(|(place, (name, _))| (key(place), name.clone()))
                .collect(),
        ),
        groups: vec![Group {
            title: String::new(),
            panels: vec![Panel {
                title: String::new(),
                drawing,
            }],
        }],
    })
}
