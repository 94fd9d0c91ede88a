//! The definition of NeuRN as plain loops in f64: what every backend is held
//! against. Nothing here is shared with the library but its configuration.

use neurn_core::{Border, MaxScope, NeuRnConfig, Response};

/// Values in `[N, C, H, W]` order.
#[derive(Clone, Debug)]
pub struct Images {
    pub values: Vec<f64>,
    pub dims: [usize; 4],
}

impl Images {
    pub fn new(values: Vec<f64>, dims: [usize; 4]) -> Self {
        assert_eq!(values.len(), dims.iter().product::<usize>());
        Self { values, dims }
    }

    fn at(&self, n: usize, c: usize, row: usize, column: usize) -> f64 {
        let [_, channels, height, width] = self.dims;
        self.values[((n * channels + c) * height + row) * width + column]
    }
}

/// The pixel that a patch sees at `place`, which may lie outside `0..side`;
/// `None` stands for the value of [`beyond`].
fn source(place: isize, side: usize, border: Border) -> Option<usize> {
    let side = side as isize;
    let inside = match border {
        _ if (0..side).contains(&place) => place,
        Border::Symmetric if place < 0 => -place - 1,
        Border::Symmetric => 2 * side - 1 - place,
        Border::Reflect if place < 0 => -place,
        Border::Reflect => 2 * side - 2 - place,
        Border::Replicate => place.clamp(0, side - 1),
        Border::Circular => place.rem_euclid(side),
        Border::Zero | Border::Constant(_) => return None,
        Border::Valid => panic!("a valid patch lies inside"),
    };
    Some(inside as usize)
}

fn beyond(border: Border) -> f64 {
    match border {
        Border::Constant(value) => value,
        _ => 0.0,
    }
}

/// The centres of the kept patches along one side.
fn centres(side: usize, k: usize, border: Border, stride: usize) -> Vec<usize> {
    let margin = if border == Border::Valid { k / 2 } else { 0 };
    (margin..side - margin).step_by(stride).collect()
}

pub fn local_std(images: &Images, k: usize, border: Border, stride: usize) -> Images {
    of_patches(images, k, border, stride, standard_deviation)
}

pub fn local_mean(images: &Images, k: usize, border: Border, stride: usize) -> Images {
    let mean = |patch: &[f64]| {
        let above: f64 = patch.iter().map(|x| x - patch[0]).sum();
        patch[0] + above / patch.len() as f64
    };
    of_patches(images, k, border, stride, mean)
}

/// A value of every patch, of which it is given the pixels.
pub fn of_patches(
    images: &Images,
    k: usize,
    border: Border,
    stride: usize,
    value: impl Fn(&[f64]) -> f64,
) -> Images {
    let [n, c, h, w] = images.dims;
    let (rows, columns) = (centres(h, k, border, stride), centres(w, k, border, stride));
    let mut values = Vec::new();
    for image in 0..n {
        for channel in 0..c {
            for &row in &rows {
                for &column in &columns {
                    let mut patch = Vec::new();
                    for i in 0..k {
                        for j in 0..k {
                            let y = source((row + i) as isize - (k / 2) as isize, h, border);
                            let x = source((column + j) as isize - (k / 2) as isize, w, border);
                            patch.push(match (y, x) {
                                (Some(y), Some(x)) => images.at(image, channel, y, x),
                                _ => beyond(border),
                            });
                        }
                    }
                    values.push(value(&patch));
                }
            }
        }
    }
    Images::new(values, [n, c, rows.len(), columns.len()])
}

/// The population standard deviation, about the first value so that equal
/// values give exactly 0 in floating point too.
fn standard_deviation(patch: &[f64]) -> f64 {
    let count = patch.len() as f64;
    let mean = patch.iter().map(|x| x - patch[0]).sum::<f64>() / count;
    let squares = patch.iter().map(|x| (x - patch[0] - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

pub fn neurn(images: &Images, config: &NeuRnConfig) -> Images {
    let (k, border) = (config.k, config.border);
    let [n, c, h, w] = images.dims;
    let mut output = local_std(images, k, border, config.stride);
    for sigma in &mut output.values {
        if *sigma < config.noise_floor {
            *sigma = 0.0;
        }
    }
    let [_, _, out_h, out_w] = output.dims;

    let groups = match config.max_scope {
        MaxScope::Image => n,
        MaxScope::Channel => n * c,
    };
    let group = n * c * out_h * out_w / groups;
    let input_group = n * c * h * w / groups;
    for g in 0..groups {
        let sigma = &output.values[g * group..(g + 1) * group];
        let mut sorted = sigma.to_vec();
        sorted.sort_by(f64::total_cmp);
        // The first rank whose share of the patches is the quantile.
        let share = |rank: &usize| *rank as f64 / group as f64 >= config.quantile - 1e-12;
        let rank = (1..=group).find(share).unwrap_or(group);
        let peak = match sorted[rank - 1] {
            0.0 => sorted[group - 1],
            quantile => quantile,
        };
        let broken = images.values[g * input_group..(g + 1) * input_group]
            .iter()
            .any(|x| !x.is_finite());
        for q in g * group..(g + 1) * group {
            let sigma = output.values[q];
            let plane = q / (out_h * out_w);
            let row = centres(h, k, border, config.stride)[q / out_w % out_h];
            let column = centres(w, k, border, config.stride)[q % out_w];
            let pixel = images.at(plane / c, plane % c, row, column);
            output.values[q] = if broken {
                f64::NAN
            } else if peak == 0.0 {
                0.0
            } else {
                match config.response {
                    Response::Contrast => (sigma / peak).min(1.0),
                    Response::InverseContrast { epsilon } => 1.0 / (peak * sigma + epsilon),
                    Response::Divisive { epsilon } => pixel / (peak * sigma + epsilon),
                }
            };
        }
    }
    output
}

/// The gradient of `sum(weights * neurn(images))` by central differences.
pub fn gradient(images: &Images, config: &NeuRnConfig, weights: &[f64], step: f64) -> Vec<f64> {
    differences(images, weights, step, |images| neurn(images, config))
}

/// The gradient of `sum(weights * f(images))` by central differences.
pub fn differences(
    images: &Images,
    weights: &[f64],
    step: f64,
    f: impl Fn(&Images) -> Images,
) -> Vec<f64> {
    let loss = |images: &Images| -> f64 {
        f(images)
            .values
            .iter()
            .zip(weights)
            .map(|(y, g)| y * g)
            .sum()
    };
    (0..images.values.len())
        .map(|i| {
            let mut moved = images.clone();
            moved.values[i] = images.values[i] + step;
            let above = loss(&moved);
            moved.values[i] = images.values[i] - step;
            (above - loss(&moved)) / (2.0 * step)
        })
        .collect()
}

/// The gradient of `sum(weights * contrast map)`, without a noise floor, by the formula, and beside it
/// what its terms amount to: of a patch whose pixels lie at most k sigma from
/// its mean, no term is larger than `|g| k / c`.
pub fn contrast_gradient(
    images: &Images,
    config: &NeuRnConfig,
    weights: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (k, border) = (config.k, config.border);
    let [n, c, h, w] = images.dims;
    let sigma = local_std(images, k, border, config.stride);
    let [_, _, out_h, out_w] = sigma.dims;
    let groups = match config.max_scope {
        MaxScope::Image => n,
        MaxScope::Channel => n * c,
    };
    let group = n * c * out_h * out_w / groups;
    let (rows, columns) = (
        centres(h, k, border, config.stride),
        centres(w, k, border, config.stride),
    );
    let mut gradient = vec![0.0; images.values.len()];
    let mut scale = gradient.clone();
    for q in 0..sigma.values.len() {
        let first = q / group * group;
        let of_group = &sigma.values[first..first + group];
        let peak = of_group.iter().copied().fold(0.0, f64::max);
        if sigma.values[q] == 0.0 {
            continue;
        }
        let mut g = weights[q];
        let mut size = g.abs();
        if of_group.iter().position(|&sigma| sigma == peak) == Some(q - first) {
            for (sigma, g_) in of_group.iter().zip(&weights[first..]) {
                g -= sigma / peak * g_;
                size += (sigma / peak * g_).abs();
            }
        }
        let plane = q / (out_h * out_w);
        let (row, column) = (rows[q / out_w % out_h], columns[q % out_w]);
        let mut places = Vec::new();
        for i in 0..k {
            for j in 0..k {
                let y = source((row + i) as isize - (k / 2) as isize, h, border);
                let x = source((column + j) as isize - (k / 2) as isize, w, border);
                places.push(y.zip(x).map(|(y, x)| (plane * h + y) * w + x));
            }
        }
        let pixel = |place: &Option<usize>| place.map_or(beyond(border), |p| images.values[p]);
        let centre = pixel(&places[k * k / 2]);
        let count = (k * k) as f64;
        let mean = places.iter().map(|p| pixel(p) - centre).sum::<f64>() / count;
        for place in &places {
            if let Some(p) = *place {
                let deviation = images.values[p] - centre - mean;
                gradient[p] += g / (peak * sigma.values[q]) * deviation / count;
                scale[p] += size * k as f64 / peak / count;
            }
        }
    }
    (gradient, scale)
}
