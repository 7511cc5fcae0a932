//! Tests that concern more than one crate, or the repository itself. One binary: it links once.

mod cli;
mod layering;
mod public_api;
mod support;
mod text;
