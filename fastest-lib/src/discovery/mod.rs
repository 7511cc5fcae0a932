//! From facts to tests with pytest's own node ids.
//!
//! [`discover`] reads the test files and their conftests and lists the tests as
//! `pytest --collect-only -q` does. Whatever the sources do not decide (computed parameters, hooks,
//! names from elsewhere) is marked open with an [`OpenReason`], on the test or on its file; what is
//! not marked is exact.

mod classes;
mod closure;
mod collect;
mod conftest;
mod decorators;
mod discover;
mod engine;
mod enums;
mod expansion;
mod failing;
mod fixtures;
mod folders;
mod ids;
mod ignored;
mod items;
mod known;
mod marks;
mod members;
mod model;
mod naming;
mod options;
mod parametrize;
mod project;
mod reorder;
mod scope;
mod value;

pub use discover::discover;
pub use model::{DiscoveredFile, Discovery, OpenReason, Test};
pub(crate) use model::{MarkValue, SharedFixture, TestMark};
pub use options::DiscoverOptions;
