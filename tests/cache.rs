//! The cache under several processes, and under some that are killed.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Finished, Project, project};

fn fastest(project: &Project, arguments: &[&str]) -> Finished {
    let mut started = project.fastest(arguments);
    started.command.env("FASTEST_CACHE_DIR", "cache");
    started.finish_clean()
}

fn stats(project: &Project) -> Value {
    let finished = fastest(project, &["cache", "stats", "--output", "json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    serde_json::from_slice(&finished.stdout).unwrap()
}

fn many_files() -> Project {
    let project = project(&[("conftest.py", "")]);
    for n in 0..60 {
        let tests: String = (0..20)
            .map(|test| format!("def test_{n}_{test}(tmp_path):\n    assert tmp_path\n\n"))
            .collect();
        project.write(&format!("tests/test_{n}.py"), tests);
    }
    // Until the files can be told from such as are written from now on.
    thread::sleep(Duration::from_millis(40));
    project
}

#[test]
fn stats_count_and_clear_removes() {
    let project = project(&[("test_a.py", "def test_a(): pass\n")]);
    thread::sleep(Duration::from_millis(40));
    assert_eq!(stats(&project)["rootdirs"], Value::Array(Vec::new()));
    let expected = fastest(&project, &["discover", "--no-cache"]);
    assert!(!project.root().join("cache").exists());
    for _ in 0..3 {
        let got = fastest(&project, &["discover"]);
        assert_eq!((&got.stdout, got.stderr), (&expected.stdout, String::new()));
    }
    let document = stats(&project);
    assert_eq!(document["schema"], 1);
    let one = &document["rootdirs"][0];
    assert_eq!(one["rootdir"], project.root().to_str().unwrap());
    for part in [one, &document["total"]] {
        let number = |name: &str| part[name].as_u64().unwrap();
        let numbers = ["entries", "files", "hits", "misses"].map(number);
        assert_eq!(numbers, [1, 1, 2, 1], "{document:#}");
        assert!(number("bytes") > 0);
    }
    let text = fastest(&project, &["cache", "stats"]).all_output();
    assert!(
        text.contains("total: 1 entries, 1 files, 2 hits, 1 misses"),
        "{text}"
    );

    project.write("cache/facts/mine", "");
    project.write("cache/mine", "");
    let cleared = fastest(&project, &["cache", "clear"]);
    let text = cleared.all_output();
    assert!(text.contains("removed 2 files, "), "{text}");
    assert_eq!(cleared.code, Some(0));
    assert_eq!(stats(&project)["total"]["misses"], 0);
    let left = |folder: &str| fs::read_dir(project.root().join(folder)).unwrap().count();
    assert_eq!((left("cache"), left("cache/facts")), (2, 1));
    // Nothing to remove is no error.
    assert_eq!(fastest(&project, &["cache", "clear"]).code, Some(0));
}

#[test]
fn processes_that_share_a_cache_give_what_each_would_alone() {
    let project = many_files();
    thread::scope(|scope| {
        for process in 0..3 {
            let project = &project;
            scope.spawn(move || {
                let path = format!("own_{process}/test_own_{process}.py");
                for round in 0..8 {
                    // The same size each time.
                    project.write(&path, format!("def test_{process}_{round}(): pass\n"));
                    let arguments = ["tests", path.as_str()];
                    let with = fastest(project, &[&["discover"], &arguments[..]].concat());
                    let options = ["discover", "--no-cache"];
                    let without = fastest(project, &[&options[..], &arguments].concat());
                    assert_eq!(with.code, Some(0), "{with:?}");
                    assert_eq!(with.stderr, "");
                    assert!(with.stdout == without.stdout, "{with:?}\n{without:?}");
                }
            });
        }
    });
}

#[test]
fn a_process_that_is_killed_while_it_writes_leaves_a_good_cache() {
    let project = many_files();
    let expected = fastest(&project, &["discover", "--no-cache"]);
    // How far a process gets is measured, so that the kills spread over all that it does.
    let start = std::time::Instant::now();
    fastest(&project, &["discover"]);
    let whole = start.elapsed().min(Duration::from_millis(400));
    let mut killed = 0;
    for round in 0..30 {
        if round % 2 == 0 {
            let facts = fs::read_dir(project.root().join("cache/facts")).unwrap();
            for entry in facts {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        }
        project.write(
            "tests/test_0.py",
            format!("def test_{:02}(): pass\n", round),
        );
        let mut started = project.fastest(&["discover"]);
        started.command.env("FASTEST_CACHE_DIR", "cache");
        let finished = started.finish_with(|pid| {
            thread::sleep(whole * round / 30);
            let kill = std::process::Command::new("kill")
                .args(["-9", &pid.to_string()])
                .status();
            assert!(
                kill.unwrap().success(),
                "a process that has ended waits to be asked"
            );
        });
        killed += u32::from(finished.signal == Some(9));
        let without = fastest(&project, &["discover", "--no-cache"]);
        for _ in 0..2 {
            let with = fastest(&project, &["discover"]);
            assert_eq!((with.code, with.stderr.as_str()), (Some(0), ""));
            assert!(with.stdout == without.stdout, "{with:?}\n{without:?}");
        }
        assert_ne!(without.stdout, expected.stdout);
        assert_eq!(stats(&project)["rootdirs"].as_array().unwrap().len(), 1);
    }
    assert!(
        killed >= 10,
        "only {killed} were killed before they had ended"
    );
}
