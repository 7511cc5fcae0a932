//! Files that symbolic links give further names.

use std::fs;
use std::os::unix::fs::symlink;

use super::since::{Edit, commit, committed, git, removed};
use super::{A, C, affected, lines};

#[test]
fn links_to_folders_give_files_further_names() {
    let Some(project) = committed() else { return };
    project.write("real/linked/__init__.py", "");
    project.write("real/linked/a.py", "");
    project.write("real/linked/b.py", "");
    project.write("elsewhere/c.py", "");
    symlink("real/linked", project.root().join("linked")).unwrap();
    project.write("tests/test_l.py", "import linked.a\ndef test_l(): pass\n");
    commit(&project);
    let link: Edit = |p| removed(p, "linked");
    let edits: &[(&str, Edit, &[&str])] = &[
        (
            "a file behind it",
            |p| p.write("real/linked/a.py", "x = 1\n"),
            &["tests/test_l.py"],
        ),
        (
            "another one",
            |p| p.write("real/linked/b.py", "x = 1\n"),
            &[],
        ),
        (
            "a deleted file behind it",
            |p| removed(p, "real/linked/a.py"),
            &["tests/test_l.py"],
        ),
        ("the link is deleted", link, &["tests/test_l.py"]),
        (
            "the link leads elsewhere",
            |p| {
                removed(p, "linked");
                symlink("elsewhere", p.root().join("linked")).unwrap();
            },
            &["tests/test_l.py"],
        ),
    ];
    for (name, edit, expected) in edits {
        edit(&project);
        let finished = affected(&project, &["--output", "files", "--since", "HEAD"]);
        assert_eq!(lines(&finished), *expected, "{name}: {finished:?}");
        git(&project, &["reset", "--quiet", "--hard"]);
    }
    // A folder that is gone, in a list.
    fs::remove_dir_all(project.root().join("pkg/sub")).unwrap();
    let finished = affected(&project, &["--output", "files", "--changed", "pkg/sub"]);
    assert_eq!(lines(&finished), [A, C], "{finished:?}");
}
