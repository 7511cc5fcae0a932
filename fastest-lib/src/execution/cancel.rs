use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Ends a run from another thread or a signal handler.
///
/// Cancelled once, the running tests are interrupted, their fixtures torn down and the run
/// reported; cancelled twice, every process is killed at once.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicU8>);

impl CancelToken {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ask for the end; ask again to insist.
    pub fn cancel(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |level| {
                Some(level.saturating_add(1))
            });
    }

    /// How often the end was asked for.
    pub(crate) fn level(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}
