//! The executor against a stand-in for Buck2: it starts the program with two sockets, sends it targets,
//! runs nothing and answers what a run would have given.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream as Socket;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use fastest_buck2_executor::messages::{
    ArgContent, ArgValue, AttachInfoMessageRequest, Cancelled, ConfiguredTarget,
    ConfiguredTargetHandle, Duration, Empty, EndOfTestResultsRequest, ExecuteRequest2,
    ExecuteResponse2, ExecutionResult2, ExecutionStatus, ExecutionStream, ExternalRunnerSpec,
    ExternalRunnerSpecRequest, ExternalRunnerSpecValue, ReportTestResultRequest,
    ReportTestsDiscoveredRequest, Response, SpecValue, Stage, Status, Stream, TestResult,
    TestStatus,
};
use fastest_buck2_executor::rpc::{self, TestOrchestrator, unary};
use fastest_buck2_verdict::{Case, SCHEMA, TARGET_VARIABLE, Verdict};
use tokio::net::UnixStream;

/// What a target's command comes to.
#[derive(Clone)]
enum Run {
    /// Exit code and stdout.
    Ends(i32, String),
    TimesOut,
    IsCancelled,
    /// Buck2 itself fails.
    Breaks,
}

/// A target: its name, whether it is one of Fastest's, what its command comes to.
type Target = (&'static str, bool, Run);

/// Everything that the executor did.
#[derive(Default)]
struct Seen {
    executed: Vec<ExecuteRequest2>,
    discovered: BTreeMap<i64, Vec<String>>,
    results: Vec<TestResult>,
    messages: Vec<String>,
    exit_codes: Vec<i32>,
}

impl Seen {
    /// Names and statuses, sorted.
    fn outcomes(&self) -> Vec<(String, TestStatus)> {
        let results = self.results.iter();
        let mut outcomes: Vec<_> = results
            .map(|result| (result.name.clone(), result.status()))
            .collect();
        outcomes.sort();
        outcomes
    }
}

fn buck2(targets: &[Target], seen: Arc<Mutex<Seen>>) -> TestOrchestrator {
    let runs: Arc<Vec<Run>> = Arc::new(targets.iter().map(|target| target.2.clone()).collect());
    TestOrchestrator(Arc::new(move |method, request| {
        let (runs, seen) = (Arc::clone(&runs), Arc::clone(&seen));
        match method {
            "Execute2" => Some(unary(request, move |request: ExecuteRequest2| async move {
                let executable = request.test_executable.clone().unwrap();
                seen.lock().unwrap().executed.push(request);
                let at = usize::try_from(executable.target.unwrap().id).unwrap();
                answer(&runs[at])
            })),
            "ReportTestsDiscovered" => Some(unary(
                request,
                move |request: ReportTestsDiscoveredRequest| async move {
                    let tests = request.testing.unwrap().testcases;
                    let mut seen = seen.lock().unwrap();
                    let before = seen.discovered.insert(request.target.unwrap().id, tests);
                    assert!(before.is_none(), "tests of a target are listed once");
                    Ok(Empty {})
                },
            )),
            "ReportTestResult" => Some(unary(
                request,
                move |request: ReportTestResultRequest| async move {
                    let mut seen = seen.lock().unwrap();
                    assert!(seen.exit_codes.is_empty(), "a result after the end");
                    seen.results.push(request.result.unwrap());
                    Ok(Empty {})
                },
            )),
            "AttachInfoMessage" => Some(unary(
                request,
                move |request: AttachInfoMessageRequest| async move {
                    seen.lock().unwrap().messages.push(request.message);
                    Ok(Empty {})
                },
            )),
            "EndOfTestResults" => Some(unary(
                request,
                move |request: EndOfTestResultsRequest| async move {
                    seen.lock().unwrap().exit_codes.push(request.exit_code);
                    Ok(Empty {})
                },
            )),
            _ => None,
        }
    }))
}

fn answer(run: &Run) -> Result<ExecuteResponse2, tonic::Status> {
    let ended = |status, stdout: &str| {
        let stream = |text: &str| {
            let item = Some(Stream::Inline(text.as_bytes().to_vec()));
            Some(ExecutionStream { item })
        };
        Response::Result(ExecutionResult2 {
            status: Some(ExecutionStatus {
                status: Some(status),
            }),
            stdout: stream(stdout),
            stderr: stream("told on stderr"),
            execution_time: Some(Duration {
                seconds: 3,
                nanos: 0,
            }),
            max_memory_used_bytes: Some(1 << 20),
        })
    };
    let response = match run {
        Run::Ends(code, stdout) => ended(Status::Finished(*code), stdout),
        Run::TimesOut => ended(
            Status::TimedOut(Duration {
                seconds: 3,
                nanos: 0,
            }),
            "",
        ),
        Run::IsCancelled => Response::Cancelled(Cancelled {}),
        Run::Breaks => return Err(tonic::Status::internal("the daemon is unwell")),
    };
    Ok(ExecuteResponse2 {
        response: Some(response),
    })
}

fn spec(at: usize, (name, is_ours, _): &Target) -> ExternalRunnerSpecRequest {
    let value = |value| ExternalRunnerSpecValue { value: Some(value) };
    let word = |text: &str| value(SpecValue::Verbatim(text.to_owned()));
    let mut env = HashMap::from([("KEPT".to_owned(), word("as it is"))]);
    if *is_ours {
        let handle = value(SpecValue::EnvHandle(TARGET_VARIABLE.to_owned()));
        env.insert(TARGET_VARIABLE.to_owned(), handle);
    }
    let test_spec = ExternalRunnerSpec {
        target: Some(ConfiguredTarget {
            handle: Some(ConfiguredTargetHandle {
                id: i64::try_from(at).unwrap(),
            }),
            cell: "root".to_owned(),
            package: "t".to_owned(),
            target: (*name).to_owned(),
            configuration: "cfg".to_owned(),
            package_project_relative_path: "t".to_owned(),
        }),
        test_type: "custom".to_owned(),
        command: vec![word("replay"), value(SpecValue::ArgHandle(1)), word("--")],
        env,
        labels: vec!["slow".to_owned()],
    };
    ExternalRunnerSpecRequest {
        test_spec: Some(test_spec),
    }
}

/// The descriptors are inheritable for a moment, and no other test's child may get them.
static SPAWNING: Mutex<()> = Mutex::new(());

/// Runs the executor as Buck2 does; `after` is what people write behind `--`.
fn test(targets: &[Target], after: &[&str]) -> (Seen, Output) {
    let (executor, executor_theirs) = Socket::pair().unwrap();
    let (orchestrator, orchestrator_theirs) = Socket::pair().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastest-buck2-executor"));
    for (option, socket) in [
        ("--executor-fd", &executor_theirs),
        ("--orchestrator-fd", &orchestrator_theirs),
    ] {
        command.args([option, &socket.as_raw_fd().to_string()]);
    }
    command
        .arg("--")
        .args(["--buck-test-info", "none"])
        .args(after);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = {
        let _alone = SPAWNING.lock().unwrap();
        for socket in [&executor_theirs, &orchestrator_theirs] {
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
        }
        let child = command.spawn().unwrap();
        drop((executor_theirs, orchestrator_theirs));
        child
    };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let service = buck2(targets, Arc::clone(&seen));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let socket = |socket: Socket| {
        socket.set_nonblocking(true).unwrap();
        UnixStream::from_std(socket).unwrap()
    };
    let (executor, orchestrator) = (socket(executor), socket(orchestrator));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = runtime.spawn(async move {
        let until = async move {
            let _ = stopped.await;
        };
        let _ = rpc::serve(orchestrator, service, until, Arc::default()).await;
    });
    let requests: Vec<_> = targets
        .iter()
        .enumerate()
        .map(|(at, target)| spec(at, target))
        .collect();
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    let sent: Result<(), rpc::Error> = runtime.block_on(async {
        let channel = rpc::connect(executor).await?;
        for request in requests {
            let _: Empty = rpc::call(
                &channel,
                "/buck.test.TestExecutor/ExternalRunnerSpec",
                request,
            )
            .await?;
        }
        let _: Empty = rpc::call(
            &channel,
            "/buck.test.TestExecutor/EndOfTestRequests",
            Empty {},
        )
        .await?;
        // The connection stays until the other side is done.
        while !waiting.is_finished() {
            tokio::task::yield_now().await;
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(())
    });
    let output = waiting.join().unwrap();
    let _ = stop.send(());
    runtime.block_on(server).unwrap();
    if output.status.success() {
        sent.unwrap();
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, output)
}

fn verdict(cases: &[(&str, &str)], failures: &[&str]) -> String {
    let cases: Vec<Case> = cases
        .iter()
        .map(|(name, outcome)| Case {
            name: (*name).to_owned(),
            outcome: (*outcome).to_owned(),
            duration: 0.25,
            message: (*outcome != "passed").then(|| format!("why {name}")),
            output: format!("all of {name}"),
        })
        .collect();
    let passed = failures.is_empty() && !cases.iter().any(Case::is_failure);
    let verdict = Verdict {
        schema: SCHEMA,
        label: "root//t:a".to_owned(),
        src: "t/test_a.py".to_owned(),
        shard: None,
        passed,
        duration: 1.0,
        cases,
        failures: failures.iter().map(ToString::to_string).collect(),
    };
    format!("noise\n{}\nmore noise\n", verdict.line())
}

/// Runs one target; checks the exit code, and each result by its name and status.
fn check(target: Target, exit_code: i32, expected: &[(&str, TestStatus)]) {
    let (seen, output) = test(std::slice::from_ref(&target), &[]);
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {shown}", target.0);
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, status)| (format!("root//t:{}{name}", target.0), *status))
        .collect();
    assert_eq!(seen.outcomes(), expected, "{}", target.0);
    assert_eq!(seen.exit_codes, [exit_code], "{}", target.0);
}

#[test]
fn every_test_is_reported_out_of_one_process() {
    use TestStatus::{Fail, Fatal, Omitted, Pass, Skip, Timeout};

    let all = [
        ("A::test_x", "xfailed"),
        ("test_e", "error"),
        ("test_f", "failed"),
        ("test_p[1]", "passed"),
        ("test_s", "skipped"),
        ("test_x", "xpassed"),
    ];
    let mixed = verdict(&all, &[]);
    let expected = [
        (" - A::test_x", Pass),
        (" - test_e", Fail),
        (" - test_f", Fail),
        (" - test_p[1]", Pass),
        (" - test_s", Skip),
        (" - test_x", Pass),
    ];
    check(("mixed", true, Run::Ends(1, mixed)), 32, &expected);
    let good = verdict(&[("test_p", "passed"), ("test_s", "skipped")], &[]);
    let passed = [(" - test_p", Pass), (" - test_s", Skip)];
    check(("good", true, Run::Ends(0, good.clone())), 0, &passed);
    // Two shards are two lines.
    let two = verdict(&[("test_a", "passed")], &[]) + &verdict(&[("test_b", "passed")], &[]);
    check(
        ("two", true, Run::Ends(0, two)),
        0,
        &[(" - test_a", Pass), (" - test_b", Pass)],
    );
    let broken = verdict(&[], &["it cannot be imported"]);
    check(("broken", true, Run::Ends(1, broken)), 32, &[("", Fatal)]);
    // A verdict that the process contradicts, one that is not known, none at all.
    let mut contradicted = vec![("", Fatal)];
    contradicted.extend(passed);
    check(
        ("contradicted", true, Run::Ends(3, good.clone())),
        32,
        &contradicted,
    );
    let newer = good.replace("\"fastest_verdict\":1", "\"fastest_verdict\":2");
    check(("newer", true, Run::Ends(0, newer)), 32, &[("", Fatal)]);
    check(
        ("silent", true, Run::Ends(4, String::new())),
        32,
        &[("", Fail)],
    );
    check(
        ("empty", true, Run::Ends(0, verdict(&[], &[]))),
        0,
        &[("", Pass)],
    );
    check(("slow", true, Run::TimesOut), 32, &[("", Timeout)]);
    check(("ended", true, Run::IsCancelled), 32, &[("", Omitted)]);
    check(("unwell", true, Run::Breaks), 32, &[("", Fatal)]);
    // Other rules' tests, as Buck2 itself reports them.
    check(
        ("shell", false, Run::Ends(0, "fine".to_owned())),
        0,
        &[("", Pass)],
    );
    check(
        ("shell", false, Run::Ends(7, String::new())),
        32,
        &[("", Fail)],
    );
}

#[test]
fn results_say_what_there_is_to_say() {
    let cases = [("test_f", "failed"), ("test_p", "passed")];
    let targets = [("a", true, Run::Ends(1, verdict(&cases, &[])))];
    let (seen, _) = test(&targets, &[]);
    assert_eq!(seen.discovered[&0], ["test_f", "test_p"]);
    let mut results = seen.results.iter();
    let failed = results
        .find(|result| result.name.ends_with("test_f"))
        .unwrap();
    assert_eq!(failed.details, "all of test_f");
    assert_eq!(failed.msg.as_ref().unwrap().msg, "why test_f");
    assert_eq!(failed.duration, Some(Duration::from_seconds(0.25)));
    assert_eq!(failed.max_memory_used_bytes, Some(1 << 20));
    assert_eq!(failed.target, Some(ConfiguredTargetHandle { id: 0 }));

    let (seen, _) = test(&[("b", false, Run::Ends(1, "printed".to_owned()))], &[]);
    let details = &seen.results[0].details;
    assert!(
        details.contains("printed") && details.contains("told on stderr"),
        "{details}"
    );
}

#[test]
fn many_targets_run_side_by_side_and_none_is_lost() {
    let good = || Run::Ends(0, verdict(&[("test_a", "passed")], &[]));
    let mut targets: Vec<Target> = (0..200).map(|_| ("one", true, good())).collect();
    targets[120].2 = Run::TimesOut;
    let (seen, output) = test(&targets, &[]);
    assert!(output.status.success());
    assert_eq!((seen.executed.len(), seen.results.len()), (200, 200));
    assert_eq!(seen.exit_codes, [32]);
    let (seen, _) = test(&[], &[]);
    assert_eq!((seen.results.len(), seen.exit_codes), (0, vec![0]));
}

/// The words of a command and the variables of its environment; handles as they are.
fn sent(seen: &Seen) -> (Vec<String>, BTreeMap<String, String>) {
    let text = |value: &ArgValue| {
        let Some(ArgContent::SpecValue(value)) = value.content.clone().unwrap().value else {
            panic!("no value");
        };
        match value.value.unwrap() {
            SpecValue::Verbatim(text) => text,
            SpecValue::ArgHandle(id) => format!("<{id}>"),
            SpecValue::EnvHandle(name) => format!("<{name}>"),
        }
    };
    let [request] = seen.executed.as_slice() else {
        panic!("{} runs", seen.executed.len());
    };
    let executable = request.test_executable.clone().unwrap();
    let env = executable.env.iter();
    let env = env.map(|variable| (variable.key.clone(), text(variable.value.as_ref().unwrap())));
    (executable.cmd.iter().map(text).collect(), env.collect())
}

#[test]
fn arguments_after_the_dashes_reach_the_command() {
    let good = || Run::Ends(0, verdict(&[("test_a", "passed")], &[]));
    let after = [
        "--env",
        "A=b",
        "KEPT=changed",
        "--timeout",
        "9",
        "--test-arg",
        "-k",
        "x",
    ];
    let (seen, _) = test(&[("ours", true, good())], &after);
    let (command, env) = sent(&seen);
    assert_eq!(command, ["replay", "<1>", "--", "-k", "x"]);
    let expected = [
        ("A", "b"),
        ("FASTEST_BUCK2_REPORT", "json"),
        (TARGET_VARIABLE, &format!("<{TARGET_VARIABLE}>")),
        ("KEPT", "changed"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(env, BTreeMap::from(expected));
    assert_eq!(seen.executed[0].timeout.unwrap().seconds, 9);
    assert!(
        seen.executed[0].host_sharing_requirements.is_some(),
        "Buck2 refuses it otherwise"
    );

    // Programs of other rules are asked for nothing that they may not know.
    let (seen, _) = test(&[("other", false, good())], &["--filter", "test_a"]);
    let (command, env) = sent(&seen);
    assert_eq!(command, ["replay", "<1>", "--"]);
    assert_eq!(env.keys().collect::<Vec<_>>(), ["KEPT"]);
}

#[test]
fn tests_are_listed_without_a_run() {
    let cases = [("test_a", "passed"), ("test_b", "failed")];
    let targets = [
        ("ours", true, Run::Ends(0, verdict(&cases, &[]))),
        ("other", false, Run::Breaks),
    ];
    let (seen, _) = test(&targets, &["--list"]);
    let (command, _) = sent(&seen);
    assert_eq!(command.last().unwrap(), "--list");
    let stage = seen.executed[0]
        .test_executable
        .clone()
        .unwrap()
        .stage
        .unwrap()
        .item;
    assert!(matches!(stage, Some(Stage::Listing(listing)) if listing.cacheable));
    assert_eq!(seen.discovered[&0], ["test_a", "test_b"]);
    assert_eq!(seen.discovered[&1], ["other"]);
    assert_eq!(seen.exit_codes, [0]);
    let broken = [("ours", true, Run::Ends(4, String::new()))];
    let (seen, _) = test(&broken, &["--list"]);
    assert_eq!(seen.outcomes()[0].1, TestStatus::ListingFailed);
    assert_eq!(seen.exit_codes, [32]);
}

#[test]
fn a_filter_passes_over_targets_but_not_over_all() {
    let some = Run::Ends(0, verdict(&[("test_a", "passed")], &[]));
    let none = Run::Ends(0, verdict(&[], &[]));
    let targets = [("one", true, some), ("two", true, none.clone())];
    let (seen, _) = test(&targets, &["--filter", "test_a"]);
    assert_eq!(seen.outcomes().len(), 1);
    assert_eq!(seen.exit_codes, [0]);
    let stage = seen.executed[0]
        .test_executable
        .clone()
        .unwrap()
        .stage
        .unwrap()
        .item;
    assert!(matches!(stage, Some(Stage::Testing(testing)) if testing.testcases == ["test_a"]));
    let (seen, _) = test(&[("two", true, none)], &["--filter", "test_a"]);
    assert_eq!((seen.results.len(), seen.exit_codes), (0, vec![32]));
    assert_eq!(seen.messages, ["no test is called test_a"]);
}

#[test]
fn a_wrong_command_line_is_named_and_nothing_hangs() {
    for (after, named) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--env", "A"], "NAME=VALUE"),
        (&["--timeout", "soon"], "soon"),
    ] {
        let (seen, output) = test(&[], after);
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && shown.contains(named),
            "{after:?}: {shown}"
        );
        assert!(seen.exit_codes.is_empty());
    }
    let without = Command::new(env!("CARGO_BIN_EXE_fastest-buck2-executor"))
        .args(["--executor-fd", "0", "--orchestrator-fd", "1"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&without.stderr).contains("no inherited socket"));
}

#[test]
fn it_ends_when_buck2_does() {
    let (executor, executor_theirs) = Socket::pair().unwrap();
    let (orchestrator, orchestrator_theirs) = Socket::pair().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastest-buck2-executor"));
    let fds = [&executor_theirs, &orchestrator_theirs].map(|socket| socket.as_raw_fd().to_string());
    command.args(["--executor-fd", &fds[0], "--orchestrator-fd", &fds[1]]);
    command.stderr(Stdio::piped());
    let child = {
        let _alone = SPAWNING.lock().unwrap();
        for socket in [&executor_theirs, &orchestrator_theirs] {
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
        }
        let child = command.spawn().unwrap();
        drop((executor_theirs, orchestrator_theirs));
        child
    };
    // A daemon that is killed has said nothing of an end. One socket is enough to tell it by.
    drop(executor);
    let output = child.wait_with_output().unwrap();
    drop(orchestrator);
    assert!(!output.status.success());
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(shown.contains("closed the connection"), "{shown}");
}
