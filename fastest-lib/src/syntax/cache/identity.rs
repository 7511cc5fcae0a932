use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use xxhash_rust::xxh3::xxh3_128;

/// The hash that a path is found by.
pub(super) fn path_hash(path: &Path) -> u128 {
    xxh3_128(path.as_os_str().as_encoded_bytes())
}

/// What the file system says of a file without reading it: the times at which its content and its
/// inode changed, its size, inode and device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(pub(super) [u64; 7]);

/// The kernel stamps files with the time of its last tick, at most this long ago.
const TICK: Duration = Duration::from_millis(20);

/// File systems that know whole seconds only are off by up to two.
const COARSE: Duration = Duration::from_secs(2);

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let signed = [
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        let [mtime, mtime_nsec, ctime, ctime_nsec] = signed.map(i64::cast_unsigned);
        let (size, inode, device) = (metadata.size(), metadata.ino(), metadata.dev());
        Self([mtime, mtime_nsec, ctime, ctime_nsec, size, inode, device])
    }
}

/// Whether every write after `asked` shows in the file's times; `asked` is before the metadata was
/// taken, which was before the content was read.
///
/// A file written twice within one tick of the clock looks the same after both. If the content was
/// read between them, a record of that look would hide the second for good. So a look is kept only
/// if it was old when the content was read; until then the content is read and hashed each time.
pub(super) fn settled(metadata: &Metadata, asked: SystemTime) -> bool {
    let slack = if metadata.ctime_nsec() == 0 {
        COARSE
    } else {
        TICK
    };
    let Some(limit) = asked
        .checked_sub(slack)
        .and_then(|limit| limit.duration_since(SystemTime::UNIX_EPOCH).ok())
    else {
        return false;
    };
    let limit = (
        i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        i64::from(limit.subsec_nanos()),
    );
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    let written = (metadata.mtime(), metadata.mtime_nsec());
    changed.max(written) < limit
}
