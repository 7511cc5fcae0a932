//! `cargo xtask outline`: do the two parsers of `fastest_lib::syntax` agree on real code?
//!
//! Every Python file of some large pinned packages (or of the folders given) is read by the scanner
//! and by tree-sitter. Their facts have to be equal wherever tree-sitter reports no problem, and the
//! scanner has to report none in a file that CPython compiles; anything else is printed and fails the
//! run. What tree-sitter itself gets wrong is printed apart: files that CPython compiles and
//! tree-sitter calls broken. Then both are timed, each alone and on one core.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fastest_lib::ProblemKind;
use fastest_lib::syntax::{FileFacts, ParserKind, parse_with};

use crate::process::succeed;
use crate::repo;
use crate::report::{Printer, count};
use crate::venv::Venv;

const LIMIT: Duration = Duration::from_secs(600);

/// The packages: the name, its version, and whether it is taken as a source archive. Those that have
/// to be compiled come as wheels, which hold the same Python files.
const PACKAGES: &[(&str, &str, bool)] = &[
    ("sympy", "1.13.3", true),
    ("Django", "5.1.4", true),
    ("ansible-core", "2.18.1", true),
    ("black", "24.10.0", true),
    ("hypothesis", "6.122.3", true),
    ("networkx", "3.4.2", true),
    ("pylint", "3.3.2", true),
    ("Twisted", "24.11.0", true),
    ("numpy", "2.2.1", false),
    ("pandas", "2.2.3", false),
    ("scipy", "1.14.1", false),
];

/// The options of `cargo xtask outline`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Folders to read in place of the packages.
    folders: Vec<PathBuf>,
    /// The interpreter that downloads the packages and says what compiles.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
    /// How many differing files to describe in full.
    #[arg(long, default_value_t = 20)]
    show: usize,
}

/// What was found in a folder.
#[derive(Default)]
struct Found {
    files: usize,
    bytes: u64,
    scanner: Duration,
    tree_sitter: Duration,
    /// Files that the interpreter refuses and the scanner does not.
    passed_by_scanner: usize,
    refused_by_python: usize,
    /// What fails the run.
    wrong: Vec<String>,
    /// What tree-sitter gets wrong.
    tree_sitter_wrong: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let printer = Printer { json: false };
    let mut folders = options.folders.clone();
    if folders.is_empty() {
        let dir = repo::scratch().join("outline");
        let loader = Venv::ensure(&dir.join("loader"), &options.python, &[], printer)?;
        for package in PACKAGES {
            folders.push(unpacked(&dir, &loader, package, printer)?);
        }
    }
    let mut all_equal = true;
    for folder in folders {
        let found = compare(&folder, &options.python)?;
        all_equal &= found.wrong.is_empty();
        print(&folder, &found, options.show);
    }
    Ok(all_equal)
}

/// A package's files, downloaded and unpacked once.
fn unpacked(
    dir: &Path,
    loader: &Venv,
    (name, version, is_source): &(&str, &str, bool),
    printer: Printer,
) -> Result<PathBuf> {
    let target = dir.join(format!("{name}-{version}"));
    if target.exists() {
        return Ok(target);
    }
    printer.line(format!("downloading {name} {version} …"));
    let archives = dir.join("archive").join(name);
    crate::conformance::empty(&archives)?;
    let mut pip = loader.pip("download");
    let form = if *is_source {
        "--no-binary"
    } else {
        "--only-binary"
    };
    pip.args(["--no-deps", form, ":all:", "--dest"]);
    succeed(pip.arg(&archives).arg(format!("{name}=={version}")), LIMIT).with_context(|| {
        format!("cannot download {name} {version}; is the package index reachable?")
    })?;
    let mut saved = fs::read_dir(&archives)?;
    let Some(archive) = saved.next() else {
        bail!("pip saved nothing for {name} {version}");
    };
    // Renamed when it is whole.
    let unpacking = dir.join("unpacking");
    crate::conformance::empty(&unpacking)?;
    let mut unpack = Command::new(loader.python());
    let module = if *is_source { "tarfile" } else { "zipfile" };
    unpack.args(["-m", module, "-e"]).arg(archive?.path());
    succeed(unpack.arg(&unpacking), LIMIT)?;
    fs::rename(&unpacking, &target)?;
    Ok(target)
}

fn compare(folder: &Path, python: &str) -> Result<Found> {
    let mut paths = Vec::new();
    python_files(folder, &mut paths)?;
    paths.sort();
    let refused = refused(python, &paths)?;
    let mut found = Found {
        files: paths.len(),
        refused_by_python: refused.len(),
        ..Found::default()
    };
    let mut sources = Vec::new();
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        found.bytes += bytes.len() as u64;
        sources.push((path, bytes));
    }
    for (path, bytes) in &sources {
        let scanned = parse_with(bytes, ParserKind::Scanner);
        let parsed = parse_with(bytes, ParserKind::TreeSitter);
        let shown = path.strip_prefix(folder).unwrap_or(path).display();
        let compiles = !refused.contains_key(path);
        found.passed_by_scanner += usize::from(!compiles && scanned.problems.is_empty());
        let mut problems = scanned.problems.iter();
        // Encodings are decoded before either parser begins.
        let problem = problems.find(|problem| problem.kind != ProblemKind::Encoding);
        if let (true, Some(problem)) = (compiles, problem) {
            let line = problem.line.unwrap_or_default();
            let text = format!(
                "{shown}:{line}: refused by the scanner: {}",
                problem.message
            );
            found.wrong.push(text);
        } else if let Some(problem) = parsed.problems.first() {
            if compiles {
                let line = problem.line.unwrap_or_default();
                let text = format!("{shown}:{line}: {}", problem.message);
                found.tree_sitter_wrong.push(text);
            }
        } else if scanned.problems.is_empty()
            && let Some(difference) = difference(&scanned, &parsed)
        {
            found.wrong.push(format!("{shown}: {difference}"));
        }
    }
    found.scanner = timed(&sources, ParserKind::Scanner);
    found.tree_sitter = timed(&sources, ParserKind::TreeSitter);
    Ok(found)
}

fn timed(sources: &[(PathBuf, Vec<u8>)], kind: ParserKind) -> Duration {
    let start = Instant::now();
    for (_, bytes) in sources {
        std::hint::black_box(parse_with(bytes, kind));
    }
    start.elapsed()
}

fn print(folder: &Path, found: &Found, show: usize) {
    let speed = |time: Duration| found.bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    println!(
        "{}: {}, {:.1} MB; scanner {:.0} MB/s, tree-sitter {:.1} MB/s; {} differ; {} do not compile, \
         of which the scanner passes {}; tree-sitter is wrong about {}",
        folder.file_name().unwrap_or_default().to_string_lossy(),
        count(found.files, "file"),
        found.bytes as f64 / 1e6,
        speed(found.scanner),
        speed(found.tree_sitter),
        found.wrong.len(),
        found.refused_by_python,
        found.passed_by_scanner,
        found.tree_sitter_wrong.len(),
    );
    for line in found.wrong.iter().take(show) {
        println!("  differs: {line}");
    }
    for line in &found.tree_sitter_wrong {
        println!("  tree-sitter is wrong: {line}");
    }
}

/// The first thing about which two readings of a file differ.
fn difference(scanned: &FileFacts, parsed: &FileFacts) -> Option<String> {
    let lines = |facts: &FileFacts| {
        let bindings = facts.bindings.iter().map(|fact| format!("{fact:?}"));
        let effects = facts.effects.iter().map(|fact| format!("{fact:?}"));
        let imports = facts.imports.iter().map(|fact| format!("{fact:?}"));
        bindings.chain(effects).chain(imports).collect::<Vec<_>>()
    };
    let (scanned, parsed) = (lines(scanned), lines(parsed));
    let at = (0..scanned.len().max(parsed.len())).find(|&at| scanned.get(at) != parsed.get(at))?;
    let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
    let (scanned, parsed) = (line(&scanned), line(&parsed));
    let common = scanned
        .char_indices()
        .zip(parsed.chars())
        .find(|((_, a), b)| a != b)
        .map_or(scanned.len().min(parsed.len()), |((at, _), _)| at);
    let around = |text: &str| {
        let head: String = text.chars().take(70).collect();
        let from = (0..=common.saturating_sub(60).min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or_default();
        let part: String = text[from..].chars().take(160).collect();
        format!("{head} … {part}")
    };
    Some(format!(
        "\n    scanner:     {}\n    tree-sitter: {}",
        around(&scanned),
        around(&parsed)
    ))
}

fn python_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            python_files(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    Ok(())
}

/// The files that the interpreter does not compile, with the reasons.
fn refused(python: &str, paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, String>> {
    let mut child = Command::new(python)
        .arg("-I")
        .arg(repo::script("compiles.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {python}"))?;
    let list: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    let list = list.join("\n");
    let mut input = child.stdin.take().context("no pipe to the interpreter")?;
    // The interpreter reads all of it before it writes.
    input.write_all(list.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!(
            "{python} could not say which files compile ({})",
            output.status
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(pairs
        .map(|(path, reason)| (PathBuf::from(path), reason.to_owned()))
        .collect())
}
