//! The two domains in handwriting, and the digit of the third.
//!
//! Numbers after `+-` are standard deviations, of a bell that ends at three of them;
//! the others are the ends of uniform ranges.

use super::canvas::{Canvas, Pen};
use super::glyph::Glyph;
use super::strokes::HANDWRITTEN;
use crate::data::blur::blur;
use crate::data::rng::Rng;

/// A white digit on black, 28 x 28, as MNIST has it: scaled so that the longer
/// side of the ink is 18 to 20.5 pixels, with the centre of mass in the
/// middle up to 1 pixel.
///
/// Slant 0.12 +- 0.2, turn +- 0.1 rad, width x 0.8 to 1.25, strokes 1.9 to 3.9
/// pixels wide that swell by up to 25 %, any style of the digit.
pub(super) fn mnist(digit: usize, rng: &mut Rng) -> Vec<f32> {
    let styles = HANDWRITTEN[digit];
    let style = styles[rng.below(styles.len())];
    let mut glyph = Glyph::new(style, 0.016, rng);
    glyph.warp(0.045, rng);
    glyph.pose(
        0.12 + rng.around_zero(0.2),
        rng.within(0.8, 1.25),
        rng.around_zero(0.1),
    );

    let pen = Pen {
        radius: rng.within(0.95, 1.95),
        softness: rng.within(1.0, 1.7),
        swell: rng.within(0.0, 0.25),
        phase: rng.within(0.0, 1.0),
    };
    let [left, top, right, bottom] = glyph.bounds();
    let room = rng.within(18.0, 20.5) - 2.0 * pen.radius;
    let scale = room / (right - left).max(bottom - top);
    glyph.place([scale; 2], [14.0; 2]);
    let mass = glyph.centre_of_mass();
    let target = [14.0 + rng.around_zero(0.33), 14.0 + rng.around_zero(0.33)];
    glyph.map(|[x, y]| [x + target[0] - mass[0], y + target[1] - mass[1]]);

    let mut canvas = Canvas::new(28);
    canvas.draw(&glyph, pen);
    canvas.values().to_vec()
}

/// A white digit on black, 16 x 16, as USPS has it: a coarse scan, cropped to
/// the ink, so that height (and mostly width) fill the image but for up to 2
/// pixels.
///
/// Slant 0.04 +- 0.13, turn +- 0.07 rad, width x 1 to 1.45 of the height's
/// scale but never beyond the image, strokes 1.7 to 3.2 of the 16 pixels
/// wide, plain styles more often than fancy ones. Drawn at four times the
/// size, averaged down and blurred by 0.3 to 0.55 pixels.
pub(super) fn usps(digit: usize, rng: &mut Rng) -> Vec<f32> {
    const SIDE: usize = 16;
    const FINER: usize = 4;
    let full = (SIDE * FINER) as f32;

    let styles = HANDWRITTEN[digit];
    let style = styles[rng.below(styles.len()).min(rng.below(styles.len()))];
    let mut glyph = Glyph::new(style, 0.018, rng);
    glyph.warp(0.045, rng);
    glyph.pose(0.04 + rng.around_zero(0.13), 1.0, rng.around_zero(0.07));

    let pen = Pen {
        radius: FINER as f32 * rng.within(0.85, 1.6),
        softness: FINER as f32 * 0.5,
        swell: rng.within(0.0, 0.15),
        phase: rng.within(0.0, 1.0),
    };
    let [left, top, right, bottom] = glyph.bounds();
    let room = full - 2.0 * pen.radius - FINER as f32 * rng.within(0.0, 2.0);
    let tall = room / (bottom - top);
    let wide = (tall * rng.within(1.0, 1.45)).min(room / (right - left));
    let middle = [0; 2].map(|_| full / 2.0 + rng.around_zero(0.2 * FINER as f32));
    glyph.place([wide, tall], middle);

    let mut canvas = Canvas::new(SIDE * FINER);
    canvas.draw(&glyph, pen);
    let mut values = canvas.shrink(FINER).values().to_vec();
    blur(&mut values, [SIDE; 2], rng.within(0.3, 0.55));
    values
}
