//! House numbers as a camera in the street sees them.

use super::canvas::{Canvas, Pen};
use super::glyph::Glyph;
use super::strokes::PRINTED;
use super::texture::{Colour, colour, noise, shape};
use crate::data::blur::blur;
use crate::data::rng::Rng;

const SIDE: usize = 32;

/// A coloured number, 32 x 32, as SVHN has it: the digit in the middle counts;
/// its neighbours, cut off by the border, do not.
///
/// Printed digits 18 to 29 pixels tall, width x 0.75 to 1.3, slant +- 0.08,
/// turn +- 0.08 rad, off the middle by up to 3 pixels, strokes of 9 to 17 % of
/// the height. A neighbour on either side with probability 0.7. Brightness of
/// digit and wall apart by 0.18 to 0.65 with either sign; at times a drop
/// shadow, the edge of a plate or the shadow of something else; uneven wall,
/// light falling off by up to 50 %, blur of 0.4 to 1.3 pixels, sensor noise of
/// 0.5 to 4 %.
pub(super) fn svhn(digit: usize, rng: &mut Rng) -> Vec<f32> {
    let ink = numbers(digit, rng);
    let (wall, paint) = colours(rng);
    let mut pixels = wall_pixels(wall, rng);

    // One pixel to the lower right, as light from above leaves it.
    if rng.happens(0.25) {
        let strength = rng.within(0.2, 0.5);
        for row in 1..SIDE {
            for column in 1..SIDE {
                let shade = 1.0 - strength * ink[(row - 1) * SIDE + column - 1];
                let value = &mut pixels[row * SIDE + column];
                *value = value.map(|channel| channel * shade);
            }
        }
    }
    for (value, ink) in pixels.iter_mut().zip(&ink) {
        for (channel, paint) in value.iter_mut().zip(paint) {
            *channel += ink * (paint - *channel);
        }
    }
    photograph(&pixels, rng)
}

/// The coverage by the digit and its neighbours, all in the same print.
fn numbers(digit: usize, rng: &mut Rng) -> Vec<f32> {
    let height = rng.within(18.0, 29.0);
    let widening = rng.within(0.75, 1.3);
    let (slant, turn) = (rng.around_zero(0.08), rng.around_zero(0.08));
    let pen = Pen {
        radius: height * rng.within(0.045, 0.085),
        softness: 1.0,
        swell: 0.0,
        phase: 0.0,
    };
    let room = height - 2.0 * pen.radius;
    let middle = SIDE as f32 / 2.0;
    let [x, y] = [0; 2].map(|_| middle + rng.around_zero(1.0));
    let gap = rng.within(0.5, 4.0) + 2.0 * pen.radius;

    let mut canvas = Canvas::new(SIDE);
    let print = |digit: usize, rng: &mut Rng| {
        let styles = PRINTED[digit];
        let mut glyph = Glyph::new(styles[rng.below(styles.len())], 0.008, rng);
        glyph.warp(0.012, rng);
        glyph.pose(slant, widening, turn);
        let [left, top, right, bottom] = glyph.bounds();
        let scale = room / (bottom - top);
        (glyph, scale, (right - left) * scale)
    };
    let (mut glyph, scale, width) = print(digit, rng);
    glyph.place([scale; 2], [x, y]);
    canvas.draw(&glyph, pen);
    for side in [-1.0, 1.0] {
        if rng.happens(0.7) {
            let (mut glyph, scale, other) = print(rng.below(10), rng);
            let away = side * ((width + other) / 2.0 + gap);
            // A tilted line of print climbs or falls.
            glyph.place([scale; 2], [x + away, y + away * turn.tan()]);
            canvas.draw(&glyph, pen);
        }
    }
    canvas.values().to_vec()
}

/// The colours of the wall and of the paint on it.
fn colours(rng: &mut Rng) -> (Colour, Colour) {
    let dark = rng.within(0.08, 0.65);
    let bright = (dark + rng.within(0.18, 0.65)).min(0.97);
    let saturation = rng.within(0.02, 0.14);
    let dark = colour(dark, saturation, rng);
    let bright = colour(bright, saturation, rng);
    if rng.happens(0.5) {
        (dark, bright)
    } else {
        (bright, dark)
    }
}

/// The wall, uneven, and at times the edge of the plate the number is on.
fn wall_pixels(wall: Colour, rng: &mut Rng) -> Vec<Colour> {
    let uneven = rng.within(0.0, 0.1);
    let mut pixels: Vec<Colour> = noise(SIDE, 7.0, rng)
        .into_iter()
        .map(|value| wall.map(|channel| channel + uneven * value))
        .collect();
    if rng.happens(0.25) {
        let beyond = colour(rng.within(0.1, 0.9), 0.08, rng);
        let rows = 1 + rng.below(3);
        let first = if rng.happens(0.5) { 0 } else { SIDE - rows };
        pixels[first * SIDE..(first + rows) * SIDE].fill(beyond);
    }
    pixels
}

/// Uneven light, lens blur and sensor noise; channel after channel.
fn photograph(pixels: &[Colour], rng: &mut Rng) -> Vec<f32> {
    let fall = [0; 2].map(|_| rng.within(-0.25, 0.25));
    let lens = rng.within(0.4, 1.3);
    let grain = rng.within(0.005, 0.04);
    // A tree, a railing, the photographer.
    let shadow = if rng.happens(0.25) {
        let (strength, softness) = (rng.within(0.15, 0.45), rng.within(1.0, 5.0));
        let inside = shape(SIDE, softness, rng);
        inside
            .into_iter()
            .map(|inside| 1.0 - strength * inside)
            .collect()
    } else {
        vec![1.0; SIDE * SIDE]
    };
    let centred = |i: usize| 2.0 * i as f32 / (SIDE - 1) as f32 - 1.0;
    let mut planes = Vec::with_capacity(3 * SIDE * SIDE);
    for channel in 0..3 {
        let mut plane: Vec<f32> = pixels
            .iter()
            .enumerate()
            .map(|(i, value)| {
                let light = 1.0 + fall[0] * centred(i % SIDE) + fall[1] * centred(i / SIDE);
                value[channel] * light * shadow[i]
            })
            .collect();
        blur(&mut plane, [SIDE; 2], lens);
        planes.extend(
            plane
                .into_iter()
                .map(|value| value + rng.around_zero(grain)),
        );
    }
    planes
}
