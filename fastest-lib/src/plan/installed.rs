//! What an interpreter may import beside the workspace and its own library, told apart by content.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::canonical::{Canonical, Digest};
use super::contents::Contents;
use crate::environment::Installed;

/// Files of a distribution's metadata that tell it from others of its name and version. `RECORD` has
/// the digests of all that was installed; where there is none, the others have to do.
const TELLING: &[&str] = &["RECORD", "METADATA", "PKG-INFO", "installed-files.txt"];

/// What an interpreter may import.
#[derive(Clone, Debug, Default)]
pub(crate) struct Importable {
    /// Distributions, other modules and folders of modules, in order, each with its digest.
    pub(crate) entries: Vec<(String, Digest)>,
    /// The first names of modules that are installed.
    pub(crate) names: BTreeSet<String>,
}

/// What is installed in `site_packages`, and what lies in folders outside of the rootdir that
/// `configured` or an editable installation puts on the search path. None if something of it cannot be
/// read.
///
/// A distribution counts by its name, its version and the digests that its `RECORD` has of its files;
/// what no distribution has installed counts by its content. What of it lies inside of the rootdir is
/// the graph's.
pub(crate) fn installed(
    rootdir: &Path,
    site_packages: &[PathBuf],
    configured: &[PathBuf],
    contents: &Contents,
) -> Option<Importable> {
    let mut found = Importable::default();
    for folder in site_packages {
        of_folder(folder, contents, &mut found)?;
    }
    let read = Installed::read(site_packages);
    let listed = read
        .folders
        .iter()
        .filter(|path| !site_packages.contains(path));
    let outside: BTreeSet<&PathBuf> = listed
        .chain(read.mapped.values())
        .chain(configured)
        // What contains the rootdir is no folder of modules.
        .filter(|path| !path.starts_with(rootdir) && !rootdir.starts_with(path))
        .collect();
    for path in outside {
        found.entries.push((
            path.to_string_lossy().into_owned(),
            of_path(path, contents)?,
        ));
    }
    found.entries.sort();
    Some(found)
}

fn of_path(path: &Path, contents: &Contents) -> Option<Digest> {
    let mut digest = Canonical::new("installed");
    contents.at(path, None).add_to(&mut digest)?;
    Some(digest.finish().into())
}

fn of_folder(folder: &Path, contents: &Contents, found: &mut Importable) -> Option<()> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect::<Option<_>>()?;
    names.sort_unstable();
    let mut claimed = BTreeSet::new();
    let mut rest = Vec::new();
    for name in names {
        let path = folder.join(&name);
        let stem = name.strip_suffix(".dist-info");
        if let Some(stem) = stem.or_else(|| name.strip_suffix(".egg-info")) {
            let label = match stem.split_once('-') {
                Some((name, version)) => format!("{name}=={version}"),
                None => stem.to_owned(),
            };
            found
                .entries
                .push((label, of_metadata(&path, contents, &mut claimed)?));
        } else if name != "__pycache__" {
            rest.push((name, path));
        }
    }
    for (name, path) in rest {
        if !claimed.contains(&name) {
            let digest = of_path(&path, contents)?;
            found.names.insert(stem(&name).to_owned());
            found.entries.push((name, digest));
        }
    }
    let names = claimed.iter().map(|name| stem(name));
    let names = names.filter(|name| !name.is_empty());
    found.names.extend(names.map(str::to_owned));
    Some(())
}

/// The digest of a distribution; what it has installed beside its metadata is `claimed`.
fn of_metadata(info: &Path, contents: &Contents, claimed: &mut BTreeSet<String>) -> Option<Digest> {
    let mut digest = Canonical::new("distribution");
    if !info.is_dir() {
        contents.at(info, None).add_to(&mut digest)?;
        return Some(digest.finish().into());
    }
    for name in TELLING {
        digest.text(name);
        contents.at(&info.join(name), None).add_to(&mut digest)?;
    }
    let read = |name: &str| fs::read(info.join(name)).unwrap_or_default();
    let record = read("RECORD");
    for line in record.split(|byte| *byte == b'\n') {
        // What has no digest there may be anything.
        let has_digest = memchr::memmem::find(line, b",sha").is_some();
        let line = line.strip_prefix(b"\"").unwrap_or(line);
        let end = line
            .iter()
            .position(|byte| matches!(byte, b'/' | b',' | b'"'));
        if let (true, Some(end)) = (has_digest, end) {
            claim(&line[..end], claimed);
        }
    }
    for line in read("top_level.txt").split(|byte| *byte == b'\n') {
        claim(line.trim_ascii(), claimed);
    }
    Some(digest.finish().into())
}

/// `six` of `six.py` and of `six.cpython-311-x86_64-linux-gnu.so`.
fn stem(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn claim(name: &[u8], claimed: &mut BTreeSet<String>) {
    let name = String::from_utf8_lossy(name);
    if !name.is_empty() && !claimed.contains(name.as_ref()) {
        claimed.insert(name.into_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_be_imported_shows() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("root");
        let site = temp.path().join("site-packages");
        let outside = temp.path().join("outside");
        let write = |path: &str, text: &str| {
            let path = temp.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "site-packages/a-1.0.dist-info/RECORD",
            "a/__init__.py,sha256=x,1\n",
        );
        write("site-packages/a-1.0.dist-info/METADATA", "Name: a\n");
        write("site-packages/a/__init__.py", "1");
        write("site-packages/single.py", "1");
        write("site-packages/loose/m.py", "1");
        write("site-packages/b-2.egg-info", "Name: b\n");
        write("root/src/m.py", "1");
        write("outside/m.py", "1");
        let paths = format!("{}\n{}\n", root.join("src").display(), outside.display());
        write("site-packages/editable.pth", &paths);
        let look = || {
            let contents = Contents::open(temp.path().join("none"));
            installed(&root, std::slice::from_ref(&site), &[], &contents).unwrap()
        };
        let names: Vec<String> = look().entries.into_iter().map(|(name, _)| name).collect();
        let expected = ["a==1.0", "b==2", "editable.pth", "loose", "single.py"];
        assert_eq!(names[1..], expected);
        assert_eq!(names[0], outside.to_string_lossy());
        let expected = ["a", "editable", "loose", "single"];
        assert!(
            look().names.iter().eq(expected.iter()),
            "{:?}",
            look().names
        );
        let edits = [
            (
                "site-packages/a-1.0.dist-info/RECORD",
                "a/__init__.py,sha256=y,1\n",
                true,
            ),
            ("site-packages/b-2.egg-info", "Name: b\nVersion: 2\n", true),
            ("site-packages/single.py", "2", true),
            ("site-packages/loose/m.py", "2", true),
            ("site-packages/loose/n.py", "", true),
            ("site-packages/c.py", "", true),
            ("site-packages/d/e.py", "", true),
            ("site-packages/editable.pth", "", true),
            ("root/src/m.py", "2", false),
            ("site-packages/__pycache__/single.pyc", "", false),
            // Whoever installs a distribution writes its RECORD.
            ("site-packages/a/__init__.py", "2", false),
        ];
        for (path, text, shows) in edits {
            let before = look();
            write(path, text);
            assert_eq!(before.entries != look().entries, shows, "{path}");
        }
    }
}
