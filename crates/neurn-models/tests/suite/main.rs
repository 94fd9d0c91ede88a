//! The models against the published architectures.

mod architectures;
mod classifier;
mod devices;
mod gradient;
mod keras;
mod parameters;
mod position;
mod shapes;
