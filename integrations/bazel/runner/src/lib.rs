//! The program that a `fastest_test` of Bazel runs: one file of tests as a closed unit.
//!
//! The rules write a [`Manifest`] of what a target declares beside its executable, which is this program.
//! [`Contract`] is what Bazel tells a test by its environment, [`Unit`] what both make of it: a file, its
//! inputs, its interpreter, its environment. [`Unit::run`] runs it and knows nothing of Bazel. The
//! program does two more things: it makes a copy of itself that carries its Python side compiled
//! (`--prepare`), and it joins LCOV files for `bazel coverage`.

mod args;
mod choose;
mod contract;
mod coverage;
mod failure;
mod journal;
mod lcov;
mod log;
mod manifest;
mod prepared;
mod run;
mod shard;
mod undeclared;
mod unit;

use std::fs;
use std::path::{Path, PathBuf};

pub use args::Args;
pub use choose::Wanted;
pub use contract::{Contract, CoverageContract, ShardContract, Variables};
pub use failure::Failure;
pub use log::write as write_log;
pub use manifest::{Input, Manifest};
pub use prepared::{prepare as prepare_runner, unpack as unpack_harness};
pub use shard::{Durations, assign};
pub use unit::{Unit, Verdict};

/// What this process was started with.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Invocation {
    /// How the program was named.
    pub program: PathBuf,
    /// What comes after the name.
    pub arguments: Vec<String>,
    /// The environment.
    pub variables: Variables,
    /// The current folder.
    pub cwd: PathBuf,
}

/// Does what the arguments say, and tells on standard error what went wrong; gives the exit code.
///
/// `set_environment` is called before anything is started, with the environment that this process is
/// to have: folders for temporary files are taken from there.
pub fn main(invocation: &Invocation, set_environment: impl FnOnce(&Variables)) -> u8 {
    let arguments = &invocation.arguments;
    let done = match arguments.split_first() {
        Some((first, rest)) if first == "--prepare" => prepare(rest, &invocation.variables),
        _ if coverage::is_merge(arguments) => coverage::merge(arguments).map(|()| 0),
        _ => test(invocation, set_environment),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        failure.code
    })
}

/// `OUTPUT --python EXE`.
fn prepare(arguments: &[String], variables: &Variables) -> Result<u8, Failure> {
    let [output, option, python] = arguments else {
        return Err(Failure::usage("it is `--prepare OUTPUT --python EXE`"));
    };
    if option != "--python" {
        return Err(Failure::usage(format!("--prepare does not know {option}")));
    }
    prepared::prepare(Path::new(output), Path::new(python), variables)?;
    Ok(0)
}

fn test(invocation: &Invocation, set_environment: impl FnOnce(&Variables)) -> Result<u8, Failure> {
    let Invocation {
        program,
        arguments,
        variables,
        cwd,
    } = invocation;
    let contract = Contract::read(variables, program, cwd);
    let infrastructure_file = variables.get("TEST_INFRASTRUCTURE_FAILURE_FILE");
    let ended = contract.and_then(|contract| {
        contract.begin();
        let program = contract::clean(&cwd.join(program));
        let path = manifest_of(&program);
        let manifest = read_manifest(&path)?;
        let programs = [program, path];
        let target = run::Target::read(contract.clone(), manifest, programs, arguments, variables);
        let code = target.and_then(|target| {
            set_environment(&target.own_environment());
            target.run()
        });
        // Whatever the verdict is, it was reached.
        contract.finish();
        code
    });
    if let (Err(failure), Some(path)) = (&ended, infrastructure_file)
        && failure.infrastructure
    {
        // The same is said on standard error.
        let _ = fs::write(cwd.join(path), format!("{failure}\n"));
    }
    ended
}

/// The manifest lies beside the program.
fn manifest_of(program: &Path) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(".fastest");
    PathBuf::from(name)
}

fn read_manifest(path: &Path) -> Result<Manifest, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::infrastructure(format!(
            "{}: {error}; this program is started by a `fastest_test`, which writes it",
            path.display()
        ))
    })?;
    Manifest::parse(&text)
}
