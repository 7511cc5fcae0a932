//! Test files and conftests that cannot be read, parsed or imported.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::oracle::{ENGINES, Verdict, agrees_with_pytest};
use crate::support::{Project, check_each, project};

/// Files that give a collection error, or skip themselves, and let the others run.
const BROKEN: &[(&str, &[u8])] = &[
    (
        "test_good.py",
        b"def test_good(): pass\ndef test_bad(): assert 0\n",
    ),
    ("test_unparsable.py", b"def test_a(:\n    pass\n"),
    ("test_unindented.py", b"def test_a():\npass\n"),
    ("test_unclosed.py", b"def test_a(): pass\nx = '''\n"),
    (
        "test_no_module.py",
        b"import nowhere_to_be_found\ndef test_a(): pass\n",
    ),
    (
        "test_no_name.py",
        b"from os import nothing_of_the_kind\ndef test_a(): pass\n",
    ),
    (
        "test_raises.py",
        b"def test_a(): pass\nraise RuntimeError('at import')\n",
    ),
    (
        "test_raises_base.py",
        b"class Odd(BaseException): pass\nraise Odd\n",
    ),
    (
        "test_fails.py",
        b"import pytest\npytest.fail('at import')\n",
    ),
    ("test_recursion.py", b"def deeper(): deeper()\ndeeper()\n"),
    ("test_memory.py", b"raise MemoryError\n"),
    (
        "test_skips.py",
        b"import pytest\npytest.skip('not here', allow_module_level=True)\n",
    ),
    (
        "test_skips_wrong.py",
        b"import pytest\npytest.skip('not here')\n",
    ),
    (
        "test_importorskip.py",
        b"import pytest\npytest.importorskip('nowhere_at_all')\n",
    ),
    (
        "test_unittest_skip.py",
        b"import unittest\nraise unittest.SkipTest('not here')\n",
    ),
    (
        "test_xfails.py",
        b"import pytest\npytest.xfail('at import')\n",
    ),
    (
        "test_latin1.py",
        b"# -*- coding: latin-1 -*-\ndef test_a(): assert '\xe9' == '\\xe9'\n",
    ),
    ("test_not_utf8.py", b"def test_a(): assert '\xe9'\n"),
    (
        "test_no_codec.py",
        b"# -*- coding: no-such-codec -*-\ndef test_a(): pass\n",
    ),
    ("test_bom.py", b"\xef\xbb\xbfdef test_a(): pass\n"),
    (
        "test_bom_twice.py",
        b"\xef\xbb\xbf\xef\xbb\xbfdef test_a(): pass\n",
    ),
    ("test_null.py", b"def test_a(): pass\n\0\n"),
    (
        "test_utf16.py",
        b"\xff\xfed\0e\0f\0 \0t\0()\0:\0 \0p\0a\0s\0s\0\n\0",
    ),
    ("test_binary.py", &[0x7f, b'E', b'L', b'F', 0, 255, 254, 1]),
    ("test_empty.py", b""),
    ("test_crlf.py", b"def test_a():\r\n    assert 1\r\n"),
    ("test_cr.py", b"def test_a():\r    assert 1\r"),
    ("test_formfeed.py", b"\x0c\ndef test_a():\n    assert 1\n"),
    ("test_no_newline.py", b"def test_a(): assert 1"),
    (
        "test_unicode.py",
        "def test_caf\u{e9}(): assert '\u{1f600}'\n".as_bytes(),
    ),
    (
        "nested/conftest.py",
        b"raise RuntimeError('in a nested conftest')\n",
    ),
    ("nested/test_below.py", b"def test_a(): pass\n"),
    ("unparsed/conftest.py", b"def fixture(:\n"),
    ("unparsed/test_under.py", b"def test_a(): pass\n"),
    (
        "skipped/conftest.py",
        b"import pytest\npytest.skip('all', allow_module_level=True)\n",
    ),
    ("skipped/test_within.py", b"def test_a(): pass\n"),
    (
        "package/__init__.py",
        b"raise RuntimeError('in a package')\n",
    ),
    ("package/test_inside.py", b"def test_a(): pass\n"),
];

#[test]
fn broken_files_have_pytests_reports_and_the_others_run() {
    let project = project(&[]);
    for (path, content) in BROKEN {
        project.write(path, content);
    }
    let verdict = agrees_with_pytest(&project, &[]);
    for line in [
        "test_good.py::test_good call: passed",
        "test_unparsable.py collected: failed",
        "test_skips.py collected: skipped",
    ] {
        assert!(verdict.has(line), "{line}: {verdict:#?}");
    }
}

#[test]
fn each_broken_file_alone_has_pytests_exit_code() {
    let cases = [
        ("test_unparsable.py", &b"def test_a(:\n"[..]),
        (
            "test_skips.py",
            b"import pytest\npytest.skip('no', allow_module_level=True)\n",
        ),
        ("test_empty.py", b""),
        ("test_exits.py", b"import sys\nsys.exit(3)\n"),
        ("test_interrupts.py", b"raise KeyboardInterrupt\n"),
        (
            "test_stops.py",
            b"import pytest\npytest.exit('enough', returncode=7)\n",
        ),
        (
            "test_stops_plainly.py",
            b"import pytest\npytest.exit('enough')\n",
        ),
    ];
    check_each(&cases, |(path, content)| {
        let project = project(&[]);
        project.write(path, content);
        agrees_with_pytest(&project, &[]);
        agrees_with_pytest(&project, &[path]);
    });
}

#[test]
fn a_conftest_that_cannot_be_loaded_is_a_usage_error() {
    let cases = [
        ("def fixture(:\n", "SyntaxError"),
        ("import nowhere_to_be_found\n", "nowhere_to_be_found"),
        ("raise RuntimeError('of its own')\n", "of its own"),
    ];
    check_each(&cases, |(content, said)| {
        let project = project(&[
            ("conftest.py", content),
            ("test_a.py", "def test_a(): pass\n"),
        ]);
        agrees_with_pytest(&project, &[]);
        for engine in ENGINES {
            let finished = project.run(engine, &[]);
            let told = finished
                .events()
                .into_iter()
                .find(|e| e["event"] == "usage-error");
            let told = told
                .unwrap_or_else(|| panic!("{engine}: {finished:#?}"))
                .to_string();
            assert!(
                told.contains("conftest.py") && told.contains(said),
                "{engine}: {told}"
            );
        }
    });
}

#[test]
fn links_that_lead_in_circles_or_nowhere_do_not_matter() {
    let project = project(&[
        ("test_a.py", "def test_a(): pass\n"),
        ("sub/test_b.py", "def test_b(): pass\n"),
    ]);
    let root = project.root();
    symlink("..", root.join("sub/up")).unwrap();
    symlink("test_loop.py", root.join("test_loop.py")).unwrap();
    symlink("nothing.py", root.join("test_dangling.py")).unwrap();
    symlink("test_a.py", root.join("test_link.py")).unwrap();
    std::fs::create_dir(root.join("test_folder.py")).unwrap();
    agrees_with_pytest(&project, &[]);
    agrees_with_pytest(&project, &["sub"]);
}

/// A file that ends its process at import has no outcome under pytest, which dies of it.
#[test]
fn a_file_that_kills_at_import_is_an_error_and_the_others_run() {
    let cases = [
        ("import os\nos._exit(0)\n", "exit code 0"),
        ("import os\nos._exit(3)\n", "exit code 3"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
            "SIGKILL",
        ),
        ("import os\nos.abort()\n", "SIGABRT"),
    ];
    check_each(&cases, |(content, said)| {
        let project = with_neighbours("test_m.py", content);
        for engine in ENGINES {
            let finished = project.run(engine, &[]);
            let verdict = Verdict::of(&finished);
            for line in [
                "exit code Some(1)",
                "test_a.py::test_a call: passed",
                "test_m.py collected: failed",
                "test_z.py::test_z call: passed",
            ] {
                assert!(
                    verdict.has(line),
                    "{engine} {content}: no {line:?} in {verdict:#?}"
                );
            }
            let stdout = String::from_utf8_lossy(&finished.stdout);
            assert!(stdout.contains(said), "{engine}: {stdout}");
        }
    });
}

/// Real pytest dies of a conftest that ends its process; so does each worker that loads it.
#[test]
fn a_conftest_that_kills_is_an_error_of_the_files_below() {
    for engine in ENGINES {
        for folder in ["", "sub/"] {
            let project = project(&[("sub/test_below.py", "def test_b(): pass\n")]);
            project.write(&format!("{folder}conftest.py"), "import os\nos._exit(3)\n");
            let finished = project.run(engine, &[]);
            let verdict = Verdict::of(&finished);
            assert!(verdict.has("exit code Some(1)"), "{engine}: {finished:#?}");
            assert!(
                verdict.has("sub/test_below.py collected: failed"),
                "{finished:#?}"
            );
            assert!(
                finished.all_output().contains("exit code 3"),
                "{finished:#?}"
            );
        }
    }
}

#[test]
fn names_that_are_not_utf8_are_errors() {
    let project = with_neighbours("test_m.py", "def test_m(): pass\n");
    let odd = std::ffi::OsStr::from_bytes(b"test_\xff.py");
    fs::write(project.root().join(odd), "def test_odd(): pass\n").unwrap();
    let folder = project.root().join(std::ffi::OsStr::from_bytes(b"\xff"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("pytest.ini"), "[pytest]\n").unwrap();
    fs::write(folder.join("test_in.py"), "def test_in(): pass\n").unwrap();
    for engine in ENGINES {
        let finished = project.run(engine, &[]);
        assert_eq!(finished.code, Some(1), "{finished:#?}");
        assert_eq!(finished.outcomes().len(), 3, "{engine}: {finished:#?}");
        let errors = finished.events();
        let errors = errors
            .iter()
            .filter(|event| event["event"] == "collect-finished");
        assert!(
            errors.count() == 2 && finished.all_output().contains("not UTF-8"),
            "{finished:#?}"
        );

        let mut within = project.prepared(engine, &[]);
        within.command.current_dir(&folder);
        let within = within.finish_clean();
        assert_eq!(within.code, Some(4), "{engine}: {within:#?}");
        assert!(within.stderr.contains("not UTF-8"), "{within:#?}");
    }
}

#[test]
fn a_hook_that_fails_ends_the_run_as_under_pytest() {
    let hooks = [
        "pytest_configure(config)",
        "pytest_sessionstart(session)",
        "pytest_collection_modifyitems(items)",
        "pytest_runtest_setup(item)",
        "pytest_runtest_logreport(report)",
        "pytest_sessionfinish(session)",
        "pytest_unconfigure(config)",
    ];
    check_each(&hooks, |hook| {
        let conftest = format!("def {hook}: raise RuntimeError('in a hook')\n");
        let project = project(&[
            ("conftest.py", &conftest),
            ("test_a.py", "def test_a(): pass\n"),
        ]);
        agrees_with_pytest(&project, &[]);
    });
}

fn with_neighbours(path: &str, content: &str) -> Project {
    project(&[
        ("test_a.py", "def test_a(): pass\n"),
        (path, content),
        ("test_z.py", "def test_z(): pass\n"),
    ])
}
