//! NeuRN held against its definition, on every backend that is enabled.

mod devices;
mod forward;
mod gradient;
mod kernel;
mod oracle;
mod properties;
mod refusals;
mod tolerance;
