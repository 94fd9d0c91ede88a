//! What of an effect is the map, what the image's own scale, and what the scale of the
//! network's input.

use crate::studies::distinct;
use std::collections::BTreeMap;

use neurn_core::{NeuRnConfig, Response};
use neurn_models::{FrontendConfig, MapConfig, ScaleConfig, SigmaConfig};

use super::results::{Cell, Results, Setting};
use crate::report::Section;
use crate::report::table::{Row, Table};
use crate::report::value::Value;
use crate::statistics::{PairedDifference, holm};
use crate::train::{InputScale, Method};

/// What a method consists of. NeuRN is sigma over its largest value.
const FACTORS: [&str; 3] = ["map", "scale of the image", "scale of the input"];

/// A method by its factors.
#[derive(Clone, Debug, PartialEq)]
struct Parts {
    levels: [String; 3],
    method: Method,
}

/// There is one if records have several scales of the input.
pub(super) fn section(results: &Results, setting: &Setting) -> Option<Section> {
    let methods = results.methods(setting);
    let mut inputs = distinct(methods.iter().map(|method| method.input.clone()));
    inputs.sort_by_key(place);
    let cells = results.primary().cells;
    if inputs.len() < 2 || cells.is_empty() {
        return None;
    }
    Some(Section {
        title: "Map, scale of the image, scale of the input".to_string(),
        paragraphs: vec![
            "A method is a map of the image (none, sigma, Sobel), a scale that each image is \
             brought to, and a scale that the network's input is brought to, the same for all \
             images. NeuRN is sigma over its largest value in the image."
                .to_string(),
        ],
        tables: vec![
            effects(results, setting, &methods, &cells),
            grid(results, setting, &methods, &inputs),
        ],
        ..Section::default()
    })
}

/// The order of levels: what is added comes last.
fn place(input: &InputScale) -> usize {
    match input {
        InputScale::Raw => 0,
        InputScale::Half => 1,
        InputScale::Fixed { .. } => 2,
        InputScale::Standardized => 3,
    }
}

/// Frontends by input scales.
fn grid(results: &Results, setting: &Setting, methods: &[Method], inputs: &[InputScale]) -> Table {
    let primary = results.primary();
    let without = |method: &Method| Method {
        input: InputScale::default(),
        ..method.clone()
    };
    let frontends = distinct(methods.iter().map(without));
    let rows = frontends.iter().map(|frontend| {
        let values = inputs.iter().map(|input| {
            let method = Method {
                input: input.clone(),
                ..frontend.clone()
            };
            Value::accuracy(results.accuracy(setting, &method, &primary.cells))
        });
        Row::new(&frontend.label(), values.collect())
    });
    let caption = format!(
        "Accuracy in percent, {}, by scale of the input",
        primary.name
    );
    let columns = inputs.iter().map(InputScale::label).collect();
    Table::over_seeds(caption, "method", columns, rows.collect())
}

/// The mean difference between two levels of a factor, over all pairs of methods that
/// differ in nothing else.
fn effects(results: &Results, setting: &Setting, methods: &[Method], cells: &[Cell]) -> Table {
    let parts: Vec<Parts> = methods.iter().map(parts).collect();
    let by_seed: Vec<BTreeMap<u64, f64>> = methods
        .iter()
        .map(|method| results.by_seed(setting, method, cells))
        .collect();
    let mut names = Vec::new();
    let mut differences: Vec<(usize, PairedDifference)> = Vec::new();
    for (factor, name) in FACTORS.into_iter().enumerate() {
        let levels = levels(&parts, factor);
        for (place, level) in levels.iter().enumerate() {
            for other in &levels[..place] {
                let pairs = matched(&parts, factor, [other, level]);
                let difference = mean_difference(&pairs, &by_seed);
                if let Some(difference) = difference {
                    names.push([name.to_string(), format!("{level} instead of {other}")]);
                    differences.push((pairs.len(), difference));
                }
            }
        }
    }
    let ps: Vec<f64> = differences.iter().filter_map(|(_, of)| of.p).collect();
    let mut adjusted = holm(&ps).into_iter();
    let rows = names
        .iter()
        .zip(&differences)
        .map(|([factor, name], (pairs, difference))| {
            let p = difference.p.and_then(|_| adjusted.next());
            let values = vec![
                Value::Text(factor.clone()),
                Value::Gain(*difference),
                p.map_or(Value::Missing, Value::P),
                Value::Count(*pairs),
            ];
            Row::new(name, values)
        });
    let rows: Vec<Row> = rows.collect();
    let columns = ["factor", "difference", "p (Holm)", "pairs of methods"];
    let caption = format!("Main effects in points, {}", results.primary().name);
    let mut table = Table::over_seeds(caption, "level", columns.map(str::to_string).to_vec(), rows);
    table.notes.push(format!(
        "Each is the mean over all pairs of methods that differ in nothing else. p is that of a \
         two-sided paired t test, corrected by Holm for the {} comparisons of this table.",
        ps.len()
    ));
    table
}

/// The levels of a factor, in the order in which methods name them; none and raw first,
/// standardized last.
fn levels(parts: &[Parts], factor: usize) -> Vec<String> {
    let mut ordered: Vec<&Parts> = parts.iter().collect();
    if factor == 2 {
        ordered.sort_by_key(|parts| place(&parts.method.input));
    }
    let mut levels = distinct(ordered.iter().map(|parts| parts.levels[factor].clone()));
    levels.sort_by_key(|level| level != "none");
    levels
}

/// Places of the methods at two levels of a factor that are the same otherwise.
fn matched(parts: &[Parts], factor: usize, [low, high]: [&String; 2]) -> Vec<[usize; 2]> {
    let at = |level: &String| {
        let parts = parts.iter().enumerate();
        let found = parts.filter(|(_, parts)| parts.levels[factor] == *level);
        found.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let alike = |a: &Parts, b: &Parts| {
        let others = (0..FACTORS.len()).filter(|other| *other != factor);
        let same = |other: usize| a.levels[other] == b.levels[other];
        others.into_iter().all(same)
            && a.method.after == b.method.after
            && a.method.augmentation == b.method.augmentation
    };
    let mut pairs = Vec::new();
    for low in at(low) {
        let highs = at(high).into_iter();
        pairs.extend(
            highs
                .filter(|high| alike(&parts[low], &parts[*high]))
                .map(|high| [low, high]),
        );
    }
    pairs
}

/// Of the mean over the pairs, over the seeds that all have.
fn mean_difference(
    pairs: &[[usize; 2]],
    by_seed: &[BTreeMap<u64, f64>],
) -> Option<PairedDifference> {
    let (first, _) = pairs.split_first()?;
    let of_seed = |seed: &u64| {
        let differences = pairs
            .iter()
            .map(|[low, high]| Some(by_seed[*high].get(seed)? - by_seed[*low].get(seed)?));
        let differences: Option<Vec<f64>> = differences.collect();
        differences.map(|all| all.iter().sum::<f64>() / all.len() as f64)
    };
    let differences: Vec<f64> = by_seed[first[0]].keys().filter_map(of_seed).collect();
    PairedDifference::of(&differences)
}

fn parts(method: &Method) -> Parts {
    let FrontendConfig { map, scale } = &method.frontend;
    let (map, scale) = match map {
        MapConfig::NeuRn(neurn) if *neurn == sigma_over_quantile(neurn) => {
            let scale = match neurn.quantile {
                1.0 => ScaleConfig::Max,
                quantile => ScaleConfig::Quantile(quantile),
            };
            (MapConfig::Sigma(SigmaConfig::new(neurn.k)), scale)
        }
        map => (map.clone(), scale.clone()),
    };
    let map = match map {
        MapConfig::Identity => "none".to_string(),
        map => FrontendConfig::new(map).label(),
    };
    let scale = match scale {
        ScaleConfig::None => "none".to_string(),
        ScaleConfig::Max => "its largest".to_string(),
        ScaleConfig::Quantile(quantile) => format!("its quantile {quantile}"),
        ScaleConfig::Image => "its mean and deviation".to_string(),
        ScaleConfig::Channel => "those of each channel".to_string(),
    };
    Parts {
        levels: [map, scale, method.input.label()],
        method: method.clone(),
    }
}

/// NeuRN with nothing but a patch and a quantile.
fn sigma_over_quantile(neurn: &NeuRnConfig) -> NeuRnConfig {
    NeuRnConfig::new(neurn.k)
        .with_quantile(neurn.quantile)
        .with_response(Response::Contrast)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurn_is_sigma_over_its_largest() {
        let levels = |name: &str| parts(&Method::of(name.parse().unwrap())).levels;
        assert_eq!(levels("none"), ["none", "none", "standardized"]);
        assert_eq!(
            levels("neurn"),
            ["sigma (k = 3)", "its largest", "standardized"]
        );
        assert_eq!(levels("sigma")[0], levels("neurn")[0]);
        assert_eq!(levels("neurn-quantile")[1], levels("sobel-quantile")[1]);
        assert_eq!(levels("neurn-divisive")[1], "none");
        assert_eq!(
            levels("sobel-max"),
            ["sobel", "its largest", "standardized"]
        );
    }

    #[test]
    fn pairs_differ_in_one_factor() {
        let names = ["none", "neurn", "sigma", "sobel", "sobel-max"];
        let mut all = Vec::new();
        for input in [InputScale::Standardized, InputScale::Half, InputScale::Raw] {
            all.extend(names.map(|name| {
                parts(&Method {
                    input: input.clone(),
                    ..Method::of(name.parse().unwrap())
                })
            }));
        }
        let count = |factor, low: &str, high: &str| {
            matched(&all, factor, [&low.to_string(), &high.to_string()]).len()
        };
        assert_eq!(count(0, "none", "sobel"), 3);
        assert_eq!(count(0, "sigma (k = 3)", "sobel"), 6);
        assert_eq!(count(1, "none", "its largest"), 6);
        assert_eq!(count(2, "raw", "standardized"), 5);
        assert_eq!(levels(&all, 2), ["raw", "half", "standardized"]);
        assert_eq!(levels(&all, 1), ["none", "its largest"]);
    }
}
