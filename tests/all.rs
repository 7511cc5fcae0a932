//! Tests that concern more than one crate, or the repository itself. One binary: it links once.

mod affected;
mod bad_input;
mod cache;
mod cli;
mod exact;
mod examples;
mod graph;
mod inputs;
mod layering;
mod oracle;
mod processes;
mod public_api;
mod scheduling;
mod support;
mod text;
