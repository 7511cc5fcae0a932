//! A test executor for Buck2: `[test] v2_test_executor` names it.
//!
//! Buck2 starts it with two sockets. On one it serves `TestExecutor`: Buck2 sends a specification of
//! each test target there. On the other it calls Buck2's `TestOrchestrator`: has a target's command run,
//! and reports what came of it. A target of Fastest runs once, or has its verdict replayed; its tests are
//! listed and reported one by one from that one process. Other targets are reported as Buck2 itself does.

pub mod messages;
pub mod options;
pub mod rpc;
pub mod session;

mod results;
mod watched;
