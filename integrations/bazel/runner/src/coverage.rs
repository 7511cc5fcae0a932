//! `bazel coverage`: what a test covers as LCOV, and the two programs that join such files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fastest_lib::workspace::CoverageOptions;

use crate::contract::CoverageContract;
use crate::lcov::Coverage;
use crate::{Failure, Manifest};

/// The name of our file in the folder that Bazel gives.
const OURS: &str = "fastest.dat";

/// The sources to measure: by real file, which coverage.py names and not the links that runfiles are, what
/// Bazel calls them.
pub(crate) struct Sources(BTreeMap<PathBuf, String>);

impl Sources {
    /// The Python files among the inputs; where Bazel lists what it wants, only these.
    pub(crate) fn read(
        contract: &CoverageContract,
        manifest: &Manifest,
        root: &Path,
    ) -> Result<Self, Failure> {
        let wanted: Option<BTreeSet<String>> = match &contract.manifest {
            Some(path) => {
                let lines = fs::read_to_string(path).map_err(|error| Failure::io(path, &error))?;
                Some(lines.lines().map(ToOwned::to_owned).collect())
            }
            None => None,
        };
        let is_wanted = |name: &String| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
        let inputs = manifest.inputs.iter();
        let inputs = inputs.filter(|input| input.path.ends_with(".py"));
        let inputs = inputs.filter(|input| is_wanted(&input.exec_path));
        let named = inputs.filter_map(|input| {
            let real = fs::canonicalize(root.join(&input.path)).ok()?;
            Some((real, input.exec_path.clone()))
        });
        Ok(Self(named.collect()))
    }
}

/// Measures everything, and names each source also where nothing of it is executed; what Bazel asks for
/// is picked from the report.
pub(crate) fn options(
    contract: &CoverageContract,
    configured: &CoverageOptions,
    sources: &Sources,
) -> Result<CoverageOptions, Failure> {
    let mut options = configured.clone();
    options.files = sources.0.keys().cloned().collect();
    // A limit is the project's; one file of tests covers a part of it.
    options.fail_under = Some(0.0);
    options.off = false;
    options.sources.clear();
    options.reports.clear();
    options.not_on_failure = false;
    options.append = false;
    let report = format!("lcov:{}", raw(contract).display());
    let set = [("--cov", ""), ("--cov-report", report.as_str())];
    for (name, value) in set {
        options
            .set(name, Some(value))
            .map_err(|message| Failure::infrastructure(format!("{name} {message}")))?;
    }
    Ok(options)
}

/// The report as coverage.py makes it; its name is none that Bazel's program takes for one.
fn raw(contract: &CoverageContract) -> PathBuf {
    contract.dir.join("fastest.lcov")
}

/// Turns the report of coverage.py into one that speaks of sources as Bazel does, and leaves it where
/// Bazel looks; for a test that failed also where Bazel keeps it, because its own script does not then.
pub(crate) fn finish(
    contract: &CoverageContract,
    sources: &Sources,
    root: &Path,
    failed: bool,
) -> Result<(), Failure> {
    let path = raw(contract);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // There is none when nothing was executed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::io(&path, &error)),
    };
    let coverage = Coverage::parse(&text).renamed(|name| {
        let file = root.join(name);
        let real = fs::canonicalize(&file).unwrap_or(file);
        sources.0.get(&real).cloned()
    });
    let _ = fs::remove_file(&path);
    let ours = contract.dir.join(OURS);
    let mut places = vec![&ours];
    if failed {
        places.extend(&contract.output);
    }
    for place in places {
        fs::write(place, coverage.text()).map_err(|error| Failure::io(place, &error))?;
    }
    Ok(())
}

/// Whether the arguments are those with which Bazel has LCOV files joined.
pub(crate) fn is_merge(arguments: &[String]) -> bool {
    let is = |name: &str| arguments.iter().any(|argument| argument.starts_with(name));
    is("--output_file=") && (is("--coverage_dir=") || is("--reports_file="))
}

/// Joins the files of one test (`--coverage_dir`), or those of all tests (`--reports_file`).
pub(crate) fn merge(arguments: &[String]) -> Result<(), Failure> {
    let value = |name: &str| {
        arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(name))
    };
    let mut sum = Coverage::default();
    for path in parts(value("--coverage_dir="), value("--reports_file="))? {
        match fs::read_to_string(&path) {
            Ok(text) => sum.add(Coverage::parse(&text)),
            // Bazel lists what a test may have written.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::io(&path, &error)),
        }
    }
    let Some(output) = value("--output_file=").map(Path::new) else {
        return Ok(());
    };
    fs::write(output, sum.text()).map_err(|error| Failure::io(output, &error))
}

fn parts(folder: Option<&str>, list: Option<&str>) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    if let Some(list) = list {
        let path = Path::new(list);
        let text = fs::read_to_string(path).map_err(|error| Failure::io(path, &error))?;
        found.extend(
            text.lines()
                .filter(|line| !line.is_empty())
                .map(PathBuf::from),
        );
    }
    let mut folders: Vec<PathBuf> = folder.map(PathBuf::from).into_iter().collect();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| Failure::io(&folder, &error))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "dat") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
