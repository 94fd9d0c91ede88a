//! The kernel for CubeCL, behind Burn's wgpu, CUDA and what else CubeCL
//! compiles for.
//!
//! A plane is cut into tiles, and a cube of units computes a tile from pixels in
//! its shared memory. [`tile`] holds the arithmetic, and the kernels in
//! [`forward`] and [`gradient`] say which tiles are computed how often and where
//! the result goes. f16 and bf16 are computed in f32.

mod forward;
mod gradient;
mod launch;
mod tile;

use burn::backend::CubeDevice;
use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use self::launch::Batch;
use super::windows::Windows;
use crate::MaxScope;

/// Whether a cube's shared memory holds a tile of such patches, and an index
/// every value.
pub(super) fn serves(device: &CubeDevice, dtype: DType, planes: usize, windows: &Windows) -> bool {
    let values = planes * windows.height * windows.width;
    values <= i32::MAX as usize && launch::fits(&device.client(), dtype, windows)
}

pub(super) fn local_std(images: CubeTensor, windows: &Windows) -> CubeTensor {
    let images = into_contiguous(images);
    let batch = Batch::of_patches(&images, windows, MaxScope::Channel);
    forward::local_std(images, &batch)
}

pub(super) fn contrast(images: CubeTensor, windows: &Windows, scope: MaxScope) -> CubeTensor {
    let images = into_contiguous(images);
    let batch = Batch::of_patches(&images, windows, scope);
    forward::contrast(images, &batch)
}

pub(super) fn contrast_gradient(
    images: CubeTensor,
    response: CubeTensor,
    by_response: CubeTensor,
    windows: &Windows,
    scope: MaxScope,
) -> CubeTensor {
    let images = into_contiguous(images);
    let patches = Batch::of_patches(&images, windows, scope);
    let pixels = Batch::of_pixels(&images, windows, scope);
    gradient::contrast_gradient(
        images,
        into_contiguous(response),
        into_contiguous(by_response),
        &patches,
        &pixels,
    )
}
