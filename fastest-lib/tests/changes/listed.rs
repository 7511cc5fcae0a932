use std::fs;
use std::os::unix::fs::symlink;

use fastest_lib::selection::Changes;

use crate::repository::shown;

#[test]
fn listed_files_are_looked_for_where_the_command_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let root = top.join("project");
    for path in [
        "project/a.py",
        "project/sub/b.py",
        "project/sub/c.py",
        "project/sub/__pycache__/c.pyc",
        "out.py",
    ] {
        fs::create_dir_all(top.join(path).parent().unwrap()).unwrap();
        fs::write(top.join(path), "").unwrap();
    }
    symlink(&root, top.join("link")).unwrap();
    let check = |from: &str, paths: &[&str], expected: &[&str]| {
        let paths = paths
            .iter()
            .map(|path| path.replace('$', top.to_str().unwrap()));
        let changes = Changes::listed(&root, &root.join(from), paths);
        let shown = shown(&changes);
        let shown: Vec<String> = shown
            .iter()
            .map(|line| line.replace(top.to_str().unwrap(), "$"))
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(changes.before("a.py"), None);
        assert!(changes.base.is_none() && changes.problems.is_empty());
    };
    check("", &[], &[]);
    check(
        "",
        &["sub/b.py", "a.py", "./a.py", "sub/../a.py"],
        &["M a.py", "M sub/b.py"],
    );
    check("sub", &["b.py", "../a.py"], &["M a.py", "M sub/b.py"]);
    check(
        "",
        &["$/project/a.py", "$/link/sub/b.py"],
        &["M a.py", "M sub/b.py"],
    );
    check(
        "",
        &["gone.py", "gone/too.py"],
        &["D gone.py", "D gone/too.py"],
    );
    check("", &["$/link/gone/too.py"], &["D gone/too.py"]);
    check("", &["sub"], &["M sub/b.py", "M sub/c.py"]);
    check(
        "",
        &["../out.py", "$/none.py"],
        &["outside $/none.py", "outside $/out.py"],
    );
}
