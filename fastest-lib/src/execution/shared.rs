//! The file that a worker shares with the dispatcher: what it is doing, and frames not yet sent.
//!
//! `harness/fastest_harness/channel.py` writes it and documents its layout.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

const HEADER: u64 = 64;
const SIZE: u64 = HEADER + 128 * 1024;

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
            "fastest-worker",
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
