//! The page: it is well-formed, loads nothing, and has what the records have.

use image::{Rgba, RgbaImage};
use roxmltree::{Document, Node};

use super::made_up::{MadeUp, full, method, names, record};
use crate::report::{Gallery, Picture, parse};
use crate::train::Epoch;

fn html(study: &MadeUp) -> String {
    study.render().html
}

/// As it is written into a folder that has this gallery.
fn html_with(study: &MadeUp, gallery: &Gallery) -> String {
    let folder = tempfile::tempdir().unwrap();
    gallery.save(folder.path(), "frontends").unwrap();
    let galleries = Gallery::read_all(folder.path());
    study.document().write(folder.path(), galleries).unwrap();
    std::fs::read_to_string(folder.path().join("report.html")).unwrap()
}

fn headings<'a>(document: &'a Document) -> Vec<&'a str> {
    let headings = document.descendants().filter(|n| n.has_tag_name("h2"));
    headings.filter_map(|heading| heading.text()).collect()
}

fn section<'a, 'b>(document: &'a Document<'b>, title: &str) -> Node<'a, 'b> {
    let heading = document
        .descendants()
        .find(|n| n.has_tag_name("h2") && n.text() == Some(title));
    let within = heading.expect(title).ancestors();
    within
        .into_iter()
        .find(|n| n.has_tag_name("section"))
        .expect("a section")
}

/// A tag name in the namespace of SVG or none.
fn all<'a, 'b>(node: Node<'a, 'b>, tag: &'static str) -> impl Iterator<Item = Node<'a, 'b>> {
    node.descendants()
        .filter(move |n| n.tag_name().name() == tag)
}

fn image() -> RgbaImage {
    RgbaImage::from_pixel(6, 2, Rgba([1, 2, 3, 255]))
}

fn gallery() -> Gallery {
    let rows = names(&["none", "sobel"]);
    Gallery {
        title: "Through each frontend".to_string(),
        caption: "Images.".to_string(),
        pictures: vec![Picture::new("mnist", rows, &image()).unwrap()],
    }
}

#[test]
fn a_full_study_has_every_figure() {
    let html = html_with(&full(&["mnist"]), &gallery());
    let document = parse(&html);
    assert_eq!(
        headings(&document),
        [
            "What was run",
            "Where it gains and where it costs",
            "Methods",
            "Accuracy against k",
            "By layer",
            "Under shifts",
            "Learning curves",
            "Classes taken for others",
            "Through each frontend",
        ]
    );
    // 4 targets and their mean; 4 kinds of shift; loss and accuracy; a matrix
    // of none, NeuRN and the best for each of 4 targets.
    for (title, panels) in [
        ("Where it gains and where it costs", 1),
        ("Accuracy against k", 5),
        ("By layer", 5),
        ("Under shifts", 4),
        ("Learning curves", 2),
        ("Classes taken for others", 3 * 4),
    ] {
        let figures = all(section(&document, title), "figure");
        let drawn = figures.map(|figure| all(figure, "svg").count());
        assert_eq!(drawn.collect::<Vec<_>>(), vec![1; panels], "{title}");
    }
}

/// One sentence and one figure, and then what was run.
#[test]
fn the_answer_stands_first() {
    let html = html(&full(&["mnist"]));
    let document = parse(&html);
    let body = all(document.root(), "body").next().unwrap();
    let mut parts = body.children().filter(Node::is_element);
    assert_eq!(parts.next().unwrap().tag_name().name(), "h1");
    let answer = parts.next().unwrap();
    assert_eq!(answer.attribute("class"), Some("answer"));
    assert_eq!(all(answer, "figure").count(), 1);
    let text = all(answer, "p").next().and_then(|p| p.text()).unwrap();
    assert!(
        text.starts_with("With neurn (k\u{a0}=\u{a0}3), networks reach "),
        "{text}"
    );
    assert!(text.contains("95\u{a0}% t interval"), "{text}");
}

/// A page belongs in a repository.
#[test]
fn a_full_page_is_small() {
    for sources in [&["mnist"][..], &["mnist", "svhn"]] {
        let html = html(&full(sources));
        assert!(html.len() < 300_000, "{}", html.len());
    }
}

#[test]
fn the_contents_lead_to_every_part() {
    let html = html_with(&full(&["mnist", "svhn"]), &gallery());
    let document = parse(&html);
    let parts = all(document.root(), "section").filter_map(|part| part.attribute("id"));
    let parts: Vec<String> = parts.map(|id| format!("#{id}")).collect();
    let links = all(document.root(), "a").filter_map(|link| link.attribute("href"));
    assert_eq!(links.collect::<Vec<_>>(), parts);
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let html = html_with(&full(&["mnist"]), &gallery());
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
    let html = html_with(&full(&["mnist"]), &gallery());
    let document = parse(&html);
    let pixels = image();
    let shown = section(&document, "Through each frontend");
    let image = all(shown, "img").next().unwrap();
    let data = image.attribute("src").unwrap();
    let data = data.strip_prefix("data:image/png;base64,").unwrap();
    let png = base64::engine::general_purpose::STANDARD
        .decode(data)
        .unwrap();
    let decoded = image::load_from_memory(&png).unwrap().into_rgba8();
    assert_eq!(decoded, pixels);
    let rows = all(shown, "li").filter_map(|row| row.text());
    assert_eq!(rows.collect::<Vec<_>>(), ["none", "sobel"]);
}

/// Text and axes take the page's colour, and series one that the page has for
/// light and one for dark.
#[test]
fn drawings_follow_light_and_dark() {
    let html = html(&full(&["mnist"]));
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
    let mut study = MadeUp {
        records: vec![
            record(
                &["mnist"],
                &method("none"),
                0,
                &[("mnist", 98.0), ("usps", 70.0)],
            ),
            record(
                &["mnist"],
                &method("neurn"),
                0,
                &[("mnist", 97.0), ("usps", 75.0)],
            ),
        ],
        targets: names(&["mnist", "usps"]),
    };
    let always = [
        "What was run",
        "Where it gains and where it costs",
        "Methods",
    ];
    assert_eq!(headings(&parse(&html(&study))), always);
    study.records[0].learning = vec![Epoch {
        epoch: 1,
        loss: 0.5,
        validation_accuracy: 90.0,
    }];
    assert_eq!(headings(&parse(&html(&study)))[3..], ["Learning curves"]);
    // Without none there is no gain.
    study.records.remove(0);
    assert_eq!(headings(&parse(&html(&study))), ["What was run", "Methods"]);
}

#[test]
fn names_are_text() {
    let nasty = r#"<script>"a" & 'b'</script>"#;
    let accuracies = [(nasty, 98.0), ("usps", 70.0)];
    let mut study = MadeUp {
        records: vec![
            record(&[nasty], &method("none"), 0, &accuracies),
            record(&[nasty], &method("neurn"), 0, &accuracies),
        ],
        targets: names(&[nasty, "usps"]),
    };
    for record in &mut study.records {
        record.classes = names(&["a", nasty]);
        let result = record.targets.get_mut("usps").unwrap();
        result.confusion = Some(vec![vec![1, 2], vec![3, 4]]);
    }
    let html = html(&study);
    let document = parse(&html);
    assert_eq!(all(document.root(), "script").count(), 0);
    let cells = all(document.root(), "th").filter_map(|cell| cell.text());
    assert!(cells.into_iter().any(|text| text == nasty));
}

/// Of 65 classes there is a list of the most frequent confusions.
#[test]
fn many_classes_are_listed() {
    let mut study = full(&["mnist"]);
    let classes: Vec<String> = (0..65).map(|class| format!("class {class}")).collect();
    let mut confusion = vec![vec![0; 65]; 65];
    for (class, row) in confusion.iter_mut().enumerate() {
        row[class] = 30;
    }
    confusion[7][9] = 10;
    confusion[8][9] = 5;
    for record in &mut study.records {
        record.classes = classes.clone();
        record
            .targets
            .values_mut()
            .for_each(|result| result.confusion = Some(confusion.clone()));
    }
    let report = study.render();
    // 10 of 40, and 5 of 35.
    let rows = "| class 7 | class 9 | 25.0 |\n| class 8 | class 9 | 14.3 |\n";
    assert!(report.markdown.contains(rows));
    assert!(report.html.len() < 300_000, "{}", report.html.len());
}
