//! See the library of the same name.
#![allow(
    unsafe_code,
    reason = "the environment of a process can only be changed so, and only at its start"
)]

use std::process::ExitCode;

use fastest_bazel_runner::{Invocation, Variables};

fn main() -> ExitCode {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let mut words = std::env::args_os();
    let mut invocation = Invocation::default();
    invocation.program = words.next().unwrap_or_default().into();
    invocation.arguments = words.map(text).collect();
    invocation.variables = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    invocation.cwd = std::env::current_dir().unwrap_or_default();
    fastest_bazel_runner::main(&invocation, set_environment).into()
}

/// Makes the environment of this process the given one.
fn set_environment(variables: &Variables) {
    for (name, _) in std::env::vars_os() {
        if !variables.contains_key(&*name.to_string_lossy()) {
            // SAFETY: called before any other thread is started.
            unsafe { std::env::remove_var(name) };
        }
    }
    for (name, value) in variables {
        // SAFETY: as above.
        unsafe { std::env::set_var(name, value) };
    }
}
