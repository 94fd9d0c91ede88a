//! From a tensor and its windows to what a kernel is launched with.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::{DType, Shape};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::client::Client;
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use super::super::windows::Windows;
use super::tile::{GridLaunch, Tile, UNITS};
use crate::MaxScope;

/// A batch cut into tiles.
pub(super) struct Batch {
    pub windows: Windows,
    n: usize,
    c: usize,
    /// How many planes share one peak.
    pub group: usize,
    pub tile: Tile,
    dtype: DType,
    /// How many values fit the shared memory of a cube.
    memory: usize,
}

impl Batch {
    /// `images` in tiles of patches.
    pub(super) fn of_patches(
        images: &CubeTensor,
        windows: &Windows,
        over: Option<MaxScope>,
    ) -> Self {
        let memory = memory(&images.client, images.dtype);
        let tile = patches(windows, memory).expect("`serves` has found a tile");
        Self::new(images, windows, over, tile, memory)
    }

    /// `images` in tiles of pixels.
    pub(super) fn of_pixels(
        images: &CubeTensor,
        windows: &Windows,
        over: Option<MaxScope>,
    ) -> Self {
        let memory = memory(&images.client, images.dtype);
        let tile = pixels(windows, memory).expect("`serves` has found a tile");
        Self::new(images, windows, over, tile, memory)
    }

    fn new(
        images: &CubeTensor,
        windows: &Windows,
        over: Option<MaxScope>,
        tile: Tile,
        memory: usize,
    ) -> Self {
        let shape = images.meta.shape();
        let (n, c) = (shape[0], shape[1]);
        Self {
            windows: *windows,
            n,
            c,
            group: over.map_or(1, |scope| scope.planes(c)),
            tile,
            dtype: images.dtype,
            memory,
        }
    }

    pub(super) fn planes(&self) -> usize {
        self.n * self.c
    }

    pub(super) fn groups(&self) -> usize {
        self.planes() / self.group
    }

    /// The shape of the output.
    pub(super) fn output(&self) -> [usize; 4] {
        let [height, width] = self.windows.output();
        [self.n, self.c, height, width]
    }

    /// Tiles of patches of a plane.
    pub(super) fn patch_tiles(&self) -> [usize; 2] {
        let [height, width] = self.windows.output();
        [
            height.div_ceil(self.tile.rows),
            width.div_ceil(self.tile.columns),
        ]
    }

    /// Tiles of pixels of a plane.
    pub(super) fn pixel_tiles(&self) -> [usize; 2] {
        [
            self.windows.height.div_ceil(self.tile.rows),
            self.windows.width.div_ceil(self.tile.columns),
        ]
    }

    /// Whether a cube has room for this many values beside its tile.
    pub(super) fn leaves(&self, values: usize) -> bool {
        self.tile.shared() + values <= self.memory
    }

    pub(super) fn grid(&self, tasks: usize, tiles: [usize; 2]) -> GridLaunch {
        let [out_height, out_width] = self.windows.output();
        GridLaunch::new(
            tasks,
            self.windows.height,
            self.windows.width,
            out_height,
            out_width,
            tiles[0],
            tiles[1],
            InputScalar::new(self.windows.border.value(), dtypes(self.dtype)[1]),
        )
    }
}

/// Whether a cube's shared memory holds a tile for these windows, forward and
/// backward.
pub(super) fn fits(client: &Client, dtype: DType, windows: &Windows) -> bool {
    let memory = memory(client, dtype);
    patches(windows, memory).is_some() && pixels(windows, memory).is_some()
}

/// Sides of a tile that are tried, in this order.
const SIDES: [usize; 4] = [32, 16, 8, 4];

fn patches(windows: &Windows, memory: usize) -> Option<Tile> {
    let [height, width] = windows.output();
    let tile = |side: usize| Tile::new(windows, side.min(height), side.min(width));
    SIDES
        .into_iter()
        .map(tile)
        .find(|tile| tile.shared() <= memory)
}

/// A tile of pixels looks at all patches that hold one of them.
fn pixels(windows: &Windows, memory: usize) -> Option<Tile> {
    let tile = |side: usize| {
        let rows = side.min(windows.height);
        let columns = side.min(windows.width);
        Tile::around(windows, rows, columns)
    };
    SIDES
        .into_iter()
        .map(tile)
        .find(|tile| tile.shared_backward() <= memory)
}

fn memory(client: &Client, dtype: DType) -> usize {
    let bytes = client.properties().hardware.max_shared_memory_size;
    bytes / accumulator(dtype).size()
}

/// What is computed in.
pub(super) fn accumulator(dtype: DType) -> DType {
    match dtype {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}

/// The dtype of the images and that of the arithmetic.
pub(super) fn dtypes(dtype: DType) -> [ElemType; 2] {
    [dtype, accumulator(dtype)].map(dtype_to_storage_type)
}

pub(super) fn units() -> CubeDim {
    CubeDim::new_1d(UNITS as u32)
}

/// As many cubes as tasks, or a few more.
pub(super) fn counts(images: &CubeTensor, tasks: usize) -> CubeCount {
    calculate_cube_count_elemwise(&images.client, tasks * UNITS, units())
}

pub(super) fn empty<const D: usize>(
    images: &CubeTensor,
    shape: [usize; D],
    dtype: DType,
) -> CubeTensor {
    empty_device_contiguous_dtype(
        images.client.clone(),
        images.device.clone(),
        Shape::from(shape),
        dtype,
    )
}
