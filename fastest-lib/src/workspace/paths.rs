use std::path::{Component, Path, PathBuf};

/// `path` made absolute against `base` and free of `.` and `..`, by text alone: a symlink on the
/// way is not resolved, because node ids keep the names that were typed.
pub(crate) fn absolute(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut result = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

/// The deepest folder or file that both paths lie in, by text.
pub(crate) fn common(a: &Path, b: &Path) -> PathBuf {
    a.components()
        .zip(b.components())
        .take_while(|(left, right)| left == right)
        .map(|(left, _)| left)
        .collect()
}

/// `path` with `/` between its parts, as node ids have it.
pub(crate) fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// The way from `folder` to `dest`, with `..` where it leads out of the folder.
pub(crate) fn relative(folder: &Path, dest: &Path) -> String {
    let base = common(folder, dest);
    let up = folder.components().count() - base.components().count();
    let mut result: PathBuf = std::iter::repeat_n(Component::ParentDir, up).collect();
    result.push(dest.strip_prefix(&base).unwrap_or(dest));
    slashed(&result)
}

/// Whether `folder` is the top of a file system.
pub(crate) fn is_top(folder: &Path) -> bool {
    folder.parent().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_is_lexical() {
        let check = |path: &str, expected: &str| {
            assert_eq!(
                absolute(Path::new("/a/b"), path),
                Path::new(expected),
                "{path}"
            );
        };
        check("", "/a/b");
        check("./c//d/", "/a/b/c/d");
        check("../c", "/a/c");
        check("../../../c", "/c");
        check("/x/./y", "/x/y");
    }

    #[test]
    fn relative_climbs_out() {
        let check = |folder: &str, dest: &str, expected: &str| {
            assert_eq!(relative(Path::new(folder), Path::new(dest)), expected);
        };
        check("/a/b", "/a/b/c/d.py", "c/d.py");
        check("/a/b", "/a/x/d.py", "../x/d.py");
        check("/a/b", "/d.py", "../../d.py");
    }
}
