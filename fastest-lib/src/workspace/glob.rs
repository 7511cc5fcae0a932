use std::path::{Path, PathBuf};

use super::fnmatch::Fnmatch;

/// The paths that a pattern of Python's `glob` names below `base`, sorted: `**` stands for any
/// number of folders, and a name that begins with a dot must be asked for.
pub(crate) fn glob(base: &Path, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let only_folders = pattern.ends_with('/');
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if pattern.starts_with('/') {
        found = vec!["/".to_owned()];
    }
    for (at, part) in parts.iter().enumerate() {
        let folders = only_folders || at + 1 < parts.len();
        found = found
            .iter()
            .flat_map(|prefix| step(base, prefix, part, folders))
            .collect();
    }
    if only_folders {
        found.iter_mut().for_each(|path| path.push('/'));
    }
    found.retain(|path| !path.is_empty() && (pattern != "/" || path == "/"));
    found.sort();
    found.dedup();
    found
}

/// The paths that one part of a pattern makes of one path.
fn step(base: &Path, prefix: &str, part: &str, folders: bool) -> Vec<String> {
    if part == "**" {
        let mut below = vec![prefix.to_owned()];
        walk(base, prefix, folders, false, &mut below);
        return below;
    }
    if !part.contains(['*', '?', '[']) {
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
        check("c/**", &["c", "c/tests.txt"]);
    }
}
