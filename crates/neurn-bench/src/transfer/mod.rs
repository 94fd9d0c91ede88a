//! One run of the domain-transfer study: a network is trained on one domain
//! and tested on others that it has never seen.

mod augment;
mod checkpoint;
mod examples;
mod frontends;
mod plan;
mod presets;
mod run;
mod settings;
mod train;

pub use augment::Augmentation;
pub use checkpoint::{Checkpoint, CheckpointError, Checkpoints};
pub use examples::{Example, Examples};
pub(crate) use frontends::frontend;
pub use frontends::{FRONTENDS, UnknownFrontend};
pub(crate) use plan::read_toml;
pub use plan::{FrontendSettings, Plan, PlanError};
pub use presets::PRESETS;
pub use run::{Job, Split, Target};
pub use settings::{Run, SettingsError, Training, frontend_label};
pub use train::{Confusion, Event, Interrupted, Trained, Trainer, seeded};
