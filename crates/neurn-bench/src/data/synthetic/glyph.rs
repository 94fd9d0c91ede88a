//! A digit as the pen wrote it: strokes flattened to polylines, and what bends
//! and moves them.

use std::f32::consts::TAU;

use super::strokes::{Point, Stroke, Style};
use crate::data::rng::Rng;

/// Segments between two control points.
const STEPS: usize = 6;

/// The polylines of one digit.
#[derive(Clone, Debug)]
pub(super) struct Glyph(Vec<Vec<Point>>);

impl Glyph {
    /// Follows the strokes of `style`, every control point off by about
    /// `jitter`.
    pub(super) fn new(style: Style, jitter: f32, rng: &mut Rng) -> Self {
        Self(
            style
                .iter()
                .map(|stroke| flatten(stroke, jitter, rng))
                .collect(),
        )
    }

    /// The polylines.
    pub(super) fn lines(&self) -> &[Vec<Point>] {
        &self.0
    }

    /// Moves every point.
    pub(super) fn map(&mut self, f: impl Fn(Point) -> Point) {
        for point in self.0.iter_mut().flatten() {
            *point = f(*point);
        }
    }

    /// Bends the plane below the strokes by slow waves that move a point by
    /// about `strength`. Strokes that meet still do.
    pub(super) fn warp(&mut self, strength: f32, rng: &mut Rng) {
        let waves: [[f32; 5]; 3] = std::array::from_fn(|_| {
            [
                rng.around_zero(0.5),
                rng.around_zero(0.5),
                rng.within(0.0, 1.0),
                rng.around_zero(strength),
                rng.around_zero(strength),
            ]
        });
        self.map(|[x, y]| {
            waves
                .iter()
                .fold([x, y], |[u, v], [fx, fy, phase, dx, dy]| {
                    let wave = (TAU * (fx * x + fy * y + phase)).sin();
                    [u + dx * wave, v + dy * wave]
                })
        });
    }

    /// Leans the digit to the right by `slant` (of its height), makes it
    /// `widening` times as wide and turns it by `turn` radians clockwise.
    pub(super) fn pose(&mut self, slant: f32, widening: f32, turn: f32) {
        let (sin, cos) = turn.sin_cos();
        self.map(|[x, y]| {
            let [x, y] = [(x - 0.33) * widening - slant * (y - 0.5), y - 0.5];
            [cos * x - sin * y, sin * x + cos * y]
        });
    }

    /// `[left, top, right, bottom]`.
    pub(super) fn bounds(&self) -> [f32; 4] {
        let start = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        self.0
            .iter()
            .flatten()
            .fold(start, |[l, t, r, b], &[x, y]| {
                [l.min(x), t.min(y), r.max(x), b.max(y)]
            })
    }

    /// Scales by `scale` and puts the middle of the bounds at `middle`.
    pub(super) fn place(&mut self, scale: Point, middle: Point) {
        let [left, top, right, bottom] = self.bounds();
        let centre = [(left + right) / 2.0, (top + bottom) / 2.0];
        self.map(|point| {
            std::array::from_fn(|axis| (point[axis] - centre[axis]) * scale[axis] + middle[axis])
        });
    }

    /// The mean of the ink: of the segments, weighted by their lengths.
    pub(super) fn centre_of_mass(&self) -> Point {
        let mut mass = f32::EPSILON;
        let mut sum = [0.0; 2];
        for pair in self.0.iter().flat_map(|line| line.windows(2)) {
            let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
            let length = (bx - ax).hypot(by - ay);
            mass += length;
            sum[0] += length * (ax + bx) / 2.0;
            sum[1] += length * (ay + by) / 2.0;
        }
        sum.map(|s| s / mass)
    }
}

fn flatten(stroke: &Stroke, jitter: f32, rng: &mut Rng) -> Vec<Point> {
    let mut shaken = |points: &[Point]| -> Vec<Point> {
        points
            .iter()
            .map(|p| p.map(|c| c + rng.around_zero(jitter)))
            .collect()
    };
    match *stroke {
        Stroke::Line(points) => {
            let points = shaken(points);
            follow(points.len() - 1, points[0], |i, t| {
                std::array::from_fn(|k| points[i][k] + t * (points[i + 1][k] - points[i][k]))
            })
        }
        Stroke::Curve(points) => {
            let points = shaken(points);
            let last = points.len() - 1;
            follow(last, points[0], |i, t| {
                spline(
                    [
                        points[i.saturating_sub(1)],
                        points[i],
                        points[i + 1],
                        points[(i + 2).min(last)],
                    ],
                    t,
                )
            })
        }
        Stroke::Ring(points) => {
            let points = shaken(points);
            let n = points.len();
            follow(n, points[0], |i, t| {
                spline(
                    [(i + n - 1) % n, i, (i + 1) % n, (i + 2) % n].map(|k| points[k]),
                    t,
                )
            })
        }
        Stroke::Arc {
            centre,
            radii,
            from,
            to,
        } => {
            let at = |turned: f32| {
                let (sin, cos) = (from + (to - from) * turned).to_radians().sin_cos();
                [centre[0] + radii[0] * cos, centre[1] + radii[1] * sin]
            };
            let pieces = 4;
            follow(pieces, at(0.0), |i, t| at((i as f32 + t) / pieces as f32))
        }
    }
}

/// The polyline from `first` through `at(piece, t)` for all pieces.
fn follow(pieces: usize, first: Point, at: impl Fn(usize, f32) -> Point) -> Vec<Point> {
    let mut line = vec![first];
    for piece in 0..pieces {
        line.extend((1..=STEPS).map(|step| at(piece, step as f32 / STEPS as f32)));
    }
    line
}

/// The Catmull-Rom spline between the middle two of four points.
fn spline(p: [Point; 4], t: f32) -> Point {
    std::array::from_fn(|k| {
        let [a, b, c, d] = p.map(|point| point[k]);
        let linear = c - a;
        let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
        let cube = 3.0 * (b - c) + d - a;
        b + 0.5 * t * (linear + t * (square + t * cube))
    })
}
