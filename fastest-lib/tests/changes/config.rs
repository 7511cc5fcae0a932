use fastest_lib::selection::{ConfigChange, Distributions, config_change};

#[track_caller]
fn check(path: &str, before: &str, after: &str, expected: &str) {
    let ask = |before: &str, after: &str| match config_change(
        path,
        Some(before.as_bytes()),
        Some(after.as_bytes()),
    ) {
        ConfigChange::All => "*".to_owned(),
        ConfigChange::Nothing => "-".to_owned(),
        ConfigChange::Distributions(Distributions::Some(names)) => {
            names.iter().cloned().collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(before, after), expected, "{path}\n{before}\n→\n{after}");
    assert_eq!(ask(after, before), expected, "{path}\n{after}\n→\n{before}");
}

#[test]
fn one_side_alone_is_all() {
    let text: Option<&[u8]> = Some(b"[tool.ruff]");
    assert_eq!(
        config_change("pyproject.toml", None, text),
        ConfigChange::All
    );
    assert_eq!(
        config_change("pyproject.toml", text, None),
        ConfigChange::All
    );
    assert_eq!(
        config_change("pyproject.toml", text, text),
        ConfigChange::Nothing
    );
    check("pyproject.toml", "a = 1", "a =", "*");
    check("pyproject.toml", "", "[tool.ruff]\nx = 1", "-");
    check("tox.ini", "[flake8]\n", "x\ny\n", "*");
}

#[test]
fn pyproject() {
    let text = r#"[build-system]
requires = ["hatchling"]

[project]
name = "own"
version = "1"
description = "x"
classifiers = ["x"]
dependencies = ["a"]
dynamic = ["readme"]

[project.urls]
Home = "x"

[project.scripts]
run = "own:main"

[project.entry-points.pytest11]
own = "own.plugin"

[tool.pytest.ini_options]
addopts = "-ra" # all

[tool.fastest]
workers = 1

[tool.ruff.lint]
select = ["E"]

[tool.poetry]
authors = ["x"]
packages = [{include = "own"}]

[tool.setuptools.packages.find]
where = ["src"]
"#;
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from}");
        check(
            "pyproject.toml",
            text,
            &text.replacen(from, to, 1),
            expected,
        );
        check(
            "sub/pyproject.toml",
            text,
            &text.replacen(from, to, 1),
            expected,
        );
    };
    check("# all", "# every one", "-");
    check("description = \"x\"", "description = \"y\"", "-");
    check("classifiers = [\"x\"]", "", "-");
    check("Home = \"x\"", "Home = \"y\"", "-");
    check("select = [\"E\"]", "", "-");
    check("authors = [\"x\"]", "", "-");
    check(
        "[tool.ruff.lint]",
        "[tool.mypy]\nstrict = true\n[tool.black]\n[tool.ruff.lint]",
        "-",
    );
    check("[\"a\"]", "[\"a\", \"b\"]", "b");
    check("version = \"1\"", "version = \"2\"", "own");
    check("hatchling", "setuptools", "*");
    check("name = \"own\"", "name = \"other\"", "*");
    check("[\"readme\"]", "[\"readme\", \"dependencies\"]", "*");
    check("own:main", "own:other", "*");
    check("own.plugin", "own.other", "*");
    check("-ra", "-rf", "*");
    check("workers = 1", "workers = 2", "*");
    check("include = \"own\"", "include = \"other\"", "*");
    check("\"src\"", "\"lib\"", "*");
    check(
        "[tool.ruff.lint]",
        "[tool.unknown]\nx = 1\n[tool.ruff.lint]",
        "*",
    );
    check(
        "[tool.ruff.lint]",
        "[tool.coverage.run]\nx = 1\n[tool.ruff.lint]",
        "*",
    );
}

#[test]
fn ini_files() {
    let text = "[tox]\nenvlist = py39\n[testenv]\ndeps =\n    a\n    py39: b\ncommands = pytest\n[flake8]\nx = 1\n";
    let check_tox = |from: &str, to: &str, expected: &str| {
        check("tox.ini", text, &text.replacen(from, to, 1), expected);
    };
    check_tox("x = 1", "x = 2", "-");
    check_tox("[flake8]", "[mypy-own.*]\ny = 1\n[flake8]", "-");
    check_tox("    a\n", "    a>1\n", "a");
    check_tox("py39: b", "py39: b>1", "b");
    check_tox("commands = pytest", "commands = other", "*");
    check_tox("[flake8]", "[pytest]\n[flake8]", "*");

    let text = "[metadata]\nname = own\nversion = 1\ndescription = x\n[options]\npackages = own\ninstall_requires = a\n[options.entry_points]\nx =\n    y = z\n[tool:pytest]\naddopts = -ra\n[bdist_wheel]\nuniversal = 1\n";
    let check_cfg = |from: &str, to: &str, expected: &str| {
        check("setup.cfg", text, &text.replacen(from, to, 1), expected);
    };
    check_cfg("description = x", "description = y\nurl = z", "-");
    check_cfg("universal = 1", "universal = 0", "-");
    check_cfg("install_requires = a", "install_requires = a>1", "a");
    check_cfg("version = 1", "version = 2", "own");
    check_cfg("packages = own", "packages = other", "*");
    check_cfg("y = z", "y = other", "*");
    check_cfg("-ra", "-rf", "*");

    check(
        "pytest.ini",
        "[pytest]\naddopts = -ra\n",
        "[pytest]\naddopts = -rf\n",
        "*",
    );
    check(
        "pytest.ini",
        "[pytest]\naddopts = -ra\n",
        "[pytest]\n# why\naddopts = -ra\n",
        "-",
    );
    check(".pytest.ini", "", "[pytest]\n", "*");
    check(
        "pytest.toml",
        "[pytest]\naddopts = []",
        "[pytest]\naddopts = ['-ra']",
        "*",
    );
}
