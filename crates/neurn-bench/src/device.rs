//! The backends a run can be asked to use, by name.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// A backend, on its default device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Burn's CPU backend.
    Flex,
    /// Burn's older CPU backend, deprecated upstream; trains about 40 times
    /// slower than `flex`.
    Ndarray,
    /// Any GPU through WebGPU's API: Vulkan, Metal, DirectX.
    Wgpu,
    /// NVIDIA GPUs.
    Cuda,
}

/// Why a backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// This build does not hold the backend.
    #[error("the device `{0}` is not in this build; expected one of: {built}. Build with --features {0} to add it", built = names(&Backend::all_built()))]
    NotBuilt(Backend),
    /// The backend found nothing to run on, or failed there.
    #[error("the device `{backend}` does not start on this machine: {reason}")]
    DoesNotStart {
        /// The backend.
        backend: Backend,
        /// What it said.
        reason: String,
    },
}

impl Backend {
    /// Those that this build holds.
    pub fn all_built() -> Vec<Backend> {
        [
            (Backend::Flex, cfg!(feature = "flex")),
            (Backend::Ndarray, cfg!(feature = "ndarray")),
            (Backend::Wgpu, cfg!(feature = "wgpu")),
            (Backend::Cuda, cfg!(feature = "cuda")),
        ]
        .into_iter()
        .filter_map(|(backend, built)| built.then_some(backend))
        .collect()
    }

    /// Whether this build holds it.
    pub fn built(self) -> Result<(), DeviceError> {
        match Backend::all_built().contains(&self) {
            true => Ok(()),
            false => Err(DeviceError::NotBuilt(self)),
        }
    }

    /// Opens the default device and runs one addition on it.
    pub fn open(self) -> Result<Device, DeviceError> {
        self.built()?;
        // Burn panics where a driver is missing, and only once it is used. The
        // error that comes of it says all that the panic's message would.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let device = self.device();
            let two = (Tensor::<1>::ones([1], &device) + 1.0).into_scalar::<f32>();
            (two == 2.0).then_some(device)
        }));
        std::panic::set_hook(hook);
        let reason = match opened {
            Ok(Some(device)) => return Ok(device),
            Ok(None) => "1 + 1 is not 2 there".to_string(),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                text.or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no reason given")
                    .to_string()
            }
        };
        Err(DeviceError::DoesNotStart {
            backend: self,
            reason,
        })
    }

    fn device(self) -> Device {
        match self {
            #[cfg(feature = "flex")]
            Backend::Flex => Device::flex(),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated)] // upstream; our users asked for it
            Backend::Ndarray => Device::ndarray(),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => Device::wgpu(Default::default()),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Device::cuda(0),
            #[allow(unreachable_patterns)] // reachable unless all are built
            _ => unreachable!("`open` asks first whether {self} is built"),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Flex => "flex",
            Backend::Ndarray => "ndarray",
            Backend::Wgpu => "wgpu",
            Backend::Cuda => "cuda",
        })
    }
}

fn names(backends: &[Backend]) -> String {
    let names: Vec<String> = backends.iter().map(ToString::to_string).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_opens_and_what_is_not_says_so() {
        assert!(Backend::Flex.open().is_ok());
        if !cfg!(feature = "cuda") {
            let error = Backend::Cuda.open().unwrap_err().to_string();
            assert!(error.contains("`cuda` is not in this build"), "{error}");
            assert!(error.contains("expected one of: flex"), "{error}");
        }
    }
}
