//! Colour patches that look like small crops of photographs: large smooth
//! areas, soft shading, a few edges, and at times a regular pattern.

use crate::data::chance::Chance;
use std::f32::consts::TAU;

/// Red, green and blue.
pub(super) type Colour = [f32; 3];

/// A colour of this brightness, off grey by about `saturation` per channel,
/// with red and blue pulling in opposite directions as daylight and shade do.
pub(super) fn colour(brightness: f32, saturation: f32, chance: &mut Chance) -> Colour {
    let warmth = chance.around_zero(saturation);
    let tint = chance.around_zero(0.6 * saturation);
    [brightness + warmth, brightness + tint, brightness - warmth]
}

/// Smooth random values of about -1..1 on a `side` x `side` plane: random
/// numbers on a grid of `cell` pixels, blended between the grid points.
pub(super) fn noise(side: usize, cell: f32, chance: &mut Chance) -> Vec<f32> {
    let shift = [chance.within(0.0, 1.0), chance.within(0.0, 1.0)];
    let width = (side as f32 / cell).ceil() as usize + 3;
    let grid: Vec<f32> = (0..width * width)
        .map(|_| chance.within(-1.0, 1.0))
        .collect();
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    // The grid point before a pixel and how far the pixel is beyond it.
    let along = |i: usize, shift: f32| {
        let at = i as f32 / cell + shift;
        (at as usize, smooth(at.fract()))
    };
    let columns: Vec<(usize, f32)> = (0..side).map(|x| along(x, shift[0])).collect();
    let mut values = Vec::with_capacity(side * side);
    for (row, v) in (0..side).map(|y| along(y, shift[1])) {
        for &(column, u) in &columns {
            let corner = row * width + column;
            let above = grid[corner] + u * (grid[corner + 1] - grid[corner]);
            let below = corner + width;
            let below = grid[below] + u * (grid[below + 1] - grid[below]);
            values.push(above + v * (below - above));
        }
    }
    values
}

/// A patch of `side` x `side` colours, each channel in 0..=1.
pub(super) fn patch(side: usize, chance: &mut Chance) -> Vec<Colour> {
    // Photographs are more often dark than bright, and seldom one mid grey.
    let brightness = if chance.happens(0.6) {
        chance.within(0.05, 0.4)
    } else {
        chance.within(0.4, 0.9)
    };
    // Most things outdoors are nearly grey, some are not.
    let saturation = chance.within(0.02, 0.13);
    let mut colours = vec![colour(brightness, saturation, chance); side * side];

    // Up to three things in front of each other, with soft or sharp edges.
    for _ in 0..chance.below(4) {
        let shade = (brightness + chance.around_zero(0.22)).clamp(0.03, 0.95);
        let thing = colour(shade, saturation, chance);
        let softness = chance.within(0.5, 4.0);
        for (value, inside) in colours.iter_mut().zip(shape(side, softness, chance)) {
            for (channel, target) in value.iter_mut().zip(thing) {
                *channel += inside * (target - *channel);
            }
        }
    }

    // Shading and fine structure: octaves of noise, weaker as they get finer.
    let roughness = chance.within(0.02, 0.17);
    let mut light = vec![0.0; side * side];
    for (cell, weight) in [(18.0, 1.0), (9.0, 0.6), (4.5, 0.4), (2.2, 0.2)] {
        let weight = weight * roughness * chance.within(0.5, 1.3);
        for (sum, value) in light.iter_mut().zip(noise(side, cell, chance)) {
            *sum += weight * value;
        }
    }
    // Bricks, fences, stripes, water.
    if chance.happens(0.25) {
        let strength = chance.within(0.03, 0.12);
        for (sum, wave) in light.iter_mut().zip(grating(side, chance)) {
            *sum += strength * wave;
        }
    }
    for (value, light) in colours.iter_mut().zip(light) {
        *value = value.map(|channel| (channel + light).clamp(0.0, 1.0));
    }
    colours
}

/// How much each pixel lies inside a random half-plane or blob.
pub(super) fn shape(side: usize, softness: f32, chance: &mut Chance) -> Vec<f32> {
    let size = side as f32;
    let centre = [chance.within(0.0, size), chance.within(0.0, size)];
    let (sin, cos) = chance.within(0.0, TAU).sin_cos();
    let blob = chance.happens(0.5);
    let radii = [
        chance.within(0.15, 0.6) * size,
        chance.within(0.15, 0.6) * size,
    ];
    // Real outlines are never quite straight.
    let wobble = noise(side, 10.0, chance);
    (0..side * side)
        .map(|i| {
            let (x, y) = ((i % side) as f32 - centre[0], (i / side) as f32 - centre[1]);
            let (u, v) = (cos * x + sin * y, cos * y - sin * x);
            let depth = if blob {
                let reach = (u / radii[0]).hypot(v / radii[1]);
                (1.0 - reach) * radii[0].min(radii[1])
            } else {
                u
            };
            (0.5 + (depth + 2.0 * wobble[i]) / softness).clamp(0.0, 1.0)
        })
        .collect()
}

/// Waves of -1..1 in one direction, of a period of 4 to 14 pixels.
fn grating(side: usize, chance: &mut Chance) -> Vec<f32> {
    let period = chance.within(4.0, 14.0);
    let (sin, cos) = chance.within(0.0, TAU).sin_cos();
    let phase = chance.within(0.0, 1.0);
    let bend = noise(side, 14.0, chance);
    (0..side * side)
        .map(|i| {
            let along = cos * (i % side) as f32 + sin * (i / side) as f32;
            (TAU * ((along + 1.5 * bend[i]) / period + phase)).sin()
        })
        .collect()
}
