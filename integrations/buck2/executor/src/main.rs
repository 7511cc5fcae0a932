//! See the library of the same name.
#![allow(
    unsafe_code,
    reason = "descriptors that a parent hands down are named by their numbers"
)]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as Socket;
use std::process::ExitCode;

use fastest_buck2_executor::options::Options;
use fastest_buck2_executor::session;
use tokio::net::UnixStream;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match start(words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fastest-buck2-executor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(words: Vec<String>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (options, test_options) = Options::read(words)?;
    if options.executor_fd == options.orchestrator_fd {
        return Err("both sockets are the same".into());
    }
    let sockets = [options.executor_fd, options.orchestrator_fd].map(socket);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let [executor, orchestrator] = sockets;
        let executor = UnixStream::from_std(executor?)?;
        let orchestrator = UnixStream::from_std(orchestrator?)?;
        session::run(executor, orchestrator, test_options).await
    })
}

fn socket(fd: RawFd) -> std::io::Result<Socket> {
    // Those of the standard streams are no sockets of Buck2's.
    if fd < 3 {
        return Err(std::io::Error::other(format!(
            "{fd} is no inherited socket"
        )));
    }
    // SAFETY: Buck2 passes each of the two numbers once, for this process to own; nothing here has
    // opened a descriptor before that could have them. One that is not open fails at its first use.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let socket = Socket::from(fd);
    socket.set_nonblocking(true)?;
    Ok(socket)
}
