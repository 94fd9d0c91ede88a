//! NeuRN held against its definition, on every backend that is enabled.

mod borders;
mod devices;
mod forward;
mod gradient;
mod half;
mod kernel;
mod large;
mod mean;
mod module;
mod noise_floor;
mod oracle;
mod properties;
mod refusals;
mod tolerance;
mod views;
