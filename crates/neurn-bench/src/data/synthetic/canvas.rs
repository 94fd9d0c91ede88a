//! One plane of grey values that strokes are drawn on.

use std::f32::consts::TAU;

use super::glyph::Glyph;

/// What a digit is drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    /// Half the width of a stroke, in pixels.
    pub(super) radius: f32,
    /// The width of the ramp from ink to paper, in pixels.
    pub(super) softness: f32,
    /// How much the radius swells and shrinks along a stroke (a fraction).
    pub(super) swell: f32,
    /// Where along the stroke it does, in 0..1.
    pub(super) phase: f32,
}

/// A square plane of values, 0 where there is no ink.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Canvas {
    side: usize,
    values: Vec<f32>,
}

impl Canvas {
    /// An empty plane.
    pub(super) fn new(side: usize) -> Self {
        Self {
            side,
            values: vec![0.0; side * side],
        }
    }

    /// The values, row after row.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Draws all strokes of a glyph whose coordinates are pixels. Where
    /// strokes cross, the stronger ink counts, as with a real pen.
    pub(super) fn draw(&mut self, glyph: &Glyph, pen: Pen) {
        for line in glyph.lines() {
            let count = line.len().max(2) as f32 - 1.0;
            for (i, pair) in line.windows(2).enumerate() {
                let along = TAU * (i as f32 / count + pen.phase);
                let radius = pen.radius * (1.0 + pen.swell * along.cos());
                self.segment(pair[0], pair[1], radius, pen.softness);
            }
        }
    }

    fn segment(&mut self, [ax, ay]: [f32; 2], [bx, by]: [f32; 2], radius: f32, softness: f32) {
        let reach = radius + softness;
        // Float to integer conversion saturates: off the canvas is empty.
        let span = |a: f32, b: f32| {
            let low = (a.min(b) - reach).floor().max(0.0) as usize;
            let high = (a.max(b) + reach).ceil().max(0.0) as usize;
            low..high.min(self.side)
        };
        let (columns, rows) = (span(ax, bx), span(ay, by));
        let (dx, dy) = (bx - ax, by - ay);
        let per_length = 1.0 / (dx * dx + dy * dy).max(f32::EPSILON);
        for row in rows {
            for column in columns.clone() {
                // Pixel centres lie at halves.
                let (x, y) = (column as f32 + 0.5 - ax, row as f32 + 0.5 - ay);
                let t = ((x * dx + y * dy) * per_length).clamp(0.0, 1.0);
                let (u, v) = (x - t * dx, y - t * dy);
                let distance = (u * u + v * v).sqrt();
                let ink = (0.5 + (radius - distance) / softness).clamp(0.0, 1.0);
                let value = &mut self.values[row * self.side + column];
                *value = value.max(ink);
            }
        }
    }

    /// The mean over blocks of `factor` x `factor`, as a coarse scanner sees it.
    pub(super) fn shrink(&self, factor: usize) -> Self {
        let mut small = Self::new(self.side / factor);
        let share = 1.0 / (factor * factor) as f32;
        for row in 0..small.side * factor {
            for column in 0..small.side * factor {
                let value = self.values[row * self.side + column];
                small.values[row / factor * small.side + column / factor] += share * value;
            }
        }
        small
    }
}
