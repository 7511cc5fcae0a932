//! What discovery leaves open, answered by pytest itself.
//!
//! One interpreter collects the files that have something open and passes over the others; where
//! a hook, a plugin or a parameter ties the tests of different files together, it collects them
//! all. The answers are kept with digests of everything that they were made of, so that a call
//! with nothing changed starts no interpreter.

mod answer;
mod cache;
mod collector;
mod inputs;
mod merge;
mod names;
mod report;
mod resolve;

pub use cache::clear_exact;
pub use report::{ExactOptions, ExactReport};

pub(crate) use resolve::{ExactContext, resolve};
