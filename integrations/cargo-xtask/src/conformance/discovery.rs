//! `cargo xtask conformance --discovery`: does `fastest discover` list what pytest collects?
//!
//! pytest collects each suite once. What fastest does not mark open must be what pytest lists, in
//! its order; with `--exact` everything must. How much is closed, and what keeps the rest open, is
//! printed; it fails nothing.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::listing::{Collected, Differences, Openness, Share, differences};
use crate::process::{Finished, capture};
use crate::report::{Printer, count, time};
use crate::{fastest, repo};

use super::suites::{Prepared, Suite};
use super::{LIMIT, Options, Tally, Volatile, pytest_command};

/// The reasons that are printed of a suite; the JSON document has all.
const REASONS: usize = 12;

/// One suite made ready, and how to run both programs in it.
struct Run<'s> {
    suite: &'s Suite,
    prepared: Prepared,
    fastest: &'s Path,
    volatile: Volatile,
    printer: Printer,
}

pub(super) fn compare_suite(
    suite: &Suite,
    fastest: &Path,
    options: &Options,
) -> Result<(Tally, Value)> {
    let printer = Printer { json: options.json };
    let dir = repo::scratch().join("suites");
    let run = Run {
        suite,
        prepared: suite.prepare(&dir, options.python(), printer)?,
        fastest,
        volatile: Volatile::new(&suite.volatile_ids)?,
        printer,
    };
    let Suite {
        name,
        version,
        pytest,
        ..
    } = suite;
    printer.line(format!("{name} {version} (pytest {pytest})"));
    let (collected, wall) = run.pytest()?;
    let mut tally = Tally::default();
    let mut document = json!({
        "name": name,
        "version": version,
        "pytest": {
            "version": pytest,
            "tests": collected.ids.len(),
            "not_collected": collected.failed,
            "skipped_files": collected.skipped,
            "seconds": wall.as_secs_f64(),
        },
    });
    document["static"] = run.compare_static(&collected, &mut tally)?;
    document["exact"] = run.compare_exact(&collected, &mut tally)?;
    if tally.different > 0 {
        let Prepared {
            records, source, ..
        } = &run.prepared;
        let (records, source) = (records.display(), source.display());
        printer.line(format!("  records: {records}\n  sources: {source}"));
    } else if !options.keep {
        fs::remove_dir_all(&run.prepared.source).ok();
    }
    Ok((tally, document))
}

impl Run<'_> {
    fn pytest(&self) -> Result<(Collected, Duration)> {
        let record = self.prepared.records.join("collection.jsonl");
        let mut arguments = vec!["--collect-only".to_owned()];
        arguments.extend_from_slice(&self.suite.tests);
        arguments.extend_from_slice(&self.suite.args);
        let mut command = pytest_command(&self.prepared.venv, &record, &arguments);
        let finished = self.finish(&mut command)?;
        // 1: some file could not be collected; 5: nothing was.
        ensure!(
            matches!(finished.code(), 0 | 1 | 5),
            "pytest ended with exit code {}:\n{}",
            finished.code(),
            finished.tail()
        );
        let lines = fs::read_to_string(&record)
            .with_context(|| format!("pytest left no record:\n{}", finished.tail()))?;
        let collected = Collected::from_record(&lines, &self.volatile)?;
        self.printer.line(format!(
            "  pytest: {} in {}; {} skipped, {} not collected",
            count(collected.ids.len(), "test"),
            time(finished.wall),
            count(collected.skipped, "file"),
            collected.failed.len(),
        ));
        for (id, reason) in &collected.failed {
            self.printer
                .line(format!("    not collected: {id}: {reason}"));
        }
        Ok((collected, finished.wall))
    }

    /// Closed ids beside pytest's.
    fn compare_static(&self, collected: &Collected, tally: &mut Tally) -> Result<Value> {
        let document = self.discover(&["--output", "json"], "static")?;
        self.keep("discover.json", &document.stdout)?;
        let openness = Openness::from_document(&document.stdout, &self.volatile)?;
        // The document is in the order of the files, this list in that of the session.
        let listed = self.discover(&["--output", "ids"], "static")?;
        self.keep("discover.txt", &listed.stdout)?;
        let listed = self.lines(&listed.stdout);
        let (expected, got) = (openness.closed(&collected.ids), openness.closed(&listed));
        let found = differences(&expected, &got);
        tally.add(expected.len(), &found);
        let share = openness.share(&collected.ids);
        self.print_share(&share, document.wall, &found);
        Ok(json!({
            "seconds": document.wall.as_secs_f64(),
            "share": share.json(),
            "different": found.count,
            "differences": found.lines,
        }))
    }

    /// The whole list, from an empty cache and again from the filled one.
    fn compare_exact(&self, collected: &Collected, tally: &mut Tally) -> Result<Value> {
        if !fastest::discover_has(self.fastest, "--exact")? {
            self.printer.line(
                "  fastest discover --exact: not compared, this executable has no such option",
            );
            return Ok(Value::Null);
        }
        let expected: Vec<&str> = collected.ids.iter().map(String::as_str).collect();
        let mut runs = Vec::new();
        for state in ["cold", "warm"] {
            let finished = self.discover(&["--exact", "--output", "ids"], "exact")?;
            self.keep(&format!("exact-{state}.txt"), &finished.stdout)?;
            let listed = self.lines(&finished.stdout);
            let got: Vec<&str> = listed.iter().map(String::as_str).collect();
            let found = differences(&expected, &got);
            tally.add(expected.len(), &found);
            self.printer.line(format!(
                "  fastest discover --exact, {state}: {} in {}; {}",
                count(got.len(), "test"),
                time(finished.wall),
                count(found.count, "difference")
            ));
            self.print_differences(&found);
            runs.push(json!({
                "cache": state,
                "seconds": finished.wall.as_secs_f64(),
                "different": found.count,
                "differences": found.lines,
            }));
        }
        Ok(Value::Array(runs))
    }

    /// `fastest discover` with a cache of its own for each kind of use.
    fn discover(&self, options: &[&str], cache: &str) -> Result<Finished> {
        let mut command = Command::new(self.fastest);
        command.arg("discover").args(&self.suite.tests);
        command.args(&self.suite.args).args(options);
        self.prepared.venv.activate(&mut command);
        command.env("FASTEST_CACHE_DIR", self.prepared.cache.join(cache));
        let finished = self.finish(&mut command)?;
        ensure!(
            matches!(finished.code(), 0 | 1 | 5),
            "fastest discover ended with exit code {}:\n{}",
            finished.code(),
            finished.stderr.trim_end()
        );
        Ok(finished)
    }

    fn finish(&self, command: &mut Command) -> Result<Finished> {
        command.current_dir(&self.prepared.source);
        // Tests that are parametrized with a set would come in another order in each process.
        command.env("PYTHONHASHSEED", "0").envs(&self.suite.env);
        capture(command, LIMIT)
    }

    fn lines(&self, stdout: &str) -> Vec<String> {
        let lines = stdout.lines();
        lines.map(|line| self.volatile.stable(line)).collect()
    }

    fn keep(&self, name: &str, text: &str) -> Result<()> {
        let path = self.prepared.records.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn print_share(&self, share: &Share, wall: Duration, found: &Differences) {
        let line = |text: String| self.printer.line(text);
        line(format!(
            "  fastest discover: {}; closed: {} of {} ({:.1} %), {} of {}; {}",
            time(wall),
            share.tests_closed,
            count(share.tests, "test"),
            100.0 * share.tests_closed as f64 / share.tests.max(1) as f64,
            share.files_closed,
            count(share.files, "file"),
            count(found.count, "difference"),
        ));
        for (message, open) in share.reasons.iter().take(REASONS) {
            line(format!(
                "    open: {} ({} for this alone) in {} ({}): {message}",
                count(open.tests, "test"),
                open.alone,
                count(open.files.len(), "file"),
                open.files.first().map_or("", String::as_str),
            ));
        }
        if let Some(more) = share.reasons.get(REASONS..).filter(|more| !more.is_empty()) {
            line(format!(
                "    open: {} more, in --json",
                count(more.len(), "reason")
            ));
        }
        self.print_differences(found);
    }

    fn print_differences(&self, found: &Differences) {
        for difference in &found.lines {
            self.printer.line(format!("    difference: {difference}"));
        }
    }
}

impl Tally {
    /// Count a comparison of `expected` ids.
    fn add(&mut self, expected: usize, found: &Differences) {
        self.equal += expected.saturating_sub(found.count);
        self.different += found.count;
    }
}
