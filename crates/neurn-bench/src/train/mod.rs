//! A classifier and batches of images -> a trained classifier.

mod augment;
mod batches;
mod checkpoint;
mod examples;
mod trainer;
mod training;

pub use augment::Augmentation;
pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints};
pub use examples::{Batch, Example, Examples};
pub use trainer::{Confusion, Event, Interrupted, Trained, Trainer, seeded};
pub use training::{Epoch, Training};
