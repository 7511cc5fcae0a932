//! Where `tmp_path` folders live.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{Access, access};

/// The folders of as many earlier runs stay, for people to look into; as many as pytest keeps.
const KEPT_RUNS: usize = 3;

/// The folder of this run, below one that belongs to this user alone; workers create it when a
/// test first asks for it. Folders of older runs are removed.
pub(crate) fn basetemp() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    let parent = temp_dir().join(format!("fastest-of-{user}"));
    let _ = DirBuilder::new().mode(0o700).create(&parent);
    // In a namespace of users others may have this number, too.
    let may_write = access(&parent, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let ours = fs::symlink_metadata(&parent)
        .is_ok_and(|found| found.is_dir() && found.uid() == user && found.mode() & 0o022 == 0);
    let parent = if ours && may_write {
        prune(&parent);
        parent
    } else {
        // Somebody else made a folder of that name: stay away from it.
        tempfile::Builder::new()
            .prefix("fastest-")
            .tempdir_in(temp_dir())
            .map_or(parent, tempfile::TempDir::keep)
    };
    let started = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_millis());
    parent.join(format!("run-{started}-{}", std::process::id()))
}

/// The folder for temporary files: as Python has it, one that exists.
pub(super) fn temp_dir() -> PathBuf {
    let named = std::env::temp_dir();
    ["/tmp", "/var/tmp", "/usr/tmp"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| !named.is_dir() && path.is_dir())
        .unwrap_or(named)
}

fn prune(parent: &std::path::Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    let mut runs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !is_alive(path))
        .collect();
    runs.sort();
    let excess = runs.len().saturating_sub(KEPT_RUNS);
    for run in runs.drain(..excess) {
        // What cannot be removed now will be tried again by the next run.
        let _ = fs::remove_dir_all(run);
    }
}

/// Whether the run that a folder is named after may still be going on.
fn is_alive(run: &std::path::Path) -> bool {
    run.file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.rsplit('-').next()?.parse().ok())
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}
