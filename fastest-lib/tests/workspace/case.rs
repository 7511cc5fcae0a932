use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fastest_lib::workspace::{Config, ImportMode, TestFile, Workspace, WorkspaceOptions};
use serde_json::{Value, json};

/// One folder and one command line.
pub(crate) struct Case {
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

pub(crate) const fn case(
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
    pub(crate) const fn env(mut self, addopts: &'static str) -> Self {
        self.env_addopts = Some(addopts);
        self
    }

    pub(crate) const fn fails(mut self, message: &'static str) -> Self {
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
pub(crate) fn check(cases: &[Case]) {
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
