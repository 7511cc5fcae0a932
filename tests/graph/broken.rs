//! Files and folders that cannot be read or parsed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use super::{TREE, ask, lines};
use crate::support::{Finished, Project, Started, fastest, project};

#[test]
fn broken_files_cost_their_own_edges_only() {
    let project = project(TREE);
    project.write("pkg/broken.py", "import pkg.b\ndef f(:\n");
    project.write("pkg/latin.py", b"# \xe9\nimport pkg.b\n");
    project.write("pkg/null.py", b"import pkg.b\n\0\n");
    project.write("pkg/binary.py", [0x7f, b'E', b'L', b'F', 0, 255]);
    symlink(".", project.root().join("pkg/loop")).unwrap();
    symlink("lost", project.root().join("pkg/lost.py")).unwrap();
    symlink("self.py", project.root().join("pkg/self.py")).unwrap();
    project.write(
        "tests/test_b.py",
        "import pkg.broken, pkg.latin, pkg.null, pkg.binary, pkg.lost, pkg.self, pkg.a\n",
    );
    let mut answers = Vec::new();
    // Listed anew a few times, while the files are young.
    for option in [
        "--no-cache",
        "--output=files",
        "--output=files",
        "--output=files",
    ] {
        let finished = ask(&project, &["inputs", "tests/test_b.py", option]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let given = lines(&finished).join(" ");
        for file in ["broken", "latin", "null", "binary", "a", "b"] {
            assert!(given.contains(&format!("pkg/{file}.py")), "{file}: {given}");
        }
        answers.push((given, finished.stderr));
    }
    let first = answers.first();
    assert!(
        answers.iter().all(|answer| Some(answer) == first),
        "{answers:#?}"
    );
}

/// `fastest` as somebody who may not read everything; none where that cannot be had.
fn unprivileged(project: &Project, arguments: &[&str]) -> Option<Finished> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Some(ask(project, arguments));
    }
    let open = |mode| Permissions::from_mode(mode);
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), open(0o777)).unwrap();
    fs::set_permissions(project.root(), open(0o755)).unwrap();
    let copy = folder.path().join("fastest");
    fs::copy(fastest(), &copy).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command
        .arg(copy)
        .args(arguments)
        .current_dir(project.root());
    let has = Command::new("setpriv").arg("--version").output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: root reads everything, and there is no setpriv to be somebody else");
        return None;
    }
    let mut started = Started::new(command);
    started
        .command
        .env("FASTEST_CACHE_DIR", folder.path().join("cache"));
    Some(started.finish_clean())
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let project = project(TREE);
    project.write("pkg/secret/hidden.py", "");
    project.write(
        "tests/test_s.py",
        "import pkg.secret.hidden, pkg.a, pkg.b\n",
    );
    for path in ["pkg/secret", "pkg/a.py"] {
        let path = project.root().join(path);
        fs::set_permissions(path, Permissions::from_mode(0o0)).unwrap();
    }
    let finished = unprivileged(&project, &["inputs", "tests/test_s.py"]);
    let path = project.root().join("pkg/secret");
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    let Some(finished) = finished else { return };
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let given = lines(&finished);
    for file in ["pkg/a.py", "pkg/b.py", "tests/conftest.py"] {
        assert!(given.contains(&file), "{finished:?}");
    }
    for says in [
        "pkg/secret: the folder cannot be read",
        "pkg/a.py: the file cannot be read, so its imports are not known",
    ] {
        assert!(finished.stderr.contains(says), "{finished:?}");
    }
}
