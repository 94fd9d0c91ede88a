//! One run of the domain-transfer study: a network is trained on one domain
//! and tested on others that it has never seen.

mod examples;
mod plan;
mod run;
mod train;

pub use examples::{Example, Examples};
pub use plan::{FRONTENDS, Plan, Run, Training, UnknownName, frontend_label};
pub use run::{Split, run};
pub use train::{Confusion, Interrupted, Trained, Trainer, seeded};
