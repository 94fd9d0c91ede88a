//! Colour patches that look like small crops of photographs: large smooth
//! areas, soft shading, a few edges, and at times a regular pattern.

use crate::data::rng::Rng;
use std::f32::consts::TAU;

/// Red, green and blue.
pub(super) type Colour = [f32; 3];

/// A colour of this brightness, off grey by about `saturation` per channel,
/// with red and blue pulling in opposite directions as daylight and shade do.
pub(super) fn colour(brightness: f32, saturation: f32, rng: &mut Rng) -> Colour {
    let warmth = rng.around_zero(saturation);
    let tint = rng.around_zero(0.6 * saturation);
    [brightness + warmth, brightness + tint, brightness - warmth]
}

/// Smooth random values of about -1..1 on a `side` x `side` plane: random
/// numbers on a grid of `cell` pixels, blended between the grid points.
pub(super) fn noise(side: usize, cell: f32, rng: &mut Rng) -> Vec<f32> {
    let shift = [rng.within(0.0, 1.0), rng.within(0.0, 1.0)];
    let width = (side as f32 / cell).ceil() as usize + 3;
    let grid: Vec<f32> = (0..width * width).map(|_| rng.within(-1.0, 1.0)).collect();
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
pub(super) fn patch(side: usize, rng: &mut Rng) -> Vec<Colour> {
    // Photographs are more often dark than bright, and seldom one mid grey.
    let brightness = if rng.happens(0.6) {
        rng.within(0.05, 0.4)
    } else {
        rng.within(0.4, 0.9)
    };
    // Most things outdoors are nearly grey, some are not.
    let saturation = rng.within(0.02, 0.13);
    let mut colours = vec![colour(brightness, saturation, rng); side * side];

    // Up to three things in front of each other, with soft or sharp edges.
    for _ in 0..rng.below(4) {
        let shade = (brightness + rng.around_zero(0.22)).clamp(0.03, 0.95);
        let thing = colour(shade, saturation, rng);
        let softness = rng.within(0.5, 4.0);
        for (value, inside) in colours.iter_mut().zip(shape(side, softness, rng)) {
            for (channel, target) in value.iter_mut().zip(thing) {
                *channel += inside * (target - *channel);
            }
        }
    }

    // Shading and fine structure: octaves of noise, weaker as they get finer.
    let roughness = rng.within(0.02, 0.17);
    let mut light = vec![0.0; side * side];
    for (cell, weight) in [(18.0, 1.0), (9.0, 0.6), (4.5, 0.4), (2.2, 0.2)] {
        let weight = weight * roughness * rng.within(0.5, 1.3);
        for (sum, value) in light.iter_mut().zip(noise(side, cell, rng)) {
            *sum += weight * value;
        }
    }
    // Bricks, fences, stripes, water.
    if rng.happens(0.25) {
        let strength = rng.within(0.03, 0.12);
        for (sum, wave) in light.iter_mut().zip(grating(side, rng)) {
            *sum += strength * wave;
        }
    }
    for (value, light) in colours.iter_mut().zip(light) {
        *value = value.map(|channel| (channel + light).clamp(0.0, 1.0));
    }
    colours
}

/// How much each pixel lies inside a random half-plane or blob.
pub(super) fn shape(side: usize, softness: f32, rng: &mut Rng) -> Vec<f32> {
    let size = side as f32;
    let centre = [rng.within(0.0, size), rng.within(0.0, size)];
    let (sin, cos) = rng.within(0.0, TAU).sin_cos();
    let blob = rng.happens(0.5);
    let radii = [rng.within(0.15, 0.6) * size, rng.within(0.15, 0.6) * size];
    // Real outlines are never quite straight.
    let wobble = noise(side, 10.0, rng);
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
fn grating(side: usize, rng: &mut Rng) -> Vec<f32> {
    let period = rng.within(4.0, 14.0);
    let (sin, cos) = rng.within(0.0, TAU).sin_cos();
    let phase = rng.within(0.0, 1.0);
    let bend = noise(side, 14.0, rng);
    (0..side * side)
        .map(|i| {
            let along = cos * (i % side) as f32 + sin * (i / side) as f32;
            (TAU * ((along + 1.5 * bend[i]) / period + phase)).sin()
        })
        .collect()
}
