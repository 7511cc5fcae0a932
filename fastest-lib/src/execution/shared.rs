//! The file that a worker shares with the dispatcher: what it is doing, and frames not yet sent.
//!
//! `harness/fastest_harness/channel.py` writes it and documents its layout.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// What the system shows as the name of the file.
pub(super) const SHARED_NAME: &str = "fastest-worker";

const HEADER: u64 = 64;
const SIZE: u64 = HEADER + 128 * 1024;
/// Stacks beyond this are of no use to anyone.
const MOST_OF_STACKS: u64 = 256 * 1024;

/// How long a test may take, as its worker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The limit of the run.
    Default,
    /// Any time.
    None,
    /// This long.
    Some(Duration),
}

/// The descriptors that a worker says have certain files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Descriptors {
    /// The shared file itself.
    pub(super) stacks: u32,
    pub(super) stdout: u32,
    pub(super) stderr: u32,
}

/// What a worker was doing when it was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Idle,
    Loading { seq: usize },
    Running { seq: usize, index: usize },
}

#[derive(Debug)]
pub(super) struct Shared(File);

impl Shared {
    pub(super) fn create() -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let file = File::from(rustix::fs::memfd_create(
            SHARED_NAME,
            rustix::fs::MemfdFlags::CLOEXEC,
        )?);
        #[cfg(not(target_os = "linux"))]
        let file = tempfile::tempfile()?;
        file.set_len(SIZE)?;
        Ok(Self(file))
    }

    /// Ask the worker to start no further test.
    pub(super) fn stop(&self) {
        // A worker that is gone does not need to be told.
        let _ = self.0.write_all_at(&[1], 0);
    }

    pub(super) fn activity(&self) -> Activity {
        let mut state = [0; 12];
        if self.0.read_exact_at(&mut state, 4).is_err() {
            return Activity::Idle;
        }
        let field = |at: usize| {
            u32::from_le_bytes([state[at], state[at + 1], state[at + 2], state[at + 3]]) as usize
        };
        match field(0) {
            1 => Activity::Loading { seq: field(4) },
            2 => Activity::Running {
                seq: field(4),
                index: field(8),
            },
            _ => Activity::Idle,
        }
    }

    fn numbers<const N: usize>(&self, at: u64) -> [u32; N] {
        let mut numbers = [0; N];
        for (number, at) in numbers.iter_mut().zip((at..).step_by(4)) {
            let mut bytes = [0; 4];
            if self.0.read_exact_at(&mut bytes, at).is_ok() {
                *number = u32::from_le_bytes(bytes);
            }
        }
        numbers
    }

    /// How long what runs may take, and how many limits were set before: a new one starts the clock
    /// anew.
    pub(super) fn limit(&self) -> (Limit, u32) {
        let [millis, count] = self.numbers(20);
        let limit = match millis {
            0 => Limit::Default,
            u32::MAX => Limit::None,
            millis => Limit::Some(Duration::from_millis(millis.into())),
        };
        (limit, count)
    }

    pub(super) fn descriptors(&self) -> Descriptors {
        let [stacks, stdout, stderr] = self.numbers(28);
        Descriptors {
            stacks,
            stdout,
            stderr,
        }
    }

    /// Where the next stacks will begin.
    pub(super) fn end(&self) -> u64 {
        self.0.metadata().map_or(SIZE, |metadata| metadata.len())
    }

    /// What was written of the stacks from `start` on.
    pub(super) fn stacks(&self, start: u64) -> String {
        let length = self.end().saturating_sub(start).min(MOST_OF_STACKS);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        match self.0.read_exact_at(&mut bytes, start) {
            Ok(()) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        }
    }

    /// The frames that the worker wrote and did not send; to be asked of a dead worker only.
    pub(super) fn unsent(&self) -> Vec<u8> {
        let mut length = [0; 4];
        if self.0.read_exact_at(&mut length, 16).is_err() {
            return Vec::new();
        }
        let length = u64::from(u32::from_le_bytes(length)).min(SIZE - HEADER);
        let mut frames = vec![0; usize::try_from(length).unwrap_or(0)];
        if self.0.read_exact_at(&mut frames, HEADER).is_err() {
            return Vec::new();
        }
        frames
    }
}

impl AsFd for Shared {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
