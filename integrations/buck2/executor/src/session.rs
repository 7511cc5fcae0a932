//! One `buck2 test`: targets come in, their commands are run, results go out.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastest_buck2_verdict::{FILTER_VARIABLE, REPORT_JSON, REPORT_VARIABLE, TARGET_VARIABLE};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tonic::Status;
use tonic::transport::Channel;

use crate::messages::{
    ArgValue, AttachInfoMessageRequest, ConfiguredTarget, Duration, Empty, EndOfTestResultsRequest,
    EnvironmentVariable, ExecuteRequest2, ExecuteResponse2, ExternalRunnerSpec,
    ExternalRunnerSpecRequest, HostSharingRequirements, Listing, ReportTestResultRequest,
    ReportTestsDiscoveredRequest, Response, Stage, TestExecutable, TestStage, TestStatus, Testing,
};
use crate::options::TestOptions;
use crate::results::{self, Told};
use crate::rpc::{self, Error, TestExecutor, unary};

/// What `buck2 test` ends with when tests have failed.
const FAILED: i32 = 32;

/// Serves Buck2 on one socket and calls it on the other until every target's results are told.
///
/// # Errors
///
/// When Buck2 does not answer.
pub async fn run(
    executor: UnixStream,
    orchestrator: UnixStream,
    options: TestOptions,
) -> Result<(), Error> {
    let (specs, mut incoming) = mpsc::unbounded_channel();
    let (ended, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let until = Arc::clone(&ended);
    let until = async move { until.notified().await };
    let serving = rpc::serve(executor, service(specs), until, Arc::clone(&closed));
    let server = tokio::spawn(serving);
    let channel = rpc::connect(orchestrator).await?;
    let session = Arc::new(Session { channel, options });

    let mut running = JoinSet::new();
    loop {
        let spec = tokio::select! {
            // What was said before the end counts.
            biased;
            spec = incoming.recv() => spec,
            // A daemon that is killed says nothing; without it there is nothing to do.
            () = closed.notified() => return Err("Buck2 has closed the connection".into()),
        };
        let Some(spec) = spec else { break };
        // Buck2 decides how many run at a time.
        let session = Arc::clone(&session);
        running.spawn(async move { session.target(spec).await });
    }
    let (mut failed, mut found) = (false, false);
    while let Some(told) = running.join_next().await {
        let told = told??;
        failed |= told.failed();
        found |= !told.results.is_empty();
    }
    if !found && !session.options.filter.is_empty() {
        // It would be a success that has tested nothing.
        failed = true;
        let message = format!("no test is called {}", session.options.filter.join(", "));
        session
            .tell(
                "/buck.test.TestOrchestrator/AttachInfoMessage",
                AttachInfoMessageRequest { message },
            )
            .await?;
    }
    let exit_code = if failed { FAILED } else { 0 };
    session
        .tell(
            "/buck.test.TestOrchestrator/EndOfTestResults",
            EndOfTestResultsRequest { exit_code },
        )
        .await?;
    ended.notify_one();
    server.await?
}

/// What Buck2 calls; the sender is dropped when it says that no target follows.
fn service(specs: mpsc::UnboundedSender<ExternalRunnerSpec>) -> TestExecutor {
    let specs = Arc::new(std::sync::Mutex::new(Some(specs)));
    TestExecutor(Arc::new(move |method, request| {
        let specs = Arc::clone(&specs);
        let taken = move |take: bool| {
            let mut specs = specs
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if take { specs.take() } else { specs.clone() }
        };
        match method {
            "ExternalRunnerSpec" => Some(unary(
                request,
                |request: ExternalRunnerSpecRequest| async move {
                    let spec = request.test_spec;
                    let spec = spec.ok_or_else(|| Status::invalid_argument("no `test_spec`"))?;
                    let sender = taken(false)
                        .ok_or_else(|| Status::failed_precondition("no target may follow"))?;
                    let sent = sender.send(spec);
                    sent.map_err(|_| Status::unavailable("the executor is at its end"))?;
                    Ok(Empty {})
                },
            )),
            "EndOfTestRequests" => Some(unary(request, |_: Empty| async move {
                drop(taken(true));
                Ok(Empty {})
            })),
            _ => None,
        }
    }))
}

struct Session {
    channel: Channel,
    options: TestOptions,
}

impl Session {
    async fn tell<Q: prost::Message + 'static>(
        &self,
        method: &'static str,
        request: Q,
    ) -> Result<(), Error> {
        let _: Empty = rpc::call(&self.channel, method, request).await?;
        Ok(())
    }

    /// Has a target's command run, and tells what came of it.
    async fn target(&self, spec: ExternalRunnerSpec) -> Result<Told, Error> {
        let target = spec.target.clone().unwrap_or_default();
        let name = full_name(&target);
        let is_ours = spec.env.contains_key(TARGET_VARIABLE);
        let mut told = if self.options.list && !is_ours {
            // What it would do with an argument it does not know is not to be found out.
            let mut told = Told::whole(&name, TestStatus::ListingSuccess, String::new());
            told.tests.push(target.target.clone());
            told
        } else {
            self.execute(spec, &target, &name, is_ours).await
        };
        if is_ours && !self.options.filter.is_empty() && told.tests.is_empty() && !told.failed() {
            return Ok(Told::default());
        }
        self.report(&target, &mut told).await?;
        Ok(told)
    }

    async fn execute(
        &self,
        spec: ExternalRunnerSpec,
        target: &ConfiguredTarget,
        name: &str,
        is_ours: bool,
    ) -> Told {
        let request = self.request(spec, target, is_ours);
        let method = "/buck.test.TestOrchestrator/Execute2";
        let answer = rpc::call::<_, ExecuteResponse2>(&self.channel, method, request).await;
        match answer.map(|answer| answer.response) {
            Ok(Some(Response::Result(ran))) => results::read(name, &ran, self.options.list),
            // Somebody ended the run: it is no success.
            Ok(Some(Response::Cancelled(_))) => {
                Told::whole(name, TestStatus::Omitted, "cancelled".to_owned())
            }
            Ok(None) => Told::whole(name, TestStatus::Fatal, "Buck2 gave no result".to_owned()),
            Err(error) => Told::whole(name, TestStatus::Fatal, error.message().to_owned()),
        }
    }

    fn request(
        &self,
        spec: ExternalRunnerSpec,
        target: &ConfiguredTarget,
        is_ours: bool,
    ) -> ExecuteRequest2 {
        let mut cmd: Vec<ArgValue> = spec.command.into_iter().map(ArgValue::of_spec).collect();
        let own = spec.env.into_iter();
        let mut env: BTreeMap<String, ArgValue> = own
            .map(|(key, value)| (key, ArgValue::of_spec(value)))
            .collect();
        cmd.extend(self.options.test_arg.iter().map(ArgValue::verbatim));
        for (key, value) in &self.options.env {
            env.insert(key.clone(), ArgValue::verbatim(value));
        }
        if is_ours {
            env.insert(REPORT_VARIABLE.to_owned(), ArgValue::verbatim(REPORT_JSON));
            if !self.options.filter.is_empty() {
                let filter = ArgValue::verbatim(self.options.filter.join("\n"));
                env.insert(FILTER_VARIABLE.to_owned(), filter);
            }
            if self.options.list {
                cmd.push(ArgValue::verbatim("--list"));
            }
        }
        let suite = target.target.clone();
        let item = if self.options.list {
            let cacheable = true;
            Stage::Listing(Listing { suite, cacheable })
        } else {
            let testcases = self.options.filter.clone();
            Stage::Testing(Testing { suite, testcases })
        };
        let env = env.into_iter().map(|(key, value)| EnvironmentVariable {
            key,
            value: Some(value),
        });
        ExecuteRequest2 {
            timeout: Some(Duration {
                seconds: i64::try_from(self.options.timeout).unwrap_or(i64::MAX),
                nanos: 0,
            }),
            host_sharing_requirements: Some(HostSharingRequirements::one()),
            test_executable: Some(TestExecutable {
                stage: Some(TestStage { item: Some(item) }),
                target: target.handle,
                cmd,
                env: env.collect(),
            }),
        }
    }

    async fn report(&self, target: &ConfiguredTarget, told: &mut Told) -> Result<(), Error> {
        let testing = Testing {
            suite: target.target.clone(),
            testcases: told.tests.clone(),
        };
        if !told.tests.is_empty() {
            let request = ReportTestsDiscoveredRequest {
                target: target.handle,
                testing: Some(testing),
            };
            self.tell("/buck.test.TestOrchestrator/ReportTestsDiscovered", request)
                .await?;
        }
        for result in &mut told.results {
            result.target = target.handle;
            let request = ReportTestResultRequest {
                result: Some(result.clone()),
            };
            self.tell("/buck.test.TestOrchestrator/ReportTestResult", request)
                .await?;
        }
        Ok(())
    }
}

fn full_name(target: &ConfiguredTarget) -> String {
    let ConfiguredTarget {
        cell,
        package,
        target,
        ..
    } = target;
    format!("{cell}//{package}:{target}")
}
