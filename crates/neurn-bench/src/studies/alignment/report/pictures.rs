//! RDMs, and maps of neurons beside those of units, as pictures.

use faer::Mat;
use image::{Rgba, RgbaImage};

use super::shown;
use crate::measures::{Rdm, Scaling, pair, rmse_matrix, spearman};
use crate::report::Picture;
use crate::report::figure::ink::tick;
use crate::statistics::average_ranks;
use crate::studies::alignment::{Layer, View};

/// Pixels between pictures, which nothing is drawn on.
const GAP: u32 = 4;
/// Maps in a row; few enough for a phone.
const COLUMNS: usize = 8;

/// The RDM of the most reliable group beside those of the layers nearest to it.
pub(super) fn rdms(view: &View) -> Picture {
    let groups = view.neurons.groups.iter();
    let group = groups.reduce(|best, group| match group.ceiling > best.ceiling {
        true => group,
        false => best,
    });
    let group = group.expect("neurons have a group");
    let near = |layer: &Layer| spearman(&layer.rdm, &group.rdm);
    let mut names = vec![group.name.clone()];
    let mut side_by_side = vec![&group.rdm];
    for (frontend, layers) in &view.layers {
        let nearest = layers.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
        let nearest = nearest.expect("a network has layers");
        names.push(format!(
            "{frontend}, {}: {}",
            nearest.name,
            tick(near(nearest), 2)
        ));
        side_by_side.push(&nearest.rdm);
    }
    let side = group.rdm.conditions() as u32;
    let mut image = RgbaImage::new(side_by_side.len() as u32 * (side + GAP), side);
    for (place, rdm) in (0..).zip(&side_by_side) {
        let ranks = average_ranks(rdm.values());
        let most = ranks.len() as f64;
        let ranks = Rdm::from_values(rdm.conditions(), ranks).square();
        let left = place * (side + GAP);
        for i in 0..side {
            for j in 0..side {
                let shade = (255.0 * ranks[(i as usize, j as usize)] / most).round() as u8;
                image.put_pixel(left + j, i, Rgba([shade, shade, shade, 255]));
            }
        }
    }
    Picture {
        domain: format!(
            "{}, {}. From the left: {}",
            shown(&view.neurons.name, view.neurons.simulated),
            view.label,
            names.join("; ")
        ),
        rows: Vec::new(),
        image,
    }
}

/// Maps of the most reliable neurons, and of their units behind each frontend.
pub(super) fn maps(view: &View) -> Option<Picture> {
    let single = view.neurons.single.as_ref()?;
    let mut neurons: Vec<usize> = (0..single.silent.len()).collect();
    neurons.retain(|&neuron| !single.silent[neuron]);
    if let Some(reliability) = &single.reliability {
        neurons.sort_by(|&a, &b| reliability[b].total_cmp(&reliability[a]));
    }
    neurons.truncate(COLUMNS);
    let mut rows = vec!["neurons".to_string()];
    let of_neurons = neurons
        .iter()
        .map(|&neuron| map(&single.representations, neuron));
    let mut pictures: Vec<Vec<Vec<f64>>> = vec![of_neurons.collect()];
    for (frontend, layers) in &view.layers {
        let layer = layers.first()?;
        let distances = rmse_matrix(
            single.representations.as_ref(),
            layer.maps.as_ref(),
            view.scaling,
        );
        let pairs = pair(distances.as_ref(), view.pairing);
        let units = neurons.iter().filter_map(|neuron| {
            let (_, unit) = pairs.iter().find(|(other, _)| other == neuron)?;
            Some(map(&layer.maps, *unit))
        });
        rows.push(format!("{frontend}, {}", layer.name));
        pictures.push(units.collect());
    }
    let stimuli = &view.neurons.stimuli;
    let (height, width) = (stimuli.height() as u32, stimuli.width() as u32);
    let mut image = RgbaImage::new(
        COLUMNS as u32 * (width + GAP),
        pictures.len() as u32 * (height + GAP),
    );
    for (row, maps) in pictures.iter().enumerate() {
        for (column, map) in maps.iter().enumerate() {
            for (pixel, value) in map.iter().enumerate() {
                let shade = (255.0 * value).round() as u8;
                let x = column as u32 * (width + GAP) + pixel as u32 % width;
                let y = row as u32 * (height + GAP) + pixel as u32 / width;
                image.put_pixel(x, y, Rgba([shade, shade, shade, 255]));
            }
        }
    }
    Some(Picture {
        domain: format!(
            "{}, {}",
            shown(&view.neurons.name, view.neurons.simulated),
            view.label
        ),
        rows,
        image,
    })
}

fn map(maps: &Mat<f64>, index: usize) -> Vec<f64> {
    let row: Vec<f64> = maps.row(index).iter().copied().collect();
    Scaling::MinMax.apply(&row)
}
