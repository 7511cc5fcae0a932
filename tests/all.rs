//! Tests that concern more than one crate, or the repository itself. One binary: it links once.

mod affected;
mod bad_input;
mod cache;
mod cli;
mod coverage;
mod exact;
mod examples;
mod graph;
mod inputs;
mod layering;
mod oracle;
mod plugins;
mod processes;
mod public_api;
mod support;
mod text;
