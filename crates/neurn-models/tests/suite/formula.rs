//! Weights and images by a formula of a name and an index, which
//! `references/torch_models.py` and `keras_models.py` repeat to the last bit.

use burn::tensor::{Device, Tensor, TensorData};

/// FNV-1a of a name.
fn seed_of(name: &str) -> u64 {
    let start = 0xCBF2_9CE4_8422_2325_u64;
    name.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// Numbers in 0..1, multiples of 2^-24: SplitMix64 from the name's hash.
pub fn units(name: &str) -> impl Iterator<Item = f64> + use<> {
    let mut state = seed_of(name);
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / (1 << 24) as f64
    })
}

/// What a tensor of this name and shape is filled with.
pub fn values(name: &str, shape: &[usize]) -> Vec<f32> {
    let count: usize = shape.iter().product();
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let fan_in = match (last, shape) {
        ("depthwise_kernel", &[height, width, ..]) => height * width,
        // Keras has the outputs last.
        ("kernel", &[.., outputs]) => count / outputs,
        (_, &[outputs, ..]) => count / outputs,
        (_, []) => 1,
    };
    let of: &dyn Fn(f64) -> f64 = match last {
        "running_var" | "moving_variance" => &|u| 0.5 + u,
        "running_mean" | "moving_mean" | "bias" | "beta" => &|u| 0.2 * (u - 0.5),
        "cls_token" | "pos_embed" => &|u| u - 0.5,
        "layer_scale" => &|u| 0.25 + 0.5 * u,
        _ if shape.len() == 1 => &|u| 0.5 + 0.5 * u,
        _ => &|u| (2.0 * u - 1.0) * (6.0 / fan_in as f64).sqrt(),
    };
    units(name).take(count).map(|u| of(u) as f32).collect()
}

/// Images of values in -1..1.
pub fn image([height, width]: [usize; 2], batch: usize, device: &Device) -> Tensor<4> {
    let shape = [batch, 3, height, width];
    let pixels = units("image").map(|u| (2.0 * u - 1.0) as f32);
    let pixels: Vec<f32> = pixels.take(shape.iter().product()).collect();
    Tensor::from_data(TensorData::new(pixels, shape), device)
}
