use crate::case::{case, check};

#[test]
fn configuration() {
    check(&[
        case(
            "ini types",
            &[
                (
                    "pytest.ini",
                    "[pytest]\naddopts =\n  -ra\n  --tb=short -k 'test or me'\nmarkers =\n  own: one\n\n  # no\n  \
                     own2(a): two\nfilterwarnings =\n    error\n    ignore::DeprecationWarning\npython_files = \
                     test_*.py check_*.py\npython_classes=Check Test\npython_functions: test check\nxfail_strict = \
                     yes\npythonpath = src lib/../lib2 /abs\nusefixtures = tmp_path\nminversion = 6.0\n\
                     norecursedirs = .* skipped\nempty_parameter_set_mark = xfail\n",
                ),
                ("test_a.py", ""),
                ("check_b.py", ""),
                ("skipped/test_c.py", ""),
                ("build/test_d.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "ini_options",
            &[
                (
                    "pyproject.toml",
                    "[tool.pytest.ini_options]\naddopts = \"-ra -q\"\nminversion = 6.0\nxfail_strict = true\n\
                     testpaths = [\"t\", \"u\"]\nmarkers = [\"own: one\"]\npython_files = \"a*.py b*.py\"\n\
                     filterwarnings = [\"error\"]\npythonpath = \"src\"\n",
                ),
                ("t/a1.py", ""),
                ("u/b2.py", ""),
                ("b3.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "native toml",
            &[
                (
                    "pyproject.toml",
                    "[tool.pytest]\naddopts = [\"-ra\", \"--strict-markers\"]\nminversion = \"9.0\"\n\
                     strict_xfail = true\ntestpaths = [\"t\"]\nmarkers = [\"own: one\"]\npythonpath = [\".\"]\n",
                ),
                ("t/test_a.py", ""),
                ("test_b.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "strict",
            &[
                (
                    "pytest.toml",
                    "[pytest]\nstrict = true\nstrict_config = false\n",
                ),
                ("test_a.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "the canonical name wins over its alias",
            &[
                ("pytest.ini", "[pytest]\nxfail_strict=1\nstrict_xfail=0\n"),
                ("test_a.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "an override of the alias wins over the file",
            &[
                ("pytest.ini", "[pytest]\nstrict_xfail=0\n"),
                ("test_a.py", ""),
            ],
            "",
            &["-o", "xfail_strict=true"],
        ),
        case(
            "overrides",
            &[
                (
                    "pytest.toml",
                    "[pytest]\npython_files=['a.py']\naddopts=['-x']\n",
                ),
                ("b.py", ""),
            ],
            "",
            &[
                "-o",
                "python_files=c.py",
                "-o",
                "python_files=b.py",
                "-o",
                "addopts=",
            ],
        ),
        case(
            "overrides in addopts",
            &[
                (
                    "pytest.ini",
                    "[pytest]\naddopts = --strict-markers -o python_files=b.py\n",
                ),
                ("b.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "paths and options in addopts and PYTEST_ADDOPTS",
            &[
                (
                    "pytest.ini",
                    "[pytest]\naddopts = --import-mode=importlib --ignore=t/test_c.py t\n",
                ),
                ("t/test_a.py", ""),
                ("t/test_c.py", ""),
                ("u/test_b.py", ""),
                ("v/test_d.py", ""),
            ],
            "",
            &["v"],
        )
        .env("--import-mode append u"),
        case(
            "--import-mode",
            &[
                ("pytest.ini", "[pytest]\naddopts=--import-mode=append\n"),
                ("test_a.py", ""),
            ],
            "",
            &["--import-mode", "importlib"],
        ),
        case(
            "a byte order mark and odd spacing",
            &[
                (
                    "tox.ini",
                    "\u{feff}[pytest]   ; note\npython_files   =\n\tb.py\n\n;x\n\ta.py\n",
                ),
                ("a.py", ""),
                ("b.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "-c with another folder",
            &[
                (
                    "c/setup.cfg",
                    "[tool:pytest]\npythonpath = src\ntestpaths = t\n",
                ),
                ("t/test_a.py", ""),
            ],
            "",
            &["-c", "c/setup.cfg", "--rootdir", "."],
        ),
    ]);
}
