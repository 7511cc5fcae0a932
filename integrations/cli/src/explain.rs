//! `fastest explain`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use fastest_lib::discovery::{DiscoveredFile, OpenReason};
use fastest_lib::plan::{Engine, PlannedFile, RunOptions, UnitDigest};
use fastest_lib::report::ExitCode;
use fastest_lib::{Error, Session};
use serde::Serialize;

use crate::args::{ExplainArgs, ExplainOutput};
use crate::{run, workspace};

/// The version of the schema of `--output json`.
const SCHEMA: u32 = 1;

/// What `--output json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    rootdir: &'a Path,
    files: &'a [Explained<'a>],
}

/// One file.
#[derive(Serialize)]
struct Explained<'a> {
    path: &'a str,
    /// The engine that is to run it; a native worker may find more once it has imported the file.
    engine: Engine,
    /// Every reason for pytest that shows before the file is imported.
    reasons: Vec<Reason<'a>>,
    /// Hooks of conftests, and fixtures that plugins may have.
    asks_plugins: Vec<Reason<'a>>,
    /// What its tests share a process with.
    isolation: &'static str,
    tests: usize,
    /// The fixtures that tests ask for by name, and how many tests do.
    fixtures: BTreeMap<&'a str, usize>,
    /// What only Python can know.
    open: Vec<Reason<'a>>,
}

/// Something in the source, or in the configuration.
#[derive(Serialize)]
struct Reason<'a> {
    /// The line of the file, counted from 1; none when it lies elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// The test that it is about, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
    message: &'a str,
}

impl<'a> Reason<'a> {
    fn of(found: &'a OpenReason, test: Option<&'a str>) -> Self {
        Self {
            line: Some(found.line).filter(|line| *line > 0),
            test,
            message: &found.message,
        }
    }

    fn text(&self) -> String {
        match (self.line, self.test) {
            (Some(line), None) => format!("line {line}: {}", self.message),
            (_, Some(test)) => format!("{test}: {}", self.message),
            (None, None) => self.message.to_owned(),
        }
    }
}

impl<'a> Explained<'a> {
    fn of(planned: &'a PlannedFile, found: &'a DiscoveredFile) -> Self {
        // What holds for all files comes before what the file's own source says.
        let general = planned.reasons.len() - found.needs_pytest.len();
        let general = planned.reasons[..general].iter().map(|message| Reason {
            line: None,
            test: None,
            message,
        });
        let asks_plugins = found.asks_plugins.iter();
        let own = found.needs_pytest.iter().map(|it| Reason::of(it, None));
        let mut fixtures = BTreeMap::new();
        for fixture in found.tests.iter().flat_map(|test| test.fixtures.iter()) {
            *fixtures.entry(fixture.as_str()).or_default() += 1;
        }
        let of_file = found.open.iter().map(|open| Reason::of(open, None));
        let of_tests = found.tests.iter().filter_map(|test| {
            let open = test.open.as_ref()?;
            Some(Reason::of(open, Some(test.id.as_str())))
        });
        Self {
            path: &planned.path,
            engine: planned.engine,
            reasons: general.chain(own).collect(),
            asks_plugins: asks_plugins.map(|it| Reason::of(it, None)).collect(),
            isolation: "worker",
            tests: found.tests.len(),
            fixtures,
            open: of_file.chain(of_tests).collect(),
        }
    }

    fn text(&self) -> String {
        let engine = match self.engine {
            Engine::Native => "native, unless its worker finds more when it has imported the file",
            _ => "pytest",
        };
        let mut text = format!("{}\n  engine: {engine}\n", self.path);
        for reason in &self.reasons {
            let _ = writeln!(text, "    {}", reason.text());
        }
        let isolation = match self.isolation {
            "worker" => "worker, a process that it may share with other files",
            other => other,
        };
        let _ = writeln!(text, "  isolation: {isolation}\n  tests: {}", self.tests);
        if !self.fixtures.is_empty() {
            let fixtures = self.fixtures.iter();
            let shown: Vec<String> = fixtures.map(|(name, n)| format!("{name} ({n})")).collect();
            let _ = writeln!(text, "  fixtures: {}", shown.join(", "));
        }
        for reason in &self.asks_plugins {
            let _ = writeln!(text, "  asks plugins: {}", reason.text());
        }
        for open in &self.open {
            let _ = writeln!(text, "  open: {}", open.text());
        }
        text
    }
}

/// What `--digest --output json` prints.
#[derive(Serialize)]
struct Digests<'a> {
    schema: u32,
    rootdir: &'a Path,
    units: &'a [UnitDigest],
}

fn digest_text(unit: &UnitDigest) -> String {
    let mut text = format!("{}\n  digest: {}\n", unit.test, unit.digest);
    for part in &unit.parts {
        let _ = writeln!(text, "  {}: {}", part.name, part.digest);
        for (name, value) in &part.entries {
            let _ = writeln!(text, "    {name}: {}", value.replace('\n', " "));
        }
    }
    text
}

fn print_digests(session: &Session, units: &[UnitDigest], output: ExplainOutput) {
    let text = match output {
        ExplainOutput::Text => units.iter().map(digest_text).collect(),
        ExplainOutput::Json => {
            let document = Digests {
                schema: SCHEMA,
                rootdir: session.workspace().rootdir(),
                units,
            };
            serde_json::to_string(&document).unwrap_or_default() + "\n"
        }
    };
    // A reader that has had enough is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

pub(crate) fn explain(args: &ExplainArgs) -> Result<ExitCode, Error> {
    let mut workspace_options = workspace::options(&args.workspace)?;
    workspace_options.python.clone_from(&args.python);
    let session = Session::open(workspace_options)?;
    let discovery = session.discover()?;
    let filters = workspace::filters(&session, &args.workspace);
    let selection = session.select(&discovery, &filters)?;
    if args.digest {
        let options = run::incremental_options(&session)?;
        let plan = session.plan(&discovery, &selection, &options);
        let units = session.digests(&plan, &options)?;
        print_digests(&session, &units, args.output);
        return Ok(if units.is_empty() {
            ExitCode::NoTestsCollected
        } else {
            ExitCode::Ok
        });
    }
    let plan = session.plan(&discovery, &selection, &RunOptions::default());
    let mut discovered = discovery.files.iter();
    let files: Vec<Explained<'_>> = plan
        .files
        .iter()
        .filter_map(|planned| {
            // Both are in the same order; two files outside of the rootdir may share a name.
            let found = discovered.find(|found| found.path == planned.path)?;
            Some(Explained::of(planned, found))
        })
        .collect();
    let text = match args.output {
        ExplainOutput::Text => files.iter().map(Explained::text).collect(),
        ExplainOutput::Json => {
            let document = Document {
                schema: SCHEMA,
                rootdir: session.workspace().rootdir(),
                files: &files,
            };
            serde_json::to_string(&document).unwrap_or_default() + "\n"
        }
    };
    // A reader that has had enough is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(if files.is_empty() {
        ExitCode::NoTestsCollected
    } else {
        ExitCode::Ok
    })
}
