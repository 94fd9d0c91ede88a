//! The page: one file that loads nothing.
//!
//! It is HTML that is XML as well, so that a reader of either takes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::document::{Answer, Document, Section};
use crate::report::figure::{Figure, Group, Legend, Panel, SERIES};
use crate::report::picture::{Gallery, Picture};
use crate::report::table::{Row, Table};
use crate::report::value::{Notation, Value, typeset};

/// A table of more rows is folded.
const LONG: usize = 24;

/// All of it.
pub(crate) fn page(document: &Document) -> String {
    let title = text(&document.title);
    let sections = || (1..).zip(&document.sections);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (closed(html! { meta charset="utf-8"; }))
                (closed(html! {
                    meta name="viewport" content="width=device-width, initial-scale=1";
                }))
                title { (title) }
                style { (PreEscaped(style())) }
            }
            body {
                h1 { (title) }
                @if let Some(warning) = &document.warning {
                    p.warning { strong { (text(&warning.stressed)) } (text(&warning.rest)) }
                }
                (of_answer(&document.answer))
                nav aria-label="Contents" {
                    ol {
                        @for (place, section) in sections() {
                            li { a href=(format!("#part-{place}")) { (text(&section.title)) } }
                        }
                    }
                }
                main { @for (place, section) in sections() { (of_section(place, section)) } }
            }
        }
    };
    page.into_string() + "\n"
}

fn of_answer(answer: &Answer) -> Markup {
    html! {
        div.answer {
            p { (text(&answer.text)) }
            @if let Some(figure) = &answer.figure { (of_figure(figure, false)) }
        }
    }
}

fn of_section(place: usize, section: &Section) -> Markup {
    let titled = !(section.figures.len() == 1 && section.tables.is_empty());
    let body = html! {
        @for paragraph in &section.paragraphs { p { (text(paragraph)) } }
        @for figure in &section.figures { (of_figure(figure, titled)) }
        @for table in &section.tables { (of_table(table)) }
        @for gallery in &section.galleries { (of_gallery(gallery)) }
    };
    html! {
        section id=(format!("part-{place}")) {
            @if section.folded {
                details {
                    summary { h2 { (text(&section.title)) } }
                    (body)
                }
            } @else {
                h2 { (text(&section.title)) }
                (body)
            }
        }
    }
}

fn of_table(table: &Table) -> Markup {
    let body = html! {
        // Reached by keyboard too, as it scrolls.
        div.scroll tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { (text(&table.corner)) }
                        @for (column, name) in table.columns.iter().enumerate() {
                            th scope="col" class=[words(table, column)] { (text(name)) }
                        }
                    }
                }
                tbody { @for row in &table.rows { (of_row(table, row)) } }
            }
        }
        @if !table.notes.is_empty() {
            p.notes { (text(&table.notes.join(" ").replace("+-", "±"))) }
        }
    };
    html! {
        div.table {
            @if table.rows.len() > LONG {
                details {
                    summary { h3 { (text(&table.caption)) } }
                    (body)
                }
            } @else {
                h3 { (text(&table.caption)) }
                (body)
            }
        }
    }
}

fn of_row(table: &Table, row: &Row) -> Markup {
    html! {
        tr {
            th scope="row" { (text(&row.name)) }
            @for (column, value) in row.values.iter().enumerate() {
                td class=[words(table, column)] { (of_value(table, value)) }
            }
        }
    }
}

fn words(table: &Table, column: usize) -> Option<&'static str> {
    table.is_text(column).then_some("text")
}

fn of_value(table: &Table, value: &Value) -> Markup {
    html! {
        (text(&value.text(Notation::Typeset)))
        @if let Some(seeds) = table.fewer_seeds(value) {
            " " span.few { "(n = " (seeds) ")" }
        }
    }
}

fn of_figure(figure: &Figure, titled: bool) -> Markup {
    html! {
        div.drawn {
            @if titled { h3 { (text(&figure.title)) } }
            p.caption { (text(&figure.caption)) }
            (of_legend(&figure.legend))
            @if let [group] = figure.groups.as_slice() {
                (of_panels(group))
            } @else {
                @for (place, group) in figure.groups.iter().enumerate() {
                    details open=[(place == 0).then_some("open")] {
                        summary { (text(&group.title)) }
                        (of_panels(group))
                    }
                }
            }
        }
    }
}

fn of_legend(legend: &Legend) -> Markup {
    html! {
        @match legend {
            Legend::None => {}
            Legend::Keys(keys) => {
                ul.keys {
                    @for (drawing, name) in keys {
                        li {
                            (PreEscaped(drawing.replacen("<svg ", "<svg aria-hidden=\"true\" ", 1)))
                            span { (text(name)) }
                        }
                    }
                }
            }
            Legend::Scale([low, high], colours) => {
                p.scale {
                    span { (text(&typeset(low))) }
                    span.bar style=(format!("background: linear-gradient(to right, {colours})")) {}
                    span { (text(&typeset(high))) }
                }
            }
        }
    }
}

fn of_panels(group: &Group) -> Markup {
    html! {
        div.panels {
            @for panel in &group.panels {
                figure style=(format!("width: {}px", panel.drawing.width)) {
                    @if !panel.title.is_empty() { figcaption { (text(&panel.title)) } }
                    div.scroll tabindex="0" { (of_panel(group, panel)) }
                }
            }
        }
    }
}

fn of_panel(group: &Group, Panel { title, drawing }: &Panel) -> Markup {
    // Letters below nine pixels cannot be read: wider ones scroll.
    let least = drawing.width * 9 / 13;
    let name = if title.is_empty() {
        &group.title
    } else {
        title
    };
    let name = html! { (text(name)) }.into_string();
    let opening =
        format!("<svg role=\"img\" aria-label=\"{name}\" style=\"min-width: {least}px\" ");
    PreEscaped(drawing.svg.replacen("<svg ", &opening, 1))
}

fn of_gallery(gallery: &Gallery) -> Markup {
    html! {
        p.caption { (text(&gallery.caption)) }
        @for picture in &gallery.pictures {
            div.gallery {
                h3 { (text(&picture.name)) }
                @if !picture.rows.is_empty() {
                    ol { @for row in &picture.rows { li { (text(row)) } } }
                }
                (of_picture(picture))
            }
        }
    }
}

fn of_picture(picture: &Picture) -> Markup {
    let (width, height) = picture.size().unwrap_or_default();
    let data = format!("data:image/png;base64,{}", STANDARD.encode(&picture.png));
    let name = text(&picture.name);
    closed(html! { img alt=(name) width=(width) height=(height) src=(data); })
}

/// An element without content, as XML writes it.
fn closed(element: Markup) -> Markup {
    let opened = element.into_string();
    PreEscaped(format!("{}/>", opened.trim_end_matches('>')))
}

/// The colours of series stand with the drawings' others.
fn style() -> String {
    let colours = |shade: usize| -> String {
        let of_series = SERIES.iter().enumerate();
        let of_series = of_series.map(|(i, shades)| format!(" --series-{i}: {};", shades[shade]));
        format!(":root {{{} }}", of_series.collect::<String>())
    };
    format!(
        "\n{}\n@media (prefers-color-scheme: dark) {{ {} }}\n{}",
        colours(0),
        colours(1),
        include_str!("page.css")
    )
}

/// Without the characters that XML cannot hold. No line ends within `95 %` or
/// `k = 3`.
fn text(text: &str) -> String {
    let allowed = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let cleaned = text.chars().map(|c| if allowed(c) { c } else { ' ' });
    let cleaned: String = cleaned.collect();
    cleaned
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
