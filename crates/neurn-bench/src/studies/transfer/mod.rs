//! The domain-transfer study: networks trained on one domain of images and tested
//! on others that they have never seen.

mod frontends;
mod plan;
mod presets;
pub mod record;
pub mod report;
mod run;
mod settings;
mod source;
mod study;

pub use frontends::FRONTENDS;
pub(crate) use frontends::frontend;
pub(crate) use plan::read_toml;
pub use plan::{FrontendSettings, Plan, PlanError};
pub use presets::PRESETS;
pub use run::{Job, Split, Target};
pub use settings::{Run, SettingsError, frontend_label};
pub use source::Data;
pub use study::Study;
