//! A classifier and images -> a trained classifier, and what it is worth.

mod augment;
mod batches;
mod checkpoint;
mod examples;
mod input_scale;
mod method;
mod seeded;
mod split;
mod trainer;
mod training;

pub use augment::{Augmentation, MixStyle, RandConv, UnknownAugmentation};
pub use batches::Batch;
pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints};
pub use examples::{Example, Examples};
pub use input_scale::{InputScale, InputStatistics};
pub use method::{ImageShape, Method, MethodError};
pub use seeded::seeded;
pub use split::Split;
pub use trainer::{Confusion, Event, TrainError, Trained, Trainer};
pub use training::{Epoch, Training};
