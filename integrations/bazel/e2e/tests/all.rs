//! What a real Bazel makes of the rules and the runner. One binary: its tests take turns.

mod caching;
mod contract;
mod coverage;
mod example;
mod lint;
mod remote;
mod selection;
mod support;
mod time;
