//! LaTeX, for papers: `\input{table.tex}` with the package booktabs.

use std::fmt::Write;

use crate::report::Document;
use crate::report::table::Table;
use crate::report::value::{Notation, Value};

/// All tables, in order.
pub(crate) fn latex(document: &Document) -> String {
    let mut text = String::new();
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    if let Some(warning) = &document.warning {
        _ = writeln!(text, "% {}{}", line(&warning.stressed), line(&warning.rest));
    }
    _ = writeln!(text, "% {}", line(&document.title));
    text += "% Needs \\usepackage{booktabs}.\n";
    for section in &document.sections {
        for table in &section.tables {
            text += &of_table(&section.title, table);
        }
    }
    text
}

fn of_table(title: &str, table: &Table) -> String {
    let mut caption = format!("{} ({})", escape(&table.caption), escape(title));
    caption += ". ";
    caption += &escape(&table.notes.join(" ")).replace("+-", r"$\pm$");
    let line = |cells: &[String]| format!("{} \\\\\n", cells.join(" & "));
    let mut head = vec![escape(&table.corner)];
    head.extend(table.columns.iter().map(|column| escape(column)));
    let mut text = String::from("\n\\begin{table}\n\\centering\n");
    _ = writeln!(text, "\\caption{{{}}}", caption.trim_end());
    let alignment = (0..table.columns.len()).map(|column| match table.is_text(column) {
        true => 'l',
        false => 'r',
    });
    let alignment: String = alignment.collect();
    _ = writeln!(text, "\\begin{{tabular}}{{l{alignment}}}\n\\toprule");
    text += &line(&head);
    text += "\\midrule\n";
    for row in &table.rows {
        let mut cells = vec![escape(&row.name)];
        cells.extend(row.values.iter().map(|value| of_value(table, value)));
        text += &line(&cells);
    }
    text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
}

fn of_value(table: &Table, value: &Value) -> String {
    let text = match value {
        Value::Text(text) => escape(text),
        Value::Missing => return "--".to_string(),
        _ => value.text(Notation::Latex),
    };
    match table.fewer_seeds(value) {
        Some(seeds) => format!("{text} ($n = {seeds}$)"),
        None => text,
    }
}

/// What LaTeX takes for a command, as the character it is.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '\\' => escaped += r"\textbackslash{}",
            '~' => escaped += r"\textasciitilde{}",
            '^' => escaped += r"\textasciicircum{}",
            '<' => escaped += r"\textless{}",
            '>' => escaped += r"\textgreater{}",
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // After the end of a line it would open an option.
            '[' => escaped += "{[}",
            '\n' | '\r' => escaped.push(' '),
            // A hyphen twice would be a dash.
            '-' if escaped.ends_with('-') => escaped += "{}-",
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_character_is_one() {
        assert_eq!(
            escape(r"50% of a_b & {c} #1 $x$ ~ ^ \ <>--"),
            r"50\% of a\_b \& \{c\} \#1 \$x\$ \textasciitilde{} \textasciicircum{} \textbackslash{} \textless{}\textgreater{}-{}-"
        );
    }
}
