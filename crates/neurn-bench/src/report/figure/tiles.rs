//! A matrix as coloured tiles with numbers on them.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ink::{Drawing, FINE, GRID, INK, LETTER, drawing, letters};

/// What stands on a tile, its colour, and that of the text.
pub(crate) type Tile = (String, RGBAColor, RGBColor);

/// A matrix; `None` is a tile without a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tiles {
    pub(crate) rows: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) tiles: Vec<Vec<Option<Tile>>>,
    /// What rows and columns are.
    pub(crate) titles: [String; 2],
    /// Least width of a tile and height of all, in CSS pixels.
    pub(crate) tile: [u32; 2],
}

impl Tiles {
    pub(crate) fn draw(&self) -> Drawing {
        fn longest<'a>(names: impl Iterator<Item = &'a str>) -> u32 {
            let letters = names.map(|name| name.chars().count());
            letters.max().unwrap_or(0) as u32 * LETTER
        }
        let rows = || self.rows.iter().map(String::as_str);
        // A word a line, so that columns are narrow.
        let columns = self.columns.iter().map(|name| name.split(' ').collect());
        let columns: Vec<Vec<&str>> = columns.collect();
        let lines = columns.iter().map(Vec::len).max().unwrap_or(1) as u32;
        let line = 20 * FINE;
        let air = 6 * FINE;
        let left = longest(rows()) + 2 * air + line;
        let top = (1 + lines) * line;
        let tile = [
            (self.tile[0] * FINE).max(longest(columns.iter().flatten().copied()) + air),
            self.tile[1] * FINE,
        ]
        .map(|side| side as i32);
        let count = [self.columns.len() as i32, self.rows.len() as i32];
        let [width, height] = [0, 1].map(|axis: usize| count[axis] * tile[axis]);
        let size = [left + width as u32 + air, top + height as u32 + air];
        let (left, top, line, air) = (left as i32, top as i32, line as i32, air as i32);
        let centred = |colour| letters(colour).pos(Pos::new(HPos::Center, VPos::Center));
        drawing(size, |surface| {
            let write = |text: &str, at, style: &TextStyle| {
                surface.draw(&Text::new(text.to_string(), at, style))
            };
            write(&self.titles[1], (left + width / 2, line / 2), &centred(INK))?;
            let upright = centred(INK).transform(FontTransform::Rotate270);
            write(&self.titles[0], (line / 2, top + height / 2), &upright)?;
            for (column, name) in (0..).zip(&columns) {
                let x = left + column * tile[0] + tile[0] / 2;
                let first = top - name.len() as i32 * line + line / 2;
                for (place, word) in (0..).zip(name) {
                    write(word, (x, first + place * line), &centred(INK))?;
                }
            }
            let all = [(left, top), (left + width, top + height)];
            surface.draw(&Rectangle::new(all, GRID.mix(0.25).filled()))?;
            let beside = letters(INK).pos(Pos::new(HPos::Right, VPos::Center));
            for (row, name) in (0..).zip(rows()) {
                let y = top + row * tile[1];
                write(name, (left - air, y + tile[1] / 2), &beside)?;
                for (column, content) in (0..).zip(&self.tiles[row as usize]) {
                    let x = left + column * tile[0];
                    let gap = FINE as i32;
                    let corners = [(x + gap, y + gap), (x + tile[0] - gap, y + tile[1] - gap)];
                    let Some((text, colour, on_it)) = content else {
                        surface.draw(&Rectangle::new(corners, GRID))?;
                        continue;
                    };
                    // Of nought there is nothing to see.
                    if colour.alpha() > 0.0 {
                        surface.draw(&Rectangle::new(corners, colour.filled()))?;
                    }
                    if !text.is_empty() {
                        let at = (x + tile[0] / 2, y + tile[1] / 2);
                        write(text, at, &centred(*on_it))?;
                    }
                }
            }
            Ok(())
        })
    }
}
