//! Random histories: the changes since the first commit are the difference of two snapshots.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use fastest_lib::selection::ChangeKind;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::repository::{Repo, repository};

#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8),
    Link(usize),
    Delete(usize),
    Rename(usize, usize),
    Executable(usize, bool),
    Stage(usize),
    StageAll,
    Forget(usize),
    Restore(usize),
    Commit,
}

/// Some are ignored, some are below a name that is a file in others.
const PATHS: &[&str] = &[
    "a.py",
    "b b.py",
    "d/a.py",
    "d/e/b.py",
    "d/e/ü\n.py",
    "d/x.log",
    "x.log",
    "f",
    "f/g.py",
    "tracked.log",
];

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        4 => (path(), 0..4u8).prop_map(|(path, content)| Step::Write(path, content)),
        1 => path().prop_map(Step::Link),
        2 => path().prop_map(Step::Delete),
        2 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (path(), any::<bool>()).prop_map(|(path, on)| Step::Executable(path, on)),
        2 => path().prop_map(Step::Stage),
        1 => Just(Step::StageAll),
        1 => path().prop_map(Step::Forget),
        1 => path().prop_map(Step::Restore),
        2 => Just(Step::Commit),
    ]
}

/// Content, and `l`ink, `x` or plain, of every file that is tracked or not ignored.
type Snapshot = BTreeMap<String, (Vec<u8>, char)>;

fn snapshot(top: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    let mut folders = vec![top.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            if name == ".git" {
            } else if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).unwrap().into_os_string();
                found.insert(name, (target.into_encoded_bytes(), 'l'));
            } else {
                let executable = metadata.permissions().mode() & 0o100 != 0;
                let kind = if executable { 'x' } else { '-' };
                found.insert(name, (fs::read(&path).unwrap(), kind));
            }
        }
    }
    found
}

fn apply(repo: &Repo, step: &Step) {
    let file = |path: usize| repo.top.join(PATHS[path]);
    let quietly = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(["--literal-pathspecs"])
            .args(arguments)
            .current_dir(&repo.top)
            .output()
            .unwrap();
    };
    // A step that the tree does not allow is none.
    let ready = |path: usize| {
        let folder = file(path).parent().unwrap().to_path_buf();
        fs::create_dir_all(folder).is_ok() && !file(path).is_dir()
    };
    match *step {
        Step::Write(path, content) if ready(path) => {
            fs::remove_file(file(path)).ok();
            let text = format!("{}{content}\n", "the same line\n".repeat(8));
            fs::write(file(path), text).unwrap();
        }
        Step::Link(path) if ready(path) => {
            fs::remove_file(file(path)).ok();
            symlink("a.py", file(path)).unwrap();
        }
        Step::Delete(path) => {
            fs::remove_file(file(path)).ok();
            fs::remove_dir(file(path).parent().unwrap()).ok();
            fs::remove_dir(file(path)).ok();
        }
        Step::Rename(from, to) if file(from).is_file() && ready(to) => {
            fs::rename(file(from), file(to)).ok();
        }
        Step::Executable(path, on) if file(path).is_file() && !file(path).is_symlink() => {
            let mode = if on { 0o755 } else { 0o644 };
            fs::set_permissions(file(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        Step::Stage(path) => quietly(&["add", "--", PATHS[path]]),
        Step::StageAll => quietly(&["add", "--all"]),
        Step::Forget(path) => quietly(&["rm", "--cached", "--quiet", "--force", "--", PATHS[path]]),
        Step::Restore(path) => quietly(&["checkout", "--quiet", "HEAD", "--", PATHS[path]]),
        Step::Commit => {
            repo.git(&["commit", "--quiet", "--allow-empty", "--message", "more"]);
        }
        _ => {}
    }
}

#[test]
fn changes_are_the_difference_of_two_snapshots() {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut runner = TestRunner::new(Config {
        cases: cases.unwrap_or(40),
        failure_persistence: None,
        ..Config::default()
    });
    let start = prop::collection::vec((0..PATHS.len(), 0..4u8), 0..6);
    let steps = prop::collection::vec(step(), 0..24);
    runner
        .run(&(start, steps), |(start, steps)| {
            let Some(repo) = repository(&[(".gitignore", "*.log\n"), ("tracked.log", "t\n")])
            else {
                return Ok(());
            };
            repo.git(&["add", "--force", "tracked.log"]);
            for (path, content) in start {
                apply(&repo, &Step::Write(path, content));
            }
            repo.commit();
            let tracked = repo.git(&["ls-files", "-z"]);
            let mut before = snapshot(&repo.top);
            before.retain(|path, _| tracked.split('\0').any(|known| known == path));
            let first = repo.git(&["rev-parse", "HEAD"]);
            for step in &steps {
                apply(&repo, step);
            }
            let mut after = snapshot(&repo.top);
            let known = repo.git(&[
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ]);
            after.retain(|path, _| {
                before.contains_key(path) || known.split('\0').any(|known| known == path)
            });
            let mut expected = BTreeMap::new();
            for path in before.keys().chain(after.keys()) {
                let kind = match (before.get(path), after.get(path)) {
                    (None, _) => ChangeKind::Added,
                    (_, None) => ChangeKind::Deleted,
                    (Some(old), Some(new)) if old == new => continue,
                    (Some((old, was)), Some((new, is)))
                        if old == new && ![was, is].contains(&&'l') =>
                    {
                        ChangeKind::Mode
                    }
                    _ => ChangeKind::Modified,
                };
                expected.insert(path.clone(), kind);
            }
            let changes = repo.since(first.trim()).unwrap();
            let found = changes
                .changes
                .iter()
                .map(|change| (change.path.clone(), change.kind));
            prop_assert_eq!(&found.collect::<BTreeMap<_, _>>(), &expected);
            let paths: Vec<&str> = expected.keys().map(String::as_str).collect();
            for (path, content) in paths.iter().zip(changes.before_many(&paths)) {
                let old = before.get(*path).map(|(content, _)| content.clone());
                prop_assert_eq!(content, old, "{}", path);
            }
            Ok(())
        })
        .unwrap();
}
