//! Running other programs: whole, timed, and never for ever.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// What a program left behind.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// From start to exit.
    pub(crate) wall: Duration,
    /// User and system time of the program and of every descendant that was waited for.
    pub(crate) cpu: Duration,
}

impl Finished {
    /// The exit code; minus the number of the signal for a program that one ended.
    pub(crate) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        let signal = || -self.status.signal().unwrap_or_default();
        self.status.code().unwrap_or_else(signal)
    }

    /// The last lines of what it printed, for an error message.
    pub(crate) fn tail(&self) -> String {
        let tail = |text: &str| {
            let lines: Vec<&str> = text.trim_end().lines().collect();
            lines[lines.len().saturating_sub(30)..].join("\n")
        };
        format!("{}\n{}", tail(&self.stdout), tail(&self.stderr))
            .trim()
            .to_owned()
    }
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// Run to the end with its output captured and no input. It is killed, and this is an error, after
/// `limit`.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> Result<Finished> {
    let cpu_before = children_cpu()?;
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let mut pause = Duration::from_micros(200);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!(
                "`{}` still ran after {limit:?}; it was killed",
                shown(command)
            );
        }
        // Fine steps while a run may be short, coarse ones when the error no longer matters.
        thread::sleep(pause);
        pause = (pause * 11 / 10).min(start.elapsed() / 500 + Duration::from_micros(200));
    };
    let wall = start.elapsed();
    let cpu = children_cpu()?.saturating_sub(cpu_before);
    Ok(Finished {
        status,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
        wall,
        cpu,
    })
}

/// [`capture`], for a program that has to succeed: any other end is an error with what it printed.
pub(crate) fn succeed(command: &mut Command, limit: Duration) -> Result<Finished> {
    let finished = capture(command, limit)?;
    if !finished.status.success() {
        let (command, status) = (shown(command), finished.status);
        bail!("`{command}` failed ({status}):\n{}", finished.tail());
    }
    Ok(finished)
}

/// Run with its output passed on as it comes; gives whether it succeeded and its standard output.
pub(crate) fn pass_through(command: &mut Command) -> Result<(bool, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            std::io::stdout().write_all(&line)?;
            text.push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    Ok((child.wait()?.success(), text))
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks ends the text; the exit status tells what happened.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The CPU time of every child that was waited for, and of theirs.
pub(crate) fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the CPU time")?;
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(time.tv_sec().unsigned_abs())
            + Duration::from_micros(time.tv_usec().unsigned_abs())
    };
    Ok(micros(usage.user_time()) + micros(usage.system_time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_keeps_both_streams_the_code_and_the_time() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let finished = capture(&mut command, Duration::from_secs(20)).unwrap();
        let streams = (finished.stdout.as_str(), finished.stderr.as_str());
        assert_eq!((finished.code(), streams), (3, ("out\n", "err\n")));
        assert!(finished.wall > Duration::ZERO);
    }

    #[test]
    fn capture_ends_what_does_not_end() {
        let mut command = Command::new("sleep");
        let error = capture(command.arg("60"), Duration::from_millis(50)).err();
        assert!(error.unwrap().to_string().contains("`sleep 60` still ran"));
    }
}
