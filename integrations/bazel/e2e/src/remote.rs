use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Program, python, repository};

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of the Remote Execution API on this machine, which runs actions in sandboxes that see
/// nothing of the workspace; it ends with this value.
#[derive(Debug)]
pub struct Remote {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Remote {
    /// None, with the reason printed, when one of the programs is not there.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let casd = Program::BuildboxCasd.find()?;
        let sandbox = Program::Bubblewrap.find()?;
        let folder = tempfile::Builder::new().prefix("fastest-remote-").tempdir();
        let folder = folder.expect("a temporary folder");
        let storage = folder.path().join("storage");
        let runner = runner(folder.path(), &casd, &storage.join("cas/objects"));
        let port = free_port();
        let log = fs::File::create(folder.path().join("server.log")).expect("a log");
        let mut command = Command::new(&casd);
        command
            .arg(format!("--bind=localhost:{port}"))
            .arg(format!("--buildbox-run={}", runner.display()))
            .args(["--jobs=2", "--cache-failures=false"]);
        for path in visible() {
            let path = path.display();
            command.arg(format!("--runner-arg=--bind-mount={path}:{path}"));
        }
        let mut path = sandbox
            .parent()
            .unwrap_or(Path::new("/usr/bin"))
            .as_os_str()
            .to_owned();
        path.push(":/usr/bin:/bin");
        let server = command
            .arg(&storage)
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn();
        let mut remote = Self {
            server: server.expect("the server can be started"),
            port,
            folder,
        };
        remote.wait();
        Some(remote)
    }

    /// Where it listens, as Bazel's options want it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("grpc://localhost:{}", self.port)
    }

    /// What it has said.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    fn wait(&mut self) {
        let started = Instant::now();
        while TcpStream::connect(("localhost", self.port)).is_err() {
            let ended = self.server.try_wait().ok().flatten();
            let in_time = ended.is_none() && started.elapsed() < PATIENCE;
            assert!(in_time, "the server does not listen: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A script in the place of the server's runner, which understands actions of Bazel 4.2.3.
fn runner(folder: &Path, casd: &Path, objects: &Path) -> PathBuf {
    let script = folder.join("buildbox-run");
    let text = format!(
        "#!/bin/sh\nexec {python} {mend} {runner} {objects} \"$@\"\n",
        python = python().display(),
        mend = repository()
            .join("integrations/bazel/e2e/remote/output_paths.py")
            .display(),
        runner = casd.with_file_name("buildbox-run").display(),
        objects = objects.display(),
    );
    fs::write(&script, text).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script");
    script
}

/// What actions see of this machine: the system, and the interpreter of the tests.
fn visible() -> Vec<PathBuf> {
    let said = Command::new(python())
        .args([
            "-c",
            "import sys; print(sys.prefix); print(sys.base_prefix)",
        ])
        .output()
        .expect("the interpreter can be started");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let system = ["/usr", "/bin", "/lib", "/lib64", "/etc"].map(PathBuf::from);
    let system = system.into_iter().filter(|path| path.exists());
    let python = said.lines().map(PathBuf::from);
    let python = python.filter(|path| !path.starts_with("/usr"));
    let mut paths: Vec<PathBuf> = system.chain(python).collect();
    paths.dedup();
    paths
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("localhost", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}
