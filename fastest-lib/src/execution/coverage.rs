//! Coverage of a run: where workers keep what they saw, and the program that makes the report of it.
//!
//! `harness/fastest_harness/coverage_run.py` measures, `coverage_report.py` reports.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crossbeam_channel::RecvTimeoutError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::basetemp::temp_dir;
use super::cancel::CancelToken;
use super::harness::Harness;
use super::message::TICK;
use crate::workspace::CoverageOptions;
use crate::{Error, ErrorKind, Result};

/// What coverage.py says of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CoverageSummary {
    /// The percentage of lines, and of branches if they are measured, that the tests cover; none when
    /// no report was wanted.
    pub total: Option<f64>,
    /// The percentage that was asked for.
    pub fail_under: Option<f64>,
    /// Whether the total is below it.
    pub failed: bool,
    /// The system and the interpreter.
    pub environment: String,
    /// The reports for people, and where the others are.
    pub text: String,
}

/// The data files of a run; gone with this value.
#[derive(Debug)]
pub(crate) struct Measuring<'a> {
    folder: TempDir,
    options: &'a CoverageOptions,
}

#[derive(Deserialize)]
struct Answer {
    problem: Option<String>,
    #[serde(flatten)]
    summary: CoverageSummary,
}

impl<'a> Measuring<'a> {
    pub(crate) fn start(options: &'a CoverageOptions) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("fastest-coverage-")
            .tempdir_in(temp_dir())
            .map_err(|error| {
                let message = format!("coverage cannot be measured: {error}");
                Error::new(ErrorKind::Io, message)
                    .with_help("set TMPDIR to a folder that can be written")
            })?;
        Ok(Self { folder, options })
    }

    /// The folder that workers write to.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What interpreters are told.
    pub(crate) fn settings(&self) -> Value {
        let CoverageOptions {
            sources,
            reports,
            config_file,
            branch,
            append,
            fail_under,
            precision,
            contexts,
            files,
            ..
        } = self.options;
        json!({
            "folder": self.folder.path().to_string_lossy(),
            "sources": sources,
            "reports": reports,
            "config_file": config_file,
            "branch": branch,
            "append": append,
            "fail_under": fail_under,
            "precision": precision,
            "contexts": contexts,
            "files": files,
        })
    }

    /// Puts together what the workers saw, keeps it where the project wants it, and makes the reports.
    /// `failed` tells whether tests did. Gives what went wrong with the reports besides; none when the end
    /// was insisted on.
    pub(crate) fn report(
        &self,
        python: &Path,
        directory: &Path,
        cache_dir: &Path,
        failed: bool,
        cancel: &CancelToken,
    ) -> Result<Option<(CoverageSummary, Option<String>)>> {
        let mut settings = self.settings();
        settings["withheld"] = (failed && self.options.not_on_failure).into();
        let harness = Harness::materialise(cache_dir)?;
        let output = run(
            Command::new(python)
                .arg(harness.boot.with_file_name("coverage_report.py"))
                .current_dir(directory),
            settings.to_string().as_bytes(),
            cancel,
        )
        .map_err(|error| no_report(&error.to_string()))?;
        let Some(output) = output else {
            return Ok(None);
        };
        let Answer { problem, summary } = serde_json::from_slice(&output)
            .map_err(|_| no_report("what the interpreter printed is above"))?;
        Ok(Some((summary, problem)))
    }
}

fn no_report(why: &str) -> Error {
    let message = format!("the coverage report cannot be made: {why}");
    Error::new(ErrorKind::Execution, message)
}

/// The standard output of a program that is given `input`; none when the end was insisted on meanwhile.
/// The terminal's Ctrl-C does not reach it.
fn run(command: &mut Command, input: &[u8], cancel: &CancelToken) -> io::Result<Option<Vec<u8>>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    let (said, output) = crossbeam_channel::bounded(1);
    let mut stdout = child.stdout.take();
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let read = stdout
            .as_mut()
            .map(|stdout| stdout.read_to_end(&mut output));
        // Nobody listens any more when the end was insisted on.
        let _ = said.send(read.transpose().map(|_| output));
    });
    let output = loop {
        if cancel.level() > 1 {
            child.kill()?;
            break None;
        }
        match output.recv_timeout(TICK) {
            Ok(output) => break Some(output),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break Some(Ok(Vec::new())),
        }
    };
    child.wait()?;
    output.transpose()
}
