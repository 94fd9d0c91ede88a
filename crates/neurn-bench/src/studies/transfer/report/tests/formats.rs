//! Every number is the same in every format.

use std::collections::BTreeMap;

use serde_json::Value;

use super::made_up::{MadeUp, full, method, names, record};
use crate::report::parse;

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
        // Before the title of its section.
        let caption = caption.rsplit_once(" (").map_or(caption, |(_, _)| {
            let titles = [
                "What was run",
                "Methods",
                "By layer",
                "Under shifts",
                "Sources by targets",
            ];
            let mut found = titles
                .iter()
                .filter_map(|title| caption.split_once(&format!(" ({title}). ")));
            found.next().map_or(caption, |(caption, _)| caption)
        });
        let lines = table.lines().filter_map(|line| line.strip_suffix(r" \\"));
        let mut lines = lines.map(|line| {
            let plain = line
                .replace(r"\pm", "+-")
                .replace(r"\ [", " [")
                .replace('$', "");
            let plain = plain
                .replace(r"\textless{}", "<")
                .replace(r"\%", "%")
                .replace(r"\textbackslash{}", r"\");
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
    let report = full(&["mnist"]).render();
    let markdown = of_markdown(&report.markdown);
    let cell = |key: &[String; 3]| {
        let found = markdown.iter().find(|(place, _)| place == key);
        found.map(|(_, value)| value.as_str()).expect("a cell")
    };
    let json: Value = serde_json::from_str(&report.json).unwrap();
    let mut compared = 0;
    for entry in json["rows"].as_array().unwrap() {
        if !entry["shift"].is_null() || entry["target"] == "own domains" {
            continue;
        }
        let number = |key: &str| entry[key].as_f64().unwrap();
        let (label, target) = (
            entry["method"].as_str().unwrap(),
            entry["target"].as_str().unwrap(),
        );
        let key = |caption: &str| [caption, label, target].map(ToString::to_string);
        let accuracy = format!(
            "{:.1} +- {:.1}",
            number("accuracy"),
            number("standard_error")
        );
        assert_eq!(
            cell(&key("Accuracy in percent, trained on mnist")),
            accuracy
        );
        if label != "none" {
            let signed = |which| match format!("{:+.1}", number(which)).as_str() {
                "+0.0" | "-0.0" => "0.0".to_string(),
                text => text.to_string(),
            };
            let ends = ["gain", "gain_low", "gain_high"].map(signed);
            let gain = format!("{} [{}, {}]", ends[0], ends[1], ends[2]);
            assert_eq!(
                cell(&key("Gain over none in points, trained on mnist")),
                gain
            );
        }
        compared += 1;
    }
    // 15 methods, 4 targets and their mean.
    assert_eq!(compared, 15 * 5);
}

#[test]
fn csv_has_the_rows_of_json() {
    let report = full(&["mnist", "svhn"]).render();
    let json: Value = serde_json::from_str(&report.json).unwrap();
    let entries = json["rows"].as_array().unwrap();
    let mut reader = csv::Reader::from_reader(report.csv.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    // 15 methods, 2 sources, 4 targets and 4 kinds of shift of 5 severities of the own
    // domain, and two means.
    assert_eq!(rows.len(), 15 * (2 * (4 + 4 * 5) + 2));
    assert_eq!(rows.len(), entries.len());
    for (row, entry) in rows.iter().zip(entries) {
        assert_eq!(row.len(), entry.as_object().unwrap().len());
        for (column, text) in row {
            match &entry[column] {
                Value::Null => assert_eq!(text, "", "{column}"),
                Value::String(value) => assert_eq!(text, value, "{column}"),
                Value::Bool(value) => assert_eq!(text, &value.to_string(), "{column}"),
                value => assert_eq!(text.parse::<f64>().ok(), value.as_f64(), "{column}"),
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
    assert!(latex.starts_with("% Synthetic domains, drawn by a program."));
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
    let json: Value = serde_json::from_str(&report.json).unwrap();
    assert!(
        json["warning"]
            .as_str()
            .unwrap()
            .starts_with("Synthetic domains")
    );
    let html = report.html;
    let document = parse(&html);
    let captions = document.descendants().filter(|n| n.has_tag_name("h3"));
    assert!(
        captions
            .filter_map(|n| n.text())
            .all(|text| text.starts_with("Synthetic domains"))
    );
}

#[test]
fn special_characters_in_names() {
    let target = "x,\"y\" a|b_c 100% & {d}";
    let accuracies = [("mnist", 98.0), (target, 70.0)];
    let study = MadeUp {
        records: vec![
            record(&["mnist"], &method("none"), 0, &accuracies),
            record(&["mnist"], &method("sobel"), 0, &accuracies),
        ],
        targets: names(&["mnist", target]),
    };
    let report = study.render();
    assert!(
        report
            .markdown
            .contains(r#"| x,"y" a\|b_c 100% & {d} | 1952 |"#)
    );
    assert!(
        report
            .latex
            .contains(r#"x,"y" a|b\_c 100\% \& \{d\} & $1952$"#)
    );
    let mut reader = csv::Reader::from_reader(report.csv.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    // Of both methods.
    assert_eq!(
        rows.filter(|row| row.iter().any(|field| field == target))
            .count(),
        2
    );
}

#[test]
fn five_files_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let study = full(&["mnist"]);
    let markdown = study.document().write(folder.path(), Vec::new()).unwrap();
    let mut files: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let names = [
        "report.html",
        "table.csv",
        "table.json",
        "table.md",
        "table.tex",
    ];
    assert_eq!(files, names);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("table.md"), markdown);
    // The same records always come to the same files.
    assert_eq!(read("report.html"), study.render().html);
    let nowhere = folder.path().join("nowhere");
    assert!(study.document().write(&nowhere, Vec::new()).is_err());
}
