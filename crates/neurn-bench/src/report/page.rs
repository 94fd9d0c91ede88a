//! The page: tables, figures and gallery in one file that loads nothing.
//!
//! It is HTML that is XML as well, so that a reader of either takes it.

use std::fmt::Write;
use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageError, ImageFormat};

use super::figure::{Figure, Group, Legend, Panel, SERIES};
use super::picture::Picture;
use super::table::{Section, Table};
use super::value::{Notation, Value, typeset};

/// Pictures that are not drawn from numbers alone.
#[derive(Clone, Debug)]
pub(crate) struct Gallery<'a> {
    pub(crate) title: String,
    /// What it shows.
    pub(crate) caption: String,
    pub(crate) pictures: &'a [Picture],
}

/// All of it. The warning stands above all; its first part is stressed.
pub(crate) fn page(
    title: &str,
    warning: Option<[&str; 2]>,
    sections: &[Section],
    figures: &[Figure],
    galleries: &[Gallery],
) -> Result<String, ImageError> {
    // Each with its address and title, for the contents.
    let mut parts: Vec<(String, String, String)> = Vec::new();
    for (place, section) in sections.iter().enumerate() {
        let id = format!("tables-{place}");
        parts.push((id, section.title.clone(), of_section(section)));
    }
    for (place, figure) in figures.iter().enumerate() {
        let id = format!("figure-{}-{place}", figure.id);
        parts.push((id, figure.title.clone(), of_figure(figure)));
    }
    for (place, gallery) in galleries.iter().enumerate() {
        if !gallery.pictures.is_empty() {
            let id = format!("gallery-{place}");
            parts.push((id, gallery.title.clone(), of_gallery(gallery)?));
        }
    }

    let title = escape(title);
    let mut text = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
    text += "<meta charset=\"utf-8\"/>\n";
    text += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n";
    _ = writeln!(text, "<title>{title}</title>\n<style>\n{}", style());
    text += "</style>\n</head>\n<body>\n";
    _ = writeln!(text, "<h1>{title}</h1>");
    if let Some(warning) = warning {
        let [stressed, rest] = warning.map(escape);
        _ = writeln!(
            text,
            "<p class=\"synthetic\"><strong>{stressed}</strong>{rest}</p>"
        );
    }
    text += "<nav aria-label=\"Contents\">\n<ol>\n";
    for (id, title, _) in &parts {
        _ = writeln!(text, "<li><a href=\"#{id}\">{}</a></li>", escape(title));
    }
    text += "</ol>\n</nav>\n<main>\n";
    for (id, title, body) in &parts {
        _ = writeln!(
            text,
            "<section id=\"{id}\">\n<h2>{}</h2>\n{body}</section>",
            escape(title)
        );
    }
    text += "</main>\n</body>\n</html>\n";
    Ok(text)
}

/// The colours of series stand with the drawings' others.
fn style() -> String {
    let colours = |shade: usize| -> String {
        let of_series = SERIES.iter().enumerate();
        let of_series = of_series.map(|(i, shades)| format!(" --series-{i}: {};", shades[shade]));
        format!(":root {{{} }}", of_series.collect::<String>())
    };
    format!(
        "{}\n@media (prefers-color-scheme: dark) {{ {} }}\n{}",
        colours(0),
        colours(1),
        include_str!("page.css").trim_end()
    )
}

fn of_section(section: &Section) -> String {
    let mut text = String::new();
    for paragraph in &section.paragraphs {
        _ = writeln!(text, "<p>{}</p>", escape(paragraph));
    }
    for table in &section.tables {
        text += &of_table(table);
    }
    text
}

fn of_table(table: &Table) -> String {
    let mut text = String::from("<div class=\"table\">\n");
    _ = writeln!(text, "<h3>{}</h3>", escape(&table.caption));
    // Reached by keyboard too, as it scrolls.
    text += "<div class=\"scroll\" tabindex=\"0\">\n<table>\n<thead><tr>";
    _ = write!(text, "<th scope=\"col\">{}</th>", escape(&table.corner));
    for (column, name) in table.columns.iter().enumerate() {
        let class = class(table, column);
        _ = write!(text, "<th scope=\"col\"{class}>{}</th>", escape(name));
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        _ = write!(text, "<tr><th scope=\"row\">{}</th>", escape(&row.name));
        for (column, value) in row.values.iter().enumerate() {
            let class = class(table, column);
            _ = write!(text, "<td{class}>{}</td>", of_value(table, value));
        }
        text += "</tr>\n";
    }
    text += "</tbody>\n</table>\n</div>\n";
    if !table.notes.is_empty() {
        let notes = table.notes.join(" ").replace("+-", "±");
        _ = writeln!(text, "<p class=\"notes\">{}</p>", escape(&notes));
    }
    text + "</div>\n"
}

fn class(table: &Table, column: usize) -> &'static str {
    match table.is_text(column) {
        true => " class=\"text\"",
        false => "",
    }
}

fn of_value(table: &Table, value: &Value) -> String {
    let text = escape(&value.text(Notation::Typeset));
    match table.fewer_seeds(value) {
        Some(seeds) => format!("{text} <span class=\"few\">(n = {seeds})</span>"),
        None => text,
    }
}

fn of_figure(figure: &Figure) -> String {
    let mut text = format!("<p class=\"caption\">{}</p>\n", escape(&figure.caption));
    match &figure.legend {
        Legend::None => {}
        Legend::Keys(keys) => {
            text += "<ul class=\"keys\">\n";
            for (drawing, name) in keys {
                let drawing = drawing.replacen("<svg ", "<svg aria-hidden=\"true\" ", 1);
                _ = writeln!(text, "<li>{drawing}<span>{}</span></li>", escape(name));
            }
            text += "</ul>\n";
        }
        Legend::Scale([low, high], colours) => {
            let [low, high] = [low, high].map(|end| escape(&typeset(end)));
            _ = writeln!(
                text,
                "<p class=\"scale\"><span>{low}</span><span class=\"bar\" style=\"background: \
                 linear-gradient(to right, {colours})\"></span><span>{high}</span></p>"
            );
        }
    }
    match figure.groups.as_slice() {
        [group] => text += &of_panels(group),
        groups => {
            for (place, group) in groups.iter().enumerate() {
                let open = if place == 0 { " open=\"open\"" } else { "" };
                _ = writeln!(
                    text,
                    "<details{open}><summary>{}</summary>\n{}</details>",
                    escape(&group.title),
                    of_panels(group)
                );
            }
        }
    }
    text
}

fn of_panels(group: &Group) -> String {
    let mut text = String::from("<div class=\"panels\">\n");
    for Panel { title, drawing } in &group.panels {
        let width = drawing.width;
        // Letters below nine pixels cannot be read: wider ones scroll.
        let least = width * 9 / 13;
        let name = match title.is_empty() {
            true => &group.title,
            false => title,
        };
        let opening = format!(
            "<svg role=\"img\" aria-label=\"{}\" style=\"min-width: {least}px\" ",
            escape(name)
        );
        let svg = drawing.svg.replacen("<svg ", &opening, 1);
        _ = write!(text, "<figure style=\"width: {width}px\">");
        if !title.is_empty() {
            _ = write!(text, "<figcaption>{}</figcaption>", escape(title));
        }
        _ = writeln!(
            text,
            "<div class=\"scroll\" tabindex=\"0\">{svg}</div></figure>"
        );
    }
    text + "</div>\n"
}

fn of_gallery(gallery: &Gallery) -> Result<String, ImageError> {
    let mut text = format!("<p class=\"caption\">{}</p>\n", escape(&gallery.caption));
    for Picture {
        domain,
        rows,
        image,
    } in gallery.pictures
    {
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png)?;
        let domain = escape(domain);
        _ = writeln!(text, "<div class=\"gallery\"><h3>{domain}</h3>");
        if !rows.is_empty() {
            text += "<ol>";
            for row in rows {
                _ = write!(text, "<li>{}</li>", escape(row));
            }
            text += "</ol>\n";
        }
        _ = writeln!(
            text,
            "<img alt=\"{domain}\" width=\"{}\" height=\"{}\" \
             src=\"data:image/png;base64,{}\"/></div>",
            image.width(),
            image.height(),
            STANDARD.encode(png.get_ref())
        );
    }
    Ok(text)
}

/// Text as HTML and XML take it, without the characters that XML cannot hold.
/// No line ends within `95 %` or `k = 3`.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            control if control.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
        .replace(" %", "\u{a0}%")
        .replace(" = ", "\u{a0}=\u{a0}")
}

/// A page is HTML that is XML as well.
#[cfg(test)]
pub(crate) fn parse(html: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    roxmltree::Document::parse_with_options(html, options).expect("well-formed")
}
