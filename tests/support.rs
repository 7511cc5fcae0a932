//! What the tests share: the built command, temporary projects, runs that cannot hang, and the
//! search for processes that a run left behind.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// No run of a test project takes a tenth of it, even on a loaded machine.
const LIMIT: Duration = Duration::from_secs(60);

/// How long processes may take to be gone after the command has ended.
const GRACE: Duration = Duration::from_secs(3);

/// Every process below a run inherits this variable with a value of its own.
const MARK: &str = "FASTEST_TEST_RUN";

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The `fastest` executable: `FASTEST_BIN`, else built now with the profile of this test.
pub(crate) fn fastest() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os("FASTEST_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    let profile = profile_folder();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // With the features of the whole workspace, as `cargo test --workspace` has built it already.
    cargo.args([
        "build",
        "--quiet",
        "--workspace",
        "--bin",
        "fastest",
        "--target-dir",
    ]);
    cargo.arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(repository()).status().unwrap();
    assert!(status.success(), "the fastest command does not build");
    profile.join("fastest")
}

/// `target/debug`: this executable lies in its `deps`.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().to_owned()
}

/// The interpreter for test projects, which has pytest: `FASTEST_TEST_PYTHON`, else that of the
/// environment made by `cargo xtask test`, else `python3`.
pub(crate) fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("FASTEST_TEST_PYTHON") {
        return python.into();
    }
    let made = profile_folder().with_file_name("xtask/venv/bin/python");
    if made.exists() {
        made
    } else {
        "python3".into()
    }
}

/// Checks every case, also after one that fails; the test fails with those that did.
pub(crate) fn check_each<T: Copy + Debug>(cases: &[T], check: impl Fn(T)) {
    let fails = |case: &&T| catch_unwind(AssertUnwindSafe(|| check(**case))).is_err();
    let failed: Vec<&T> = cases.iter().filter(fails).collect();
    assert!(
        failed.is_empty(),
        "{} of {} failed: {failed:#?}",
        failed.len(),
        cases.len()
    );
}

/// A project in a temporary folder, gone when it is dropped.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// A project of these files: relative path and content.
pub(crate) fn project(files: &[(&str, &str)]) -> Project {
    let folder = tempfile::Builder::new().prefix("fastest-").tempdir();
    let project = Project {
        folder: folder.unwrap(),
    };
    // Its rootdir is its own, whatever lies above the temporary folder.
    project.write("pytest.ini", "[pytest]\n");
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

impl Project {
    /// Its root; the name that Python would give it, without symlinks.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Write one more file, or another content.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `fastest` in its root with these arguments, not started yet.
    pub(crate) fn fastest(&self, arguments: &[&str]) -> Started {
        let mut command = Command::new(fastest());
        command.args(arguments).current_dir(self.root());
        Started::new(command)
    }

    /// `fastest run --output json` under an engine; it has to leave no process behind.
    pub(crate) fn run(&self, engine: &str, arguments: &[&str]) -> Finished {
        self.prepared(engine, arguments).finish_clean()
    }

    /// The command of [`Project::run`], to be adjusted.
    pub(crate) fn prepared(&self, engine: &str, arguments: &[&str]) -> Started {
        let mut all = vec!["run", "--output", "json", "--engine", engine];
        if !arguments.contains(&"-n") {
            all.extend(["-n", "2"]);
        }
        let python = python();
        if !arguments.contains(&"--python") {
            all.extend(["--python", python.to_str().unwrap()]);
        }
        all.extend(arguments);
        self.fastest(&all)
    }
}

/// A command that is prepared to be watched.
pub(crate) struct Started {
    /// To be adjusted before [`Started::finish`].
    pub(crate) command: Command,
    mark: String,
    limit: Duration,
}

impl Started {
    pub(crate) fn new(mut command: Command) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{number}", std::process::id());
        for name in [
            "PYTEST_ADDOPTS",
            "PYTEST_PLUGINS",
            "PYTHONPATH",
            "VIRTUAL_ENV",
            "CI",
        ] {
            command.env_remove(name);
        }
        // The folder lies below that of the tests, and goes with it.
        command.env(
            "FASTEST_CACHE_DIR",
            profile_folder().join("fastest-tests-cache"),
        );
        command.env("NO_COLOR", "1").env(MARK, &mark);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self {
            command,
            mark,
            limit: LIMIT,
        }
    }

    /// Have `outer` start it, which is given it and its arguments.
    pub(crate) fn under(mut self, mut outer: Command) -> Self {
        outer.arg(self.command.get_program());
        outer.args(self.command.get_args());
        if let Some(folder) = self.command.get_current_dir() {
            outer.current_dir(folder);
        }
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        outer.stdin(Stdio::null());
        outer.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command = outer;
        self
    }

    /// Start it, call `meanwhile` with its process id, wait for its end and look for what it left.
    /// A command that does not end in time is killed, with everything below it, and fails the test.
    pub(crate) fn finish_with(mut self, meanwhile: impl FnOnce(u32)) -> Finished {
        let mut child = self.command.spawn().unwrap();
        let stdout = drain(child.stdout.take());
        meanwhile(child.id());
        self.watch(child, stdout)
    }

    /// As [`Started::finish_with`], but `read` reads standard output, and closes it when it returns.
    pub(crate) fn finish_reading(mut self, read: impl FnOnce(ChildStdout)) -> Finished {
        let mut child = self.command.spawn().unwrap();
        read(child.stdout.take().unwrap());
        self.watch(child, thread::spawn(Vec::new))
    }

    fn watch(self, mut child: Child, stdout: JoinHandle<Vec<u8>>) -> Finished {
        let stderr = drain(child.stderr.take());
        let status = wait(&mut child, self.limit);
        let orphans = self.orphans(if status.is_some() {
            GRACE
        } else {
            Duration::ZERO
        });
        for orphan in &orphans {
            // So that a test which fails leaves nothing either, and the pipes close.
            let pid = orphan.split(' ').next().unwrap_or_default();
            Command::new("kill").args(["-9", pid]).status().ok();
        }
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let Some(status) = status else {
            let stdout = String::from_utf8_lossy(&stdout);
            panic!(
                "{:?} did not end within {:?}\n{stdout}\n{stderr}",
                self.command, self.limit
            );
        };
        Finished {
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr,
            orphans,
        }
    }

    /// [`Started::finish_with`] nothing to do meanwhile.
    pub(crate) fn finish(self) -> Finished {
        self.finish_with(|_| {})
    }

    /// [`Started::finish`], without leaving a process behind.
    pub(crate) fn finish_clean(self) -> Finished {
        let finished = self.finish();
        assert_eq!(
            finished.orphans,
            Vec::<String>::new(),
            "left behind: {finished:#?}"
        );
        finished
    }

    /// The processes that carry the mark after `grace`: process id and command line.
    fn orphans(&self, grace: Duration) -> Vec<String> {
        let start = Instant::now();
        loop {
            let found = marked(&format!("{MARK}={}", self.mark));
            if found.is_empty() || start.elapsed() >= grace {
                return found;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What a command left behind.
pub(crate) struct Finished {
    /// The exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Bytes, since tests may print any.
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// Processes that were still there: process id and command line.
    pub(crate) orphans: Vec<String>,
}

impl Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, signal) = (self.code, self.signal);
        write!(
            f,
            "exit code {code:?}, signal {signal:?}, left {:?}",
            self.orphans
        )?;
        write!(f, "\nstdout:\n{}", String::from_utf8_lossy(&self.stdout))?;
        write!(f, "\nstderr:\n{}", self.stderr)
    }
}

impl Finished {
    /// The events on standard output, which has to hold nothing else.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.stdout).expect("events are UTF-8");
        let event = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| {
                panic!("no event: {error}: {line}\nstderr:\n{}", self.stderr)
            })
        };
        text.lines().map(event).collect()
    }

    /// All that it wrote, for messages that may be in either stream.
    pub(crate) fn all_output(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.stdout), self.stderr)
    }

    /// What a failed comparison should show: standard error, and the events that are no tests.
    pub(crate) fn complaints(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let events: Vec<&str> = stdout
            .lines()
            .filter(|line| !line.contains("\"id\":"))
            .collect();
        format!("{}\n{}", events.join("\n"), self.stderr)
    }

    /// `(node id, outcome)` of every test, sorted.
    pub(crate) fn outcomes(&self) -> Vec<(String, String)> {
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or("").to_owned();
        let mut outcomes: Vec<_> = self
            .events()
            .iter()
            .filter(|event| event["event"] == "test-finished")
            .map(|event| (text(event, "id"), text(event, "outcome")))
            .collect();
        outcomes.sort();
        outcomes
    }
}

fn wait(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Reads a pipe to its end; nothing where the test has put a file.
fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).unwrap();
        }
        bytes
    })
}

/// The processes whose environment, as they were started with it, holds `variable`. A zombie has
/// none: it is not found, and it is not running either.
fn marked(variable: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let is_pid = |name: &OsStr| name.to_string_lossy().bytes().all(|b| b.is_ascii_digit());
        let (name, path) = (entry.file_name(), entry.path());
        if !is_pid(&name) {
            continue;
        }
        // A process that ends meanwhile, or that belongs to someone else, cannot be read.
        let environment = fs::read(path.join("environ")).unwrap_or_default();
        if environment
            .split(|byte| *byte == 0)
            .any(|v| v == variable.as_bytes())
        {
            let words = fs::read(path.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            found.push(format!("{} {}", name.to_string_lossy(), words.trim_end()));
        }
    }
    found
}

#[test]
fn what_a_run_leaves_behind_is_found() {
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Started::new(command).finish()
    };
    let clean = shell("printf out; printf err >&2; exit 7");
    assert_eq!((clean.code, clean.signal), (Some(7), None));
    assert_eq!(
        (&clean.stdout[..], clean.stderr.as_str()),
        (&b"out"[..], "err")
    );
    assert_eq!(clean.orphans, Vec::<String>::new());

    let orphaned = shell("sleep 50 & kill -9 $$");
    assert_eq!((orphaned.code, orphaned.signal), (None, Some(9)));
    let [orphan] = &orphaned.orphans[..] else {
        panic!("{:?}", orphaned.orphans);
    };
    assert!(orphan.ends_with(" sleep 50"), "{orphan}");
}

#[test]
#[should_panic(expected = "did not end within")]
fn a_run_that_does_not_end_fails_the_test() {
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 50"]);
    let mut started = Started::new(command);
    started.limit = Duration::from_millis(50);
    started.finish_with(|pid| assert!(pid > 0));
}
