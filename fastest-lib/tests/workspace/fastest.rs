//! What pytest has no counterpart of: `[tool.fastest]` and the interpreter.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use fastest_lib::ErrorKind;
use fastest_lib::workspace::{
    EngineChoice, InterpreterSource, OutputFormat, Workspace, WorkspaceOptions,
};

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn the_table_is_read() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder.path().join("pyproject.toml"),
        "[tool.fastest]\nworkers = 3\nengine = \"pytest\"\npython = \"env/bin/python\"\noutput = \"json\"\n\
         durations = 5\nmaxfail = 1\ncapture = false\nverbose = -1\njunit-xml = \"out.xml\"\n",
    );
    let workspace = Workspace::open(WorkspaceOptions::new(folder.path())).unwrap();
    let config = workspace.fastest_config();
    assert_eq!(config.workers, Some(3));
    assert_eq!(config.engine, Some(EngineChoice::Pytest));
    assert_eq!(config.python.as_deref(), Some(Path::new("env/bin/python")));
    assert_eq!(config.output, Some(OutputFormat::Json));
    assert_eq!((config.durations, config.maxfail), (Some(5), Some(1)));
    assert_eq!((config.capture, config.verbose), (Some(false), Some(-1)));
    assert_eq!(config.junit_xml.as_deref(), Some(Path::new("out.xml")));
    assert_eq!(workspace.problems(), []);
}

#[test]
fn mistakes_in_the_table_are_named() {
    let open = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("pyproject.toml"), text);
        Workspace::open(WorkspaceOptions::new(folder.path()))
    };
    let workspace = open("[tool.fastest]\nworkers = 2\nworker = 3\n").unwrap();
    assert_eq!(workspace.fastest_config().workers, Some(2));
    let [problem] = workspace.problems() else {
        panic!("{:?}", workspace.problems());
    };
    assert_eq!(problem.line, Some(3));
    assert!(problem.message.contains("did you mean `workers`?"));

    let fails = |text: &str, message: &str| {
        let error = open(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(message), "{error}");
    };
    fails(
        "[tool.fastest]\n\nengine = 'fast'\n",
        "line 3: `engine` in [tool.fastest]: unknown variant `fast`",
    );
    fails("[tool.fastest]\nworkers = 'x'\n", "line 2: `workers`");
    fails("[tool]\nfastest = 1\n", "`tool.fastest` must be a table");
}

#[test]
fn the_minversion_is_compared() {
    let satisfied = |least: &str, version: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[pytest]\nminversion = {least}\n");
        write(&folder.path().join("pytest.ini"), &text);
        let workspace = Workspace::open(WorkspaceOptions::new(folder.path())).unwrap();
        workspace.config().minversion_satisfied(version)
    };
    assert!(satisfied("", "1.0"));
    assert!(satisfied("9.0", "9.0.0"));
    assert!(satisfied("8.4", "9.2.0"));
    assert!(!satisfied("9.10", "9.2.0"));
    assert!(!satisfied("nonsense", "9.2.0"));
}

#[test]
fn settings_of_plugins_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[pytest]\nasyncio_mode = auto\nlog_level = INFO\nxfail_strict = 1\n";
    write(&folder.path().join("pytest.ini"), text);
    let workspace = Workspace::open(WorkspaceOptions::new(folder.path())).unwrap();
    let names: Vec<&str> = workspace.config().plugin_settings().collect();
    assert_eq!(names, ["asyncio_mode"]);
}

/// A folder with executables, and one file that is none.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(executables: &[&str]) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        write(&machine.path("p/pytest.ini"), "");
        write(&machine.path("p/sub/x"), "");
        for path in executables {
            let path = machine.path(path);
            write(&path, "");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
            }
        }
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// The interpreter for a project `p` with `bin` on the `PATH`: its path and what named it.
    fn find(
        &self,
        change: impl FnOnce(&mut WorkspaceOptions),
    ) -> Result<(String, InterpreterSource), String> {
        let mut options = WorkspaceOptions::new(self.path("p/sub"));
        options.path_env = Some(OsString::from(self.path("bin")));
        change(&mut options);
        let found = Workspace::open(options).unwrap().interpreter();
        found
            .map(|found| {
                let path = found.path.strip_prefix(self.0.path()).unwrap();
                (path.to_str().unwrap().to_owned(), found.source)
            })
            .map_err(|error| {
                assert_eq!(error.kind(), ErrorKind::Interpreter);
                assert!(error.help().is_some());
                error.to_string()
            })
    }
}

#[test]
fn the_interpreter_is_the_nearest_of_its_sources() {
    use InterpreterSource::{DotVenv, Option, Path, VirtualEnv};
    let found = |path: &str, source| Ok((path.to_owned(), source));
    let all = Machine::new(&[
        "bin/python3",
        "bin/python3.9",
        "p/.venv/bin/python",
        "env/bin/python",
    ]);
    assert_eq!(all.find(|_| {}), found("p/.venv/bin/python", DotVenv));
    let active = |options: &mut WorkspaceOptions| {
        options.virtual_env = Some(all.path("env"));
    };
    assert_eq!(all.find(active), found("env/bin/python", VirtualEnv));
    let gone = |options: &mut WorkspaceOptions| {
        options.virtual_env = Some(all.path("gone"));
    };
    assert_eq!(all.find(gone), found("p/.venv/bin/python", DotVenv));
    let by_name = |options: &mut WorkspaceOptions| {
        options.python = Some("python3.9".into());
    };
    assert_eq!(all.find(by_name), found("bin/python3.9", Option));
    let by_path = |options: &mut WorkspaceOptions| {
        options.python = Some("../../env/bin/python".into());
    };
    assert_eq!(all.find(by_path), found("env/bin/python", Option));

    let bare = Machine::new(&["bin/python3"]);
    assert_eq!(bare.find(|_| {}), found("bin/python3", Path));
}

#[test]
fn a_missing_interpreter_is_an_error_that_says_what_was_tried() {
    let machine = Machine::new(&[]);
    write(&machine.path("p/.venv/bin/python"), "not executable");
    let error = machine.find(|_| {}).unwrap_err();
    assert!(
        error.contains(".venv") && error.contains("python3 on the PATH"),
        "{error}"
    );
    let error = machine
        .find(|options| options.python = Some("python9".into()))
        .unwrap_err();
    assert!(
        error.contains("python9") && error.contains("--python"),
        "{error}"
    );
}
