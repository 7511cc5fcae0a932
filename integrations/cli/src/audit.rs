//! `fastest audit`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use fastest_lib::report::ExitCode;
use fastest_lib::selection::{Audit, audit as compare};
use fastest_lib::{Error, ErrorKind, Session};
use serde::Serialize;

use crate::args::{AuditArgs, AuditOutput};
use crate::workspace;

/// The version of the schema of `fastest audit`.
const SCHEMA: u32 = 1;

/// What `--output json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    rootdir: &'a Path,
    tests: Vec<Audit>,
    /// Test files that have changed since they were recorded.
    changed: Vec<String>,
    /// Test files that no run has recorded.
    unrecorded: Vec<String>,
}

pub(crate) fn audit(args: &AuditArgs) -> Result<ExitCode, Error> {
    let session = Session::open(workspace::options(&args.workspace)?)?;
    let files = session.workspace().test_files()?;
    let records = session.records();
    // Not joined with what was recorded, or it would hold that against itself.
    let (graph, _) = session.graph(true);
    let mut document = Document {
        schema: SCHEMA,
        rootdir: session.workspace().rootdir(),
        tests: Vec::new(),
        changed: Vec::new(),
        unrecorded: Vec::new(),
    };
    let mut recorded = Vec::new();
    for file in &files.files {
        match records.of(&file.id) {
            None => document.unrecorded.push(file.id.clone()),
            Some(record) if !record.is_current(&file.path) => {
                document.changed.push(file.id.clone());
            }
            Some(record) => recorded.push((file, record)),
        }
    }
    let given = session.inputs_of_many(&graph, recorded.iter().map(|(file, _)| &file.path))?;
    for ((file, record), given) in recorded.into_iter().zip(given) {
        let given = given.files.into_iter().collect();
        document.tests.push(compare(&file.id, record, &given));
    }
    if document.tests.is_empty() {
        let message = "no run has recorded what these tests read as they are; record it with \
                       `fastest run --record-inputs`";
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let text = match args.output {
        AuditOutput::Text => text(&document),
        AuditOutput::Json => format!("{}\n", serde_json::json!(document)),
    };
    // A reader that has had enough is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    let is_sound = document.tests.iter().all(|test| test.missed.is_empty());
    Ok(if is_sound {
        ExitCode::Ok
    } else {
        ExitCode::TestsFailed
    })
}

fn text(document: &Document<'_>) -> String {
    let mut text = String::new();
    let mut total = Audit::default();
    for test in &document.tests {
        for file in &test.missed {
            let _ = writeln!(text, "{}: missed: {file}", test.test);
        }
        total.missed.extend_from_slice(&test.missed);
        total.observed += test.observed;
        total.given += test.given;
        total.untouched += test.untouched;
    }
    let _ = writeln!(
        text,
        "{} test files: {} files seen, {} missed; {} given, {} of them untouched",
        document.tests.len(),
        total.observed,
        total.missed.len(),
        total.given,
        total.untouched
    );
    for (files, what) in [
        (&document.changed, "have changed since they were recorded"),
        (&document.unrecorded, "were never recorded"),
    ] {
        if !files.is_empty() {
            let _ = writeln!(text, "{} test files {what}", files.len());
        }
    }
    text
}
