use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Events, Program, python, repository, runner};

/// A server takes a gigabyte: there is one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// No call takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(300);

/// What a person would have in `.bazelrc`, and what keeps Bazel from the network.
const RC: &str = "\
build --nosandbox_debug --color=no --curses=no --noshow_progress --incompatible_strict_action_env
build --action_env=PATH=/usr/local/bin:/usr/bin:/bin --test_env=PATH=/usr/local/bin:/usr/bin:/bin
build --jobs=2 --local_test_jobs=2
";

/// A workspace with a server of its own, which ends with this value.
#[derive(Debug)]
pub struct Bazel {
    program: PathBuf,
    folder: TempDir,
    workspace: PathBuf,
    calls: usize,
    _turn: MutexGuard<'static, ()>,
}

/// What a call of Bazel said.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Bazel's exit code: 0, 1 for a build that failed, 3 for tests that failed.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error, where Bazel says most.
    pub stderr: String,
    /// What happened, when it was a build.
    pub events: Events,
}

impl Answer {
    /// Checks the exit code.
    ///
    /// # Panics
    ///
    /// When it is another one.
    pub fn expect(&self, code: i32) -> &Self {
        let Self { stdout, stderr, .. } = self;
        assert_eq!(self.code, code, "\n{stdout}\n{stderr}");
        self
    }
}

impl Bazel {
    /// An empty workspace. None, with the reason printed, when there is no Bazel.
    ///
    /// # Panics
    ///
    /// When the workspace cannot be made.
    #[must_use]
    pub fn start() -> Option<Self> {
        let bazel = Self::start_in("workspace")?;
        bazel.write("WORKSPACE", "");
        bazel.write(".bazelrc", RC);
        Some(bazel)
    }

    /// The same for a workspace that has all files of its own, at a path of the temporary folder.
    ///
    /// # Panics
    ///
    /// When there is no temporary folder.
    #[must_use]
    pub fn start_in(path: &str) -> Option<Self> {
        let program = Program::Bazel.find()?;
        // A test that failed has nothing to do with the next one.
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::Builder::new().prefix("fastest-bazel-").tempdir();
        let folder = folder.expect("a temporary folder");
        Some(Self {
            program,
            workspace: folder.path().join(path),
            folder,
            calls: 0,
            _turn: turn,
        })
    }

    /// The folder of the workspace.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Puts the rules into `//tools/fastest`, and a toolchain with our runner and the tests' interpreter
    /// into `//tools`, which all tests use from then on.
    ///
    /// # Panics
    ///
    /// When something cannot be written.
    pub fn add_rules(&self) {
        self.copy_rules();
        self.add_toolchain("//tools/fastest");
    }

    /// Puts the rules into `//tools/fastest`, with a program in the place of the runner.
    ///
    /// # Panics
    ///
    /// When something cannot be written.
    pub fn add_rules_with(&self, runner: &Path) {
        self.copy_rules();
        self.add_toolchain_with("//tools/fastest", runner);
    }

    fn copy_rules(&self) {
        let rules = repository().join("integrations/bazel/rules");
        self.copy(&rules, "tools/fastest");
        for file in ["WORKSPACE", "MODULE.bazel"] {
            fs::remove_file(self.workspace.join("tools/fastest").join(file)).expect("it is there");
        }
    }

    /// Makes `//tools:fastest` a toolchain with our runner and the tests' interpreter, for the rules in a
    /// package.
    ///
    /// # Panics
    ///
    /// When something cannot be written.
    pub fn add_toolchain(&self, rules: &str) {
        self.add_toolchain_with(rules, runner());
    }

    fn add_toolchain_with(&self, rules: &str, runner: &Path) {
        let name = "tools/fastest-bazel-runner";
        self.write(name, "");
        fs::copy(runner, self.workspace.join(name)).expect("the runner");
        let build = format!(
            "load(\"{rules}:defs.bzl\", \"fastest_toolchain\")\n\n\
             exports_files([\"fastest-bazel-runner\"])\n\nfastest_toolchain(\n    name = \
             \"fastest\",\n    python = \"{}\",\n    runner = \":fastest-bazel-runner\",\n)\n",
            python().display()
        );
        self.write("tools/BUILD.bazel", &build);
        let rc = format!(
            "{RC}build --{rules}:toolchain=//tools:fastest\n\
             build --coverage_report_generator={rules}:coverage_tool\n"
        );
        self.write(".bazelrc", &rc);
    }

    /// Writes a file of the workspace.
    ///
    /// # Panics
    ///
    /// When that is not possible.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.workspace.join(path);
        let folder = path.parent().expect("it is in the workspace");
        fs::create_dir_all(folder).expect("folders can be made");
        fs::write(&path, text).expect("files can be written");
    }

    /// Makes a symbolic link in the workspace; what it points to is relative to the link's folder.
    ///
    /// # Panics
    ///
    /// When that is not possible.
    pub fn link(&self, path: &str, target: &str) {
        symlink(target, self.workspace.join(path)).expect("links can be made");
    }

    /// Removes every file of a name.
    ///
    /// # Panics
    ///
    /// When that is not possible.
    pub fn remove_named(&self, name: &str) {
        let mut folders = vec![self.workspace.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is there") {
                let entry = entry.expect("it can be listed");
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else if entry.file_name() == name {
                    fs::remove_file(entry.path()).expect("files can be removed");
                }
            }
        }
    }

    /// Writes a program into the workspace.
    ///
    /// # Panics
    ///
    /// When that is not possible.
    pub fn write_program(&self, path: &str, text: &str) {
        self.write(path, text);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.workspace.join(path), mode).expect("modes can be changed");
    }

    /// Copies a folder into the workspace.
    ///
    /// # Panics
    ///
    /// When that is not possible.
    pub fn copy(&self, from: &Path, to: &str) {
        let mut folders = vec![(from.to_path_buf(), self.workspace.join(to))];
        while let Some((from, to)) = folders.pop() {
            fs::create_dir_all(&to).expect("folders can be made");
            for entry in fs::read_dir(&from).expect("the folder is there") {
                let entry = entry.expect("it can be listed");
                let (path, target) = (entry.path(), to.join(entry.file_name()));
                if entry.file_name() == "__pycache__" {
                    continue;
                } else if path.is_dir() {
                    folders.push((path, target));
                } else {
                    fs::copy(&path, &target).expect("files can be copied");
                }
            }
        }
    }

    /// Calls Bazel; builds and tests also tell what happened.
    ///
    /// # Panics
    ///
    /// When it cannot be started, or does not end.
    pub fn call(&mut self, arguments: &[&str]) -> Answer {
        self.calls += 1;
        let events = self
            .folder
            .path()
            .join(format!("events-{}.json", self.calls));
        let mut command = self.command();
        let is_build = arguments
            .first()
            .is_some_and(|verb| ["build", "coverage", "run", "test"].contains(verb));
        if let (true, Some((verb, rest))) = (is_build, arguments.split_first()) {
            let option = format!("--build_event_json_file={}", events.display());
            command.arg(verb).arg(option).args(rest);
        } else {
            command.args(arguments);
        }
        let (code, stdout, stderr) = finish(&mut command);
        Answer {
            code,
            stdout,
            stderr,
            events: Events::read(&events),
        }
    }

    /// What a test of the last call has left, such as `test.xml`; none when there is no such file.
    #[must_use]
    pub fn test_file(&self, target: &str, file: &str) -> Option<String> {
        let target = target.trim_start_matches("//").replace(':', "/");
        let logs = self.workspace.join("bazel-testlogs");
        fs::read_to_string(logs.join(target).join(file)).ok()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let root = self.folder.path().join("output");
        command.arg(format!("--output_user_root={}", root.display()));
        // Debian's Bazel finds its own parts by the system's file.
        command.args([
            "--nohome_rc",
            "--host_jvm_args=-Xmx1g",
            "--max_idle_secs=120",
        ]);
        // Of the interpreter's folder first: a workspace may ask for `python3`.
        let mut path = python()
            .parent()
            .unwrap_or(Path::new("/usr/bin"))
            .as_os_str()
            .to_owned();
        path.push(":/usr/local/bin:/usr/bin:/bin");
        command.env("PATH", path);
        command.current_dir(&self.workspace);
        // What tests find in their environment is to come from the call.
        for name in ["FASTEST_TEST_PYTHON", "PYTHONPATH", "PYTEST_ADDOPTS"] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Bazel {
    fn drop(&mut self) {
        let _ = self.command().arg("shutdown").output();
        // Bazel makes what it has made read-only.
        let _ = Command::new("chmod")
            .args(["-R", "u+w"])
            .arg(self.folder.path())
            .output();
    }
}

fn finish(command: &mut Command) -> (i32, String, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Bazel can be started");
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let code = wait(&mut child);
    let text = |thread: JoinHandle<String>| thread.join().unwrap_or_default();
    (code, text(stdout), text(stderr))
}

fn wait(child: &mut Child) -> i32 {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return status.code().unwrap_or(-1);
        }
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            panic!("Bazel still ran after {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks ends the text.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
