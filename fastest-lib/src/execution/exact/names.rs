//! Which test files have to do with each other by their names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

/// The files that pytest would import under the name of another one: only one of each such group
/// can be collected, and which shows when all are.
pub(super) fn of_same_module<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<Vec<&'a Path>> {
    let mut packages: HashMap<&Path, bool> = HashMap::new();
    let mut modules: HashMap<String, Vec<&Path>> = HashMap::new();
    for path in paths {
        if path.extension().is_none_or(|kind| kind != "py") {
            continue;
        }
        let mut name = stem(path);
        for folder in path.ancestors().skip(1) {
            let is_package = *packages
                .entry(folder)
                .or_insert_with(|| folder.join("__init__.py").is_file());
            if !is_package {
                break;
            }
            let folder = folder.file_name().unwrap_or_default();
            name = format!("{}.{name}", folder.to_string_lossy());
        }
        modules.entry(name).or_default().push(path);
    }
    let groups = modules.into_values();
    groups.filter(|paths| paths.len() > 1).collect()
}

/// Those of `files` whose module is mentioned by another file of `files` or by one of `others`:
/// what is mentioned may be imported.
pub(super) fn mentioned<'a>(files: &[&'a str], others: &[&str]) -> HashSet<&'a str> {
    let mut by_stem: HashMap<String, Vec<&str>> = HashMap::new();
    for file in files {
        let mut name = stem(Path::new(file));
        if name == "__init__" {
            let folder = Path::new(file).parent().and_then(Path::file_name);
            name = folder.unwrap_or_default().to_string_lossy().into_owned();
        }
        by_stem.entry(name).or_default().push(file);
    }
    let mut found = HashSet::new();
    for path in files.iter().chain(others) {
        let Ok(text) = fs::read(path) else { continue };
        for name in names(&text) {
            let Ok(name) = std::str::from_utf8(name) else {
                continue;
            };
            let named = by_stem.get(name).into_iter().flatten();
            found.extend(named.filter(|file| *file != path).copied());
        }
    }
    found
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The names in a text, except for those that a `def` or a `class` gives.
fn names(text: &[u8]) -> BTreeSet<&[u8]> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut previous: &[u8] = b"";
    let mut found = BTreeSet::new();
    for word in text.split(|byte| !is_name(byte)).filter(|w| !w.is_empty()) {
        if previous != b"def" && previous != b"class" {
            found.insert(word);
        }
        previous = word;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_no_mention() {
        let found = names(b"def test_a(): pass\nfrom .test_b import x\nimport t.test_c as y");
        let has = |name: &str| found.contains(name.as_bytes());
        assert!(!has("test_a") && has("test_b") && has("test_c"));
    }
}
