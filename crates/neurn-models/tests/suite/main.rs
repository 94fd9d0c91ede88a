//! The models against the published architectures.

mod architectures;
mod classifier;
mod convolution;
mod devices;
mod files;
mod formula;
mod gradient;
mod keras;
mod parameters;
mod position;
mod pth;
mod real;
mod references;
mod shapes;
