//! The probe: every rule that the engines have to keep, one small test each, beside real pytest.
//!
//! Each folder of `tests/probe` is a project. A line `#: NAME` in it names a construct, which is what
//! the definition below it shows, or the whole file with `(file)` at its end. A file may say on its
//! first line what it cannot do without: `# needs: pytest>=9.0` or `# needs: MODULE`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;

use crate::oracle::{ENGINES, Verdict, run_pytest};
use crate::support::{Finished, Project, check_each, project, python, repository};

/// The fewest constructs that a run has to compare.
const FEWEST: usize = 150;

/// One rule, and where it is shown.
struct Construct {
    name: String,
    /// Relative to its project.
    file: String,
    /// The function or class; the whole file without.
    definition: Option<String>,
}

impl Construct {
    /// Whether the test or collector of this node id shows it.
    fn is_shown_by(&self, id: &str) -> bool {
        let mut parts = id.split("::");
        let is_here = parts.next() == Some(&self.file);
        let name = |part: &str| part.split('[').next().unwrap_or(part).to_owned();
        is_here
            && self.definition.as_ref().is_none_or(|definition| {
                // A doctest's id names the module as well.
                parts.any(|part| name(part).rsplit('.').next() == Some(definition))
            })
    }
}

/// The constructs that a file names.
fn constructs(file: &str, text: &str) -> Vec<Construct> {
    static DEFINITION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*(?:async )?(?:def|class) (\w+)|^(test_\w+) = ").unwrap());
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some(name) = line.trim_start().strip_prefix("#: ") else {
            continue;
        };
        let whole = name.strip_suffix(" (file)");
        let below = lines[n..].iter().find_map(|line| DEFINITION.captures(line));
        let definition =
            below.map(|found| found.get(1).or(found.get(2)).unwrap().as_str().to_owned());
        found.push(Construct {
            name: whole.unwrap_or(name).to_owned(),
            file: file.to_owned(),
            definition: if whole.is_some() { None } else { definition },
        });
    }
    found
}

/// What there is to need: the release of pytest, and whether a module is installed.
struct Installed {
    pytest: (u32, u32),
}

impl Installed {
    fn ask(program: &str) -> String {
        let output = Command::new(python()).args(["-c", program]).output();
        let output = output.expect("the interpreter runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn new() -> Self {
        let version = Self::ask("import pytest; print(pytest.__version__)");
        let mut numbers = version
            .trim()
            .split('.')
            .map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Self {
            pytest: (next(), next()),
        }
    }

    fn has(&self, need: &str) -> bool {
        if let Some(version) = need.strip_prefix("pytest>=") {
            let (major, minor) = version.split_once('.').expect("a version of two numbers");
            return self.pytest >= (major.parse().unwrap(), minor.parse().unwrap());
        }
        let find = format!("import importlib.util as u; print(u.find_spec('{need}') is not None)");
        Self::ask(&find).trim() == "True"
    }
}

/// A folder of `tests/probe`.
struct Probe {
    name: String,
    files: BTreeMap<String, String>,
    constructs: Vec<Construct>,
    /// The constructs that need what is not installed, with that.
    without: Vec<(Construct, String)>,
}

impl Probe {
    fn read(folder: &Path, installed: &Installed) -> Self {
        let mut probe = Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            files: BTreeMap::new(),
            constructs: Vec::new(),
            without: Vec::new(),
        };
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    probe.add(&path, folder, installed);
                }
            }
        }
        probe
    }

    fn add(&mut self, path: &Path, folder: &Path, installed: &Installed) {
        let text = fs::read_to_string(path).unwrap();
        let file = path
            .strip_prefix(folder)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let named = constructs(&file, &text);
        let need = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# needs: "));
        match need.filter(|need| !installed.has(need)) {
            Some(need) => {
                let without = named
                    .into_iter()
                    .map(|construct| (construct, need.to_owned()));
                self.without.extend(without);
            }
            None => {
                self.constructs.extend(named);
                self.files.insert(file, text);
            }
        }
    }

    fn project(&self) -> Project {
        let files = self
            .files
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        project(&files.collect::<Vec<_>>())
    }

    /// Runs it under pytest and under both engines: the differences, and which engines ran which
    /// construct under `auto`.
    fn compare(&self) -> (Vec<String>, Vec<Ran>) {
        let project = self.project();
        let (_, pytest) = run_pytest(&project, &[]);
        let mut differences = Vec::new();
        let mut ran = Vec::new();
        for engine in ENGINES {
            // In pytest's order.
            let finished = project.run(engine, &["-n", "1"]);
            let fastest = Verdict::of(&finished);
            let mut found = fastest.differences(&pytest);
            found.extend(order(&fastest, &pytest));
            for difference in found {
                differences.push(format!("{} --engine {engine}: {difference}", self.name));
            }
            if engine == "auto" {
                ran = self
                    .constructs
                    .iter()
                    .map(|construct| Ran::of(construct, &finished))
                    .collect();
            }
        }
        for construct in &self.constructs {
            if !pytest.ids().any(|id| construct.is_shown_by(id)) {
                let Construct { name, file, .. } = construct;
                differences.push(format!(
                    "{}/{file}: pytest has no result of `{name}`",
                    self.name
                ));
            }
        }
        (differences, ran)
    }
}

/// The engines that ran a construct.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ran {
    Native,
    Both,
    Pytest,
    /// It is about collection: no test ran.
    NoTest,
}

impl Ran {
    fn of(construct: &Construct, finished: &Finished) -> Self {
        let events = finished.events();
        let tests = events
            .iter()
            .filter(|event| event["event"] == "test-finished");
        let shows = tests.filter(|event| construct.is_shown_by(event["id"].as_str().unwrap()));
        let engines: BTreeSet<&str> = shows.filter_map(|event| event["engine"].as_str()).collect();
        match (engines.contains("native"), engines.contains("pytest")) {
            (true, true) => Self::Both,
            (true, false) => Self::Native,
            (false, true) => Self::Pytest,
            (false, false) => Self::NoTest,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Both => "both",
            Self::Pytest => "pytest",
            Self::NoTest => "collection",
        }
    }
}

/// The files whose tests ran in another order than under pytest.
fn order(fastest: &Verdict, pytest: &Verdict) -> Vec<String> {
    let by_file = |verdict: &Verdict| {
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in verdict.ids() {
            let (file, _) = id.split_once("::").unwrap_or((id, ""));
            let ids = files.entry(file.to_owned()).or_default();
            if ids.last().is_none_or(|last| last != id) {
                ids.push(id.to_owned());
            }
        }
        files
    };
    let (fastest, pytest) = (by_file(fastest), by_file(pytest));
    let mut found = Vec::new();
    for (file, expected) in pytest {
        let ids = fastest.get(&file).cloned().unwrap_or_default();
        let sorted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
        // Missing ones are told of elsewhere.
        if ids != expected && sorted(&ids) == sorted(&expected) {
            let at = ids.iter().zip(&expected).position(|(one, two)| one != two);
            let at = at.unwrap_or_default();
            let (one, two) = (&ids[at], &expected[at]);
            found.push(format!(
                "order of {file}: fastest runs {one} where pytest runs {two}"
            ));
        }
    }
    found
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/probe")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn every_construct_of_the_probe_is_as_under_pytest() {
    let installed = Installed::new();
    let (mut differences, mut compared) = (Vec::new(), 0);
    let mut counts: BTreeMap<Ran, usize> = BTreeMap::new();
    for folder in folders() {
        let probe = Probe::read(&folder, &installed);
        let (found, ran) = probe.compare();
        differences.extend(found);
        compared += probe.constructs.len();
        for (construct, ran) in probe.constructs.iter().zip(ran) {
            *counts.entry(ran).or_default() += 1;
            println!(
                "{:<10} {}/{}: {}",
                ran.word(),
                probe.name,
                construct.file,
                construct.name
            );
        }
        for (construct, need) in &probe.without {
            println!(
                "{:<10} {}/{}: {} (needs {need})",
                "-", probe.name, construct.file, construct.name
            );
        }
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(ran, n)| format!("{n} {}", ran.word()))
        .collect();
    println!(
        "probe: {compared} constructs compared: {}",
        counts.join(", ")
    );
    println!("probe: {} differences", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(
        compared >= FEWEST,
        "only {compared} constructs were compared"
    );
}

#[test]
fn constructs_are_found_with_what_shows_them() {
    let text =
        "#: one\n@mark\ndef test_a(): pass\n#: two\nclass TestB:\n    #: three (file)\n    x = 1\n";
    let found = constructs("t.py", text);
    let cases = [
        (0, "t.py::test_a[1]", true),
        (0, "t.py::test_ab", false),
        (1, "t.py::TestB::test_x", true),
        (1, "u.py::TestB::test_x", false),
        (2, "t.py", true),
    ];
    check_each(&cases, |(n, id, expected)| {
        assert_eq!(found[n].is_shown_by(id), expected, "{id}");
    });
}
