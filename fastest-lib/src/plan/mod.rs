//! From a selection to what runs where: engines, order, the options of a run.

mod build;
mod engine;
mod hermetic;
mod model;
mod options;

pub use crate::workspace::Network;
pub use engine::Engine;
pub use hermetic::{Declaration, HermeticOptions, HermeticSpec, HermeticSpecs};
pub use model::{Plan, PlannedFile};
pub use options::{Capture, RunOptions, TracebackStyle};

pub(crate) use build::{plan, pytest_args};
