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
pub(crate) struct Identity(pub(crate) [u64; 7]);

/// The kernel stamps files with the time of its last tick, at most this long ago.
const TICK: Duration = Duration::from_millis(20);

/// File systems that know whole seconds only are off by up to two.
const COARSE: Duration = Duration::from_secs(2);

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
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

/// Whether every write after `asked` shows in the file's times; `asked` is before the look was
/// taken, which was before the content was read.
///
/// A file written twice within one tick of the clock looks the same after both. If the content was
/// read between them, a record of that look would hide the second for good. So a look is kept only
/// if it was old when the content was read; until then the content is read and hashed each time.
pub(crate) fn settled(identity: &Identity, asked: SystemTime) -> bool {
    let [mtime, mtime_nsec, ctime, ctime_nsec, ..] = identity.0.map(u64::cast_signed);
    let slack = if ctime_nsec == 0 { COARSE } else { TICK };
    let limit = asked
        .checked_sub(slack)
        .and_then(|limit| limit.duration_since(SystemTime::UNIX_EPOCH).ok());
    let Some(limit) = limit else { return false };
    let seconds = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    let limit = (seconds, i64::from(limit.subsec_nanos()));
    (mtime, mtime_nsec).max((ctime, ctime_nsec)) < limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_kept_only_if_it_was_old_when_the_content_was_read() {
        // Times in milliseconds.
        let check = |mtime: u64, ctime: u64, asked: u64, expected: bool| {
            let split = |time: u64| (time / 1000, time % 1000 * 1_000_000);
            let ((ms, mn), (cs, cn)) = (split(mtime), split(ctime));
            let identity = Identity([ms, mn, cs, cn, 1, 2, 3]);
            let asked = SystemTime::UNIX_EPOCH + Duration::from_millis(asked);
            let got = settled(&identity, asked);
            assert_eq!(got, expected, "{mtime} {ctime} {asked:?}");
        };
        check(5001, 5001, 5500, true);
        check(5001, 5001, 5001, false);
        check(5001, 5001, 5021, false);
        check(5001, 5001, 5022, true);
        // Written just now, with the old time put back.
        check(1001, 5001, 5010, false);
        // From the future.
        check(9001, 5001, 6000, false);
        // A file system of whole seconds.
        check(5000, 5000, 6900, false);
        check(5000, 5000, 7001, true);
        // Clocks that stand at the epoch.
        check(0, 0, 0, false);
    }
}
