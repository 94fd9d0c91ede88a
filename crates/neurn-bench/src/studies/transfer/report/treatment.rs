//! What is compared, and under what the comparison is made.

use crate::device::Backend;
use crate::studies::transfer::frontend_label;
use crate::studies::transfer::record::Record;

/// What records have in common that are compared with each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) model: String,
    pub(super) device: Backend,
    pub(super) epochs: usize,
    pub(super) batch: usize,
    pub(super) learning_rate: f64,
}

impl Setting {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            model: record.model.clone(),
            device: record.device,
            epochs: record.epochs,
            batch: record.batch,
            learning_rate: record.learning_rate,
        }
    }

    /// The backbone and the backend.
    pub(super) fn label(&self) -> String {
        format!("{} on {}", self.model, self.device)
    }

    /// How it was trained.
    pub(super) fn training(&self) -> String {
        let epochs = match self.epochs {
            1 => "1 epoch".to_string(),
            epochs => format!("{epochs} epochs"),
        };
        format!(
            "{epochs} of Adam at {}, batches of {}",
            self.learning_rate, self.batch
        )
    }
}

/// What is done to a backbone: one row of a table, one line of a figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Treatment {
    pub(super) frontend: String,
    pub(super) k: Option<usize>,
    pub(super) stride: Option<usize>,
    pub(super) after: Option<String>,
}

impl Treatment {
    pub(super) fn of(record: &Record) -> Self {
        Self {
            frontend: record.frontend.clone(),
            k: record.k,
            stride: record.stride,
            after: record.after.clone(),
        }
    }

    /// Nothing, which gains are counted from.
    pub(super) fn baseline() -> Self {
        Self {
            frontend: "none".to_string(),
            k: None,
            stride: None,
            after: None,
        }
    }

    /// `neurn (k = 3, stride 2) after conv1`
    pub(super) fn label(&self) -> String {
        frontend_label(&self.frontend, self.k, self.stride, self.after.as_deref())
    }
}
