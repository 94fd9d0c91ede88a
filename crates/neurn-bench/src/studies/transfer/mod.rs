//! The domain-transfer study: networks trained on some domains of images and tested
//! on others that they have never seen.

mod job;
mod methods;
mod plan;
mod presets;
pub mod record;
pub mod report;
mod run;
mod source;
mod study;

pub use job::Job;
pub use methods::{UnknownMethod, names as method_names};
pub use plan::{Plan, Protocol};
pub use presets::PRESETS;
pub use run::Target;
pub use source::Data;
pub use study::Study;
