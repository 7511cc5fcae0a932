//! How often a facts file had the answer, over all runs.
//!
//! A line beside it, of fixed width for a rootdir, written over at the end of a discovery by one
//! call. To replace the file instead would take longer than the whole rest of looking things up:
//! file systems flush what is renamed over something. Of two runs that end at the same moment one
//! may go uncounted; nothing depends on the numbers.

use std::fs;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// What the name of the file ends in.
pub(super) const SUFFIX: &str = ".counts";

/// What is known of the use of a facts file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) rootdir: String,
}

pub(super) fn read(folder: &Path, name: &str) -> Option<Usage> {
    parse(&fs::read_to_string(folder.join(format!("{name}{SUFFIX}"))).ok()?)
}

fn parse(text: &str) -> Option<Usage> {
    let (hits, rest) = text.strip_suffix('\n')?.split_at_checked(WIDTH)?;
    let (misses, rest) = rest.strip_prefix(' ')?.split_at_checked(WIDTH)?;
    Some(Usage {
        hits: hits.parse().ok()?,
        misses: misses.parse().ok()?,
        rootdir: rest.strip_prefix(' ')?.to_owned(),
    })
}

/// The digits of the largest number.
const WIDTH: usize = 20;

pub(super) fn add(
    folder: &Path,
    name: &str,
    rootdir: &Path,
    hits: u64,
    misses: u64,
) -> io::Result<()> {
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        // In a folder that many can write, a link could lead to anything.
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(folder.join(format!("{name}{SUFFIX}")))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let before = parse(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
    let text = format!(
        "{:0WIDTH$} {:0WIDTH$} {}\n",
        before.hits.saturating_add(hits),
        before.misses.saturating_add(misses),
        rootdir.to_string_lossy()
    );
    if bytes.len() != text.len() {
        file.set_len(0)?;
    }
    file.rewind()?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_nonsense_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, rootdir) = (folder.path(), Path::new("/a b/c\nd"));
        add(folder, "x", rootdir, 3, 4).unwrap();
        add(folder, "x", rootdir, u64::MAX, 1).unwrap();
        let expected = Usage {
            hits: u64::MAX,
            misses: 5,
            rootdir: "/a b/c\nd".to_owned(),
        };
        assert_eq!(read(folder, "x"), Some(expected));
        let good = fs::read_to_string(folder.join("x.counts")).unwrap();
        let signed = good.replacen('1', "-", 1);
        for text in ["", "\n", "1 2 /a\n", &good[..30], &signed, &"é".repeat(40)] {
            fs::write(folder.join("x.counts"), text).unwrap();
            assert_eq!(read(folder, "x"), None, "{text:?}");
            add(folder, "x", rootdir, 1, 2).unwrap();
            assert_eq!(read(folder, "x").map(|u| (u.hits, u.misses)), Some((1, 2)));
        }
    }
}
