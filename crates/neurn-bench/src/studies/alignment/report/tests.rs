//! The report says what was measured, and that a gain the controls share is none.

use super::*;
use crate::device::Backend;
use crate::report::{Rendered, parse};
use crate::runner::Line;
use crate::studies::alignment::{
    BASELINE, Comparison, Job, Learnt, MEAN, Measure, Network, Origin, Settings, Value, difference,
};

const NEURN: &str = "neurn (k = 3)";

/// Two layers and their mean, or one layer; without, with, and the difference.
fn record(model: &str, origin: Origin, gain: f64) -> Record {
    let layers: &[&str] = match origin.is_network() {
        true => &["conv1", "conv2", MEAN],
        false => &["pixels"],
    };
    let mut values = Vec::new();
    for layer in layers {
        for (frontend, value) in [
            (BASELINE.to_string(), 0.3),
            (NEURN.to_string(), 0.3 + gain),
            (difference(NEURN), gain),
        ] {
            values.push(Value {
                measure: Measure::Rsa,
                ceiling: (!frontend.contains(" - ")).then_some(0.9),
                frontend,
                layer: layer.to_string(),
                group: "VISp/layer23".to_string(),
                value,
                interval: Some([value - 0.02, value + 0.02]),
                p: None,
                neurons: 10,
                degenerate: 0,
            });
        }
    }
    let settings = Settings::default();
    let learnt = |frontend: &str, test_accuracy| Learnt {
        frontend: frontend.to_string(),
        epoch: 1,
        validation_accuracy: 40.0,
        test_accuracy,
        test_images: 1_000,
    };
    Record {
        schema: Record::SCHEMA,
        id: format!("{model} {origin}"),
        job: Job {
            computation: 1,
            data: "allen".to_string(),
            fingerprint: "0".to_string(),
            network: Network {
                model: model.to_string(),
                origin,
                seed: 0,
            },
            methods: settings.methods(&settings.input),
            comparison: Comparison::default(),
            training: None,
            images: None,
            weights: None,
            backend: Backend::Flex,
        },
        simulated: false,
        learnt: match origin {
            Origin::Cifar10 => vec![learnt(BASELINE, 41.25), learnt(NEURN, 35.0)],
            _ => Vec::new(),
        },
        values,
        artifacts: Vec::new(),
        seconds: 1.0,
        finished: 1,
        versions: Default::default(),
    }
}

fn network(origin: Origin, gain: f64) -> Record {
    record("resnet18", origin, gain)
}

fn pixels(gain: f64) -> Record {
    record("pixels", Origin::Pixels, gain)
}

fn rendered(records: &[Record]) -> Rendered {
    document(records, Path::new("nowhere"), true).render()
}

fn markdown(records: &[Record]) -> String {
    rendered(records).markdown
}

#[test]
fn a_gain_beyond_the_controls_is_one() {
    let text = markdown(&[
        pixels(0.01),
        network(Origin::Untrained, 0.0),
        network(Origin::Cifar10, 0.1),
    ]);
    let expected = "resnet18, cifar10: +0.100 [+0.080, +0.120], nearer, and by more than";
    assert!(text.contains(expected), "{text}");
    assert!(
        text.contains("0 are farther from cortex, 1 nearer by more"),
        "{text}"
    );
}

#[test]
fn a_gain_that_controls_share_is_none() {
    for (pixels_gain, untrained) in [(0.11, 0.0), (0.0, 0.09)] {
        let text = markdown(&[
            pixels(pixels_gain),
            network(Origin::Untrained, untrained),
            network(Origin::Cifar10, 0.1),
        ]);
        assert!(text.contains("but so is what has learnt nothing"), "{text}");
        assert!(text.contains("1 nearer as the controls are"), "{text}");
    }
}

#[test]
fn no_gain_and_a_loss_are_told() {
    let text = |gain| markdown(&[pixels(0.0), network(Origin::Cifar10, gain)]);
    assert!(text(0.01).contains("no difference that the interval shows"));
    assert!(text(-0.1).contains("-0.100 [-0.120, -0.080], farther"));
    assert!(text(-0.1).contains("mostly lower"));
}

#[test]
fn less_rmse_is_nearer() {
    let mut records = [pixels(0.01), network(Origin::Cifar10, -0.1)];
    let values = records.iter_mut().flat_map(|record| &mut record.values);
    values.for_each(|value| value.measure = Measure::Rmse);
    let text = markdown(&records);
    let expected = "+0.100 [+0.080, +0.120], nearer, and by more";
    assert!(text.contains(expected), "{text}");
}

/// The accuracy of every trained network stands in the answer.
#[test]
fn the_answer_comes_first_and_says_what_the_networks_are_worth() {
    let text = markdown(&[pixels(0.0), network(Origin::Cifar10, -0.1)]);
    let expected = format!("resnet18 names 41.2 % behind none and 35.0 % behind {NEURN}");
    let start: String = text.chars().take(1_200).collect();
    assert!(start.contains(&expected), "{start}");
    assert!(
        start.contains("Not tested as the papers made it"),
        "{start}"
    );
}

/// Whatever the order in which jobs ended.
#[test]
fn the_order_of_records_does_not_matter() {
    let mut records = vec![
        pixels(0.0),
        network(Origin::Untrained, 0.02),
        network(Origin::Cifar10, 0.1),
    ];
    let before = rendered(&records);
    records.reverse();
    let after = rendered(&records);
    assert_eq!(before.markdown, after.markdown);
    assert_eq!(before.html, after.html);
}

#[test]
fn simulated_is_written_on_everything() {
    let mut records = [pixels(0.0), network(Origin::Untrained, 0.1)];
    records
        .iter_mut()
        .for_each(|record| record.simulated = true);
    let Rendered {
        markdown,
        html,
        csv,
        ..
    } = rendered(&records);
    for caption in markdown.lines().filter(|line| line.starts_with("### ")) {
        // Only the published numbers are of mice.
        let published = caption.contains("arXiv");
        let marked = caption.starts_with("### Simulated: ") || caption.contains("(simulated)");
        assert!(marked != published, "{caption}");
    }
    let rows = csv.lines().skip(1);
    assert!(rows.clone().count() > 0 && rows.clone().all(|row| row.contains(",true,")));
    parse(&html);
    assert!(html.contains("<strong>Simulated neurons</strong>"));
}

/// And without repeating names: a row for each frontend, and for its difference.
#[test]
fn json_says_each_value_once() {
    let records = [pixels(0.0), network(Origin::Untrained, 0.02)];
    let json: serde_json::Value = serde_json::from_str(&rendered(&records).json).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let count = rows
        .iter()
        .map(|row| row["values"].as_array().unwrap().len());
    // Of pixels one layer, of the network two and their mean.
    assert_eq!(count.collect::<Vec<_>>(), [1, 1, 1, 3, 3, 3]);
    assert_eq!(rows[4]["frontend"], NEURN);
    assert_eq!(
        rows[4]["layers"],
        serde_json::json!(["conv1", "conv2", MEAN])
    );
    assert_eq!(rows[4]["values"][0], serde_json::json!([0.32]));
    assert_eq!(rows[4]["ceilings"], serde_json::json!([0.9]));
}

#[test]
fn the_page_is_well_formed() {
    let html = rendered(&[pixels(0.0), network(Origin::Cifar10, 0.1)]).html;
    let document = parse(&html);
    // What is nearer, and RSA by layer and by group.
    let figures = document
        .descendants()
        .filter(|n| n.tag_name().name() == "svg");
    assert!(figures.count() >= 3);
}
