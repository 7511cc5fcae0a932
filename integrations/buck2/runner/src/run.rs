//! From a manifest to a verdict.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastest_bazel_runner::{Failure, Unit, Wanted, unpack_harness, write_log};
use fastest_buck2_verdict::{REPORT_JSON, REPORT_VARIABLE, Verdict};
use fastest_leftovers::Leftovers;
use fastest_lib::Session;
use fastest_lib::plan::Declaration;
use fastest_lib::report::Report;
use fastest_lib::workspace::Record;

use crate::command::Run;
use crate::declared::{Complaint, Declared, lexical};
use crate::outcome;

/// Where programs are looked for by tests; what the caller has is no part of an action's key.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// How a target's tests went.
#[derive(Default)]
struct Ended {
    report: Report,
    code: u8,
    /// What was loaded, where that is recorded and wanted.
    record: Option<Record>,
    complaints: Vec<Complaint>,
}

/// Runs the tests, and writes or prints what became of them; gives the exit code.
pub(crate) fn run(run: Run) -> Result<u8, Failure> {
    // Before everything else, so that it is dropped after it.
    let _leftovers = Leftovers::adopt();
    let here = Path::new(".");
    let root = std::env::current_dir().map_err(|error| Failure::io(here, &error))?;
    let declared = Declared::new(&run.manifest, &root);
    let ended = perform(&run, &root, &declared);
    let ended = match ended {
        Err(failure) if !failure.infrastructure => Err(outcome::refused(&run, &failure)),
        ended => Ok(ended?),
    };
    let Some((verdict_path, dep_file)) = &run.outputs else {
        return tell(&run, ended);
    };
    let (verdict, record) = match ended {
        Ok(ended) => {
            let verdict = outcome::verdict(&run, &ended.report, ended.code, ended.complaints);
            (verdict, ended.record)
        }
        Err(verdict) => (verdict, None),
    };
    // Any source may be what a failure waits for.
    let record = record.filter(|_| verdict.passed);
    let lines: String = declared
        .loaded(record.as_ref())
        .iter()
        .map(|path| format!("{path}\n"))
        .collect();
    for (path, text) in [(dep_file, lines), (verdict_path, verdict.line() + "\n")] {
        fs::write(path, text).map_err(|error| Failure::io(path, &error))?;
    }
    Ok(0)
}

/// Prints what became of the tests, for people or for the executor; gives pytest's exit code.
fn tell(run: &Run, ended: Result<Ended, Verdict>) -> Result<u8, Failure> {
    let is_json = std::env::var(REPORT_VARIABLE).is_ok_and(|value| value == REPORT_JSON);
    let mut out = std::io::stdout().lock();
    let failed = |error: std::io::Error| Failure::io(Path::new("stdout"), &error);
    let (verdict, code) = match &ended {
        Ok(ended) => {
            let complaints = ended.complaints.clone();
            let verdict = outcome::verdict(run, &ended.report, ended.code, complaints);
            let code = if ended.code == 0 && !verdict.passed {
                1
            } else {
                ended.code
            };
            (verdict, code)
        }
        Err(verdict) => (verdict.clone(), 4),
    };
    if is_json {
        use std::io::Write as _;
        writeln!(out, "{}", verdict.line()).map_err(failed)?;
        return Ok(code);
    }
    let mut printed = 0;
    if let Ok(ended) = &ended {
        write_log(&mut out, &ended.report, run.args.verbose > 0).map_err(failed)?;
        printed = outcome::told_by_report(&ended.report);
    }
    for line in verdict.failures.iter().skip(printed) {
        eprintln!("error: {line}");
    }
    Ok(code)
}

fn perform(run: &Run, root: &Path, declared: &Declared<'_>) -> Result<Ended, Failure> {
    let scratch =
        tempfile::tempdir().map_err(|error| Failure::io(&std::env::temp_dir(), &error))?;
    let cache = scratch.path().to_path_buf();
    unpack_harness(&cache).map_err(|error| Failure::io(&cache, &error))?;
    let named: Vec<Option<&str>> = match run.tests.as_slice() {
        [] => vec![None],
        tests => tests.iter().map(|test| Some(test.as_str())).collect(),
    };
    let mut ended = Ended::default();
    for test in &named {
        perform_one(run, root, declared, (&cache, *test), &mut ended)?;
    }
    if named.len() > 1 {
        // Each run has replaced the record of the one before.
        ended.record = None;
    }
    ended.complaints.sort();
    ended.complaints.dedup();
    Ok(ended)
}

/// Runs the file, or one test of it, and adds what became of it to what is there.
fn perform_one(
    run: &Run,
    root: &Path,
    declared: &Declared<'_>,
    (cache, test): (&Path, Option<&str>),
    ended: &mut Ended,
) -> Result<(), Failure> {
    let unit = unit(run, root, declared, cache, test)?;
    let session = unit.open(&run.args)?;
    let workspace = session.workspace();
    // Read by this program, on whose behalf nothing is denied.
    let settings = workspace.inipath().and_then(Path::to_str);
    let complaint = settings.and_then(|path| declared.complaint(path));
    ended.complaints.extend(complaint);
    let configured = workspace.addopts().maxfail;
    let configured = configured.and_then(|limit| usize::try_from(limit).ok());
    let mut options = run.args.options(configured, false);
    if options.timeout.is_none() && run.manifest.timeout > 0 {
        options.timeout = Some(Duration::from_secs(run.manifest.timeout));
    }
    options.record_inputs = true;
    options.stdout_is_data = true;
    let wanted = wanted(run, &session);
    let report = &mut ended.report;
    let verdict = unit.run(
        &session,
        options,
        &wanted,
        |_| {},
        |event| report.record(event),
    )?;
    ended.code = ended.code.max(verdict.code);
    ended.record = session.records().of(&run.manifest.src).cloned();
    if let Some(record) = &ended.record {
        ended.complaints.extend(declared.complaints(record));
    }
    Ok(())
}

fn wanted(run: &Run, session: &Session) -> Wanted {
    let addopts = session.workspace().addopts();
    let mut wanted = Wanted::default();
    wanted.keyword = run.args.keyword.clone().or_else(|| addopts.keyword.clone());
    wanted.markexpr = run
        .args
        .markexpr
        .clone()
        .or_else(|| addopts.markexpr.clone());
    wanted.shard = run.shard.map(|(part, count)| (part - 1, count));
    wanted
}

fn unit(
    run: &Run,
    root: &Path,
    declared: &Declared<'_>,
    cache: &Path,
    test: Option<&str>,
) -> Result<Unit, Failure> {
    let manifest = &run.manifest;
    let imports = manifest.imports.iter().map(|path| lexical(root, path));
    let imports: Vec<PathBuf> = imports.chain([root.to_path_buf()]).collect();
    let [python] = manifest.python.as_slice() else {
        return Err(Failure::infrastructure(format!(
            "the interpreter is not one word, but {}: `python` of the fastest_toolchain names it",
            manifest.python.join(" ")
        )));
    };
    let mut unit = Unit::default();
    unit.root = root.to_path_buf();
    unit.src = lexical(root, &manifest.src);
    unit.test = test.map(ToOwned::to_owned);
    unit.inputs = declared.paths();
    unit.environment = environment(&manifest.env, &imports);
    unit.imports = imports;
    unit.distributions.clone_from(&manifest.distributions);
    unit.python = interpreter(root, python);
    unit.declaration = Declaration::Buck2(manifest.label.clone());
    unit.cache_dir = cache.to_path_buf();
    Ok(unit)
}

/// A name is looked for on the caller's `PATH`; what it leads to is said by the toolchain's `identity`.
fn interpreter(root: &Path, python: &str) -> PathBuf {
    if python.contains('/') {
        return lexical(root, python);
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| PATH.into());
    let mut found = std::env::split_paths(&path).map(|folder| folder.join(python));
    found
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(python))
}

fn environment(
    declared: &BTreeMap<String, String>,
    imports: &[PathBuf],
) -> BTreeMap<String, String> {
    let folders = imports
        .iter()
        .map(|folder| folder.to_string_lossy().into_owned());
    let folders: Vec<String> = folders.collect();
    let mut environment = BTreeMap::from([
        ("PATH".to_owned(), PATH.to_owned()),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
        ("PYTHONHASHSEED".to_owned(), "0".to_owned()),
        ("PYTHONPATH".to_owned(), folders.join(":")),
    ]);
    environment.extend(declared.clone());
    environment
}
