use crate::case::{case, check};

#[test]
fn rootdir() {
    check(&[
        case("nothing", &[("test_a.py", "")], "", &[]),
        case(
            "pytest.ini",
            &[("pytest.ini", "[pytest]\n"), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "empty pytest.ini",
            &[("pytest.ini", ""), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "hidden",
            &[(".pytest.ini", ""), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "pytest.toml",
            &[("pytest.toml", "[pytest]\n"), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "empty toml",
            &[(".pytest.toml", ""), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "pyproject without a table",
            &[
                ("pyproject.toml", "[project]\nname='x'\n"),
                ("t/test_a.py", ""),
            ],
            "t",
            &[],
        ),
        case(
            "pyproject without a table, setup.py deeper",
            &[
                ("pyproject.toml", ""),
                ("t/setup.py", ""),
                ("t/test_a.py", ""),
            ],
            "t",
            &[],
        ),
        case(
            "a table higher up beats a pyproject without one",
            &[
                ("tox.ini", "[pytest]\n"),
                ("t/pyproject.toml", ""),
                ("t/test_a.py", ""),
            ],
            "t",
            &[],
        ),
        case(
            "the nearest of two pyprojects without a table",
            &[
                ("pyproject.toml", ""),
                ("t/pyproject.toml", ""),
                ("t/u/test_a.py", ""),
            ],
            "t/u",
            &[],
        ),
        case(
            "tox.ini without a section",
            &[("tox.ini", "[tox]\n"), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "setup.cfg",
            &[
                ("setup.cfg", "[tool:pytest]\naddopts = -q\n"),
                ("t/test_a.py", ""),
            ],
            "t",
            &[],
        ),
        case(
            "setup.py",
            &[("setup.py", ""), ("t/test_a.py", "")],
            "t",
            &[],
        ),
        case(
            "the first of several",
            &[
                ("pytest.ini", ""),
                ("pyproject.toml", "[tool.pytest]\nstrict = true\n"),
                ("setup.cfg", "[tool:pytest]\n"),
                ("test_a.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "an argument's configuration",
            &[("a/pytest.ini", ""), ("a/t/test_a.py", ""), ("b/x", "")],
            "b",
            &["../a/t"],
        ),
        case(
            "two arguments, a configuration in one",
            &[
                ("a/pytest.ini", ""),
                ("a/test_a.py", ""),
                ("b/test_b.py", ""),
            ],
            "",
            &["b/test_b.py", "a"],
        ),
        case(
            "two arguments, none",
            &[("p/a/test_a.py", ""), ("p/b/test_b.py", ""), ("p/q/x", "")],
            "p/q",
            &["../b", "../a/test_a.py::test_it"],
        ),
        case(
            "-c",
            &[
                ("c/my.ini", "[pytest]\npython_files=a*.py\n"),
                ("a1.py", ""),
                ("c/a2.py", ""),
            ],
            "",
            &["-c", "c/my.ini"],
        ),
        case(
            "-c with [pytest] in any toml",
            &[
                ("c/my.toml", "[pytest]\npython_files=['a*.py']\n"),
                ("a1.py", ""),
            ],
            "",
            &["-c", "c/my.toml"],
        ),
        case(
            "-c with [tool.pytest] in any toml",
            &[
                ("c/my.toml", "[tool.pytest]\npython_files=['a*.py']\n"),
                ("a1.py", ""),
            ],
            "",
            &["-c", "c/my.toml"],
        ),
        case(
            "-c /dev/null",
            &[("pytest.ini", ""), ("t/test_a.py", "")],
            "t",
            &["-c", "/dev/null"],
        ),
        case(
            "--rootdir",
            &[("t/test_a.py", ""), ("r/x", "")],
            "t",
            &["--rootdir", "../r", "."],
        ),
        case(
            "--rootdir beside a configuration",
            &[
                ("pytest.ini", "[pytest]\npythonpath = src .\n"),
                ("t/test_a.py", ""),
            ],
            "t",
            &["--rootdir", "."],
        ),
        case(
            "--rootdir in PYTEST_ADDOPTS",
            &[("t/test_a.py", ""), ("x", "")],
            "t",
            &[],
        )
        .env("--rootdir=.."),
        case(
            "a symlinked folder keeps its name",
            &[
                ("real/pytest.ini", ""),
                ("real/test_a.py", ""),
                ("link", "-> real"),
            ],
            "",
            &["link"],
        ),
    ]);
}
