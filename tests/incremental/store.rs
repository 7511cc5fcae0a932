//! The results under several processes, and under some that are killed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Kept, files, strings};

fn many_files() -> Kept {
    let texts: Vec<(String, String)> = (0..24)
        .map(|n| {
            (
                format!("test_{n}.py"),
                format!("def test_{n}(): assert {n} >= 0\n"),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    Kept::new(&files)
}

fn entries(kept: &Kept) -> Vec<PathBuf> {
    let folders = fs::read_dir(kept.cache.path().join("results"))
        .unwrap()
        .flatten();
    let folders = folders.filter(|folder| folder.file_name().len() == 2);
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    files.sort();
    files
}

fn problems(kept: &Kept) -> Vec<Value> {
    let events = kept.run(&[]).events();
    events
        .into_iter()
        .filter(|event| event["event"] == "problem")
        .collect()
}

#[test]
fn a_damaged_entry_is_a_file_that_runs() {
    let kept = many_files();
    kept.run(&[]);
    let all = entries(&kept);
    assert_eq!(all.len(), 24);
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| *bytes.last_mut().unwrap() ^= 1,
        |bytes| bytes[0] ^= 1,
    ];
    for (path, damage) in all.iter().zip(damages) {
        let mut bytes = fs::read(path).unwrap();
        damage(&mut bytes);
        fs::write(path, bytes).unwrap();
    }
    // One takes the place of another.
    fs::copy(&all[5], &all[4]).unwrap();
    let finished = kept.run(&[]);
    let (ran, unchanged) = files(&finished);
    assert_eq!((ran.len(), unchanged.len()), (5, 19), "{finished:?}");
    assert_eq!(finished.code, Some(0));
    assert_eq!(finished.outcomes().len(), 24);
    let events = finished.events();
    let told = events.iter().filter(|event| event["event"] == "problem");
    assert_eq!(told.count(), 5, "{finished:?}");
    assert_eq!(entries(&kept), all);
    assert_eq!(problems(&kept), Vec::<Value>::new());
}

#[test]
fn runs_at_the_same_time_and_runs_that_are_killed_leave_nothing_wrong() {
    let kept = many_files();
    for round in 0..3u64 {
        kept.project
            .write("test_0.py", format!("def test_0(): assert {round} < 9\n"));
        thread::scope(|scope| {
            for n in 0..4u64 {
                let kept = &kept;
                scope.spawn(move || {
                    let mut started = kept.plain(&["--incremental", "-n", "2"]);
                    started.command.env("FASTEST_CACHE_DIR", kept.cache.path());
                    let finished = started.finish_with(|pid| {
                        if n < 3 {
                            let after = 150 + 450 * n + 130 * round;
                            thread::sleep(Duration::from_millis(after));
                            // One that has ended meanwhile is no longer there.
                            let _ = Command::new("kill").args(["-9", &pid.to_string()]).output();
                        }
                    });
                    assert!(n < 3 || finished.code == Some(0), "{finished:?}");
                });
            }
        });
        assert_eq!(problems(&kept), Vec::<Value>::new());
        assert_eq!(
            kept.files(&[]),
            (strings(&[]), {
                let mut all: Vec<String> = (0..24).map(|n| format!("test_{n}.py")).collect();
                all.sort();
                all
            })
        );
    }
}

#[test]
fn stats_count_results_and_clear_removes_them() {
    let kept = many_files();
    kept.run(&[]);
    let cache = |arguments: &[&str]| {
        let mut started = kept.project.fastest(arguments);
        started.command.env("FASTEST_CACHE_DIR", kept.cache.path());
        started.finish_clean()
    };
    let stats = cache(&["cache", "stats", "--output", "json"]);
    let stats: Value = serde_json::from_slice(&stats.stdout).unwrap();
    assert_eq!(stats["results"]["units"], 24, "{stats:#}");
    assert!(stats["results"]["bytes"].as_u64().unwrap() > 0);
    cache(&["cache", "clear"]);
    assert!(!kept.cache.path().join("results").exists());
    assert!(!kept.cache.path().join("interpreters").exists());
    assert_eq!(kept.files(&[]).0.len(), 24);
}
