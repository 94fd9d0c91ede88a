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

/// Sigma, and with a scope over the largest of its group.
pub(super) fn local_std(
    images: CubeTensor,
    windows: &Windows,
    over: Option<MaxScope>,
) -> CubeTensor {
    let images = into_contiguous(images);
    let batch = Batch::of_patches(&images, windows, over);
    match over {
        None => forward::local_std(images, &batch),
        Some(_) => forward::contrast(images, &batch),
    }
}

pub(super) fn gradient(
    images: CubeTensor,
    response: CubeTensor,
    by_response: CubeTensor,
    windows: &Windows,
    over: Option<MaxScope>,
) -> CubeTensor {
    let images = into_contiguous(images);
    let response = into_contiguous(response);
    let by_response = into_contiguous(by_response);
    let pixels = Batch::of_pixels(&images, windows, over);
    let peaks = over.map(|_| {
        let patches = Batch::of_patches(&images, windows, over);
        gradient::peaks(&images, &response, &by_response, &patches)
    });
    gradient::gradient(images, response, by_response, peaks, &pixels)
}
