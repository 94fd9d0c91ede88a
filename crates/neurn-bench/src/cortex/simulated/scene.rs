//! Images with what matters of photographs: a spectrum of about 1/f, and
//! things that stand in front of others.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The highest number of waves along a side of twice the image.
const WAVES: i32 = 16;

/// One image, row after row.
pub(super) fn draw(side: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let level = rng.random_range(0.2..0.7);
    let contrast = rng.random_range(0.04..0.16);
    let mut image: Vec<f64> = noise(side, rng)
        .into_iter()
        .map(|value| level + contrast * value)
        .collect();
    for _ in 0..rng.random_range(0..5) {
        let shade = rng.random_range(0.05..0.95);
        let texture = noise(side, rng);
        let roughness = rng.random_range(0.0..0.1);
        let inside = shape(side, rng);
        for ((value, inside), texture) in image.iter_mut().zip(inside).zip(texture) {
            *value += inside * (shade + roughness * texture - *value);
        }
    }
    image
        .iter_mut()
        .for_each(|value| *value = value.clamp(0.0, 1.0));
    image
}

/// Noise of mean about 0 and variance 1, of which the amplitude falls as one
/// over the frequency: plane waves in all directions, with random phases. They
/// have twice the image as their period, so that it does not repeat itself.
fn noise(side: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut image = vec![0.0; side * side];
    let period = (2 * side) as f64;
    let mut power = 0.0;
    // Half of all directions: the others are the same waves again.
    for down in 0..WAVES {
        for along in (1 - WAVES)..WAVES {
            let frequency = f64::from(down).hypot(f64::from(along));
            if (down == 0 && along <= 0) || frequency >= f64::from(WAVES) {
                continue;
            }
            let amplitude = 1.0 / frequency;
            power += 0.5 * amplitude * amplitude;
            let phase = rng.random_range(0.0..TAU);
            let [down, along] = [down, along].map(|waves| TAU * f64::from(waves) / period);
            let columns: Vec<(f64, f64)> =
                (0..side).map(|x| (along * x as f64).sin_cos()).collect();
            for (y, row) in image.chunks_exact_mut(side).enumerate() {
                let (sin, cos) = (down * y as f64 + phase).sin_cos();
                for (value, (sin_x, cos_x)) in row.iter_mut().zip(&columns) {
                    *value += amplitude * (cos * cos_x - sin * sin_x);
                }
            }
        }
    }
    let scale = power.sqrt().recip();
    image.iter_mut().for_each(|value| *value *= scale);
    image
}

/// How much each pixel lies inside a half-plane or a blob with a soft edge.
fn shape(side: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let size = side as f64;
    let centre = [rng.random_range(0.0..size), rng.random_range(0.0..size)];
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    let blob = rng.random_bool(0.6);
    let radii = [
        rng.random_range(0.1..0.5) * size,
        rng.random_range(0.1..0.5) * size,
    ];
    let softness = rng.random_range(0.5..2.5);
    (0..side * side)
        .map(|pixel| {
            let x = (pixel % side) as f64 - centre[0];
            let y = (pixel / side) as f64 - centre[1];
            let [u, v] = [cos * x + sin * y, cos * y - sin * x];
            let depth = if blob {
                (1.0 - (u / radii[0]).hypot(v / radii[1])) * radii[0].min(radii[1])
            } else {
                u
            };
            (0.5 + depth / softness).clamp(0.0, 1.0)
        })
        .collect()
}
