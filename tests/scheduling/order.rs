//! The order of files by what earlier runs saw, folders that stay together, and ends that come early.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::oracle::ENGINES;
use crate::scheduling::history::{fastest, ran};
use crate::support::{Finished, project};

/// The files that each worker collected, in order.
fn files_of_workers(finished: &Finished) -> Vec<Vec<String>> {
    let mut files: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for event in finished.events() {
        if event["event"] == "file-collected" {
            let path = event["path"].as_str().unwrap().to_owned();
            files
                .entry(event["worker"].as_u64().unwrap())
                .or_default()
                .push(path);
        }
    }
    files.into_values().collect()
}

#[test]
fn what_took_longest_starts_first() {
    let quick = "def test_a(): pass\ndef test_b(): pass\ndef test_c(): pass\n";
    let slow = "import time\ndef test_slow(): time.sleep(0.3)\n";
    let files: Vec<(String, &str)> = (0..8)
        .map(|n| (format!("test_{n}.py"), if n == 5 { slow } else { quick }))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), *text))
        .collect();
    let project = project(&files);
    let cache = TempDir::new().unwrap();
    let is_first = |finished: &Finished| {
        let workers = files_of_workers(finished);
        workers.iter().any(|files| files[0] == "test_5.py")
    };
    let before = fastest(&project, &cache, "auto", &["-n", "2"]);
    assert!(!is_first(&before), "{before:?}");
    let after = fastest(&project, &cache, "auto", &["-n", "2"]);
    assert!(is_first(&after), "{after:?}");
    // One worker keeps to pytest's order, and so does a plain strategy.
    for arguments in [["-n", "1"], ["--optimizer", "parallel"]] {
        let finished = fastest(&project, &cache, "auto", &arguments);
        for files in files_of_workers(&finished) {
            assert!(files.is_sorted(), "{arguments:?}: {files:?}");
        }
    }
}

const HEAVY: &str = "
@pytest.fixture(scope='session')
def NAME():
    with open(pathlib.Path(__file__).parent / 'set-up', 'a') as file:
        file.write('x')
    return 'NAME'
";

/// Four fixtures, each of which the tests of twelve files use.
fn sharing_files(folders: bool) -> Vec<(String, String)> {
    let start = "import pathlib, pytest\n";
    let mut files = Vec::new();
    let mut root = start.to_owned();
    for name in ["a", "b", "c", "d"] {
        let heavy = HEAVY.replace("NAME", name);
        if folders {
            files.push((format!("{name}/conftest.py"), format!("{start}{heavy}")));
        }
        root += &heavy;
        for number in 0..12 {
            let path = if folders {
                format!("{name}/test_{name}{number}.py")
            } else {
                format!("test_{number}{name}.py")
            };
            let text = format!(
                "import time\ndef test_it({name}): time.sleep(0.01); assert {name} == {name:?}\n"
            );
            files.push((path, text));
        }
    }
    if !folders {
        files.push(("conftest.py".to_owned(), root));
    }
    files
}

#[test]
fn files_that_share_wide_fixtures_stay_together() {
    for folders in [true, false] {
        let files = sharing_files(folders);
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        let set_up = |optimizer: &str| -> usize {
            let project = project(&files);
            let cache = TempDir::new().unwrap();
            let arguments = ["-n", "2", "--optimizer", optimizer];
            let finished = fastest(&project, &cache, "auto", &arguments);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            let times = |folder| {
                let written = fs::read(project.root().join(folder).join("set-up"));
                written.map_or(0, |marks| marks.len())
            };
            [".", "a", "b", "c", "d"].map(times).iter().sum()
        };
        // Each worker by each fixture, at worst; the last files are shared for balance.
        let (together, apart) = (set_up("optimized"), set_up("parallel"));
        assert!(together <= 6 && apart >= 4, "{folders} {together} {apart}");
    }
}

#[test]
fn a_file_that_fails_after_another_and_passes_alone_is_told() {
    let files: &[(&str, &str)] = &[
        ("shared.py", "state = []\n"),
        (
            "test_1.py",
            "import shared\ndef test_a(): shared.state.append(1)\n",
        ),
        (
            "test_2.py",
            "import shared\ndef test_b(): assert not shared.state\ndef test_c(): assert 0\n",
        ),
        ("test_3.py", "def test_d(): assert 0\n"),
    ];
    for engine in ENGINES {
        let project = project(files);
        let cache = TempDir::new().unwrap();
        let found = |arguments: &[&str]| -> (Vec<Value>, Option<i32>) {
            let finished = fastest(&project, &cache, engine, arguments);
            let events = finished.events().into_iter();
            let told = events.filter(|event| event["event"] == "order-dependent");
            (told.collect(), finished.code)
        };
        let (told, code) = found(&["-n", "1", "--check-order"]);
        let [told] = told.as_slice() else {
            panic!("{engine}: {told:?}")
        };
        assert_eq!(told["path"], "test_2.py");
        assert_eq!(told["tests"], serde_json::json!(["test_2.py::test_b"]));
        assert_eq!(told["after"], serde_json::json!(["test_1.py"]));
        assert_eq!(code, Some(1));
        assert_eq!(found(&["-n", "1"]), (Vec::new(), Some(1)), "{engine}");
        let alone = ["-n", "1", "--check-order", "--isolation", "module"];
        assert_eq!(found(&alone), (Vec::new(), Some(1)), "{engine}");
    }
}

#[test]
fn a_worker_that_still_imports_does_not_hold_up_the_end() {
    // Whoever imports it second takes for ever; the other worker fails in whichever file it was given.
    let fails = "
import time
def test_1():
    time.sleep(0.5)
    assert 0
def test_2(): assert 0
";
    let slow = format!(
        "
import pathlib, time
try:
    pathlib.Path('begun').touch(exist_ok=False)
except FileExistsError:
    time.sleep(1000)
{fails}"
    );
    for engine in ENGINES {
        let project = project(&[("test_1.py", fails), ("test_2.py", &slow)]);
        let cache = TempDir::new().unwrap();
        let finished = fastest(&project, &cache, engine, &["-n", "2", "-x"]);
        assert_eq!(finished.code, Some(1), "{engine}: {finished:?}");
        let found = ran(&finished).tests;
        assert_eq!(found.len(), 1, "{engine}: {found:?}");
    }
}

#[test]
fn what_is_close_to_a_change_runs_first() {
    let project = project(&[
        ("near.py", "value = 1\n"),
        ("far.py", "import near\n"),
        ("test_1.py", "def test_a(): pass\n"),
        ("test_2.py", "import far\ndef test_b(): pass\n"),
        ("test_3.py", "import near\ndef test_c(): pass\n"),
        ("test_4.py", "def test_d(): pass\ndef test_e(): pass\n"),
        ("test_5.py", "def test_f(): assert 0\n"),
    ]);
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=n", "-c", "user.email=e"]);
        let status = command.args(arguments).current_dir(project.root()).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "first"]);
    project.write("near.py", "value = 2\n");
    project.write("test_4.py", "def test_d(): pass\ndef test_e(): assert 1\n");
    let cache = TempDir::new().unwrap();
    let files = |arguments: &[&str]| -> Vec<char> {
        let mut all = vec!["-n", "1", "--changed-first"];
        all.extend(arguments);
        let found = ran(&fastest(&project, &cache, "auto", &all)).tests;
        found.iter().map(|id| id.chars().nth(5).unwrap()).collect()
    };
    assert_eq!(files(&[]), ['4', '4', '3', '2', '1', '5']);
    assert_eq!(files(&["--ff"]), ['5', '4', '4', '3', '2', '1']);
    let elsewhere = fastest(&project, &cache, "auto", &["--changed-first=nothing"]);
    assert_eq!(elsewhere.code, Some(4), "{elsewhere:?}");
}
