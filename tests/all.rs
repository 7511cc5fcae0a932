//! Tests that concern more than one crate, or the repository itself. One binary: it links once.

mod affected;
mod bad_input;
mod cache;
mod cli;
mod collectors;
mod coverage;
mod display;
mod events;
mod exact;
mod examples;
mod explain;
mod graph;
mod hermetic;
mod incremental;
mod inputs;
mod junit;
mod layering;
mod limits;
mod oracle;
mod plugins;
mod probe;
mod processes;
mod public_api;
mod scheduling;
mod support;
mod text;
