//! What a real Bazel makes of the rules and the runner. One binary: its tests take turns.

mod affected;
mod caching;
mod contract;
mod edits;
mod lint;
mod selection;
mod support;
mod time;
