//! The command line.

use std::path::PathBuf;

use clap::Parser;
use fastest_bazel_runner::{Args, Failure, Variables, prepare_runner};

use crate::manifest::Manifest;
use crate::parse;

/// What is asked for.
pub(crate) enum Command {
    Prepare(Prepare),
    Run(Box<Run>),
}

/// Makes a copy of this program that carries its Python side compiled.
#[derive(Debug, Parser)]
#[command(name = "fastest-buck2-runner", no_binary_name = true)]
pub(crate) struct Prepare {
    /// The copy
    #[arg(long = "prepare", value_name = "FILE")]
    output: PathBuf,
    /// The interpreter that compiles
    #[arg(long, value_name = "EXE")]
    python: PathBuf,
}

/// Runs the tests of one target.
#[derive(Debug, Parser)]
#[command(
    name = "fastest-buck2-runner",
    no_binary_name = true,
    args_override_self = true
)]
struct Words {
    /// What the rule wrote
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Where the verdict goes; without it this is a test and not a build action
    #[arg(long, value_name = "FILE", requires = "dep_file")]
    verdict: Option<PathBuf>,
    /// Where it goes which of the declared sources were loaded
    #[arg(long, value_name = "FILE", requires = "verdict")]
    dep_file: Option<PathBuf>,
    /// The part of the tests that runs, as 2/3
    #[arg(long, value_name = "K/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    #[command(flatten)]
    args: Args,
    /// Tests of the file; all of them by default
    tests: Vec<String>,
}

/// One run.
pub(crate) struct Run {
    pub(crate) manifest: Manifest,
    /// The verdict and the dep file, for a build action.
    pub(crate) outputs: Option<(PathBuf, PathBuf)>,
    /// Counted from 1, and how many there are.
    pub(crate) shard: Option<(usize, usize)>,
    pub(crate) args: Args,
    pub(crate) tests: Vec<String>,
}

impl Command {
    pub(crate) fn read(words: &[String]) -> Result<Self, Failure> {
        if words.first().is_some_and(|word| word == "--prepare") {
            return Ok(Self::Prepare(parse(words.to_vec())?));
        }
        let first: Words = parse(words.to_vec())?;
        let manifest = Manifest::read(&first.manifest)?;
        // What is typed comes later and wins over what the target says.
        let all = manifest.args.iter().chain(words).cloned();
        let words: Words = parse(all)?;
        let mut tests = words.tests;
        if tests.is_empty() && !manifest.test.is_empty() {
            tests.push(manifest.test.clone());
        }
        Ok(Self::Run(Box::new(Run {
            outputs: words.verdict.zip(words.dep_file),
            shard: words.shard,
            args: words.args,
            tests,
            manifest,
        })))
    }
}

impl Prepare {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let variables: Variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        prepare_runner(&self.output, &self.python, &variables)
    }
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let wanted = "it is a part and how many there are, as 2/3";
    let (part, count) = text.split_once('/').ok_or(wanted)?;
    let part: usize = part.parse().map_err(|_| wanted)?;
    let count: usize = count.parse().map_err(|_| wanted)?;
    if part == 0 || part > count {
        return Err(wanted.to_owned());
    }
    Ok((part, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_one() {
        for (text, expected) in [
            ("1/1", Some((1, 1))),
            ("2/3", Some((2, 3))),
            ("0/3", None),
            ("4/3", None),
            ("3", None),
            ("a/b", None),
        ] {
            assert_eq!(shard(text).ok(), expected, "{text}");
        }
    }
}
