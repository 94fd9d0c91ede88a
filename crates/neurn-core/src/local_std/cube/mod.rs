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
use burn::tensor::{DType, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use self::launch::Batch;
use super::backend::LocalStdBackend;
use super::windows::Windows;
use crate::MaxScope;

/// Whether the device computes these images, a cube's shared memory holds a tile
/// of such patches, and an index every value.
pub(super) fn serves(images: &Tensor<4>, device: &CubeDevice, windows: &Windows) -> bool {
    let dtype = images.dtype();
    // Of a response in half precision not even the peak could be told again, so a
    // gradient asks for the images in f32.
    let is_served = match dtype {
        DType::F32 | DType::F64 => true,
        DType::F16 | DType::BF16 => !images.is_tracked(),
        _ => false,
    };
    let values = images.shape().num_elements();
    is_served
        && values <= i32::MAX as usize
        && images.device().inner().supports_dtype(dtype)
        && launch::fits(&device.client(), dtype, windows)
}

impl LocalStdBackend for CubeBackend {
    fn local_std(images: CubeTensor, windows: Windows, over: Option<MaxScope>) -> CubeTensor {
        let images = into_contiguous(images);
        let batch = Batch::of_patches(&images, &windows, over);
        match over {
            None => forward::local_std(images, &batch),
            Some(_) => forward::contrast(images, &batch),
        }
    }

    fn local_std_gradient(
        images: CubeTensor,
        response: CubeTensor,
        by_response: CubeTensor,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> CubeTensor {
        let images = into_contiguous(images);
        let response = into_contiguous(response);
        let by_response = into_contiguous(by_response);
        let pixels = Batch::of_pixels(&images, &windows, over);
        let peaks = over.map(|_| {
            let patches = Batch::of_patches(&images, &windows, over);
            gradient::peaks(&images, &response, &by_response, &patches)
        });
        gradient::gradient(images, response, by_response, peaks, &pixels)
    }
}
