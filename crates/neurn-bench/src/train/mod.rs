//! A classifier and images -> a trained classifier, and what it is worth.

mod augment;
mod batches;
mod checkpoint;
mod examples;
mod input_scale;
mod method;
mod split;
mod trainer;
mod training;

pub use augment::{Augmentation, MixStyle, RandConv, UnknownAugmentation};
pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints};
pub use examples::{Batch, Example, Examples};
pub use input_scale::{InputScale, InputStatistics};
pub use method::{ImageShape, Method, MethodError};
pub use split::Split;
pub use trainer::{Confusion, Event, TrainError, Trained, Trainer, seeded};
pub use training::{Epoch, Training};
