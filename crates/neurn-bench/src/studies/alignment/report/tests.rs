//! The report says what was measured, and that a gain the controls share is
//! none.

use super::*;
use crate::device::Backend;
use crate::report::{Rendered, parse};
use crate::studies::alignment::{BASELINE, MEAN, difference};

fn line(model: &str, training: &str, frontend: &str, layer: &str, value: f64) -> Measurement {
    Measurement {
        run: model.to_string(),
        line: 0,
        lines: 1,
        measure: "rsa".to_string(),
        data: "allen".to_string(),
        model: model.to_string(),
        training: training.to_string(),
        frontend: frontend.to_string(),
        layer: layer.to_string(),
        group: "VISp/layer23".to_string(),
        value,
        low: Some(value - 0.02),
        high: Some(value + 0.02),
        ceiling: (!frontend.contains('-')).then_some(0.9),
        p: None,
        seed: 0,
        simulated: false,
        neurons: 10,
        degenerate: 0,
        device: Backend::Flex,
    }
}

/// Two layers and their mean, without, with, and the difference.
fn network(training: &str, gain: f64) -> Vec<Measurement> {
    let mut lines = Vec::new();
    for layer in ["conv1", "conv2", MEAN] {
        let model = "resnet18";
        lines.push(line(model, training, BASELINE, layer, 0.3));
        lines.push(line(model, training, "neurn", layer, 0.3 + gain));
        lines.push(line(model, training, &difference("neurn"), layer, gain));
    }
    lines
}

fn pixels(gain: f64) -> Vec<Measurement> {
    vec![
        line("pixels", "none", BASELINE, "pixels", 0.1),
        line("pixels", "none", "neurn", "pixels", 0.1 + gain),
        line("pixels", "none", &difference("neurn"), "pixels", gain),
    ]
}

fn markdown(lines: &[Vec<Measurement>]) -> String {
    document(&lines.concat(), &[], &Settings::default(), true)
        .render()
        .markdown
}

#[test]
fn a_gain_beyond_the_controls_is_one() {
    let text = markdown(&[
        pixels(0.01),
        network("untrained", 0.0),
        network("cifar10", 0.1),
    ]);
    assert!(
        text.contains("resnet18, cifar10: +0.100 [+0.080, +0.120], nearer, and by more than"),
        "{text}"
    );
}

#[test]
fn a_gain_that_controls_share_is_none() {
    for (pixels_gain, untrained) in [(0.11, 0.0), (0.0, 0.09)] {
        let text = markdown(&[
            pixels(pixels_gain),
            network("untrained", untrained),
            network("cifar10", 0.1),
        ]);
        assert!(text.contains("but so is what has learnt nothing"), "{text}");
    }
}

#[test]
fn no_gain_and_a_loss_are_told() {
    let text = |gain| markdown(&[pixels(0.0), network("cifar10", gain)]);
    assert!(text(0.01).contains("no difference that the interval shows"));
    assert!(text(-0.1).contains("-0.100 [-0.120, -0.080], farther"));
}

#[test]
fn less_rmse_is_nearer() {
    let mut lines = [pixels(0.01), network("cifar10", -0.1)].concat();
    lines
        .iter_mut()
        .for_each(|line| line.measure = "rmse".to_string());
    let text = document(&lines, &[], &Settings::default(), true)
        .render()
        .markdown;
    assert!(
        text.contains("+0.100 [+0.080, +0.120], nearer, and by more"),
        "{text}"
    );
}

#[test]
fn simulated_is_written_on_everything() {
    let mut lines = [pixels(0.0), network("untrained", 0.1)].concat();
    lines.iter_mut().for_each(|line| line.simulated = true);
    let Rendered {
        markdown,
        html,
        csv,
        ..
    } = document(&lines, &[], &Settings::default(), true).render();
    for caption in markdown.lines().filter(|line| line.starts_with("### ")) {
        // Only the published numbers are of mice.
        let published = caption.contains("arXiv");
        assert!(
            caption.starts_with("### Simulated: ") != published,
            "{caption}"
        );
    }
    let rows = csv.lines().skip(1);
    assert!(rows.clone().count() > 0 && rows.clone().all(|row| row.contains(",true,")));
    let document = parse(&html);
    let titles = document
        .descendants()
        .filter(|node| node.has_tag_name("h2"));
    for title in titles
        .filter_map(|node| node.text())
        .filter(|title| title.contains(", "))
    {
        assert!(title.contains("(simulated)"), "{title}");
    }
    assert!(html.contains("<strong>Simulated neurons</strong>"));
}

#[test]
fn the_page_is_well_formed_and_loads_nothing() {
    let html = document(
        &[pixels(0.0), network("cifar10", 0.1)].concat(),
        &[],
        &Settings::default(),
        true,
    )
    .render()
    .html;
    let document = parse(&html);
    for node in document.descendants() {
        for attribute in ["src", "href"] {
            if let Some(address) = node.attribute(attribute) {
                assert!(
                    address.starts_with('#') || address.starts_with("data:"),
                    "{address}"
                );
            }
        }
    }
    // A heat map of the layers, and what is nearer.
    assert!(
        document
            .descendants()
            .filter(|n| n.tag_name().name() == "svg")
            .count()
            >= 3
    );
}
