//! `fastest run --hermetic`: test files as closed units.

#[cfg(target_os = "linux")]
mod escapes;
#[cfg(target_os = "linux")]
mod limits;

use serde_json::Value;

use crate::support::{Finished, Project, check_each, project};

const ENGINES: &[&str] = &["native", "pytest"];

fn run(project: &Project, engine: &str, arguments: &[&str]) -> Finished {
    prepared(project, engine, arguments, &[])
}

/// A hermetic run with these variables in the environment of the command.
fn prepared(
    project: &Project,
    engine: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Finished {
    let mut all = vec!["--hermetic"];
    all.extend(arguments);
    let mut started = project.prepared(engine, &all);
    started.command.envs(variables.iter().copied());
    started.finish_clean()
}

/// What a test has printed as one line of JSON.
fn printed(finished: &Finished, id: &str) -> Value {
    let events = finished.events();
    let test = events.iter().find(|event| event["id"] == id).unwrap();
    let phases = test["phases"].as_array().unwrap();
    let mut sections = phases
        .iter()
        .flat_map(|phase| phase["sections"].as_array().into_iter().flatten());
    let text = sections.find_map(|section| section[1].as_str()).unwrap();
    serde_json::from_str(text.trim()).unwrap()
}

/// Variables of the command that its tests are to know.
const PASSES_ON: &str = "[tool.fastest.hermetic]\n\
    pass-environment = ['SECRET', 'ABSTRACT', 'PORT']\n";

const SHOWS_ENVIRONMENT: &str = "import json, os, sys, tempfile\n\
    def test_shown():\n    \
        print(json.dumps([dict(os.environ), tempfile.gettempdir(), sys.stdin.isatty(), hash('a')]))\n    \
        assert 0\n";

#[test]
fn the_environment_is_a_fixed_one_and_what_is_declared() {
    let settings = "[tool.fastest.hermetic]\n\
        environment = { MODE = 'test', TZ = 'Asia/Tokyo' }\n\
        pass-environment = ['PASSED', 'ABSENT']\n";
    check_each(ENGINES, |engine| {
        let project = project(&[
            ("pyproject.toml", settings),
            ("test_a.py", SHOWS_ENVIRONMENT),
        ]);
        let variables = [("PASSED", "1"), ("SECRET", "1"), ("PYTHONHASHSEED", "7")];
        let shown = |_| {
            let finished = prepared(&project, engine, &[], &variables);
            printed(&finished, "test_a.py::test_shown")
        };
        let [first, second] = [0, 1].map(shown);
        let environment = first[0].as_object().unwrap();
        let of_pytest = |name: &&String| name.starts_with("PYTEST_");
        let mut names: Vec<_> = environment.keys().filter(|name| !of_pytest(name)).collect();
        names.sort();
        let expected = [
            "HOME",
            "LC_ALL",
            "MODE",
            "PASSED",
            "PATH",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONHASHSEED",
            "PYTHONNOUSERSITE",
            "TMPDIR",
            "TZ",
        ];
        assert_eq!(names, expected);
        assert_eq!(environment["TZ"], "Asia/Tokyo");
        assert_eq!(environment["PYTHONHASHSEED"], "0");
        assert_eq!(first[1], environment["TMPDIR"]);
        assert_eq!(first[2], false);
        assert_eq!(first[3], second[3], "the seed of hashes is not fixed");
        assert_ne!(first[1], second[1], "a TMPDIR is used twice");
    });
}

/// One test of a project, and the line that it fails with; none where it passes.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// The body of the test; `name` spells paths backwards, so that the
    /// graph does not find them.
    body: &'static str,
    line: Option<&'static str>,
}

const CASES: &[Case] = &[
    Case {
        body: "open(name('txt.atad')).close()",
        line: Some(
            "undeclared read of data.txt, from FILE:6; to allow it: [tool.fastest.hermetic] \
             data = [\"data.txt\"]",
        ),
    },
    Case {
        body: "try: open(name('txt.atad'))\n    except OSError: pass",
        line: Some("undeclared read of data.txt, from FILE:6"),
    },
    Case {
        body: "with pytest.raises(OSError): open(name('txt.atad'))",
        line: Some("undeclared read of data.txt, from FILE:6"),
    },
    Case {
        body: "try: open(name('txt.atad'))\n    except OSError: pytest.skip('none')",
        line: Some("undeclared read of data.txt, from FILE:6"),
    },
    Case {
        body: "os.listdir(name('redlof'))",
        line: Some("undeclared listing of folder/in_it.txt in the folder folder, from FILE:6"),
    },
    Case {
        body: "open(name('txt.edam'), 'w').close()",
        line: Some(
            "undeclared write to made.txt, from FILE:6; to allow it: [tool.fastest.hermetic] \
             outputs = [\".\"]",
        ),
    },
    Case {
        body: "import socket\n    socket.create_connection(('192.0.2.1', 80))",
        line: Some(
            "undeclared connection to 192.0.2.1:80, from FILE:7; to allow it: \
             [tool.fastest.hermetic] network = \"host\"",
        ),
    },
    Case {
        body: "assert os.path.exists(name('txt.atad')) and not os.path.exists('absent')",
        line: None,
    },
    Case {
        body: "with pytest.raises(FileNotFoundError): open(name('tnesba'))\n    \
               with pytest.raises(FileNotFoundError): open(name('wen/tnesba'), 'w')\n    \
               with pytest.raises(FileExistsError): os.mkdir('folder')",
        line: None,
    },
    Case {
        body: "import declared, socket, subprocess, sys, tempfile\n    \
               assert open('declared.txt').read() == 'd'\n    \
               open(name('edam/tuo'), 'w').close()\n    \
               tempfile.TemporaryFile().close()\n    \
               assert subprocess.run([sys.executable, '-c', 'import declared']).returncode == 0\n    \
               with socket.create_server(('localhost', 0)) as here:\n        \
                   socket.create_connection(here.getsockname()).close()",
        line: None,
    },
];

#[test]
fn an_undeclared_access_fails_its_test_whatever_becomes_of_the_error() {
    let settings = "[tool.fastest.hermetic]\ndata = ['declared.txt']\noutputs = ['out']\n";
    let text = |case: &Case, mark: &str| {
        format!(
            "import os, pytest\n\
             def name(path): return path[::-1]\n\
             {mark}\n\
             # One test, in a file that is a unit of its own.\n\
             def test():\n    {}\n",
            case.body
        )
    };
    check_each(ENGINES, |engine| {
        let project = project(&[
            ("pyproject.toml", settings),
            ("data.txt", ""),
            ("declared.py", ""),
            ("declared.txt", "d"),
            ("folder/in_it.txt", ""),
        ]);
        let mut expected = Vec::new();
        for (n, case) in CASES.iter().enumerate() {
            for mark in ["", "@pytest.mark.xfail(strict=False)"] {
                if mark.is_empty() || case.line.is_some() {
                    let file = format!("test_{n}{}.py", if mark.is_empty() { "" } else { "x" });
                    project.write(&file, text(case, mark));
                    let line = case.line.map(|line| line.replace("FILE", &file));
                    expected.push((format!("{file}::test"), line));
                }
            }
        }
        let finished = run(&project, engine, &[]);
        let events = finished.events();
        for (id, line) in expected {
            let failure = failure(&events, &id);
            let said = failure.as_ref().map(|(_, text)| text.as_str());
            let is_as_said = match (&line, said) {
                (Some(line), Some(said)) => said.contains(line.as_str()),
                (None, None) => true,
                _ => false,
            };
            assert!(is_as_said, "{id}: {line:?}, but {failure:?}\n{finished:#?}");
        }
    });
}

/// The first line of why a test failed, and all that is said of it; none if it passed.
fn failure(events: &[Value], id: &str) -> Option<(String, String)> {
    let test = events.iter().find(|event| event["id"] == id).unwrap();
    let phases = test["phases"].as_array().unwrap();
    let failed = phases.iter().find(|phase| phase["outcome"] == "failed")?;
    let said = |key| failed["longrepr"][key].as_str().unwrap().to_owned();
    Some((said("message"), said("text")))
}

#[test]
fn bytecode_that_only_looks_up_to_date_is_not_read() {
    check_each(ENGINES, |engine| {
        let project = project(&[
            ("module.py", "VALUE = 1\n"),
            (
                "test_a.py",
                "import module\ndef test_value(): assert module.VALUE == 2\n",
            ),
        ]);
        let path = project.root().join("module.py");
        let compiled = std::process::Command::new(crate::support::python())
            .args(["-m", "py_compile"])
            .arg(&path)
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .status();
        assert!(compiled.unwrap().success());
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        project.write("module.py", "VALUE = 2\n");
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(before).unwrap();
        let names = || {
            let entries = std::fs::read_dir(project.root().join("__pycache__")).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let there = names();
        let finished = run(&project, engine, &[]);
        assert_eq!(finished.code, Some(0), "{finished:#?}");
        assert_eq!(names(), there, "bytecode was written");
    });
}
