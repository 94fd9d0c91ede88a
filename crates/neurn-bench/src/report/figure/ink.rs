//! What drawings are made with: a surface, colours that follow the page, and
//! markers.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::value::{typeset, written};

/// A surface that becomes a string.
pub(crate) type Surface<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Why nothing could be drawn on a [`Surface`].
pub(crate) type DrawError = Box<dyn std::error::Error>;

/// An SVG element without a fixed size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawing {
    pub(crate) svg: String,
    /// As it is meant to be seen, in CSS pixels.
    pub(crate) width: u32,
}

/// Units of a drawing a CSS pixel, since plotters rounds to whole units.
pub(crate) const FINE: u32 = 3;
/// Size of letters, in units.
pub(crate) const LETTERS: u32 = 13 * FINE;
/// About the width of a letter, in units.
pub(crate) const LETTER: u32 = 7 * FINE;

// Colours that stand for those of the page, which are put in their place.
/// Text and axes.
pub(crate) const INK: RGBColor = RGBColor(1, 2, 0);
/// Lines behind the data.
pub(crate) const GRID: RGBColor = RGBColor(1, 2, 1);
const FIRST: u8 = 2;

/// Colours of series on light and on dark: the baseline in that of text, then
/// Okabe and Ito's, which the colour-blind tell apart, made darker or lighter
/// where they would be lost.
pub(crate) const SERIES: [[&str; 2]; 8] = [
    ["#444444", "#d0d0d0"],
    ["#0072b2", "#4aa8e0"],
    ["#d55e00", "#f5813a"],
    ["#009e73", "#2cc79b"],
    ["#b5578f", "#dd94bd"],
    ["#c78500", "#e9b13a"],
    ["#3d9fd1", "#8fd0f5"],
    ["#8a7f00", "#f0e442"],
];

/// What is better, and how much of anything there is.
pub(crate) const MORE: RGBColor = RGBColor(33, 102, 172);
/// What is worse; with [`MORE`] a pair that the colour-blind tell apart.
pub(crate) const LESS: RGBColor = RGBColor(179, 88, 6);

/// The colour of series `place`.
pub(crate) fn series(place: usize) -> RGBColor {
    RGBColor(1, 2, FIRST + (place % SERIES.len()) as u8)
}

/// So much of a colour over the page's own, light or dark, to a twentieth, and
/// the colour of text on it.
pub(crate) fn tint(colour: RGBColor, share: f64) -> (RGBAColor, RGBColor) {
    let share = (20.0 * share).round() / 20.0;
    let text = match share > 0.7 {
        true => RGBColor(255, 255, 255),
        false => INK,
    };
    (colour.mix(share), text)
}

/// Colours of a scale from one end to the other, as CSS takes them.
pub(crate) fn scale(colours: &[RGBAColor]) -> String {
    let css = colours
        .iter()
        .map(|RGBAColor(r, g, b, share)| format!("rgba({r}, {g}, {b}, {share})"));
    css.collect::<Vec<_>>().join(", ")
}

/// As many decimal places as tell apart the ticks of a range.
pub(crate) fn decimals(range: &std::ops::Range<f64>) -> usize {
    let step = (range.end - range.start) / 6.0;
    (-step.log10()).ceil().clamp(0.0, 4.0) as usize
}

/// A number at a tick; nought has no sign.
pub(crate) fn tick(value: f64, decimals: usize) -> String {
    typeset(&written(value, decimals))
}

/// Draws on a surface of this size in units.
pub(crate) fn drawing(
    [width, height]: [u32; 2],
    draw: impl FnOnce(&Surface) -> Result<(), DrawError>,
) -> Drawing {
    let mut svg = String::new();
    {
        let surface = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        draw(&surface).expect("a string can be drawn into");
        surface.present().expect("a string can be drawn into");
    }
    // It takes the width it is given, and the page names its namespace.
    let fixed = format!("width=\"{width}\" height=\"{height}\" ");
    svg = svg.replacen(&fixed, "", 1);
    let placeholders =
        (0..SERIES.len()).map(|place| (FIRST + place as u8, format!("var(--series-{place})")));
    let placeholders = placeholders.chain([
        (INK.2, "currentColor".to_string()),
        (GRID.2, "var(--grid)".to_string()),
    ]);
    for (placeholder, colour) in placeholders {
        svg = svg.replace(&format!("#0102{placeholder:02X}"), &colour);
    }
    Drawing {
        svg: compact(&svg),
        width: width / FINE,
    }
}

/// Without what SVG and HTML take for granted, and what the page's style says once
/// for all drawings: the size, the face, the colour and the middle of letters.
fn compact(svg: &str) -> String {
    let letters = format!(" font-size=\"{LETTERS}\"");
    let mut text = svg.replace("\n</text>", "</text>").replace(" \"/>", "\"/>");
    for usual in [
        " xmlns=\"http://www.w3.org/2000/svg\"",
        " opacity=\"1\"",
        " font-family=\"sans-serif\"",
        " fill=\"currentColor\"",
        " stroke=\"none\"",
        " stroke-width=\"1\"",
        " text-anchor=\"middle\"",
        &letters,
    ] {
        text = text.replace(usual, "");
    }
    joined(&text)
}

/// With lines, rectangles and dots of one look that follow each other as one path. Letters
/// between them are in front of it then.
fn joined(svg: &str) -> String {
    let mut elements: Vec<String> = Vec::new();
    let mut latest: Option<(String, usize)> = None;
    for line in svg.trim_end().lines() {
        let path = polyline(line)
            .or(segment(line))
            .or(rectangle(line))
            .or(dot(line));
        match (path, &latest) {
            (Some((look, course)), Some((latest, place))) if look == *latest => {
                let path = &mut elements[*place];
                path.truncate(path.len() - "\"/>".len());
                *path += &format!("{course}\"/>");
            }
            (Some((look, course)), _) => {
                elements.push(format!("<path {look} d=\"{course}\"/>"));
                latest = Some((look, elements.len() - 1));
            }
            (None, _) => match elements.last_mut() {
                // Letters stand on a line of their own.
                Some(text) if text.starts_with("<text") && !text.ends_with("</text>") => {
                    *text += line;
                }
                _ => {
                    latest = latest.filter(|_| line.starts_with("<text"));
                    elements.push(line.to_string());
                }
            },
        }
    }
    elements.join("\n")
}

/// The look of a line, and where it runs.
fn polyline(element: &str) -> Option<(String, String)> {
    let (look, points) = element
        .strip_prefix("<polyline ")?
        .split_once(" points=\"")?;
    Some((
        look.to_string(),
        format!("M{}", points.strip_suffix("\"/>")?),
    ))
}

/// The look of a line between two points, as a polyline has it, and where it runs.
fn segment(element: &str) -> Option<(String, String)> {
    let rest = element.strip_prefix("<line ")?.strip_suffix("\"/>")?;
    let (look, rest) = rest.split_once(" x1=\"")?;
    let (x1, rest) = rest.split_once("\" y1=\"")?;
    let (y1, rest) = rest.split_once("\" x2=\"")?;
    let (x2, y2) = rest.split_once("\" y2=\"")?;
    let look = format!("fill=\"none\" {look}");
    Some((look, format!("M{x1},{y1} {x2},{y2}")))
}

/// The look of a rectangle, and where it stands.
fn rectangle(element: &str) -> Option<(String, String)> {
    let rest = element.strip_prefix("<rect x=\"")?.strip_suffix("/>")?;
    let (x, rest) = rest.split_once("\" y=\"")?;
    let (y, rest) = rest.split_once("\" width=\"")?;
    let (width, rest) = rest.split_once("\" height=\"")?;
    let (height, look) = rest.split_once("\" ")?;
    Some((
        look.to_string(),
        format!("M{x},{y}h{width}v{height}h-{width}z"),
    ))
}

/// The look of a dot, as a line without a length and with round ends, and where it is.
fn dot(element: &str) -> Option<(String, String)> {
    let rest = element
        .strip_prefix("<circle cx=\"")?
        .strip_suffix("\"/>")?;
    let (x, rest) = rest.split_once("\" cy=\"")?;
    let (y, rest) = rest.split_once("\" r=\"")?;
    let (radius, colour) = rest.split_once("\" fill=\"")?;
    let width = 2 * radius.parse::<u32>().ok()?;
    let look = format!("stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linecap=\"round\"");
    Some((look, format!("M{x},{y}h0")))
}

/// Letters of the longest name.
pub(crate) fn room_of(names: &[String]) -> u32 {
    let letters = names.iter().map(|name| name.chars().count());
    letters.max().unwrap_or(0) as u32
}

/// Text of a drawing.
pub(crate) fn letters(colour: RGBColor) -> TextStyle<'static> {
    // plotters divides by this.
    ("sans-serif", f64::from(LETTERS) * 1.24)
        .into_font()
        .color(&colour)
}

/// A marker for series `place`: seven colours, then another form.
pub(crate) fn marker(surface: &Surface, place: usize, (x, y): (i32, i32)) -> Result<(), DrawError> {
    let size = 4 * FINE as i32;
    let style = series(place).filled();
    match place / SERIES.len() % 3 {
        0 => surface.draw(&Circle::new((x, y), size, style))?,
        1 => surface.draw(&Rectangle::new(
            [(x - size, y - size), (x + size, y + size)],
            style,
        ))?,
        _ => surface.draw(&TriangleMarker::new((x, y), size + FINE as i32, style))?,
    }
    Ok(())
}

/// A line with the marker of series `place`, as a legend shows it.
pub(crate) fn key(place: usize) -> String {
    let (width, height) = (28 * FINE, 12 * FINE);
    let middle = height as i32 / 2;
    let key = drawing([width, height], |surface| {
        let line = vec![(0, middle), (width as i32, middle)];
        surface.draw(&PathElement::new(
            line,
            series(place).stroke_width(2 * FINE),
        ))?;
        marker(surface, place, (width as i32 / 2, middle))
    });
    key.svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_one_path() {
        let drawing = drawing([30, 30], |surface| {
            for (place, x) in [(1, 0), (1, 10), (2, 20)] {
                let line = vec![(x, 0), (x, 30)];
                surface.draw(&PathElement::new(line, series(place).stroke_width(6)))?;
            }
            for x in [1, 5] {
                let corners = [(x, 2), (x + 3, 4)];
                surface.draw(&Rectangle::new(corners, tint(MORE, 0.51).0.filled()))?;
            }
            surface.draw(&Text::new("a".to_string(), (3, 4), letters(INK)))?;
            Ok(())
        });
        let svg = drawing.svg;
        for path in [
            "stroke-width=\"6\" d=\"M0,0 0,30M10,0 10,30\"/>",
            "stroke-width=\"6\" d=\"M20,0 20,30\"/>",
            "opacity=\"0.5\" fill=\"#2166AC\" d=\"M1,2h3v2h-3zM5,2h3v2h-3z\"/>",
        ] {
            assert!(svg.contains(path), "{path}: {svg}");
        }
        assert!(svg.matches("<path").count() == 3 && svg.contains(">a</text>"));
        assert!(
            !svg.contains("<rect") && !svg.contains("font-size"),
            "{svg}"
        );
    }
}
