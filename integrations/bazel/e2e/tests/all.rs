//! What a real Bazel makes of the rules and the runner. One binary: its tests take turns.

mod affected;
mod caching;
mod contract;
mod coverage;
mod edits;
mod example;
mod links;
mod lint;
mod providers;
mod remote;
mod selection;
mod support;
mod time;
