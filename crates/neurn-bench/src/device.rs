//! What a run can be asked to run on, by name.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Mutex;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// A backend. It is part of a run's identity, as another one rounds differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
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
    /// A Burn server on this machine or another.
    Remote,
}

/// A device: `flex`, `ndarray`, `wgpu`, `cuda`, `cuda:1`, or the address of a Burn
/// server, `ws://host:port`, with `#1` for the second of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceName {
    backend: Backend,
    index: usize,
    /// Of a server.
    address: Option<String>,
}

/// A text names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected flex, ndarray, wgpu, cuda, a GPU by number such as cuda:1, or a server such as \
     ws://host:3000; found `{0}`"
)]
pub struct UnknownDevice(String);

impl FromStr for DeviceName {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        let unknown = || UnknownDevice(text.to_string());
        let number = |text: &str| text.parse::<u16>().map_err(|_| unknown());
        if text.starts_with("ws://") {
            let (address, index) = match text.split_once('#') {
                Some((address, index)) => (address, number(index)?),
                None => (text, 0),
            };
            return Ok(Self {
                backend: Backend::Remote,
                index: index.into(),
                address: Some(address.to_string()),
            });
        }
        let (name, index) = match text.split_once(':') {
            Some((name, index)) => (name, Some(number(index)?)),
            None => (text, None),
        };
        let backend = match (name, index) {
            ("flex", None) => Backend::Flex,
            ("ndarray", None) => Backend::Ndarray,
            ("wgpu", _) => Backend::Wgpu,
            ("cuda", _) => Backend::Cuda,
            _ => return Err(unknown()),
        };
        Ok(Self {
            backend,
            index: index.unwrap_or(0).into(),
            address: None,
        })
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, self.index) {
            (Some(address), 0) => f.write_str(address),
            (Some(address), index) => write!(f, "{address}#{index}"),
            (None, 0) => self.backend.fmt(f),
            (None, index) => write!(f, "{}:{index}", self.backend),
        }
    }
}

/// Why a backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// This build does not hold the backend.
    #[error("the device `{0}` is not in this build; expected one of: {built}. Build with --features {0} to add it", built = names(&Backend::all_built()))]
    NotBuilt(Backend),
    /// The backend found nothing to run on, or failed there.
    #[error("the device `{device}` does not start: {reason}")]
    DoesNotStart {
        /// The device.
        device: DeviceName,
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
            (Backend::Remote, cfg!(feature = "remote")),
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
}

impl DeviceName {
    /// What it computes with.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Opens the device and runs one addition on it.
    pub fn open(&self) -> Result<Device, DeviceError> {
        self.backend.built()?;
        let failed = |reason: String| DeviceError::DoesNotStart {
            device: self.clone(),
            reason,
        };
        quietly(|| {
            let device = self.device()?;
            let two = (Tensor::<1>::ones([1], &device) + 1.0).into_scalar::<f32>();
            match two == 2.0 {
                true => Ok(device),
                false => Err("1 + 1 is not 2 there".to_string()),
            }
        })
        .map_err(failed)
    }

    fn device(&self) -> Result<Device, String> {
        Ok(match self.backend {
            #[cfg(feature = "flex")]
            Backend::Flex => Device::flex(),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated)] // upstream; our users asked for it
            Backend::Ndarray => Device::ndarray(),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu if self.index == 0 => Device::wgpu(Default::default()),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => {
                let found = Device::enumerate(burn::tensor::DeviceType::Wgpu).into_iter();
                let count = found.len();
                let missing = || format!("there are {count} GPUs, counted from 0");
                found.skip(self.index).next().ok_or_else(missing)?
            }
            #[cfg(feature = "cuda")]
            Backend::Cuda => Device::cuda(self.index),
            #[cfg(feature = "remote")]
            Backend::Remote => {
                let address = self.address.clone().unwrap_or_default();
                let host = burn::remote::RemoteHost::websocket(address.as_str());
                let options = Device::remote_options(&host).device_index(self.index);
                options.init().map_err(|error| error.to_string())?
            }
            #[allow(unreachable_patterns)] // reachable unless all are built
            _ => unreachable!("`open` asks first whether {} is built", self.backend),
        })
    }
}

/// The CPU, if this build can compute on it: for what is small, or must work when
/// a server is gone.
pub fn cpu() -> Option<Device> {
    #[cfg(feature = "flex")]
    return Some(Device::flex());
    #[cfg(not(feature = "flex"))]
    None
}

/// What `work` gives, or what it panicked with: Burn panics where a driver or a
/// server is missing, and only once it is used. The message is kept from standard
/// error, as the error that comes of it says the same.
pub fn quietly<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    // The hook is the process's.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    done.unwrap_or_else(|panic| Err(panic_text(&*panic)))
}

/// What a panic says.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given")
        .to_string()
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
        let device = |name: &str| name.parse::<DeviceName>().unwrap();
        assert!(device("flex").open().is_ok());
        if !cfg!(feature = "cuda") {
            let error = device("cuda").open().unwrap_err().to_string();
            assert!(error.contains("`cuda` is not in this build"), "{error}");
            assert!(error.contains("expected one of: flex"), "{error}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "flex",
            "ndarray",
            "wgpu",
            "cuda",
            "cuda:3",
            "wgpu:1",
            "ws://gpu.lab:3000",
            "ws://gpu.lab:3000#2",
        ] {
            assert_eq!(name.parse::<DeviceName>().unwrap().to_string(), name);
        }
        let read = |name: &str| name.parse::<DeviceName>();
        assert_eq!(read("cuda:0"), read("cuda"));
        for name in [
            "", "abacus", "flex:1", "cuda:", "cuda:-1", "cuda:x", "ws://a#b",
        ] {
            let error = read(name).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }
}
