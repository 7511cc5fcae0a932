//! Bazel, as far as Fastest writes its build files and answers with its labels.
//!
//! [`system`] finds the workspace around a project; [`fastest_targets`] does the rest.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

use std::path::Path;

use fastest_targets::{Kind, System, root_with};

/// Files that make a folder the root of a repository of Bazel.
const BOUNDARIES: &[&str] = &["MODULE.bazel", "REPO.bazel", "WORKSPACE.bazel", "WORKSPACE"];

/// Bazel in the workspace around a folder; the folder itself is the root where nothing says which one is.
pub fn system(rootdir: &Path) -> System {
    let root = root_with(rootdir, BOUNDARIES).unwrap_or_else(|| rootdir.to_path_buf());
    let ignored = std::fs::read_to_string(root.join(".bazelignore")).unwrap_or_default();
    let mut system = System::new(Kind::Bazel, root);
    let lines = ignored.lines().map(str::trim);
    let folders = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    system
        .ignored
        .extend(folders.map(|folder| folder.trim_matches('/').to_owned()));
    system
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_root_is_where_the_boundary_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repository");
        let project = root.join("a/b");
        fs::create_dir_all(&project).unwrap();
        assert_eq!(system(&project).root, project);
        fs::write(root.join("WORKSPACE"), "").unwrap();
        fs::write(root.join(".bazelignore"), "# no packages\nvendor/\n\n").unwrap();
        let found = system(&project);
        assert_eq!(found.root, root);
        assert_eq!(found.ignored, ["vendor"]);
    }
}
