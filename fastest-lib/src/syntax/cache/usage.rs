//! How often a facts file had the answer, over all runs.
//!
//! A small file beside it, replaced at the end of a discovery. Of two that end at the same moment
//! one may go uncounted: nothing depends on the numbers.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::folder::ASIDE;

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
    let text = fs::read_to_string(folder.join(format!("{name}{SUFFIX}"))).ok()?;
    let mut parts = text.strip_suffix('\n')?.splitn(3, ' ');
    Some(Usage {
        hits: parts.next()?.parse().ok()?,
        misses: parts.next()?.parse().ok()?,
        rootdir: parts.next()?.to_owned(),
    })
}

pub(super) fn add(
    folder: &Path,
    name: &str,
    rootdir: &Path,
    hits: u64,
    misses: u64,
) -> io::Result<()> {
    let before = read(folder, name).unwrap_or_default();
    let text = format!(
        "{} {} {}\n",
        before.hits.saturating_add(hits),
        before.misses.saturating_add(misses),
        rootdir.to_string_lossy()
    );
    let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
    aside.write_all(text.as_bytes())?;
    let path = folder.join(format!("{name}{SUFFIX}"));
    aside.persist(path).map_err(|error| error.error)?;
    Ok(())
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
        for text in ["", "1", "1 2", "-1 2 /a\n", "1 2 /a", "\u{0}\n"] {
            fs::write(folder.join("x.counts"), text).unwrap();
            assert_eq!(read(folder, "x"), None, "{text:?}");
        }
    }
}
