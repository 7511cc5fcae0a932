//! What the threads that read sockets tell the dispatcher.

use std::io;
use std::time::Duration;

use super::wire::{FromWorker, FromZygote};

/// How often the loop looks up when nobody reports.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// What reaches the dispatcher from the threads that read.
#[derive(Debug)]
pub(super) enum Message {
    FromWorker {
        worker: usize,
        frame: FromWorker,
    },
    WorkerDrained {
        worker: usize,
        error: Option<io::Error>,
    },
    FromZygote {
        frame: FromZygote,
    },
    ZygoteGone {
        generation: usize,
    },
}
