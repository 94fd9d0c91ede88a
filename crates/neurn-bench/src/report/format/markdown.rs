//! Markdown.

use std::fmt::Write;

use crate::report::Document;
use crate::report::table::Table;
use crate::report::value::{Notation, Value};

/// The text and all tables, in order.
pub(crate) fn markdown(document: &Document) -> String {
    let mut text = format!("# {}\n", escape(&document.title));
    if let Some(warning) = &document.warning {
        let (stressed, rest) = (escape(&warning.stressed), escape(&warning.rest));
        _ = write!(text, "\n**{stressed}**{rest}\n");
    }
    _ = write!(text, "\n{}\n", escape(&document.answer.text));
    for section in &document.sections {
        // Of figures alone there is nothing to write.
        if section.paragraphs.is_empty() && section.tables.is_empty() {
            continue;
        }
        _ = write!(text, "\n## {}\n", escape(&section.title));
        for paragraph in &section.paragraphs {
            _ = write!(text, "\n{}\n", escape(paragraph));
        }
        for table in &section.tables {
            text += &of_table(table);
        }
    }
    text
}

fn of_table(table: &Table) -> String {
    let mut text = format!("\n### {}\n\n", escape(&table.caption));
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut head = vec![escape(&table.corner)];
    head.extend(table.columns.iter().map(|column| escape(column)));
    text += &line(&head);
    let alignments = (0..table.columns.len()).map(|column| match table.is_text(column) {
        true => "|---",
        false => "|---:",
    });
    _ = writeln!(text, "|---{}|", alignments.collect::<String>());
    for row in &table.rows {
        let mut cells = vec![escape(&row.name)];
        cells.extend(row.values.iter().map(|value| of_value(table, value)));
        text += &line(&cells);
    }
    if !table.notes.is_empty() {
        _ = write!(text, "\n{}\n", escape(&table.notes.join(" ")));
    }
    text
}

fn of_value(table: &Table, value: &Value) -> String {
    let text = escape(&value.text(Notation::Plain));
    match table.fewer_seeds(value) {
        Some(seeds) => format!("{text} (n = {seeds})"),
        None => text,
    }
}

/// So that a name ends neither a cell nor a line.
fn escape(text: &str) -> String {
    text.replace('|', r"\|").replace(['\n', '\r'], " ")
}
