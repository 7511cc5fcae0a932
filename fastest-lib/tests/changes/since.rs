use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use fastest_lib::selection::Changes;
use fastest_lib::{ErrorKind, ProblemKind};

use crate::repository::{Repo, git_in, repository, shown, unborn};

const LONG: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n";

#[test]
fn what_was_committed_staged_changed_and_added_since() {
    let files = [
        "committed.py",
        "staged.py",
        "changed.py",
        "same.py",
        "gone.py",
        "touched.py",
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|path| (*path, LONG)).collect();
    let Some(repo) = repository(&files) else {
        return;
    };
    repo.write(".gitignore", "*.log\n");
    repo.write("committed.py", "new");
    repo.commit();
    repo.write("staged.py", "new");
    repo.write("added.py", "staged");
    repo.git(&["add", "staged.py", "added.py"]);
    repo.write("changed.py", "new");
    repo.write("sub/untracked.py", "");
    repo.write("sub/ignored.log", "");
    repo.remove("gone.py");
    // Another time, the same content.
    repo.write("touched.py", LONG);
    let expected = [
        "A .gitignore",
        "A added.py",
        "M changed.py",
        "M committed.py",
        "D gone.py",
        "M staged.py",
        "A sub/untracked.py",
    ];
    repo.check("HEAD~1", &expected);
    repo.check("HEAD", &[&expected[1..3], &expected[4..]].concat());
    // Every name of the commit will do.
    repo.git(&["tag", "--annotate", "--message", "t", "v1", "HEAD~1"]);
    repo.check("v1", &expected);
    repo.check("main~1", &expected);
    repo.check("@~1", &expected);
}

#[test]
fn what_comes_back_has_not_changed() {
    let Some(repo) = repository(&[("a.py", "a"), ("b.py", "b"), ("c.py", "c"), ("d.py", "d")])
    else {
        return;
    };
    repo.write("a.py", "other");
    repo.remove("b.py");
    repo.commit();
    repo.write("a.py", "a");
    repo.write("b.py", "b");
    // In the index alone.
    repo.write("d.py", "other");
    repo.git(&["add", "d.py"]);
    repo.write("d.py", "d");
    // No longer tracked, and then ignored, yet there.
    repo.git(&["rm", "--quiet", "--cached", "c.py"]);
    repo.write(".git/info/exclude", "c.py\n");
    repo.check("HEAD~1", &[]);
    repo.write("c.py", "other");
    repo.check("HEAD~1", &["M c.py"]);
}

#[test]
fn renames_modes_and_links() {
    let files = [
        ("old.py", LONG),
        ("run.py", "x"),
        ("link.py", "x"),
        ("dir/in.py", "y"),
        ("moved.py", "z"),
    ];
    let Some(repo) = repository(&files) else {
        return;
    };
    repo.git(&["mv", "old.py", "new.py"]);
    repo.write("new.py", LONG.replace("four", "4"));
    fs::set_permissions(repo.top.join("run.py"), fs::Permissions::from_mode(0o755)).unwrap();
    repo.remove("link.py");
    symlink("run.py", repo.top.join("link.py")).unwrap();
    // What a link leads to is not the file that was there.
    fs::rename(repo.top.join("dir"), repo.top.join("real")).unwrap();
    symlink("real", repo.top.join("dir")).unwrap();
    // git does not know of this move.
    fs::rename(repo.top.join("moved.py"), repo.top.join("there.py")).unwrap();
    let expected = [
        "A dir",
        "D dir/in.py",
        "M link.py",
        "D moved.py",
        "A new.py < old.py",
        "D old.py",
        "A real/in.py",
        "X run.py",
        "A there.py",
    ];
    repo.check("HEAD", &expected);
    repo.git(&["add", "run.py", "link.py"]);
    repo.check("HEAD", &expected);
}

#[test]
fn only_the_own_side_of_a_fork_counts() {
    let Some(repo) = repository(&[("a.py", ""), ("b.py", "")]) else {
        return;
    };
    repo.git(&["checkout", "--quiet", "-b", "other"]);
    repo.write("a.py", "theirs");
    repo.commit();
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write("b.py", "ours");
    repo.commit();
    repo.check("other", &["M b.py"]);
}

#[test]
fn names_of_every_kind() {
    let names = [
        "with space.py",
        "quo\"te.py",
        "line\nbreak.py",
        "tab\t.py",
        "ü.py",
        "-dash.py",
        ":colon.py",
    ];
    let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "old")).collect();
    let Some(repo) = repository(&files) else {
        return;
    };
    for name in names {
        repo.write(name, "new");
        repo.write(&format!("un {name}"), "new");
    }
    let changes = repo.since("HEAD").unwrap();
    let mut expected: Vec<String> = names.iter().map(|name| format!("M {name}")).collect();
    expected.extend(names.iter().map(|name| format!("A un {name}")));
    expected.sort_by(|a, b| a[2..].cmp(&b[2..]));
    assert_eq!(shown(&changes), expected);
    for content in changes.before_many(&names) {
        assert_eq!(content.as_deref(), Some(&b"old"[..]));
    }

    let odd = repo.top.join(std::ffi::OsStr::from_bytes(b"odd\xff.py"));
    fs::write(&odd, "").unwrap();
    repo.commit();
    fs::write(&odd, "new").unwrap();
    let changes = repo.since("HEAD").unwrap();
    assert_eq!(shown(&changes), ["M odd\u{fffd}.py"]);
    assert_eq!(changes.problems[0].kind, ProblemKind::Encoding);
    assert_eq!(changes.before("odd\u{fffd}.py").as_deref(), Some(&b""[..]));
}

#[test]
fn the_rootdir_may_be_a_part_of_the_repository() {
    let files = [
        ("project/a.py", LONG),
        ("project/sub/b.py", "b"),
        ("lib/c.py", "c"),
        ("projects/d.py", "d"),
    ];
    let Some(repo) = repository(&files) else {
        return;
    };
    repo.write("project/sub/b.py", "new");
    repo.write("lib/c.py", "new");
    repo.write("projects/new.py", "new");
    repo.git(&["mv", "project/a.py", "lib/a.py"]);
    let changes = Changes::since(&repo.top.join("project"), "HEAD").unwrap();
    let expected = [
        "D a.py",
        "M sub/b.py",
        "outside lib/a.py",
        "outside lib/c.py",
        "outside projects/new.py",
    ];
    assert_eq!(shown(&changes), expected);
    assert_eq!(changes.before("sub/b.py").as_deref(), Some(&b"b"[..]));
    assert_eq!(changes.before("a.py").as_deref(), Some(LONG.as_bytes()));

    // The same through a symlink.
    let link = tempfile::tempdir().unwrap();
    let link = link.path().join("link");
    symlink(repo.top.join("project"), &link).unwrap();
    assert_eq!(shown(&Changes::since(&link, "HEAD").unwrap()), expected);
}

#[test]
fn a_second_worktree_has_its_own_changes() {
    let Some(repo) = repository(&[(".gitignore", "/tree/\n"), ("a.py", "")]) else {
        return;
    };
    repo.git(&["worktree", "add", "--quiet", "-b", "second", "tree"]);
    let tree = Repo::at(repo.top.join("tree"));
    tree.write("a.py", "new");
    tree.check("main", &["M a.py"]);
    repo.check("main", &[]);
}

#[test]
fn conflicts_are_compared_by_content() {
    let Some(repo) = repository(&[("a.py", "1\n"), ("b.py", "1\n")]) else {
        return;
    };
    repo.git(&["checkout", "--quiet", "-b", "other"]);
    repo.write("a.py", "2\n");
    repo.remove("b.py");
    repo.write("both.py", "2\n");
    repo.commit();
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write("a.py", "3\n");
    repo.write("b.py", "3\n");
    repo.write("both.py", "3\n");
    repo.commit();
    let merge = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "merge",
            "other",
        ])
        .current_dir(&repo.top)
        .output()
        .unwrap();
    assert!(!merge.status.success(), "{merge:?}");
    repo.check("main~1", &["M a.py", "M b.py", "A both.py"]);
    repo.write("a.py", "1\n");
    repo.remove("both.py");
    repo.check("main~1", &["M b.py"]);
}

#[test]
fn submodules_show_their_files() {
    let Some(library) = repository(&[("lib.py", "1"), ("same.py", "1")]) else {
        return;
    };
    let Some(repo) = repository(&[("a.py", "")]) else {
        return;
    };
    let url = library.top.to_str().unwrap();
    repo.git(&["submodule", "--quiet", "add", url, "vendor/library"]);
    repo.check(
        "HEAD",
        &[
            "A .gitmodules",
            "A vendor/library/lib.py",
            "A vendor/library/same.py",
        ],
    );
    repo.commit();
    repo.check("HEAD", &[]);

    // Dirty, then moved on, then both.
    let inner = Repo::at(repo.top.join("vendor/library"));
    inner.write("lib.py", "2");
    inner.write("new.py", "");
    let expected = ["M vendor/library/lib.py", "A vendor/library/new.py"];
    repo.check("HEAD", &expected);
    inner.commit();
    repo.check("HEAD", &expected);
    repo.commit();
    repo.check("HEAD~1", &expected);
    inner.remove("same.py");
    let changes = repo.since("HEAD~1").unwrap();
    let all = [expected[0], expected[1], "D vendor/library/same.py"];
    assert_eq!(shown(&changes), all);
    let before = changes.before_many(&[
        "vendor/library/lib.py",
        "a.py",
        "vendor/library/new.py",
        "vendor/library/same.py",
    ]);
    let before: Vec<Option<&[u8]>> = before.iter().map(Option::as_deref).collect();
    assert_eq!(before, [Some(&b"1"[..]), Some(b""), None, Some(b"1")]);
    // Seen from within, the outer files are none of its.
    assert_eq!(shown(&inner.since("HEAD").unwrap()), ["D same.py"]);
    inner.git(&["checkout", "--quiet", "same.py"]);

    // A clone without the submodule's files knows only that it has changed.
    let folder = tempfile::tempdir().unwrap();
    git_in(
        folder.path(),
        &["clone", "--quiet", repo.top.to_str().unwrap(), "clone"],
    );
    let clone = Repo::at(folder.path().canonicalize().unwrap().join("clone"));
    clone.check("HEAD~1", &["M vendor/library"]);
    repo.git(&["rm", "--quiet", "--force", "vendor/library"]);
    repo.check("HEAD", &["M .gitmodules", "D vendor/library"]);
}

#[test]
fn a_repository_that_is_no_submodule_is_untracked_files() {
    let Some(repo) = repository(&[("a.py", "")]) else {
        return;
    };
    fs::create_dir(repo.top.join("other")).unwrap();
    let other = Repo::at(repo.top.join("other"));
    other.git(&["init", "--quiet"]);
    other.write("test_it.py", "");
    other.commit();
    repo.check("HEAD", &["A other/test_it.py"]);
}

#[test]
fn contents_of_files_that_have_not_changed() {
    let Some(repo) = repository(&[("a.py", "a"), ("b.py", "b")]) else {
        return;
    };
    repo.write("b.py", "new");
    let changes = repo.since("HEAD").unwrap();
    assert_eq!(changes.before("a.py").as_deref(), Some(&b"a"[..]));
    assert_eq!(changes.before("b.py").as_deref(), Some(&b"b"[..]));
    assert_eq!(changes.before("none.py"), None);
    // More than a pipe holds, both ways.
    let names: Vec<String> = (0..20_000).map(|at| format!("none{at}.py")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["a.py"]).collect();
    let contents = changes.before_many(&names);
    assert!(contents[..20_000].iter().all(Option::is_none));
    assert_eq!(contents[20_000].as_deref(), Some(&b"a"[..]));
}

#[test]
fn settings_of_the_user_change_nothing() {
    let Some(repo) = repository(&[("old.py", LONG), ("sub/a.py", "")]) else {
        return;
    };
    for (key, value) in [
        ("diff.renames", "false"),
        ("diff.noprefix", "true"),
        ("diff.relative", "true"),
        ("diff.external", "false"),
        ("diff.autoRefreshIndex", "false"),
        ("diff.ignoreSubmodules", "all"),
        ("status.showUntrackedFiles", "no"),
        ("color.ui", "always"),
        ("core.pager", "false"),
    ] {
        repo.git(&["config", key, value]);
    }
    repo.git(&["mv", "old.py", "new.py"]);
    repo.write("sub/a.py", "");
    repo.write("sub/b.py", "");
    repo.check("HEAD", &["A new.py < old.py", "D old.py", "A sub/b.py"]);
}

#[test]
fn errors_say_what_to_do() {
    let Some(repo) = repository(&[("a.py", "")]) else {
        return;
    };
    let check = |repo: &Repo, rev: &str, says: &str, helps: &str| {
        let error = repo.since(rev).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        let help = error.help().unwrap_or_default();
        assert!(help.contains(helps), "{help}");
    };
    check(
        &repo,
        "nowhere",
        "no commit is named `nowhere`",
        "git fetch",
    );
    check(&repo, "HEAD:a.py", "no commit is named", "check the name");
    check(
        &repo,
        "",
        "does not name one revision",
        "a branch, tag or commit",
    );
    check(
        &repo,
        "--all",
        "does not name one revision",
        "a branch, tag or commit",
    );
    check(
        &repo,
        "HEAD..HEAD",
        "does not name one revision",
        "a branch, tag or commit",
    );

    repo.git(&["checkout", "--quiet", "--orphan", "alone"]);
    repo.write("a.py", "alone");
    repo.commit();
    check(
        &repo,
        "main",
        "no commit in common",
        "list the changed files",
    );

    let plain = tempfile::tempdir().unwrap();
    let plain = Repo::at(plain.path().canonicalize().unwrap());
    check(
        &plain,
        "HEAD",
        "not in a git repository",
        "list the changed files",
    );
    check(&unborn().unwrap(), "HEAD", "no commit yet", "run all tests");

    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repo.top.display());
    git_in(folder.path(), &["clone", "--quiet", "--bare", &url, "bare"]);
    let bare = Repo::at(folder.path().join("bare"));
    check(&bare, "HEAD", "no working tree", "in a clone or a worktree");
    let inside = Repo::at(repo.top.join(".git"));
    check(
        &inside,
        "HEAD",
        "no working tree",
        "in a clone or a worktree",
    );

    repo.commit();
    git_in(
        folder.path(),
        &["clone", "--quiet", "--depth=1", &url, "shallow"],
    );
    let shallow = Repo::at(folder.path().join("shallow"));
    check(
        &shallow,
        "HEAD~1",
        "no commit is named `HEAD~1`",
        "the clone is shallow",
    );
    shallow.git(&["fetch", "--quiet", "--depth=1", "origin", "main"]);
    check(
        &shallow,
        "FETCH_HEAD",
        "no commit in common",
        "the clone is shallow",
    );

    repo.write(".gitignore", "/built/\n");
    repo.write("built/project/test_it.py", "");
    let built = Repo::at(repo.top.join("built/project"));
    check(&built, "HEAD", "ignores it", "list the changed files");

    let missing = Changes::since(&repo.top.join("missing"), "HEAD").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
}
