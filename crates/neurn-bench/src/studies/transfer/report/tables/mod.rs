//! Which tables a study has, whatever format they are written in.

mod layers;
mod matrix;
mod methods;
mod run;
mod shifts;

pub(super) use layers::{anywhere, layered, layers, place};
pub(super) use matrix::matrices;
pub(super) use methods::methods;
pub(super) use run::run;
pub(super) use shifts::shifts;
