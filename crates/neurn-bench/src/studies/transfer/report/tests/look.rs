//! The page: it is well-formed, loads nothing, and has what the records have.

use image::{Rgba, RgbaImage};
use roxmltree::{Document, Node};

use crate::report::page::parse;

use super::super::Report;
use super::made_up::{MadeUp, full, names, record, treatment};
use crate::report::Picture;
use crate::train::Epoch;

fn html(study: &MadeUp, gallery: &[Picture]) -> String {
    let report = Report {
        gallery,
        ..study.report()
    };
    report.render().unwrap().html
}

fn headings<'a>(document: &'a Document) -> Vec<&'a str> {
    let headings = document.descendants().filter(|n| n.has_tag_name("h2"));
    headings.filter_map(|heading| heading.text()).collect()
}

fn section<'a, 'b>(document: &'a Document<'b>, title: &str) -> Node<'a, 'b> {
    let heading = document
        .descendants()
        .find(|n| n.has_tag_name("h2") && n.text() == Some(title));
    heading.and_then(|heading| heading.parent()).expect(title)
}

/// A tag name in the namespace of SVG or none.
fn all<'a, 'b>(node: Node<'a, 'b>, tag: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.descendants()
        .filter(move |n| n.tag_name().name() == tag)
}

fn picture() -> Picture {
    Picture {
        domain: "mnist".to_string(),
        rows: names(&["none", "sobel"]),
        image: RgbaImage::from_pixel(6, 2, Rgba([1, 2, 3, 255])),
    }
}

#[test]
fn a_full_study_has_every_figure() {
    let html = html(&full(&["mnist"]), &[picture()]);
    let document = parse(&html);
    assert_eq!(
        headings(&document),
        [
            "What was run",
            "digit-net on flex",
            "Gain on other domains",
            "Where it gains and where it costs",
            "Accuracy against k",
            "Accuracy by layer",
            "Accuracy under shifts",
            "Learning curves",
            "Digits taken for others",
            "Through each frontend",
        ]
    );
    // 4 targets and their mean; 4 kinds of shift; loss and accuracy; a matrix
    // for each of 15 treatments and 4 targets.
    for (title, panels) in [
        ("Gain on other domains", 1),
        ("Where it gains and where it costs", 1),
        ("Accuracy against k", 5),
        ("Accuracy by layer", 5),
        ("Accuracy under shifts", 4),
        ("Learning curves", 2),
        ("Digits taken for others", 15 * 4),
    ] {
        let figures = all(section(&document, title), "figure");
        let drawn = figures.map(|figure| all(figure, "svg").count());
        assert_eq!(drawn.collect::<Vec<_>>(), vec![1; panels], "{title}");
    }
}

#[test]
fn the_contents_lead_to_every_part() {
    let html = html(&full(&["mnist", "svhn"]), &[picture()]);
    let document = parse(&html);
    let parts = all(document.root(), "section").filter_map(|part| part.attribute("id"));
    let parts: Vec<String> = parts.map(|id| format!("#{id}")).collect();
    let links = all(document.root(), "a").filter_map(|link| link.attribute("href"));
    assert_eq!(links.collect::<Vec<_>>(), parts);
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let html = html(&full(&["mnist"]), &[picture()]);
    let document = parse(&html);
    let of = |tag| all(document.root(), tag).count();
    for tag in ["script", "link", "iframe", "object", "embed", "use", "base"] {
        assert_eq!(of(tag), 0, "{tag}");
    }
    for node in document.descendants() {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on"), "{name}");
            match name {
                "src" => assert!(value.starts_with("data:image/png;base64,"), "{value}"),
                "href" => assert!(value.starts_with('#'), "{value}"),
                "srcset" | "data" | "poster" => panic!("{name} loads {value}"),
                _ => {}
            }
        }
    }
    for loads in ["url(", "@import", "image-set("] {
        assert!(!html.contains(loads), "{loads}");
    }
}

#[test]
fn the_picture_is_the_one_that_was_given() {
    use base64::Engine;
    let html = html(&full(&["mnist"]), &[picture()]);
    let document = parse(&html);
    let gallery = section(&document, "Through each frontend");
    let image = all(gallery, "img").next().unwrap();
    let data = image.attribute("src").unwrap();
    let data = data.strip_prefix("data:image/png;base64,").unwrap();
    let png = base64::engine::general_purpose::STANDARD
        .decode(data)
        .unwrap();
    let decoded = image::load_from_memory(&png).unwrap().into_rgba8();
    assert_eq!(decoded, picture().image);
    let rows = all(gallery, "li").filter_map(|row| row.text());
    assert_eq!(rows.collect::<Vec<_>>(), ["none", "sobel"]);
}

/// Text and axes take the page's colour, and series one that the page has for
/// light and one for dark.
#[test]
fn drawings_follow_light_and_dark() {
    let html = html(&full(&["mnist"]), &[]);
    let document = parse(&html);
    for series in 0..8 {
        let name = format!("--series-{series}:");
        assert_eq!(html.matches(&name).count(), 2, "{name}");
    }
    assert!(html.contains("prefers-color-scheme: dark"));
    for drawing in all(document.root(), "svg") {
        assert_eq!(drawing.attribute("width"), None);
        assert!(drawing.attribute("viewBox").is_some());
        for part in drawing.descendants() {
            for name in ["fill", "stroke"] {
                let colour = part.attribute(name).unwrap_or("none");
                let known = ["none", "currentColor", "var(--grid)", "#FFFFFF"].contains(&colour)
                    || colour.starts_with("var(--series-")
                    // Gain and loss, over the page's own colour.
                    || ["#2166AC", "#B35806"].contains(&colour);
                assert!(known, "{name} {colour}");
            }
        }
    }
}

#[test]
fn what_the_records_lack_has_no_figure() {
    let none = treatment("none", None, None);
    let neurn = treatment("neurn", Some(3), None);
    let mut study = MadeUp {
        records: vec![
            record("mnist", &none, 0, &[("mnist", 98.0), ("usps", 70.0)]),
            record("mnist", &neurn, 0, &[("mnist", 97.0), ("usps", 75.0)]),
        ],
        sources: names(&["mnist"]),
        targets: names(&["mnist", "usps"]),
    };
    let always = [
        "What was run",
        "digit-net on flex",
        "Gain on other domains",
        "Where it gains and where it costs",
    ];
    assert_eq!(headings(&parse(&html(&study, &[]))), always);
    study.records[0].learning = vec![Epoch {
        epoch: 1,
        loss: 0.5,
        select_accuracy: 90.0,
    }];
    let with = html(&study, &[]);
    assert_eq!(headings(&parse(&with))[4..], ["Learning curves"]);
    study.records.remove(0);
    assert_eq!(headings(&parse(&html(&study, &[]))), always[..2]);
}

#[test]
fn names_are_text() {
    let nasty = r#"<script>"a" & 'b'</script>"#;
    let none = treatment("none", None, None);
    let mut study = MadeUp {
        records: vec![
            record(nasty, &none, 0, &[(nasty, 98.0), ("usps", 70.0)]),
            record(
                nasty,
                &treatment(nasty, Some(3), None),
                0,
                &[(nasty, 97.0), ("usps", 75.0)],
            ),
        ],
        sources: names(&[nasty]),
        targets: names(&[nasty, "usps"]),
    };
    study.records[1].confusion = [(nasty.to_string(), vec![vec![1, 2], vec![3, 4]])].into();
    let html = html(&study, &[]);
    let document = parse(&html);
    assert_eq!(all(document.root(), "script").count(), 0);
    let cells = all(document.root(), "th").filter_map(|cell| cell.text());
    assert!(cells.into_iter().any(|text| text == nasty));
}
