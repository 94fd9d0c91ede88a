//! RSA of each group: the nearest layer of each trained network, and the ceiling.

use super::results::{Results, Subject};
use super::shown;
use crate::report::figure::ink::{MORE, scale, tint};
use crate::report::figure::tiles::{Tile, Tiles};
use crate::report::figure::{Figure, Legend, Panel};
use crate::report::value::{hundredths, typeset};
use crate::studies::alignment::Measure;

pub(super) fn figure(results: &Results, data: &str) -> Option<Figure> {
    let groups = results.groups(data);
    if groups.len() < 2 {
        return None;
    }
    let subjects = results.subjects(data);
    let trained: Vec<&Subject> = subjects.iter().filter(|s| s.origin.is_trained()).collect();
    let subjects = match trained.is_empty() {
        true => subjects.iter().collect(),
        false => trained,
    };
    // A column each: what it is called, and a value for each group.
    let mut columns: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    let mut ceilings = vec![None; groups.len()];
    for subject in subjects {
        for frontend in results.frontends(data) {
            let best = |group: &String| {
                results.best_layer(Measure::Rsa, data, subject, [&frontend, group])
            };
            let found: Vec<_> = groups.iter().map(best).collect();
            for (ceiling, found) in ceilings.iter_mut().zip(&found) {
                *ceiling = ceiling.or(found.as_ref().and_then(|(_, found)| found.ceiling));
            }
            let values = found
                .into_iter()
                .map(|found| found.map(|(_, found)| found.value));
            columns.push((format!("{}: {frontend}", subject.model), values.collect()));
        }
    }
    columns.push(("ceiling".to_string(), ceilings));
    let all = || {
        columns
            .iter()
            .flat_map(|(_, values)| values)
            .flatten()
            .copied()
    };
    let most = all().fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let tile = |value: f64| -> Tile {
        let (colour, text) = tint(MORE, (value / most).clamp(0.0, 1.0));
        (typeset(&hundredths(value)), colour, text)
    };
    let row = |row: usize| {
        let values = columns.iter().map(|(_, values)| values[row].map(tile));
        values.collect()
    };
    let tiles = Tiles {
        tiles: (0..groups.len()).map(row).collect(),
        rows: groups,
        columns: columns.iter().map(|(name, _)| name.clone()).collect(),
        titles: ["".to_string(), "nearest layer of".to_string()],
        tile: [40, 24],
    };
    let title = format!("RSA by group, {}", shown(data, results.is_simulated(data)));
    let caption = "Spearman's correlation of RDMs of the layer that is nearest to each group, the \
                   mean over seeds; the best of many layers is too high by chance. The last column \
                   is the ceiling, the root of the reliability of the group's RDM.";
    let legend = Legend::Scale(
        [0.0, most].map(hundredths),
        scale(&[tint(MORE, 0.0).0, tint(MORE, 1.0).0]),
    );
    let panel = Panel::untitled(tiles.draw());
    Figure::of(&title, caption.to_string(), legend, vec![panel])
}
