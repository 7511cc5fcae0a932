//! Files that one worker should have: those of a group of pytest-xdist's, and those of a package whose
//! fixtures would be set up again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tempfile::TempDir;

use crate::oracle::ENGINES;
use crate::scheduling::history::fastest;
use crate::support::{Project, project};

/// Writes down that a process does something in the name of `what`.
const NOTE: &str = "
import os, pathlib, time
def note(what):
    with open(pathlib.Path(__file__).parent / 'noted', 'a') as file:
        file.write(f'{what} {os.getpid()}\\n')
";

/// The processes that noted each thing, in order.
fn noted(project: &Project) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = fs::read_to_string(project.root().join("noted")).unwrap();
    for line in text.lines() {
        let (what, pid) = line.split_once(' ').unwrap();
        all.entry(what.to_owned()).or_default().push(pid.to_owned());
    }
    all
}

fn written(files: &[(String, String)]) -> Project {
    let files = files.iter().map(|(path, text)| (&**path, &**text));
    project(&files.collect::<Vec<_>>())
}

/// How many processes noted a thing.
fn processes(noted: &BTreeMap<String, Vec<String>>, what: &str) -> usize {
    noted[what].iter().collect::<BTreeSet<_>>().len()
}

/// Files with a test each, which notes `marked`, or `other` where `mark` gives nothing for its number.
fn marked(mark: impl Fn(usize) -> String) -> Vec<(String, String)> {
    // pytest-xdist, which is installed, registers the mark.
    let ini = "[pytest]\npythonpath = .\naddopts = --strict-markers\n";
    let mut files = vec![
        ("noting.py".to_owned(), NOTE.to_owned()),
        ("pytest.ini".to_owned(), ini.to_owned()),
    ];
    for number in 0..24 {
        let mark = mark(number);
        let what = if mark.is_empty() { "other" } else { "marked" };
        let path = format!("{}/test_{number}.py", ["a", "b", "c"][number % 3]);
        let text = format!(
            "import pytest, time\nfrom noting import note\n{mark}\ndef test_it():\n    \
             time.sleep(0.02); note({what:?})\n"
        );
        files.push((path, text));
    }
    files
}

/// By the number of a file, the source of a mark.
type Mark = dyn Fn(usize) -> &'static str;

#[test]
fn tests_of_a_group_run_in_one_worker() {
    const PORT: &str = "@pytest.mark.xdist_group('port')";
    // A file in two groups ties both together.
    let chained = |number: usize| match number {
        10 => "@pytest.mark.xdist_group('low')\n@pytest.mark.xdist_group('high')",
        0..10 => "@pytest.mark.xdist_group('low')",
        _ => "pytestmark = pytest.mark.xdist_group('high')",
    };
    // One that only Python knows may be any.
    let computed = |number: usize| match number {
        6 => "import os\npytestmark = pytest.mark.xdist_group(os.sep)",
        _ => PORT,
    };
    let marks: [(&str, &Mark); 5] = [
        ("named", &|_| PORT),
        (
            "by keyword",
            &|_| "pytestmark = pytest.mark.xdist_group(name='port')",
        ),
        ("plain", &|_| "@pytest.mark.xdist_group"),
        ("chained", &chained),
        ("computed", &computed),
    ];
    for (case, mark) in marks {
        for optimizer in ["optimized", "parallel"] {
            let every_second = |number| if number % 2 == 0 { mark(number) } else { "" };
            let project = written(&marked(|number| every_second(number).to_owned()));
            let cache = TempDir::new().unwrap();
            let arguments = ["-n", "3", "--optimizer", optimizer];
            let finished = fastest(&project, &cache, "auto", &arguments);
            assert_eq!(finished.code, Some(0), "{case}, {optimizer}: {finished:?}");
            let noted = noted(&project);
            let found = ["marked", "other"].map(|what| noted[what].len());
            assert_eq!(found, [12, 12], "{case}, {optimizer}: {noted:?}");
            let events = finished.events();
            let mut handed = events
                .iter()
                .filter(|event| event["event"] == "file-deoptimized");
            assert_eq!(handed.next(), None, "{case}, {optimizer}");
            let marked = processes(&noted, "marked");
            assert_eq!(marked, 1, "{case}, {optimizer}: {noted:?}");
            let other = processes(&noted, "other");
            assert!(other > 1, "{case}, {optimizer}: {noted:?}");
        }
    }
}

#[test]
fn groups_are_spread_and_each_has_one_engine() {
    for engine in ENGINES {
        let mut files = marked(|number| format!("@pytest.mark.xdist_group('g{}')", number % 4));
        for (number, (_, text)) in files.iter_mut().skip(2).enumerate() {
            *text = text.replace("note(\"marked\")", &format!("note('g{}')", number % 4));
        }
        // The native engine does not run it.
        let odd = "import pytest\nfrom noting import note\npytest_plugins = 'pytester'\n\
                   @pytest.mark.xdist_group('g2')\ndef test_it(pytester): note('g2')\n";
        files.push(("d/test_odd.py".to_owned(), odd.to_owned()));
        let project = written(&files);
        let cache = TempDir::new().unwrap();
        let finished = fastest(&project, &cache, engine, &["-n", "3"]);
        assert_eq!(finished.code, Some(0), "{engine}: {finished:?}");
        let noted = noted(&project);
        let all: BTreeSet<&String> = noted.values().flatten().collect();
        assert!(all.len() > 1, "{engine}: {noted:?}");
        for (group, count) in [("g0", 6), ("g1", 6), ("g2", 7), ("g3", 6)] {
            assert_eq!(noted[group].len(), count, "{engine}: {noted:?}");
            assert_eq!(processes(&noted, group), 1, "{engine}: {noted:?}");
        }
        let events = finished.events();
        let told = events.iter().any(|event| {
            let reason = event["reason"].as_str().unwrap_or_default();
            event["event"] == "file-deoptimized" && reason.contains("`xdist_group`")
        });
        assert_eq!(told, engine == "auto");
    }
}

/// Packages, each with a fixture of its own, a long file and short ones; where they are `nested`, with a
/// package of short ones inside.
fn packages(nested: bool) -> Vec<(String, String)> {
    let mut files = vec![
        ("noting.py".to_owned(), NOTE.to_owned()),
        (
            "pytest.ini".to_owned(),
            "[pytest]\npythonpath = .\n".to_owned(),
        ),
    ];
    let mut package = |path: &str, name: &str, uses: &str, most: usize| {
        files.push((format!("{path}/__init__.py"), String::new()));
        let conftest = format!(
            "import pytest\nfrom noting import note\n@pytest.fixture(scope='package')\n\
             def {name}(): note({name:?})\n"
        );
        files.push((format!("{path}/conftest.py"), conftest));
        for number in 0..7 {
            // By the number of tests, without a history.
            let tests = if number == 3 { most } else { 1 };
            let tests: String = (0..tests)
                .map(|test| format!("def test_{test}({uses}): time.sleep(0.002)\n"))
                .collect();
            files.push((
                format!("{path}/test_{number}.py"),
                format!("import time\n{tests}"),
            ));
        }
    };
    for name in ["a", "b", "c", "d", "e", "f"] {
        package(name, name, name, 60);
        if nested {
            package(
                &format!("{name}/in"),
                &format!("in_{name}"),
                &format!("{name}, in_{name}"),
                1,
            );
        }
    }
    files
}

#[test]
fn a_worker_does_not_come_back_to_a_package() {
    for nested in [false, true] {
        for engine in ENGINES {
            let project = written(&packages(nested));
            let cache = TempDir::new().unwrap();
            let finished = fastest(&project, &cache, engine, &["-n", "2"]);
            assert_eq!(finished.code, Some(0), "{engine}: {finished:?}");
            for (package, pids) in noted(&project) {
                let processes: BTreeSet<&String> = pids.iter().collect();
                assert_eq!(pids.len(), processes.len(), "{engine}, {nested}: {package}");
            }
        }
    }
}
