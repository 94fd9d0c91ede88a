//! The studies: each makes jobs of a plan, runs one, and reports from records.

pub mod alignment;
mod distinct;
mod made;
mod settings_file;
pub mod transfer;

pub(crate) use distinct::distinct;
pub use settings_file::SettingsError;
