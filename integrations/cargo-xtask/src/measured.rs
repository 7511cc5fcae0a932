//! The cost of one run of a program: time, CPU time and peak memory of it and its descendants.
//!
//! The system adds up what all children of a process have used, and counts as a child's memory what
//! its parent had when it was started. So each measured program is started by a small process of
//! its own, this executable again under a task that `--help` does not list.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::process::{children_cpu, shown, succeed};

/// What one run of a program cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// The exit code; minus the number of the signal for a program that one ended.
    pub(crate) code: i32,
    /// Whether it was killed because it took too long.
    pub(crate) timed_out: bool,
    /// Seconds from start to exit.
    pub(crate) wall: f64,
    /// Seconds of user and system time, of every descendant that was waited for as well.
    pub(crate) cpu: f64,
    /// The most memory that one of these processes held at a time, in bytes.
    pub(crate) peak_rss: u64,
    /// The most memory that all of them held together at a time, in bytes, what they share counted
    /// once; 0 when it was not asked for.
    pub(crate) peak_together: u64,
}

/// The arguments of the task that measures.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder for the output and the usage.
    #[arg(long)]
    dir: PathBuf,
    /// Seconds after which the program is killed.
    #[arg(long)]
    limit: u64,
    /// Sum up the memory of all processes every few milliseconds, which slows them down.
    #[arg(long)]
    together: bool,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Where a measured run leaves its files.
pub(crate) struct Files {
    dir: PathBuf,
}

impl Files {
    pub(crate) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    pub(crate) fn stdout(&self) -> PathBuf {
        self.dir.join("stdout")
    }

    pub(crate) fn stderr(&self) -> PathBuf {
        self.dir.join("stderr")
    }

    fn usage(&self) -> PathBuf {
        self.dir.join("usage.json")
    }
}

/// Run `command` with its output in the files of `dir`, without input, and measure it.
pub(crate) fn measure(command: &Command, dir: &Path, limit: Duration) -> Result<Usage> {
    start(command, dir, limit, false)
}

/// [`measure`], with the memory of all processes together; its times are of no use.
pub(crate) fn measure_memory(command: &Command, dir: &Path, limit: Duration) -> Result<Usage> {
    start(command, dir, limit, true)
}

fn start(command: &Command, dir: &Path, limit: Duration, together: bool) -> Result<Usage> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let own = std::env::current_exe().context("cannot find this executable")?;
    let mut wrapper = Command::new(own);
    wrapper.arg("measure").arg("--dir").arg(dir);
    wrapper.arg("--limit").arg(limit.as_secs().to_string());
    if together {
        wrapper.arg("--together");
    }
    wrapper.arg("--").arg(command.get_program());
    wrapper.args(command.get_args());
    if let Some(cwd) = command.get_current_dir() {
        wrapper.current_dir(cwd);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapper.env(name, value),
            None => wrapper.env_remove(name),
        };
    }
    let files = Files::at(dir);
    succeed(&mut wrapper, limit + Duration::from_secs(60))?;
    let text = fs::read_to_string(files.usage()).context("a measured run left no usage")?;
    serde_json::from_str(&text).context("the usage of a measured run")
}

/// The task itself: run one program and write what it cost.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let files = Files::at(&options.dir);
    let Some((program, arguments)) = options.command.split_first() else {
        bail!("no program to measure");
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    // Files and not pipes: nobody who reads them takes part in the measured time.
    command.stdout(File::create(files.stdout())?);
    command.stderr(File::create(files.stderr())?);
    if options.together {
        // What leaves its parent stays below this process.
        nix::sys::prctl::set_child_subreaper(true).context("cannot adopt processes")?;
    }
    let start = Instant::now();
    let child = command.spawn();
    let mut child = child.with_context(|| format!("cannot start `{}`", shown(&command)))?;
    let pid = Pid::from_raw(i32::try_from(child.id())?);
    let (ended, end) = mpsc::channel::<()>();
    let limit = Duration::from_secs(options.limit);
    let guard = thread::spawn(move || {
        let timed_out = end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
        if timed_out {
            // It may have ended just now.
            let _ = kill(pid, Signal::SIGKILL);
        }
        timed_out
    });
    let sampler = options.together.then(|| Sampler::start(std::process::id()));
    let status = child.wait()?;
    let wall = start.elapsed();
    drop(ended);
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the memory use")?;
    let usage = Usage {
        code: status
            .code()
            .unwrap_or(-status.signal().unwrap_or_default()),
        timed_out: guard.join().unwrap_or_default(),
        wall: wall.as_secs_f64(),
        cpu: children_cpu()?.as_secs_f64(),
        // Linux counts it in KiB.
        peak_rss: usage.max_rss().unsigned_abs() * 1024,
        peak_together: sampler.map_or(0, Sampler::finish),
    };
    fs::write(files.usage(), serde_json::to_string(&usage)?)?;
    Ok(true)
}

/// Looks again and again at how much memory the descendants of a process hold.
struct Sampler {
    ended: mpsc::Sender<()>,
    thread: thread::JoinHandle<u64>,
}

impl Sampler {
    /// Between two looks.
    const PAUSE: Duration = Duration::from_millis(5);

    fn start(root: u32) -> Self {
        let (ended, end) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let mut peak = 0;
            loop {
                let pids = descendants(root);
                peak = peak.max(pids.into_iter().map(proportional).sum());
                if end.recv_timeout(Self::PAUSE) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return peak;
                }
            }
        });
        Self { ended, thread }
    }

    fn finish(self) -> u64 {
        drop(self.ended);
        self.thread.join().unwrap_or_default()
    }
}

/// The processes below `root`, without it.
fn descendants(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name of the program, in parentheses, may hold anything.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| {
            let parent: u32 = rest.split(' ').nth(1)?.parse().ok()?;
            Some(parent)
        });
        parents.extend(pid.zip(parent));
    }
    let mut found = vec![root];
    let mut n = 0;
    while let Some(&parent) = found.get(n) {
        found.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _): &(u32, u32)| *pid),
        );
        n += 1;
    }
    found.split_off(1)
}

/// The memory of a process, in bytes; what it shares with others is divided between them.
fn proportional(pid: u32) -> u64 {
    // One that ends meanwhile holds nothing.
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kib.unwrap_or(0_u64) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(name: &str, limit: u64, script: &str) -> (Usage, Files) {
        let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let command = ["sh", "-c", script].map(OsString::from).to_vec();
        let options = Options {
            dir: dir.clone(),
            limit,
            together: false,
            command,
        };
        run(&options).unwrap();
        let files = Files::at(&dir);
        let usage = fs::read_to_string(files.usage()).unwrap();
        (serde_json::from_str(&usage).unwrap(), files)
    }

    #[test]
    fn a_run_leaves_its_output_its_code_and_its_cost() {
        let (usage, files) = usage("run", 60, "echo out; echo err >&2; exit 3");
        assert_eq!(fs::read_to_string(files.stdout()).unwrap(), "out\n");
        assert_eq!(fs::read_to_string(files.stderr()).unwrap(), "err\n");
        assert_eq!((usage.code, usage.timed_out), (3, false));
        assert!(usage.wall > 0.0 && usage.peak_rss > 100 * 1024);
        fs::remove_dir_all(files.dir).unwrap();
    }

    #[test]
    fn the_memory_of_all_processes_is_summed() {
        let mut shell = Command::new("sh");
        let mut child = shell.args(["-c", "sleep 50 & wait"]).spawn().unwrap();
        let below = loop {
            let pids = descendants(child.id());
            if !pids.is_empty() {
                break pids;
            }
            thread::sleep(Duration::from_millis(1));
        };
        assert!(descendants(std::process::id()).contains(&below[0]));
        assert!(proportional(child.id()) > 10_000);
        for pid in below {
            kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL).unwrap();
        }
        child.wait().unwrap();
        assert_eq!(descendants(child.id()), Vec::<u32>::new());
    }

    #[test]
    fn a_run_that_takes_too_long_is_killed() {
        let (usage, files) = usage("limit", 1, "exec sleep 60");
        assert_eq!((usage.code, usage.timed_out), (-9, true));
        fs::remove_dir_all(files.dir).unwrap();
    }
}
