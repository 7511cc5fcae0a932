//! What is installed, by name and version.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The distributions in `site-packages` folders as `name==version`, with names as PyPI normalises them,
/// by what their metadata folders are called.
pub(crate) fn distributions(site_packages: &[PathBuf]) -> Vec<String> {
    let entries = site_packages
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    let found: BTreeSet<String> = entries
        .filter_map(|entry| named(entry.file_name().to_str()?))
        .collect();
    found.into_iter().collect()
}

/// `Flask_Login-0.6.dist-info` is `flask-login==0.6`; an egg's version may have `-py3.11` behind it.
fn named(file: &str) -> Option<String> {
    let stem = file
        .strip_suffix(".dist-info")
        .or_else(|| file.strip_suffix(".egg-info"))?;
    let mut parts = stem.splitn(3, '-');
    let name = parts.next()?.to_lowercase().replace(['_', '.'], "-");
    Some(format!("{name}=={}", parts.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_folders_tell_name_and_version() {
        let check = |file, expected| assert_eq!(named(file).as_deref(), expected, "{file}");
        check("Flask_Login-0.6.dist-info", Some("flask-login==0.6"));
        check(
            "zope.interface-6.0-py3.11.egg-info",
            Some("zope-interface==6.0"),
        );
        check("own.egg-info", Some("own=="));
        check("flask", None);
    }
}
