//! Under what runs are compared.

use crate::device::Backend;
use crate::studies::transfer::record::Record;
use crate::train::Training;

/// What records have in common that are compared with each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) model: String,
    pub(super) backend: Backend,
    /// Its step size may differ from method to method.
    pub(super) training: Training,
}

impl Setting {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            model: record.model.clone(),
            backend: record.backend,
            training: record.training.clone(),
        }
    }

    /// The backbone and the backend.
    pub(super) fn label(&self) -> String {
        format!("{} on {}", self.model, self.backend)
    }

    /// How it was trained.
    pub(super) fn training(&self) -> String {
        format!(
            "{} of Adam at {}, batches of {}",
            self.training.length(),
            self.training.learning_rate,
            self.training.batch
        )
    }
}
