//! The folder of facts files: names, statistics, and what is removed from it when.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::map::Map;
use super::usage;

/// What the names of unfinished files begin with.
pub(super) const ASIDE: &str = ".new-";

/// After that long the writer of an unfinished file is gone.
const ABANDONED: Duration = Duration::from_secs(3600);

pub(super) fn facts_folder(cache_dir: &Path) -> PathBuf {
    cache_dir.join("facts")
}

/// The name of a rootdir's facts file.
pub(super) fn name_of(rootdir: &Path) -> String {
    let digest = blake3::hash(rootdir.as_os_str().as_encoded_bytes());
    digest.to_hex()[..32].to_owned()
}

fn is_facts(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_owned(name: &str) -> bool {
    name.starts_with(ASIDE) || is_facts(name.strip_suffix(usage::SUFFIX).unwrap_or(name))
}

/// What the cache of facts holds, and how often it had the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// One for each rootdir, by rootdir.
    pub rootdirs: Vec<RootdirStats>,
}

/// What the cache holds for one rootdir, or for several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootdirStats {
    /// The rootdir; the name of the facts file where it is not known.
    pub rootdir: String,
    /// Contents whose facts are kept.
    pub entries: u64,
    /// Files that need not be read to know their content.
    pub files: u64,
    /// Files whose facts came from the cache, over all runs.
    pub hits: u64,
    /// Files that were parsed, over all runs.
    pub misses: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

impl CacheStats {
    /// All rootdirs together.
    pub fn total(&self) -> RootdirStats {
        let mut total = RootdirStats::default();
        for one in &self.rootdirs {
            total.entries += one.entries;
            total.files += one.files;
            total.hits = total.hits.saturating_add(one.hits);
            total.misses = total.misses.saturating_add(one.misses);
            total.bytes += one.bytes;
        }
        total
    }
}

/// What the cache of facts below `cache_dir` holds; nothing where there is none.
///
/// # Errors
///
/// When the folder exists and cannot be read.
pub fn cache_stats(cache_dir: &Path) -> io::Result<CacheStats> {
    let folder = facts_folder(cache_dir);
    let mut stats = CacheStats::default();
    for (name, metadata) in files(&folder)? {
        if !is_facts(&name) {
            continue;
        }
        let map = Map::open(&folder.join(&name));
        let usage = usage::read(&folder, &name).unwrap_or_default();
        stats.rootdirs.push(RootdirStats {
            rootdir: if usage.rootdir.is_empty() {
                name
            } else {
                usage.rootdir
            },
            entries: map.as_ref().map_or(0, |map| map.header().facts.into()),
            files: map.as_ref().map_or(0, |map| map.header().files.into()),
            hits: usage.hits,
            misses: usage.misses,
            bytes: metadata.len(),
        });
    }
    stats.rootdirs.sort_by(|a, b| a.rootdir.cmp(&b.rootdir));
    Ok(stats)
}

/// What was removed from a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cleared {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes every file of the cache of facts below `cache_dir`, and no other.
///
/// # Errors
///
/// When a file cannot be removed, or the folder cannot be read.
pub fn clear_facts(cache_dir: &Path) -> io::Result<Cleared> {
    let mut cleared = Cleared::default();
    remove_owned(&facts_folder(cache_dir), is_owned, &mut cleared)?;
    Ok(cleared)
}

/// Removes the files of a folder whose names are `owned`, and the folder if nothing else is in it.
/// Symlinks are not followed.
pub(crate) fn remove_owned(
    folder: &Path,
    owned: impl Fn(&str) -> bool,
    cleared: &mut Cleared,
) -> io::Result<()> {
    for (name, metadata) in files(folder)? {
        if owned(&name) {
            match fs::remove_file(folder.join(name)) {
                Ok(()) => {
                    cleared.files += 1;
                    cleared.bytes += metadata.len();
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    // Refused when something is left in it, which is as it should be.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// The ordinary files of a folder; none when it is no folder.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<(String, Metadata)>> {
    use io::ErrorKind::{NotADirectory, NotFound};

    let entries = match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => fs::read_dir(folder),
        Ok(_) => return Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        // What others remove meanwhile is not there.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
            files.push((name, metadata));
        }
    }
    Ok(files)
}

/// Removes what crashed writers left, and the oldest facts files while all take more than `limit`.
/// The file `keep` stays. What cannot be removed stays too.
pub(crate) fn tidy(folder: &Path, keep: &str, limit: u64) {
    let Ok(files) = files(folder) else { return };
    let modified = |metadata: &Metadata| metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let mut rootdirs = Vec::new();
    for (name, metadata) in &files {
        let age = SystemTime::now().duration_since(modified(metadata));
        if name.starts_with(ASIDE) && age.is_ok_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(folder.join(name));
        } else if is_facts(name) {
            // The counts are replaced by each run: their time is that of the last use.
            let counts = fs::symlink_metadata(folder.join(format!("{name}{}", usage::SUFFIX)));
            let used = counts.map_or(SystemTime::UNIX_EPOCH, |metadata| modified(&metadata));
            rootdirs.push((used.max(modified(metadata)), name, metadata.len()));
        }
    }
    rootdirs.sort();
    let mut total: u64 = rootdirs.iter().map(|(_, _, length)| length).sum();
    for (_, name, length) in rootdirs {
        if total <= limit {
            break;
        }
        if name != keep && fs::remove_file(folder.join(name)).is_ok() {
            let _ = fs::remove_file(folder.join(format!("{name}{}", usage::SUFFIX)));
            total -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_files_go_when_all_take_too_much_and_foreign_ones_stay() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path();
        let names: Vec<String> = (0..4)
            .map(|n| name_of(&Path::new("/").join(n.to_string())))
            .collect();
        let now = SystemTime::now();
        let write = |name: &str, bytes: usize, hours: u64| {
            fs::write(folder.join(name), vec![0; bytes]).unwrap();
            let file = fs::File::options()
                .write(true)
                .open(folder.join(name))
                .unwrap();
            file.set_modified(now - Duration::from_secs(3600 * hours))
                .unwrap();
        };
        for (at, name) in names.iter().enumerate() {
            write(name, 100, 40 + at as u64);
        }
        // The oldest by its own time was used last.
        write(&format!("{}.counts", names[3]), 10, 1);
        write(&format!("{}.counts", names[2]), 10, 50);
        write("notes.txt", 1000, 90);
        write(".new-crashed", 10, 2);
        write(".new-busy", 10, 0);
        tidy(folder, &names[1], 250);
        let mut left: Vec<String> = files(folder).unwrap().into_iter().map(|(n, _)| n).collect();
        left.sort();
        let mut expected = vec![
            names[1].clone(),
            names[3].clone(),
            format!("{}.counts", names[3]),
            "notes.txt".to_owned(),
            ".new-busy".to_owned(),
        ];
        expected.sort();
        assert_eq!(left, expected);
    }
}
