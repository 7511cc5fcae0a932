use std::path::{Path, PathBuf};

use super::fnmatch::Fnmatch;

/// The paths that a pattern of Python's `glob` names below `base`, sorted: `**` stands for any
/// number of folders, and a name that begins with a dot must be asked for. A `**` at the end also
/// gives the folder before it, with a `/` and without a look whether it is there.
pub(crate) fn glob(base: &Path, pattern: &str) -> Vec<String> {
    let only_folders = pattern.ends_with('/');
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let literal = parts.iter().take_while(|part| !is_magic(part)).count();
    let top = if pattern.starts_with('/') { "/" } else { "" };
    let prefix = parts[..literal]
        .iter()
        .fold(top.to_owned(), |prefix, part| join(&prefix, part));
    let mut found = vec![prefix];
    for (at, part) in parts.iter().enumerate().skip(literal) {
        let last = at + 1 == parts.len();
        found = found
            .iter()
            .flat_map(|prefix| step(base, prefix, part, only_folders || !last))
            .collect();
    }
    found.retain(|path| {
        let whole = base.join(path);
        !path.is_empty()
            && (!only_folders || whole.is_dir())
            && (literal < parts.len() || whole.symlink_metadata().is_ok())
    });
    if only_folders {
        let unended = found.iter_mut().filter(|path| !path.ends_with('/'));
        unended.for_each(|path| path.push('/'));
    }
    found.sort();
    found.dedup();
    found
}

fn is_magic(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

/// The paths that one part of a pattern makes of one path.
fn step(base: &Path, prefix: &str, part: &str, folders: bool) -> Vec<String> {
    if part == "**" {
        let own = match prefix {
            "" => String::new(),
            _ if folders => prefix.to_owned(),
            _ => format!("{prefix}/"),
        };
        let mut below = vec![own];
        walk(base, prefix, folders, false, &mut below);
        return below;
    }
    if !is_magic(part) {
        let path = join(prefix, part);
        let there = base.join(&path).symlink_metadata().is_ok();
        return Vec::from_iter(there.then_some(path));
    }
    let pattern = Fnmatch::new(part);
    let hidden = part.starts_with('.');
    entries(&base.join(prefix), folders)
        .into_iter()
        .filter(|(name, _)| (hidden || !name.starts_with('.')) && pattern.matches(name))
        .map(|(name, _)| join(prefix, &name))
        .collect()
}

/// Everything below a folder. A link is followed, but not one behind another: that could go on for
/// ever.
fn walk(base: &Path, prefix: &str, folders: bool, linked: bool, found: &mut Vec<String>) {
    for (name, path) in entries(&base.join(prefix), folders) {
        if name.starts_with('.') {
            continue;
        }
        let below = join(prefix, &name);
        found.push(below.clone());
        if path.is_dir() {
            let link = path.is_symlink();
            if !(link && linked) {
                walk(base, &below, folders, linked || link, found);
            }
        }
    }
}

fn entries(folder: &Path, folders: bool) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .filter(|(_, path)| !folders || path.is_dir())
        .collect()
}

fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        _ if prefix.ends_with('/') => format!("{prefix}{name}"),
        _ => format!("{prefix}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_pythons() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a/tests/x", "a/b/tests/y", ".h/tests/z", "c/tests.txt"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let check = |pattern: &str, expected: &[&str]| {
            assert_eq!(glob(folder.path(), pattern), expected, "{pattern}");
        };
        check("a", &["a"]);
        check("missing", &[]);
        check("*/tests", &["a/tests"]);
        check("**/tests", &["a/b/tests", "a/tests"]);
        check("*/tests*", &["a/tests", "c/tests.txt"]);
        check("*/tests*/", &["a/tests/"]);
        check(".h/*", &[".h/tests"]);
        check("?", &["a", "c"]);
        check("[!a]/*.txt", &["c/tests.txt"]);
        check("c/**", &["c/", "c/tests.txt"]);
        check("none/**", &["none/"]);
        check("**/", &["a/", "a/b/", "a/b/tests/", "a/tests/", "c/"]);
        check("c/tests.txt/", &[]);
        check("a/tests/", &["a/tests/"]);
    }
}
