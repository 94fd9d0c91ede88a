//! Every number is the same in every format.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::write;
use super::made_up::{MadeUp, full, names, record, treatment};
use crate::report::page::parse;

/// Cells in order, each after the caption of its table, its row and its column.
type Cells = Vec<([String; 3], String)>;

fn put(cells: &mut Cells, caption: &str, head: &[String], row: &[String]) {
    assert_eq!(head.len(), row.len(), "{caption}: {row:?}");
    for (column, value) in head.iter().zip(row).skip(1) {
        let key = [caption, &row[0], column].map(ToString::to_string);
        cells.push((key, value.clone()));
    }
}

fn of_markdown(text: &str) -> Cells {
    let mut cells = Cells::new();
    for table in text.split("\n### ").skip(1) {
        let (caption, rest) = table.split_once('\n').unwrap();
        let lines = rest.lines().filter_map(|line| line.strip_prefix("| "));
        let mut lines = lines.map(|line| {
            let line = line.strip_suffix(" |").unwrap();
            line.split(" | ")
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        });
        let head = lines.next().unwrap();
        lines.for_each(|row| put(&mut cells, caption, &head, &row));
    }
    cells
}

/// As Markdown has it.
fn of_latex(text: &str) -> Cells {
    let mut cells = Cells::new();
    for table in text.split("\\begin{table}").skip(1) {
        let caption = table.split("\\caption{").nth(1).unwrap();
        let caption = caption.split(" (digit-net on flex).").next().unwrap();
        let caption = caption.split(" (What was run).").next().unwrap();
        let lines = table.lines().filter_map(|line| line.strip_suffix(r" \\"));
        let mut lines = lines.map(|line| {
            let plain = line
                .replace(r"\pm", "+-")
                .replace(r"\ [", " [")
                .replace('$', "");
            let plain = plain.replace(r"\%", "%").replace(r"\textbackslash{}", r"\");
            let cells = plain.split(" & ").map(|cell| cell.replace("--", ""));
            cells.collect::<Vec<_>>()
        });
        let head = lines.next().unwrap();
        lines.for_each(|row| put(&mut cells, caption, &head, &row));
    }
    cells
}

/// As Markdown has it.
fn of_html(html: &str) -> Cells {
    let document = parse(html);
    let mut cells = Cells::new();
    let tables = document
        .descendants()
        .filter(|n| n.attribute("class") == Some("table"));
    for table in tables {
        let text = |node: roxmltree::Node| -> String {
            let texts = node.descendants().filter(|n| n.is_text());
            let text: String = texts.filter_map(|n| n.text()).collect();
            let text = text.replace('\u{2212}', "-").replace('\u{a0}', " ");
            text.replace('±', "+-")
        };
        let caption = table.descendants().find(|n| n.has_tag_name("h3")).unwrap();
        let rows = table.descendants().filter(|n| n.has_tag_name("tr"));
        let mut rows = rows.map(|row| {
            let cells = row.children().filter(|n| n.is_element());
            cells.map(text).collect::<Vec<_>>()
        });
        let head = rows.next().unwrap();
        rows.for_each(|row| put(&mut cells, &text(caption), &head, &row));
    }
    cells
}

#[test]
fn markdown_latex_and_html_have_the_same_cells() {
    for sources in [&["mnist"][..], &["mnist", "svhn"]] {
        let study = full(sources);
        let report = study.render();
        let markdown = of_markdown(&report.markdown);
        assert!(markdown.len() > 150, "{}", markdown.len());
        assert_eq!(of_latex(&report.latex), markdown);
        assert_eq!(of_html(&report.html), markdown);
    }
}

#[test]
fn json_has_the_numbers_of_the_tables() {
    let study = full(&["mnist"]);
    let report = study.render();
    let markdown = of_markdown(&report.markdown);
    let cell = |key: &[String; 3]| {
        let found = markdown.iter().find(|(place, _)| place == key);
        found.map(|(_, value)| value.as_str()).expect("a cell")
    };
    let json: Value = serde_json::from_str(&report.json).unwrap();
    let mut compared = 0;
    let entries = json["cells"].as_array().unwrap().iter();
    for entry in entries.chain(json["means"].as_array().unwrap()) {
        if !entry["shift"].is_null() || entry["target"] == "own-domain mean" {
            continue;
        }
        let label = label(entry);
        let target = entry["target"].as_str().unwrap();
        let number = |of: &str, which: &str| entry[of][which].as_f64().unwrap();
        let accuracy = format!(
            "{:.1} +- {:.1}",
            number("accuracy", "mean"),
            number("accuracy", "standard_error")
        );
        let key = |caption: &str| [caption, &label, target].map(ToString::to_string);
        let key_of_accuracy = key("Accuracy in percent, trained on mnist");
        assert_eq!(cell(&key_of_accuracy), accuracy);
        if label != "none" {
            let signed = |which| match format!("{:+.1}", number("gain", which)).as_str() {
                "+0.0" | "-0.0" => "0.0".to_string(),
                text => text.to_string(),
            };
            let gain = format!("{} [{}, {}]", signed("mean"), signed("low"), signed("high"));
            assert_eq!(
                cell(&key("Gain over none in points, trained on mnist")),
                gain
            );
        }
        compared += 1;
    }
    // 15 treatments, 4 targets and their mean.
    assert_eq!(compared, 15 * 5);
}

fn label(entry: &Value) -> String {
    let number = |key: &str| entry[key].as_u64().map(|value| value as usize);
    let mut treatment = treatment(
        entry["frontend"].as_str().unwrap(),
        number("k"),
        entry["after"].as_str(),
    );
    treatment.stride = number("stride");
    treatment.label()
}

#[test]
fn csv_has_the_numbers_of_json() {
    let study = full(&["mnist", "svhn"]);
    let report = study.render();
    let json: Value = serde_json::from_str(&report.json).unwrap();
    let entries = |key: &str| json[key].as_array().unwrap().clone();
    let mut by_name = BTreeMap::new();
    for entry in entries("cells").into_iter().chain(entries("means")) {
        let text = |key: &str| {
            entry[key]
                .to_string()
                .replace(['"'], "")
                .replace("null", "")
        };
        let key = [
            "frontend", "k", "stride", "after", "source", "target", "shift", "severity",
        ];
        assert!(by_name.insert(key.map(text), entry).is_none());
    }
    let text = report.csv;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), by_name.len());
    // 15 treatments, 2 sources, 4 targets and 4 kinds of shift of 5
    // severities, and two means.
    assert_eq!(rows.len(), 15 * (2 * (4 + 4 * 5) + 2));
    for row in rows {
        let key = [
            "frontend", "k", "stride", "after", "source", "target", "shift", "severity",
        ];
        let entry = &by_name[&key.map(|key| row[key].clone())];
        for (column, value) in [
            ("accuracy", &entry["accuracy"]["mean"]),
            ("standard_error", &entry["accuracy"]["standard_error"]),
            ("seeds", &entry["accuracy"]["seeds"]),
            ("gain", &entry["gain"]["mean"]),
            ("gain_standard_error", &entry["gain"]["standard_error"]),
            ("gain_low", &entry["gain"]["low"]),
            ("gain_high", &entry["gain"]["high"]),
            ("images", &entry["images"]),
            ("majority", &entry["majority"]),
        ] {
            match value.as_f64() {
                // Four decimal places.
                Some(value) => {
                    let read: f64 = row[column].parse().unwrap();
                    assert!((read - value).abs() <= 0.5001e-4, "{column} {read} {value}");
                }
                None => assert_eq!(row[column], "", "{column}"),
            }
        }
    }
}

#[test]
fn synthetic_stands_first() {
    let mut study = full(&["mnist"]);
    for record in &mut study.records {
        record.synthetic = true;
    }
    let report = study.render();
    for ([caption, ..], _) in of_markdown(&report.markdown) {
        assert!(caption.starts_with("Synthetic domains: "), "{caption}");
    }
    let latex = report.latex;
    assert!(latex.starts_with("% Synthetic domains."));
    let captions = latex.lines().filter(|line| line.starts_with("\\caption"));
    assert!(captions.clone().count() > 4);
    assert!(
        captions
            .clone()
            .all(|line| line.starts_with("\\caption{Synthetic domains: "))
    );
    assert!(report.csv.starts_with("synthetic,"));
    assert!(
        report
            .csv
            .lines()
            .skip(1)
            .all(|line| line.starts_with("true,"))
    );
    assert!(report.json.starts_with("{\n  \"synthetic\": true"));
    let html = report.html;
    let document = parse(&html);
    let captions = document.descendants().filter(|n| n.has_tag_name("h3"));
    assert!(
        captions
            .filter_map(|n| n.text())
            .all(|text| text.starts_with("Synthetic domains"))
    );
    // And published numbers, which are of real images, are not beside them.
    for text in [report.markdown, latex, report.json, html] {
        assert!(!text.contains("MetaCNN"));
    }
}

#[test]
fn published_numbers_stand_apart() {
    let mut study = full(&["mnist"]);
    let text = study.render().markdown;
    let (ours, published) = text.split_once("### Published accuracy").unwrap();
    assert!(!ours.contains("62.2") || !ours.contains("PDEN"));
    assert!(published.contains("| PDEN | 62.2 | 82.2 | 85.3 | Li et al. 2021, CVPR |"));
    assert!(published.contains("not measured by us"));
    assert!(published.contains("svhn 1952"));
    let json: Value = serde_json::from_str(&study.render().json).unwrap();
    assert_eq!(json["published"][0]["rows"][6]["method"], "MetaCNN");
    assert!(!study.render().csv.contains("MetaCNN"));

    for record in &mut study.records {
        record.model = "vgg19".to_string();
    }
    let text = study.render().markdown;
    assert!(
        text.contains("| NeuRN | 24.5 | 62.6 | arXiv 2505.06886 |"),
        "{text}"
    );
    assert!(!text.contains("MetaCNN"));
    for record in &mut study.records {
        record.model = "digit-net-small".to_string();
    }
    assert!(!study.render().markdown.contains("Published"));
    let other = full(&["svhn"]);
    assert!(!other.render().markdown.contains("Published"));
}

#[test]
fn special_characters_in_names() {
    let none = treatment("none", None, None);
    let odd = treatment("a|b_c 100% & {d}", None, None);
    let study = MadeUp {
        records: vec![
            record("mnist", &none, 0, &[("mnist", 98.0), ("x,\"y\"", 70.0)]),
            record("mnist", &odd, 0, &[("mnist", 97.0), ("x,\"y\"", 75.0)]),
        ],
        sources: names(&["mnist"]),
        targets: names(&["mnist", "x,\"y\""]),
    };
    let report = study.render();
    assert!(
        report
            .markdown
            .contains(r"| a\|b_c 100% & {d} | 97.0 | 75.0 |")
    );
    assert!(
        report
            .latex
            .contains(r"a|b\_c 100\% \& \{d\} & $97.0$ & $75.0$ \\")
    );
    let text = report.csv;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    let found = rows.filter(|row| &row[6] == "a|b_c 100% & {d}" && &row[11] == "x,\"y\"");
    assert_eq!(found.count(), 1);
}

#[test]
fn five_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let study = full(&["mnist"]);
    let markdown = write(&study.report(), folder.path()).unwrap();
    let mut files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "report.html",
            "table.csv",
            "table.json",
            "table.md",
            "table.tex"
        ]
    );
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("table.md"), markdown);
    // The same records always come to the same files.
    assert_eq!(read("report.html"), study.render().html);
    let nowhere = folder.path().join("nowhere");
    assert!(write(&study.report(), &nowhere).is_err());
}
