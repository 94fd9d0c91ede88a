//! The backends under test: those whose feature is enabled.

use burn::tensor::{DType, Device, Tensor, TensorData};

/// One device of each enabled backend.
pub fn all() -> Vec<Device> {
    let devices: Vec<Device> = vec![
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        ndarray(),
        #[cfg(feature = "wgpu")]
        Device::wgpu(Default::default()),
        #[cfg(feature = "cuda")]
        Device::cuda(0),
    ];
    assert!(
        !devices.is_empty(),
        "enable the feature of a backend to test"
    );
    devices
}

/// The backend is deprecated upstream and stays supported here.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}

/// Those that compute in `dtype`.
pub fn computing_in(dtype: DType) -> Vec<Device> {
    all()
        .into_iter()
        .filter(|device| device.supports_dtype(dtype))
        .collect()
}

pub fn tensor<const D: usize>(
    values: &[f64],
    shape: [usize; D],
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// The values of a tensor of any float type.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_into_vec().unwrap()
}
