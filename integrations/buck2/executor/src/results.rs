//! What a target's process gave, as results of tests.

use fastest_buck2_verdict::{Case, LINE_START, Verdict};

use crate::messages::{Duration, ExecutionResult2, OptionalMsg, Status, TestResult, TestStatus};

/// Everything to be told of a target.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    /// The names of its tests.
    pub(crate) tests: Vec<String>,
    /// What became of them.
    pub(crate) results: Vec<TestResult>,
}

impl Told {
    /// Whether something failed, or did not run that should have.
    pub(crate) fn failed(&self) -> bool {
        let good = [
            TestStatus::Pass,
            TestStatus::Skip,
            TestStatus::ListingSuccess,
        ];
        let mut results = self.results.iter();
        results.any(|result| !good.contains(&result.status()))
    }

    /// One result of the target as a whole.
    pub(crate) fn whole(name: &str, status: TestStatus, details: String) -> Self {
        Self {
            tests: Vec::new(),
            results: vec![result(name, status, None, details)],
        }
    }
}

/// Reads what the process of the target `name` printed and ended with.
pub(crate) fn read(name: &str, ran: &ExecutionResult2, listing: bool) -> Told {
    let stdout = ran.stdout.as_ref().map(|stream| stream.text());
    let stdout = stdout.unwrap_or_default();
    let stderr = ran.stderr.as_ref().map(|stream| stream.text());
    let details = format!(
        "---- STDOUT ----\n{stdout}\n---- STDERR ----\n{}\n",
        stderr.unwrap_or_default()
    );
    let code = match ran.status.and_then(|status| status.status) {
        Some(Status::Finished(code)) => code,
        Some(Status::TimedOut(_)) => {
            let mut told = Told::whole(name, TestStatus::Timeout, details);
            told.results[0].duration = ran.execution_time;
            return told;
        }
        None => return Told::whole(name, TestStatus::Unknown, details),
    };
    let lines = stdout.lines().filter(|line| line.starts_with(LINE_START));
    let verdicts: Result<Vec<Verdict>, String> = lines.map(Verdict::parse).collect();
    let mut told = match verdicts {
        // A program that knows nothing of verdicts: its exit code is one.
        Ok(verdicts) if verdicts.is_empty() => {
            let status = match (listing, code) {
                (false, 0) => TestStatus::Pass,
                (false, _) => TestStatus::Fail,
                (true, 0) => TestStatus::ListingSuccess,
                (true, _) => TestStatus::ListingFailed,
            };
            Told::whole(name, status, details)
        }
        Ok(verdicts) if listing => listed(name, &verdicts),
        Ok(verdicts) => reported(name, &verdicts, code, &details),
        Err(error) => Told::whole(name, TestStatus::Fatal, format!("{error}\n{details}")),
    };
    for result in &mut told.results {
        result.max_memory_used_bytes = ran.max_memory_used_bytes;
        result.duration = result.duration.or(ran.execution_time);
    }
    told
}

fn listed(name: &str, verdicts: &[Verdict]) -> Told {
    let cases = verdicts.iter().flat_map(|verdict| &verdict.cases);
    let mut told = Told::whole(name, TestStatus::ListingSuccess, String::new());
    told.tests = cases.map(|case| case.name.clone()).collect();
    told
}

fn reported(name: &str, verdicts: &[Verdict], code: i32, details: &str) -> Told {
    let mut told = Told::default();
    for verdict in verdicts {
        for case in &verdict.cases {
            told.tests.push(case.name.clone());
            told.results.push(of_case(name, case));
        }
        for failure in &verdict.failures {
            let failure = result(name, TestStatus::Fatal, None, failure.clone());
            told.results.push(failure);
        }
    }
    let passed = verdicts.iter().all(|verdict| verdict.passed);
    if passed && code != 0 {
        let text = format!("its tests passed, but it ended with exit code {code}\n{details}");
        told.results
            .push(result(name, TestStatus::Fatal, None, text));
    } else if told.results.is_empty() {
        // Every target is told of, or it would seem to have been forgotten.
        told.results
            .push(result(name, TestStatus::Pass, None, String::new()));
    }
    told
}

fn of_case(name: &str, case: &Case) -> TestResult {
    let status = match case.outcome.as_str() {
        "skipped" => TestStatus::Skip,
        _ if case.is_failure() => TestStatus::Fail,
        _ => TestStatus::Pass,
    };
    let mut result = result(
        &format!("{name} - {}", case.name),
        status,
        case.message.clone(),
        case.output.clone(),
    );
    result.duration = Some(Duration::from_seconds(case.duration));
    result
}

fn result(name: &str, status: TestStatus, msg: Option<String>, details: String) -> TestResult {
    TestResult {
        name: name.to_owned(),
        status: status.into(),
        msg: msg.map(|msg| OptionalMsg { msg }),
        target: None,
        duration: None,
        details,
        max_memory_used_bytes: None,
    }
}
