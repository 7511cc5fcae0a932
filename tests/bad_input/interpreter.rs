//! Interpreters that are missing, broken, too old, or lack pytest.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::oracle::ENGINES;
use crate::support::{Finished, Project, Started, check_each, project, python};

const TEST: (&str, &str) = ("test_a.py", "def test_a(): pass\n");

/// Writes an executable below the project and gives its path.
fn script(project: &Project, path: &str, text: &str) -> String {
    project.write(path, text);
    let path = project.root().join(path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// A usage error that says `said`, and what to do about it.
fn refused(finished: &Finished, said: &str) {
    assert_eq!(finished.code, Some(4), "{finished:#?}");
    let stderr = &finished.stderr;
    assert!(
        stderr.contains("error:") && stderr.contains("help:"),
        "{stderr}"
    );
    assert!(stderr.contains(said), "no {said:?} in {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn an_interpreter_that_is_none_is_a_usage_error() {
    let scripts = [
        ("#!/bin/sh\nexit 0\n", "ended before it was ready"),
        ("#!/bin/sh\nexit 1\n", "ended before it was ready"),
        ("#!/bin/sh\nkill -9 $$\n", "ended before it was ready"),
        (
            "#!/bin/sh\necho garbage; echo garbage >&2\n",
            "ended before it was ready",
        ),
        ("#!/bin/sh\nexec cat \"$@\"\n", "ended before it was ready"),
        (
            "#!/bin/sh\necho garbage >&0; cat > /dev/null\n",
            "cannot be talked to",
        ),
        (
            "#!/bin/sh\nprintf '\\002\\000\\000\\000{}' >&0; cat > /dev/null\n",
            "no Python",
        ),
        ("#!/no/such/shell\n", "cannot start the interpreter"),
        ("\x7fELF no program\n", "cannot start the interpreter"),
    ];
    check_each(&scripts, |(text, said)| {
        let project = project(&[TEST]);
        let path = script(&project, "bin/python", text);
        for engine in ENGINES {
            refused(&project.run(engine, &["--python", &path]), said);
        }
    });
    let project = project(&[TEST]);
    for missing in ["nope", "./nope", "test_a.py", "."] {
        refused(&project.run("auto", &["--python", missing]), "--python");
    }
}

#[test]
fn a_broken_environment_is_named() {
    let project = project(&[TEST]);
    let text = "#!/no/such/python\n";
    let path = script(&project, ".venv/bin/python", text);
    let finished = project.fastest(&["run"]).finish_clean();
    refused(&finished, &path);

    // One that is not there any more is passed over.
    fs::remove_file(&path).unwrap();
    symlink("/no/such/python", &path).unwrap();
    let mut gone = project.fastest(&["run"]);
    gone.command.env("PATH", python().parent().unwrap());
    assert_eq!(gone.finish_clean().code, Some(0));
    let mut none = project.fastest(&["run"]);
    refused(
        &{
            none.command.env("PATH", "");
            none.finish_clean()
        },
        ".venv",
    );
}

#[test]
fn a_python_that_is_too_old_says_what_is_needed() {
    let project = project(&[TEST]);
    // Any Python that claims to be an old one.
    let text = format!(
        "#!/bin/sh\nexec {} -c '\nimport runpy, socket, sys\nsys.version_info = (3, 8, 18, \"final\", 0)\ndel socket.recv_fds\n\
         del sys.argv[0]\nrunpy.run_path(sys.argv[0], run_name=\"__main__\")\n' \"$@\"\n",
        python().display()
    );
    let path = script(&project, "old", &text);
    for engine in ENGINES {
        let finished = project.run(engine, &["--python", &path]);
        refused(&finished, "needs CPython 3.9 or later");
        assert!(finished.stderr.contains("3.8.18"), "{}", finished.stderr);
    }
}

#[test]
fn without_pytest_the_files_that_do_not_need_it_run() {
    let project = project(&[
        TEST,
        ("test_failing.py", "def test_bad(): assert 1 == 2\n"),
        (
            "test_class.py",
            "import unittest\nclass T(unittest.TestCase):\n    def test_t(self): pass\n",
        ),
        ("test_needs.py", "import pytest\ndef test_needs(): pass\n"),
        (
            "test_broken.py",
            "import nowhere_to_be_found\ndef test_b(): pass\n",
        ),
        (
            "sub/conftest.py",
            "import pytest\n@pytest.fixture\ndef one(): return 1\n",
        ),
        (
            "sub/test_fixture.py",
            "def test_fixture(one): assert one == 1\n",
        ),
    ]);
    let venv = project.root().join("bare");
    let mut make = Command::new(python());
    make.args(["-m", "venv", "--without-pip"]).arg(&venv);
    assert_eq!(Started::new(make).finish().code, Some(0));
    let bare = venv
        .join("bin/python")
        .into_os_string()
        .into_string()
        .unwrap();

    for engine in ["auto", "native"] {
        let finished = project.run(engine, &["--python", &bare, "--ignore", "bare"]);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        let outcomes = [
            ("test_a.py::test_a", "passed"),
            ("test_failing.py::test_bad", "failed"),
        ];
        let outcomes = outcomes.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        let have = finished.outcomes();
        assert!(
            outcomes.iter().all(|one| have.contains(one)),
            "{engine}: {finished:#?}"
        );
        for event in finished
            .events()
            .iter()
            .filter(|event| event["event"] == "collect-finished")
        {
            assert_eq!(event["outcome"], "error", "{event}");
            let text = event["longrepr"]["text"].as_str().unwrap();
            let told =
                text.contains("pytest is not installed") || text.contains("pytest, which is not");
            assert!(
                told && text.contains("install") && text.contains("--python"),
                "{text}"
            );
        }
        let errors = finished.events();
        let errors = errors
            .iter()
            .filter(|event| event["event"] == "collect-finished");
        let mut ids: Vec<&str> = errors.filter_map(|event| event["id"].as_str()).collect();
        ids.retain(|id| *id != "test_class.py");
        ids.sort_unstable();
        assert_eq!(
            ids,
            ["sub/test_fixture.py", "test_broken.py", "test_needs.py"],
            "{engine}"
        );
    }

    let finished = project.run("pytest", &["--python", &bare, "test_a.py"]);
    assert_eq!(
        (finished.code, finished.outcomes().len()),
        (Some(1), 0),
        "{finished:#?}"
    );
    assert!(finished.all_output().contains("--python"), "{finished:#?}");
    // What passes without it is no failure.
    assert_eq!(
        project.run("auto", &["--python", &bare, "test_a.py"]).code,
        Some(0)
    );
}
