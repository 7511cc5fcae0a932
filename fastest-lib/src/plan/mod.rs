//! From a selection to what runs where: engines, order, the options of a run; what a closed unit may use, and
//! the digest of all that its outcomes depend on.

mod build;
mod canonical;
mod contents;
mod digest;
mod engine;
mod hermetic;
mod installed;
mod model;
mod options;
mod shadows;
mod together;

pub use canonical::Digest;
pub use digest::{DigestPart, UnitDigest};
pub use engine::Engine;
pub use hermetic::{Declaration, HermeticOptions, HermeticSpec, HermeticSpecs};
pub use model::{Plan, PlannedFile};
pub use options::{Capture, RunOptions, TracebackStyle};

pub use crate::workspace::Network;

pub(crate) use build::{plan, pytest_args};
pub(crate) use canonical::Canonical;
pub(crate) use contents::{ASIDE, Content, Contents, is_trusted};
pub(crate) use digest::{Digests, Foundation, settings_files};
pub(crate) use installed::installed;
