//! Compares the workspace stage with pytest itself, over folders that are made for it.
//!
//! `FASTEST_TEST_PYTHON` names an interpreter that has pytest; `cargo xtask test` sets it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fastest_lib::workspace::{Config, ImportMode, TestFile, Workspace, WorkspaceOptions};
use serde_json::{Value, json};

/// One folder and one command line.
struct Case {
    name: &'static str,
    /// Files with their text, or `-> TARGET` for a symbolic link. Python files without a text hold
    /// one test; a path that ends in `/` is a folder.
    tree: &'static [(&'static str, &'static str)],
    /// Where the command is started, below the folder.
    cwd: &'static str,
    args: &'static [&'static str],
    env_addopts: Option<&'static str>,
    /// What our message says when the call fails, in pytest as here.
    error: Option<&'static str>,
}

const fn case(
    name: &'static str,
    tree: &'static [(&'static str, &'static str)],
    cwd: &'static str,
    args: &'static [&'static str],
) -> Case {
    Case {
        name,
        tree,
        cwd,
        args,
        env_addopts: None,
        error: None,
    }
}

impl Case {
    const fn env(mut self, addopts: &'static str) -> Self {
        self.env_addopts = Some(addopts);
        self
    }

    const fn fails(mut self, message: &'static str) -> Self {
        self.error = Some(message);
        self
    }

    fn build(&self, root: &Path) {
        for (path, text) in self.tree {
            let whole = root.join(path);
            if path.ends_with('/') {
                std::fs::create_dir_all(&whole).unwrap();
                continue;
            }
            std::fs::create_dir_all(whole.parent().unwrap()).unwrap();
            if let Some(target) = text.strip_prefix("-> ") {
                std::os::unix::fs::symlink(target, &whole).unwrap();
                continue;
            }
            let bare = ["conftest.py", "__init__.py", "setup.py"]
                .iter()
                .any(|name| path.ends_with(name));
            let text = match *text {
                "" if path.ends_with(".py") && !bare => {
                    "def test_it(): pass\nclass Test:\n    def test_me(self): pass\n"
                }
                text => text,
            };
            // `\xff` stands for a byte that is not UTF-8.
            let bytes = text.replace("\\xff", "\u{ff}");
            let bytes: Vec<u8> = if bytes == *text {
                bytes.into_bytes()
            } else {
                bytes.chars().map(|c| c as u8).collect()
            };
            std::fs::write(whole, bytes).unwrap();
        }
    }

    fn options(&self, root: &Path) -> WorkspaceOptions {
        let mut options = WorkspaceOptions::new(root.join(self.cwd));
        options.env_addopts = self.env_addopts.map(str::to_owned);
        let mut args = self
            .args
            .iter()
            .map(|arg| arg.replace("{root}", &root.to_string_lossy()));
        while let Some(arg) = args.next() {
            let mut value = || args.next().unwrap();
            match arg.as_str() {
                "-c" => options.config_file = Some(value().into()),
                "-o" => options.overrides.push(value()),
                "--rootdir" => options.rootdir = Some(value().into()),
                "--confcutdir" => options.confcutdir = Some(value().into()),
                "--ignore" => options.ignore.push(value()),
                "--ignore-glob" => options.ignore_glob.push(value()),
                "--import-mode" => {
                    options.import_mode = Some(match value().as_str() {
                        "importlib" => ImportMode::Importlib,
                        "append" => ImportMode::Append,
                        _ => ImportMode::Prepend,
                    });
                }
                _ => options.args.push(arg),
            }
        }
        options
    }
}

fn python() -> String {
    std::env::var("FASTEST_TEST_PYTHON").expect(
        "FASTEST_TEST_PYTHON names no interpreter with pytest; run the tests by `cargo xtask test`",
    )
}

/// What pytest says to each case, in order.
fn ask_pytest(cases: &[Case], roots: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workspace/collect.py");
    let mut child = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for (case, root) in cases.iter().zip(roots) {
        let root_text = root.to_string_lossy();
        let args: Vec<String> = case
            .args
            .iter()
            .map(|arg| arg.replace("{root}", &root_text))
            .collect();
        let line = json!({ "cwd": root.join(case.cwd), "args": args, "addopts": case.env_addopts });
        writeln!(stdin, "{line}").unwrap();
    }
    drop(stdin);
    let answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let answers = answers
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    assert!(child.wait().unwrap().success());
    answers
}

/// Runs pytest and the workspace stage on every case and compares what they say.
fn check(cases: &[Case]) {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    let roots: Vec<PathBuf> = (0..cases.len())
        .map(|index| base.join(index.to_string()))
        .collect();
    for (case, root) in cases.iter().zip(&roots) {
        std::fs::create_dir_all(root).unwrap();
        case.build(root);
    }
    let answers = ask_pytest(cases, &roots);
    assert_eq!(answers.len(), cases.len());
    let mut differences = Vec::new();
    for ((case, root), theirs) in cases.iter().zip(&roots).zip(&answers) {
        let differs = |what: String| format!("{}: {what}", case.name);
        let opened = Workspace::open(case.options(root))
            .and_then(|workspace| Ok((workspace.test_files()?, workspace)));
        match (opened, case.error) {
            (Ok((found, workspace)), None) if succeeds(theirs) => {
                let ours = answer(&workspace, &found.files);
                let theirs = comparable(theirs);
                for (key, value) in theirs.as_object().unwrap() {
                    if ours[key] != *value {
                        differences.push(differs(format!(
                            "{key}\n  pytest: {value}\n  ours:   {}",
                            ours[key]
                        )));
                    }
                }
            }
            (Err(error), Some(message)) if !succeeds(theirs) => {
                if !error.to_string().contains(message) {
                    differences.push(differs(format!("the message is: {error}")));
                }
            }
            (Ok(_), _) => differences.push(differs(format!("pytest says {theirs}, ours is fine"))),
            (Err(error), _) => differences.push(differs(format!("{error}; pytest says {theirs}"))),
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Whether pytest got through collection: its exit codes say so, with errors in files or none.
fn succeeds(theirs: &Value) -> bool {
    matches!(theirs["code"].as_i64(), Some(0 | 2 | 5))
}

/// pytest's answer in our terms.
fn comparable(theirs: &Value) -> Value {
    let mut answer = theirs.clone();
    let settings = &mut answer["settings"];
    for name in ["strict_markers", "strict_config", "strict_xfail"] {
        if settings[name].is_null() {
            settings[name] = settings["strict"].clone();
        }
    }
    // pytest appends the markers that it has itself.
    let markers = answer["markers"].as_array().unwrap();
    let builtin = |marker: &&Value| !marker.as_str().unwrap().starts_with("own");
    let own: Vec<Value> = markers.iter().filter(|m| !builtin(m)).cloned().collect();
    answer["markers"] = own.into();
    for file in answer["files"].as_array_mut().unwrap() {
        file.as_object_mut().unwrap().remove("tests");
    }
    let object = answer.as_object_mut().unwrap();
    for key in ["code", "modules"] {
        object.remove(key);
    }
    answer
}

fn answer(workspace: &Workspace, files: &[TestFile]) -> Value {
    let config = workspace.config();
    let markers: Vec<&String> = config.markers.iter().collect();
    json!({
        "rootdir": workspace.rootdir(),
        "inipath": workspace.inipath(),
        "confcutdir": workspace.confcutdir(),
        "import_mode": config.import_mode,
        "pythonpath": workspace.pythonpath(),
        "markers": markers,
        "settings": settings(config),
        "failed": 0,
        "files": files.iter().map(|file| json!({
            "path": file.path,
            "id": file.id,
            "conftests": file.conftests,
        })).collect::<Vec<_>>(),
    })
}

fn settings(config: &Config) -> Value {
    json!({
        "testpaths": config.testpaths,
        "python_files": config.python_files,
        "python_classes": config.python_classes,
        "python_functions": config.python_functions,
        "norecursedirs": config.norecursedirs,
        "addopts": config.addopts,
        "filterwarnings": config.filterwarnings,
        "usefixtures": config.usefixtures,
        "minversion": config.minversion.clone().unwrap_or_default(),
        "empty_parameter_set_mark": config.empty_parameter_set_mark,
        "strict_markers": config.strict_markers,
        "strict_config": config.strict_config,
        "strict_xfail": config.xfail_strict,
        "strict": config.strict,
    })
}

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

#[test]
fn files() {
    check(&[
        case(
            "order: folders and files by name",
            &[
                ("b/test_1.py", ""),
                ("b.py", ""),
                ("a_test.py", ""),
                ("test_c.py", ""),
                ("test_B.py", ""),
                ("test_c/test_2.py", ""),
                ("test_é.py", ""),
                ("Z/test_3.py", ""),
                ("test_c0.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "packages",
            &[
                ("pkg/__init__.py", ""),
                ("pkg/A_test.py", ""),
                ("pkg/sub/__init__.py", "def test_init(): pass\n"),
                ("pkg/sub/test_a.py", ""),
                ("pkg/test_b.py", ""),
                ("pkg/plain/test_c.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "__init__.py first when it matches",
            &[
                ("pytest.ini", "[pytest]\npython_files=*.py\n"),
                ("pkg/__init__.py", "def test_init(): pass\n"),
                ("pkg/A.py", ""),
                ("pkg/sub/__init__.py", "def test_init(): pass\n"),
                ("pkg/sub/b.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "an __init__.py by name",
            &[
                ("pkg/__init__.py", "def test_init(): pass\n"),
                ("pkg/test_a.py", ""),
            ],
            "",
            &["pkg/__init__.py"],
        ),
        case(
            "norecursedirs",
            &[
                ("build/test_1.py", ""),
                (".hidden/test_2.py", ""),
                ("x.egg/test_3.py", ""),
                ("venv/test_4.py", ""),
                ("__pycache__/test_5.py", ""),
                ("node_modules/test_6.py", ""),
                ("t/dist/test_7.py", ""),
                ("t/ok/test_8.py", ""),
                (".test_9.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "norecursedirs with a path",
            &[
                ("pytest.ini", "[pytest]\nnorecursedirs = t/skip */deep\n"),
                ("t/skip/test_1.py", ""),
                ("skip/test_2.py", ""),
                ("u/deep/test_3.py", ""),
                ("build/test_4.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "a folder that is asked for is entered",
            &[
                ("build/test_1.py", ""),
                ("build/dist/test_2.py", ""),
                ("e/pyvenv.cfg", ""),
                ("e/test_3.py", ""),
            ],
            "",
            &["build", "e"],
        ),
        case(
            "environments",
            &[
                ("e1/pyvenv.cfg", ""),
                ("e1/test_1.py", ""),
                ("e2/conda-meta/history", ""),
                ("e2/test_2.py", ""),
                ("e3/conda-meta/other", ""),
                ("e3/test_3.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "environments that are wanted",
            &[("e1/pyvenv.cfg", ""), ("e1/test_1.py", "")],
            "",
            &[],
        )
        .env("--collect-in-virtualenv"),
        case(
            "python_files with a path",
            &[
                (
                    "pytest.ini",
                    "[pytest]\npython_files = check/*.py [tu]_?.py\n",
                ),
                ("check/a.py", ""),
                ("x/check/b/c.py", ""),
                ("t_1.py", ""),
                ("v_1.py", ""),
                ("d.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "testpaths",
            &[
                (
                    "pytest.ini",
                    "[pytest]\ntestpaths = z src/*/tests **/more nothing\n",
                ),
                ("z/test_1.py", ""),
                ("src/b/tests/test_2.py", ""),
                ("src/a/tests/test_3.py", ""),
                ("src/.c/tests/test_4.py", ""),
                ("x/y/more/test_5.py", ""),
                ("more/test_6.py", ""),
                ("test_7.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "testpaths from elsewhere",
            &[
                ("pytest.ini", "[pytest]\ntestpaths = t\n"),
                ("t/test_1.py", ""),
                ("u/test_2.py", ""),
            ],
            "u",
            &[],
        ),
        case(
            "testpaths that are not there",
            &[
                ("pytest.ini", "[pytest]\ntestpaths = none\n"),
                ("t/test_1.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "testpaths within each other",
            &[
                ("pytest.ini", "[pytest]\ntestpaths = t/sub t u t\n"),
                ("t/sub/test_1.py", ""),
                ("t/test_2.py", ""),
                ("u/test_3.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "--ignore and --ignore-glob",
            &[
                ("pytest.ini", ""),
                ("t/a/test_1.py", ""),
                ("t/b/test_2.py", ""),
                ("t/c/test_3.py", ""),
                ("t/c/test_4.py", ""),
                ("t/d/test_5.py", ""),
            ],
            "t",
            &[
                "--ignore",
                "a",
                "--ignore",
                "../t/c/test_3.py",
                "--ignore-glob",
                "*/d",
                "--ignore-glob",
                "b*",
            ],
        ),
        case(
            "what is asked for is not ignored",
            &[("t/test_1.py", ""), ("t/u/test_2.py", "")],
            "",
            &["--ignore", "t", "--ignore-glob", "*test_1.py", "t"],
        ),
        case(
            "links to files and folders",
            &[
                ("real/test_1.py", ""),
                ("link", "-> real"),
                ("test_2.py", "-> real/test_1.py"),
                ("test_3.py", "-> nowhere"),
                ("gone", "-> nowhere"),
            ],
            "",
            &[],
        ),
        case(
            "a link in a circle",
            &[("t/test_1.py", ""), ("t/loop", "-> .")],
            "",
            &[],
        ),
        case(
            "links in a circle over two folders",
            &[
                ("t/a/test_1.py", ""),
                ("t/a/x", "-> ../b"),
                ("t/b/test_2.py", ""),
                ("t/b/y", "-> ../a"),
            ],
            "",
            &[],
        ),
        case(
            "a link to itself",
            &[("self", "-> self"), ("test_1.py", "")],
            "",
            &[],
        ),
        case(
            "text files with doctests",
            &[
                ("t/test_x.txt", ">>> 1\n1\n"),
                ("t/test_y.txt", "none\n"),
                ("t/z.txt", ">>> 1\n1\n"),
                ("t/test_a.py", ""),
            ],
            "",
            &[],
        ),
        case(
            "text files by name",
            &[("x.rst", "  >>> 1\n  1\n")],
            "",
            &["x.rst"],
        ),
        case(
            "doctest modules",
            &[
                ("src/m.py", "'''\n>>> 1\n1\n'''\n"),
                (
                    "src/setup.py",
                    "'''\n>>> 1\n1\n'''\nfrom setuptools import setup\nsetup()\n",
                ),
                ("test_a.py", ""),
            ],
            "",
            &[],
        )
        .env("--doctest-modules --import-mode=importlib"),
        case(
            "conftests",
            &[
                ("conftest.py", ""),
                ("p/pytest.ini", ""),
                ("p/conftest.py", ""),
                ("p/t/conftest.py", ""),
                ("p/t/u/test_1.py", ""),
                ("p/v/test_2.py", ""),
            ],
            "p",
            &[],
        ),
        case(
            "conftests with --confcutdir",
            &[
                ("pytest.ini", ""),
                ("conftest.py", ""),
                ("t/conftest.py", ""),
                ("t/test_1.py", ""),
                ("t/u/test_2.py", ""),
            ],
            "",
            &["--confcutdir", "t"],
        ),
        case(
            "no conftests",
            &[
                ("pytest.ini", "[pytest]\naddopts=--noconftest\n"),
                ("conftest.py", ""),
                ("test_1.py", ""),
            ],
            "",
            &[],
        ),
    ]);
}

#[test]
fn arguments() {
    check(&[
        case(
            "a file that does not match",
            &[("checks.py", ""), ("test_a.py", "")],
            "",
            &["checks.py"],
        ),
        case(
            "order is as given",
            &[("b/test_1.py", ""), ("a/test_2.py", ""), ("test_3.py", "")],
            "",
            &["test_3.py", "b", "a"],
        ),
        case(
            "duplicates and overlaps",
            &[
                ("a/test_1.py", ""),
                ("a/s/test_2.py", ""),
                ("b/test_3.py", ""),
                ("ab/test_4.py", ""),
            ],
            "",
            &[
                "a/s",
                "b",
                "./a",
                "b/test_3.py",
                "a/test_1.py::test_it",
                "ab",
            ],
        ),
        case(
            "node ids",
            &[("a/test_1.py", ""), ("b/test_2.py", "")],
            "",
            &[
                "b/test_2.py::Test",
                "a/test_1.py::Test::test_me",
                "b/test_2.py::Test::test_me",
            ],
        ),
        case(
            "parameters",
            &[(
                "test_1.py",
                "import pytest\n@pytest.mark.parametrize('a', ['x', 'y::z', '[w]'])\ndef test_it(a): pass\n",
            )],
            "",
            &["test_1.py::test_it[y::z]", "test_1.py::test_it[[w]]"],
        ),
        case(
            "outside of the rootdir",
            &[
                ("p/pytest.ini", ""),
                ("o/test_1.py", ""),
                ("o/s/test_2.py", ""),
                ("o/conftest.py", ""),
                ("conftest.py", ""),
            ],
            "p",
            &["--rootdir", ".", "../o"],
        ),
        case(
            "a file outside of the rootdir",
            &[("p/pytest.ini", ""), ("o/test_1.py", "")],
            "p",
            &["-c", "pytest.ini", "../o/test_1.py"],
        ),
        case(
            "absolute, with dots",
            &[("a/test_1.py", ""), ("b/x", "")],
            "b",
            &["{root}/b/.././a/test_1.py"],
        ),
        case(
            "from a folder below",
            &[
                ("pytest.ini", ""),
                ("a/test_1.py", ""),
                ("a/b/test_2.py", ""),
            ],
            "a",
            &["b", "."],
        ),
    ]);
}

#[test]
fn names_of_one_file_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["test_a.py", "test_b.py"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let names = |args: &[&str]| -> Vec<(String, Vec<String>)> {
        let mut options = WorkspaceOptions::new(folder.path());
        options.args = args.iter().map(ToString::to_string).collect();
        let files = Workspace::open(options)
            .unwrap()
            .test_files()
            .unwrap()
            .files;
        let joined = |names: &Vec<String>| names.join(" ");
        files
            .into_iter()
            .map(|file| (file.id, file.names.iter().map(joined).collect()))
            .collect()
    };
    let a = || "test_a.py".to_owned();
    let b = || "test_b.py".to_owned();
    assert_eq!(
        names(&["test_b.py::x", "test_a.py", "test_b.py::T::y[1::2]"]),
        [
            (b(), vec!["x".to_owned(), "T y[1::2]".to_owned()]),
            (a(), vec![])
        ]
    );
    assert_eq!(names(&["test_a.py::x", "test_a.py"]), [(a(), vec![])]);
}

#[test]
fn two_links_upward_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test_a.py"), "").unwrap();
    for name in ["x", "y", "z"] {
        std::os::unix::fs::symlink(".", folder.path().join(name)).unwrap();
    }
    let workspace = Workspace::open(WorkspaceOptions::new(folder.path())).unwrap();
    let found = workspace.test_files().unwrap();
    let ids: Vec<&str> = found.files.iter().map(|file| file.id.as_str()).collect();
    assert_eq!(
        ids,
        ["test_a.py", "x/test_a.py", "y/test_a.py", "z/test_a.py"]
    );
    assert!(found.problems[0].message.contains("round in circles"));
}
