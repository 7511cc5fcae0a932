//! Surroundings that are not as expected: folders, streams and variables.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::oracle::{ENGINES, agrees_with_pytest};
use crate::support::{check_each, project, python};

const FILES: &[(&str, &str)] = &[
    (
        "test_a.py",
        "def test_good(): pass\ndef test_bad(): assert 0\n",
    ),
    (
        "test_b.py",
        "def test_tmp(tmp_path): (tmp_path / 'f').write_text('x')\n",
    ),
];

#[test]
fn a_report_that_cannot_be_written_is_told_after_the_run() {
    let project = project(FILES);
    for path in [
        "test_a.py/report.xml",
        ".",
        "/dev/full",
        "/proc/nowhere/report.xml",
    ] {
        for engine in ENGINES {
            let finished = project.run(engine, &["--junit-xml", path]);
            // What is a usage error before the run is told before it; all else is told after it.
            assert!(
                [Some(3), Some(4)].contains(&finished.code),
                "{path}: {finished:#?}"
            );
            let stderr = &finished.stderr;
            assert!(
                stderr.contains("error:") && stderr.contains(path),
                "{path}: {stderr}"
            );
            assert!(!stderr.contains("panicked"), "{stderr}");
        }
    }
    let finished = project.run("auto", &["--junit-xml", "new/folder/report.xml"]);
    assert_eq!(finished.code, Some(1), "{finished:#?}");
    let report = fs::read_to_string(project.root().join("new/folder/report.xml")).unwrap();
    assert!(report.contains("tests=\"3\" "), "{report}");
}

#[test]
fn a_cache_that_cannot_be_written_does_not_keep_tests_from_running() {
    let project = project(FILES);
    project.write("file", "in the way");
    for cache in ["file", "file/below", "/proc/nowhere", "/dev/null"] {
        for engine in ENGINES {
            let mut started = project.prepared(engine, &[]);
            started.command.env("FASTEST_CACHE_DIR", cache);
            let finished = started.finish_clean();
            assert_eq!(finished.code, Some(1), "{cache}: {finished:#?}");
            assert_eq!(finished.outcomes().len(), 3, "{cache}: {finished:#?}");
        }
    }
}

#[test]
fn variables_may_be_missing_or_odd() {
    let set: &[(&str, Option<&str>)] = &[
        ("HOME", None),
        ("HOME", Some("/nowhere")),
        ("USER", None),
        ("PATH", Some("")),
        ("TERM", None),
        ("TMPDIR", Some("")),
        ("LC_ALL", Some("C")),
        ("LANG", Some("no_SUCH.locale")),
        ("PYTHONHASHSEED", Some("1")),
        ("PYTHONWARNINGS", Some("default")),
        ("PYTHONDONTWRITEBYTECODE", None),
        ("PYTHONUNBUFFERED", None),
        ("COLUMNS", Some("0")),
        ("FASTEST_CACHE_DIR", None),
    ];
    check_each(set, |(name, value)| {
        for engine in ENGINES {
            let project = project(FILES);
            let mut started = project.prepared(engine, &[]);
            match value {
                Some(value) => started.command.env(name, value),
                None => started.command.env_remove(name),
            };
            let finished = started.finish_clean();
            assert_eq!(
                (finished.code, finished.outcomes().len()),
                (Some(1), 3),
                "{finished:#?}"
            );
        }
    });
}

#[test]
fn a_temporary_folder_that_is_not_there_is_replaced() {
    let project = project(FILES);
    for engine in ENGINES {
        let mut started = project.prepared(engine, &[]);
        started.command.env("TMPDIR", "/proc/nowhere");
        let finished = started.finish_clean();
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        let tmp = ("test_b.py::test_tmp".to_owned(), "passed".to_owned());
        assert!(finished.outcomes().contains(&tmp), "{finished:#?}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let many = "import pytest, time\n\
                @pytest.mark.parametrize('x', range(1000))\n\
                def test_slow(x): time.sleep(0.1)\n";
    let project = project(&[("test_a.py", many)]);
    for engine in ENGINES {
        for output in ["pretty", "json"] {
            let python = python();
            let python = python.to_str().unwrap();
            let arguments = ["-v", "-n", "2", "--engine", engine, "--python", python];
            let mut started = project.fastest(&[&arguments[..], &["--output", output]].concat());
            started.command.stdout(Stdio::piped());
            let finished = started.finish_reading(|stdout| {
                let mut line = String::new();
                BufReader::new(stdout).read_line(&mut line).unwrap();
                assert!(!line.is_empty());
            });
            assert!(
                !finished.stderr.contains("panicked"),
                "{engine}: {}",
                finished.stderr
            );
            assert_eq!(finished.orphans, Vec::<String>::new(), "{engine} {output}");
            assert_ne!(finished.code, Some(0), "{engine} {output}: {finished:#?}");
        }
    }
}

#[test]
fn a_full_disk_under_standard_output_ends_the_run() {
    let project = project(FILES);
    for engine in ENGINES {
        for output in ["pretty", "json", "junit"] {
            let mut started = project.prepared(engine, &[]);
            if output != "json" {
                let python = python();
                let python = python.to_str().unwrap();
                started =
                    project.fastest(&["--engine", engine, "--python", python, "--output", output]);
            }
            let full = fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap();
            started.command.stdout(full);
            let finished = started.finish_clean();
            assert!(
                !finished.stderr.contains("panicked"),
                "{engine}: {}",
                finished.stderr
            );
            assert!(
                finished.code.is_some_and(|code| code > 0),
                "{engine} {output}: {finished:#?}"
            );
        }
    }
}

#[test]
fn standard_input_is_pytests() {
    let reads = "import os, sys\n\
                 def test_read(): assert sys.stdin.read() == ''\n\
                 def test_fd(): assert os.read(0, 10) == b''\n";
    let project = project(&[("test_a.py", reads)]);
    agrees_with_pytest(&project, &[]);
    agrees_with_pytest(&project, &["-s"]);
}

#[test]
fn warnings_as_errors_and_early_stops_are_pytests() {
    let warns = "import warnings\n\
                 def test_one(): warnings.warn('first')\n\
                 def test_two(): pass\n\
                 def test_three(): warnings.warn(DeprecationWarning('third'))\n\
                 def test_four(): assert 0\n\
                 def test_five(): pass\n";
    let project = project(&[
        ("test_a.py", warns),
        (
            "test_b.py",
            "import warnings\nwarnings.warn('at import')\ndef test_b(): assert 0\n",
        ),
        (
            "test_c.py",
            "import pytest\ndef test_c(recwarn, pytestconfig): assert 0\n",
        ),
        ("test_d.py", "def test_d(): pass\n"),
        ("test_e.py", "def test_e(): assert 0\ndef test_f(): pass\n"),
    ]);
    let cases = [
        &["-W", "error"][..],
        &["-W", "error::DeprecationWarning"],
        &["-W", "ignore"],
        &["-x", "-n", "1"],
        &["--maxfail=2", "-n", "1"],
        &["--maxfail=3", "-n", "1"],
        &["--maxfail=4", "-n", "1"],
        &["--maxfail=1", "-n", "1", "test_e.py", "test_a.py"],
        &["-x", "-n", "1", "test_c.py", "test_a.py"],
    ];
    check_each(&cases, |arguments| {
        agrees_with_pytest(&project, arguments);
    });
}
