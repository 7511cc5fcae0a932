use crate::case::{case, check};

#[test]
fn errors() {
    check(&[
        case(
            "broken toml",
            &[("pyproject.toml", "[tool\n"), ("test_a.py", "")],
            "",
            &[],
        )
        .fails("line 1: "),
        case(
            "broken toml of a later candidate",
            &[("pytest.ini", ""), ("pyproject.toml", "a=1\na=2\n")],
            "",
            &[],
        )
        .fails("line 2: duplicate key"),
        case("broken ini", &[("tox.ini", "[x]\nnonsense\n")], "", &[]).fails("line 2: expected"),
        case("twice", &[("pytest.ini", "[pytest]\na=1\na=2\n")], "", &[])
            .fails("line 3: `a` is set twice"),
        case(
            "[pytest] in setup.cfg",
            &[("setup.cfg", "[pytest]\n")],
            "",
            &[],
        )
        .fails("a [pytest] section in a .cfg file is not read"),
        case(
            "both tables",
            &[(
                "pyproject.toml",
                "[tool.pytest]\nstrict=true\n[tool.pytest.ini_options]\naddopts='-q'\n",
            )],
            "",
            &[],
        )
        .fails("[tool.pytest] and [tool.pytest.ini_options]"),
        case("no table", &[("pytest.toml", "strict=true\n")], "", &[])
            .fails("outside of a table: strict"),
        case(
            "both kinds of table in a file of -c",
            &[(
                "x.toml",
                "[pytest]\nstrict=true\n[tool.pytest]\nstrict=true\n",
            )],
            "",
            &["-c", "x.toml"],
        )
        .fails("cannot stand beside"),
        case(
            "not UTF-8",
            &[("pytest.ini", "[pytest]\n# \\xff\n")],
            "",
            &[],
        )
        .fails("line 2: not UTF-8"),
        case(
            "a bool that is none",
            &[("pytest.ini", "[pytest]\nstrict_markers = maybe\n")],
            "",
            &[],
        )
        .fails("`strict_markers` must be true or false"),
        case(
            "text for a list",
            &[("pytest.toml", "[pytest]\ntestpaths = 'a'\n")],
            "",
            &[],
        )
        .fails("`testpaths` must be a list of strings"),
        case(
            "a number for text",
            &[("pytest.toml", "[pytest]\nminversion = 9\n")],
            "",
            &[],
        )
        .fails("`minversion` must be a string"),
        case(
            "open quote",
            &[("pytest.ini", "[pytest]\naddopts = -k 'a\n")],
            "",
            &[],
        )
        .fails("`addopts`: no closing quotation"),
        case(
            "a bad choice in addopts",
            &[("pytest.ini", "[pytest]\naddopts = --tb=x\n")],
            "",
            &[],
        )
        .fails("--tb does not take `x`"),
        case("a lacking value in PYTEST_ADDOPTS", &[], "", &[])
            .env("-k")
            .fails("PYTEST_ADDOPTS: -k needs a value"),
        case("no such -c", &[], "", &["-c", "none.ini"]).fails("configuration file is not there"),
        case("-c is a folder", &[("f.ini/x", "")], "", &["-c", "f.ini"]).fails("is a folder"),
        case(
            "-c of another format",
            &[("f.yaml", "")],
            "",
            &["-c", "f.yaml"],
        )
        .fails("not a format"),
        case("no such --rootdir", &[], "", &["--rootdir", "none"]).fails("the folder is not there"),
        case("no such --confcutdir", &[], "", &["--confcutdir", "none"]).fails("--confcutdir"),
        case("bad -o", &[], "", &["-o", "strict"]).fails("expects name=value"),
        case("no such file", &[("test_a.py", "")], "", &["test_b.py"])
            .fails("file or directory not found: test_b.py"),
        case(
            "no such file of a node",
            &[("test_a.py", "")],
            "",
            &["x/test_b.py::test_it"],
        )
        .fails("file or directory not found: x/test_b.py::test_it"),
        case(
            "a node of a folder",
            &[("t/test_a.py", "")],
            "",
            &["t::test_it"],
        )
        .fails("a folder cannot be followed"),
        case(
            "parameters of a path",
            &[("test_a.py", "")],
            "",
            &["test_a.py[1]"],
        )
        .fails("a path cannot have parameters"),
        case("a file that is no test", &[("a.cfg", "")], "", &["a.cfg"])
            .fails("no tests are collected"),
    ]);
}
