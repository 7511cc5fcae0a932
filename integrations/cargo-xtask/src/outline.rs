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

use crate::conformance::{Release, Source};
use crate::repo;
use crate::report::{Printer, count};
use crate::venv::Venv;

/// The packages that are read from their source archives: name, version, digest.
const SDISTS: &[(&str, &str, &str)] = &[
    (
        "sympy",
        "1.13.3",
        "b27fd2c6530e0ab39e275fc9b683895367e51d5da91baa8d3d64db2565fec4d9",
    ),
    (
        "Django",
        "5.1.4",
        "de450c09e91879fa5a307f696e57c851955c910a438a35e6b4c895e86bedc82a",
    ),
    (
        "ansible-core",
        "2.18.1",
        "14cac1f92bbdae881cb0616eddeb17925e8cb507e486087975e724533d9de74f",
    ),
    (
        "black",
        "24.10.0",
        "846ea64c97afe3bc677b761787993be4991810ecc7a4a937816dd6bddedc4875",
    ),
    (
        "hypothesis",
        "6.122.3",
        "f4c927ce0ec739fa6266e4572949d0b54e24a14601a2bc5fec8f78e16af57918",
    ),
    (
        "networkx",
        "3.4.2",
        "307c3669428c5362aab27c8a1260aa8f47c4e91d3891f48be0141738d8d053e1",
    ),
    (
        "pylint",
        "3.3.2",
        "9ec054ec992cd05ad30a6df1676229739a73f8feeabf3912c995d17601052b01",
    ),
    (
        "Twisted",
        "24.11.0",
        "695d0556d5ec579dcc464d2856b634880ed1319f45b10d19043f2b57eb0115b5",
    ),
];

/// Those that would have to be compiled come as wheels, which hold the same Python files: name,
/// version, and the digests of those for Linux on x86-64 by CPython 3.10 to 3.13.
const WHEELS: &[(&str, &str, [&str; 4])] = &[
    (
        "numpy",
        "2.2.1",
        [
            "a7746f235c47abc72b102d3bce9977714c2444bdfaea7888d241b4c4bb6a78bf",
            "38efc1e56b73cc9b182fe55e56e63b044dd26a72128fd2fbd502f75555d92591",
            "5062dc1a4e32a10dc2b8b13cedd58988261416e811c1dc4dbdea4f57eea61b0d",
            "f74e6fdeb9a265624ec3a3918430205dff1df7e95a230779746a6af78bc615af",
        ],
    ),
    (
        "pandas",
        "2.2.3",
        [
            "86976a1c5b25ae3f8ccae3a5306e443569ee3c3faf444dfd0f41cda24667ad57",
            "c124333816c3a9b03fbeef3a9f230ba9a737e9e5bb4060aa2107a86cc0a497fc",
            "fffb8ae78d8af97f849404f21411c95062db1496aeb3e56f146f0355c9989319",
            "f3a255b2c19987fbbe62a9dfd6cff7ff2aa9ccab3fc75218fd4b7530f01efa24",
        ],
    ),
    (
        "scipy",
        "1.14.1",
        [
            "8e32dced201274bf96899e6491d9ba3e9a5f6b336708656466ad0522d8528f69",
            "fef8c87f8abfb884dac04e97824b61299880c43f4ce675dd2cbeadd3c9b466d2",
            "8f9ea80f2e65bdaa0b7627fb00cbeb2daf163caa015e59b7516395fe3bd1e066",
            "5149e3fd2d686e42144a093b206aef01932a0059c2a33ddfa67f5f035bdfe13e",
        ],
    ),
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
        for release in releases() {
            folders.push(unpacked(&dir, &loader, &release, printer)?);
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

fn releases() -> impl Iterator<Item = Release<'static>> {
    let release = |name, version, source, sha256| Release {
        name,
        version,
        source,
        sha256,
    };
    let sdists = SDISTS
        .iter()
        .map(move |&(name, version, sha256)| release(name, version, Source::Sdist, vec![sha256]));
    let wheels = WHEELS
        .iter()
        .map(move |(name, version, sha256)| release(name, version, Source::Wheel, sha256.to_vec()));
    sdists.chain(wheels)
}

/// A package's files, downloaded and unpacked once.
fn unpacked(dir: &Path, loader: &Venv, release: &Release<'_>, printer: Printer) -> Result<PathBuf> {
    let (name, version) = (release.name, release.version);
    let dir = dir.join(name);
    let target = dir.join(format!("{name}-{version}"));
    if !target.exists() {
        printer.line(format!("downloading {name} {version} …"));
        let archive = release.download(&dir, loader)?;
        // Renamed when it is whole.
        fs::rename(release.unpack(&dir, &archive, loader)?, &target)?;
    }
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
