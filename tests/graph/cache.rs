//! The graph on disk: damaged, shared, not to be written, counted and removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::{TREE, document};
use crate::support::{Finished, Project, project};

fn with_cache(project: &Project, cache: &Path, arguments: &[&str]) -> Finished {
    let mut started = project.fastest(arguments);
    started.command.env("FASTEST_CACHE_DIR", cache);
    started.finish_clean()
}

/// A project whose files are old enough to be taken as they are, and a folder for its cache.
fn kept() -> (Project, tempfile::TempDir) {
    let project = project(TREE);
    thread::sleep(Duration::from_millis(40));
    (project, tempfile::tempdir().unwrap())
}

fn graph_file(cache: &Path) -> PathBuf {
    let mut entries = fs::read_dir(cache.join("graph")).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "more than one graph");
    path
}

const QUESTIONS: &[&[&str]] = &[
    &["graph", "--output", "json"],
    &[
        "affected",
        "--output",
        "json",
        "--changed",
        "pkg/b.py",
        "data/gone.csv",
        "tests/test_data.py",
    ],
];

#[test]
fn a_damaged_graph_is_made_anew() {
    let (project, cache) = kept();
    let cache = cache.path();
    let expected: Vec<Vec<u8>> = QUESTIONS
        .iter()
        .map(|question| with_cache(&project, cache, &[*question, &["--no-cache"]].concat()).stdout)
        .collect();
    assert!(!cache.join("graph").exists());
    let check = |what: &str| {
        for (question, expected) in QUESTIONS.iter().zip(&expected) {
            let finished = with_cache(&project, cache, question);
            assert_eq!(finished.code, Some(0), "{what}: {finished:?}");
            assert!(finished.stdout == *expected, "{what}: {finished:?}");
            assert_eq!(finished.stderr, "", "{what}");
        }
    };
    check("no graph");
    let path = graph_file(cache);
    let good = fs::read(&path).unwrap();
    check("a good graph");
    let stride = good.len() / 40;
    for at in (0..24).chain((24..good.len()).step_by(stride)) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x41;
        fs::write(&path, &bytes).unwrap();
        check(&format!("byte {at} of {} is another one", good.len()));
    }
    for length in (0..good.len())
        .step_by(good.len() / 12)
        .chain([good.len() - 1])
    {
        fs::write(&path, &good[..length]).unwrap();
        check(&format!("the first {length} of {} bytes", good.len()));
    }
    for bytes in [
        [good.as_slice(), b"more"].concat(),
        vec![0; good.len()],
        Vec::new(),
    ] {
        fs::write(&path, &bytes).unwrap();
        check("other bytes");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let finished = with_cache(&project, cache, QUESTIONS[0]);
    assert_eq!(
        (finished.code, &finished.stdout),
        (Some(0), &{
            // The document holds the problem, too.
            let mut document = document(&finished);
            let problems = document["problems"].take();
            assert!(
                problems[0]["message"]
                    .as_str()
                    .unwrap()
                    .contains("cannot be kept")
            );
            finished.stdout.clone()
        })
    );
}

#[test]
fn a_cache_that_cannot_be_written_is_a_problem() {
    let (project, cache) = kept();
    let blocked = cache.path().join("file");
    fs::write(&blocked, "").unwrap();
    for cache in [blocked.as_path(), Path::new("/proc/nowhere")] {
        let finished = with_cache(&project, cache, &["inputs", "tests/test_a.py"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(String::from_utf8_lossy(&finished.stdout).contains("pkg/b.py"));
        let says = "the graph cannot be kept";
        assert!(finished.stderr.contains(says), "{finished:?}");
        assert!(
            finished.stderr.contains("FASTEST_CACHE_DIR"),
            "{finished:?}"
        );
    }
}

#[test]
fn commands_that_share_a_graph_give_what_each_would_alone() {
    let (project, cache) = kept();
    for n in 0..40 {
        project.write(&format!("many/test_{n}.py"), format!("import m{n}\n"));
        project.write(&format!("many/m{n}.py"), "");
    }
    thread::scope(|scope| {
        for process in 0..3 {
            let (project, cache) = (&project, cache.path());
            scope.spawn(move || {
                let test = format!("own/test_{process}.py");
                for round in 0..8 {
                    let module = (process * 8 + round) % 40;
                    project.write(&test, format!("import m{module:02}\n"));
                    project.write(&format!("own/m{module:02}.py"), "");
                    let ask = |option: &str| {
                        with_cache(project, cache, &["inputs", &test, "many/test_1.py", option])
                    };
                    let (with, without) = (ask("--output=files"), ask("--no-cache"));
                    assert_eq!((with.code, with.stderr.as_str()), (Some(0), ""));
                    assert!(with.stdout == without.stdout, "{with:?}\n{without:?}");
                    let own = format!("own/m{module:02}.py");
                    assert!(
                        String::from_utf8_lossy(&with.stdout).contains(&own),
                        "{with:?}"
                    );
                }
            });
        }
    });
    graph_file(cache.path());
}

#[test]
fn edits_show_at_once() {
    let (project, cache) = kept();
    let inputs = || {
        let finished = with_cache(&project, cache.path(), &["inputs", "tests/test_a.py"]);
        String::from_utf8_lossy(&finished.stdout).into_owned()
    };
    for round in 0..6 {
        // The same size each time.
        let (name, other) = [("b", "x"), ("x", "b")][round % 2];
        project.write("pkg/x.py", "");
        project.write("pkg/a.py", format!("from pkg import {name}\n"));
        let given = inputs();
        assert!(
            given.contains(&format!("pkg/{name}.py")),
            "{round}: {given}"
        );
        assert!(
            !given.contains(&format!("pkg/{other}.py")),
            "{round}: {given}"
        );
    }
    fs::remove_file(project.root().join("pkg/b.py")).unwrap();
    fs::rename(
        project.root().join("pkg/x.py"),
        project.root().join("pkg/b.py"),
    )
    .unwrap();
    project.write("pkg/a.py", "from pkg import b\n");
    assert!(inputs().contains("pkg/b.py"));
}

#[test]
fn statistics_count_graphs_and_clear_removes_them() {
    let (project, cache) = kept();
    let cache = cache.path();
    let stats = || {
        document(&with_cache(
            &project,
            cache,
            &["cache", "stats", "--output", "json"],
        ))
    };
    assert_eq!(
        stats()["graphs"],
        serde_json::json!({"graphs": 0, "bytes": 0})
    );
    with_cache(&project, cache, &["inputs", "tests/test_a.py"]);
    let bytes = fs::metadata(graph_file(cache)).unwrap().len();
    let document = stats();
    assert_eq!(
        document["graphs"],
        serde_json::json!({"graphs": 1, "bytes": bytes})
    );
    assert_eq!(document["total"]["bytes"], bytes);
    let text = with_cache(&project, cache, &["cache", "stats"]).all_output();
    assert!(
        text.contains(&format!("import graphs: 1 files, {bytes} bytes")),
        "{text}"
    );

    fs::write(cache.join("graph/.new-abandoned"), "1").unwrap();
    fs::write(cache.join("graph/mine"), "").unwrap();
    let answer = format!("exact/{}-v1.json", "0123456789abcdef".repeat(2));
    fs::create_dir(cache.join("exact")).unwrap();
    fs::write(cache.join(&answer), "{}").unwrap();
    fs::write(cache.join("exact/mine-v1.json"), "").unwrap();
    let cleared = with_cache(&project, cache, &["cache", "clear"]);
    let says = format!("removed 3 files, {} bytes", bytes + 3);
    assert!(cleared.all_output().contains(&says), "{cleared:?}");
    let left = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(cache.join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(
        (left("graph"), left("exact")),
        (vec!["mine".into()], vec!["mine-v1.json".into()])
    );
    assert_eq!(
        with_cache(&project, cache, &["inputs", "tests/test_a.py"]).code,
        Some(0)
    );
    fs::remove_file(cache.join("graph/mine")).unwrap();
    with_cache(&project, cache, &["cache", "clear"]);
    assert!(!cache.join("graph").exists());
}
