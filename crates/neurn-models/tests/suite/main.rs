//! The models against the published architectures.

mod architectures;
mod classifier;
mod convolution;
mod devices;
mod gradient;
#[cfg(feature = "weights")]
mod keras;
mod parameters;
mod position;
mod shapes;
