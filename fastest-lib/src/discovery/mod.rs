//! From facts to tests with pytest's own node ids.

mod model;

pub use model::{DiscoveredFile, Discovery, OpenReason, Test};
