use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// What Bazel's event stream says of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Events {
    /// Each attempt of each shard and run, in the order in which they ended.
    pub results: Vec<TestResult>,
    /// The verdict on each target, such as `PASSED` or `FLAKY`.
    pub summaries: BTreeMap<String, String>,
}

/// One attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestResult {
    /// The target.
    pub label: String,
    /// Of `--runs_per_test`, counted from 1.
    pub run: u64,
    /// Counted from 1; 0 when there are no shards.
    pub shard: u64,
    /// Such as `PASSED`, `FAILED` or `TIMEOUT`.
    pub status: String,
    /// Whether it was taken from this machine's cache.
    pub cached: bool,
    /// Whether it was taken from a remote one.
    pub remote: bool,
    /// What ran it, such as `linux-sandbox` or `remote`.
    pub strategy: String,
}

impl Events {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let mut events = Self::default();
        for line in text.lines() {
            if let Ok(event) = serde_json::from_str(line) {
                events.take_in(&event);
            }
        }
        events
    }

    fn take_in(&mut self, event: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = &event["id"]["testResult"];
        let result = &event["testResult"];
        if id.is_object() && result.is_object() {
            let info = &result["executionInfo"];
            self.results.push(TestResult {
                label: text(&id["label"]),
                run: id["run"].as_u64().unwrap_or_default(),
                shard: id["shard"].as_u64().unwrap_or_default(),
                status: text(&result["status"]),
                cached: result["cachedLocally"] == true,
                remote: info["cachedRemotely"] == true,
                strategy: text(&info["strategy"]),
            });
        }
        let id = &event["id"]["testSummary"];
        let summary = &event["testSummary"];
        if id.is_object() && summary.is_object() {
            let status = text(&summary["overallStatus"]);
            self.summaries.insert(text(&id["label"]), status);
        }
    }

    /// The targets whose tests were really run, sorted.
    #[must_use]
    pub fn executed(&self) -> Vec<&str> {
        let run = |result: &&TestResult| !result.cached && !result.remote;
        let results = self.results.iter().filter(run);
        let mut labels: Vec<&str> = results.map(|result| result.label.as_str()).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }
}
