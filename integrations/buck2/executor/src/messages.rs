//! The messages of Buck2's test protocol, package `buck.test`, as far as they are used: the numbers of
//! fields are part of the protocol, fields that are not named here are passed over.
#![allow(missing_docs, reason = "the names are the protocol's own")]

use std::collections::HashMap;

use prost::{Enumeration, Message, Oneof};

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct Duration {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Duration {
    /// From seconds.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        let duration = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Self {
            seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(0),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct Empty {}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct ConfiguredTargetHandle {
    #[prost(int64, tag = "1")]
    pub id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub struct ConfiguredTarget {
    #[prost(message, optional, tag = "1")]
    pub handle: Option<ConfiguredTargetHandle>,
    #[prost(string, tag = "3")]
    pub cell: String,
    #[prost(string, tag = "4")]
    pub package: String,
    #[prost(string, tag = "5")]
    pub target: String,
    #[prost(string, tag = "6")]
    pub configuration: String,
    #[prost(string, tag = "7")]
    pub package_project_relative_path: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct ExternalRunnerSpecRequest {
    #[prost(message, optional, tag = "1")]
    pub test_spec: Option<ExternalRunnerSpec>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ExternalRunnerSpec {
    #[prost(message, optional, tag = "1")]
    pub target: Option<ConfiguredTarget>,
    #[prost(string, tag = "2")]
    pub test_type: String,
    #[prost(message, repeated, tag = "3")]
    pub command: Vec<ExternalRunnerSpecValue>,
    #[prost(map = "string, message", tag = "4")]
    pub env: HashMap<String, ExternalRunnerSpecValue>,
    #[prost(string, repeated, tag = "5")]
    pub labels: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ExternalRunnerSpecValue {
    #[prost(oneof = "SpecValue", tags = "1, 2, 3")]
    pub value: Option<SpecValue>,
}

/// A word, or a handle of one that only Buck2 can write out.
#[derive(Clone, PartialEq, Oneof)]
pub enum SpecValue {
    #[prost(string, tag = "1")]
    Verbatim(String),
    #[prost(int64, tag = "2")]
    ArgHandle(i64),
    #[prost(string, tag = "3")]
    EnvHandle(String),
}

#[derive(Clone, PartialEq, Message)]
pub struct ArgValue {
    #[prost(message, optional, tag = "1")]
    pub content: Option<ArgValueContent>,
}

impl ArgValue {
    /// A value of the specification, as it came.
    #[must_use]
    pub fn of_spec(value: ExternalRunnerSpecValue) -> Self {
        let value = Some(ArgContent::SpecValue(value));
        Self {
            content: Some(ArgValueContent { value }),
        }
    }

    /// A word.
    #[must_use]
    pub fn verbatim(text: impl Into<String>) -> Self {
        let value = Some(SpecValue::Verbatim(text.into()));
        Self::of_spec(ExternalRunnerSpecValue { value })
    }
}

#[derive(Clone, PartialEq, Message)]
pub struct ArgValueContent {
    #[prost(oneof = "ArgContent", tags = "1")]
    pub value: Option<ArgContent>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum ArgContent {
    #[prost(message, tag = "1")]
    SpecValue(ExternalRunnerSpecValue),
}

#[derive(Clone, PartialEq, Message)]
pub struct EnvironmentVariable {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub value: Option<ArgValue>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TestStage {
    #[prost(oneof = "Stage", tags = "1, 2")]
    pub item: Option<Stage>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Stage {
    #[prost(message, tag = "1")]
    Listing(Listing),
    #[prost(message, tag = "2")]
    Testing(Testing),
}

#[derive(Clone, PartialEq, Message)]
pub struct Listing {
    #[prost(string, tag = "1")]
    pub suite: String,
    #[prost(bool, tag = "2")]
    pub cacheable: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Testing {
    #[prost(string, tag = "1")]
    pub suite: String,
    #[prost(string, repeated, tag = "2")]
    pub testcases: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TestExecutable {
    #[prost(message, optional, tag = "1")]
    pub stage: Option<TestStage>,
    #[prost(message, optional, tag = "2")]
    pub target: Option<ConfiguredTargetHandle>,
    #[prost(message, repeated, tag = "3")]
    pub cmd: Vec<ArgValue>,
    #[prost(message, repeated, tag = "6")]
    pub env: Vec<EnvironmentVariable>,
}

/// How much of the machine a command takes: `buck.host_sharing`.
#[derive(Clone, PartialEq, Message)]
pub struct HostSharingRequirements {
    #[prost(oneof = "HostSharing", tags = "4")]
    pub requirements: Option<HostSharing>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum HostSharing {
    #[prost(message, tag = "4")]
    Shared(Shared),
}

#[derive(Clone, PartialEq, Message)]
pub struct Shared {
    #[prost(message, optional, tag = "1")]
    pub weight_class: Option<WeightClass>,
}

#[derive(Clone, PartialEq, Message)]
pub struct WeightClass {
    #[prost(oneof = "Weight", tags = "1")]
    pub value: Option<Weight>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub enum Weight {
    #[prost(uint64, tag = "1")]
    Permits(u64),
}

impl HostSharingRequirements {
    /// One processor, beside others.
    #[must_use]
    pub fn one() -> Self {
        let weight_class = Some(WeightClass {
            value: Some(Weight::Permits(1)),
        });
        Self {
            requirements: Some(HostSharing::Shared(Shared { weight_class })),
        }
    }
}

#[derive(Clone, PartialEq, Message)]
pub struct ExecuteRequest2 {
    #[prost(message, optional, tag = "5")]
    pub timeout: Option<Duration>,
    #[prost(message, optional, tag = "6")]
    pub host_sharing_requirements: Option<HostSharingRequirements>,
    #[prost(message, optional, tag = "8")]
    pub test_executable: Option<TestExecutable>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ExecuteResponse2 {
    #[prost(oneof = "Response", tags = "1, 2")]
    pub response: Option<Response>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Response {
    #[prost(message, tag = "1")]
    Result(ExecutionResult2),
    #[prost(message, tag = "2")]
    Cancelled(Cancelled),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct Cancelled {}

#[derive(Clone, PartialEq, Message)]
pub struct ExecutionResult2 {
    #[prost(message, optional, tag = "1")]
    pub status: Option<ExecutionStatus>,
    #[prost(message, optional, tag = "2")]
    pub stdout: Option<ExecutionStream>,
    #[prost(message, optional, tag = "3")]
    pub stderr: Option<ExecutionStream>,
    #[prost(message, optional, tag = "6")]
    pub execution_time: Option<Duration>,
    #[prost(uint64, optional, tag = "8")]
    pub max_memory_used_bytes: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct ExecutionStatus {
    #[prost(oneof = "Status", tags = "1, 2")]
    pub status: Option<Status>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Oneof)]
pub enum Status {
    #[prost(int32, tag = "1")]
    Finished(i32),
    #[prost(message, tag = "2")]
    TimedOut(Duration),
}

#[derive(Clone, PartialEq, Message)]
pub struct ExecutionStream {
    #[prost(oneof = "Stream", tags = "1")]
    pub item: Option<Stream>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Stream {
    #[prost(bytes = "vec", tag = "1")]
    Inline(Vec<u8>),
}

impl ExecutionStream {
    /// What was printed.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.item {
            Some(Stream::Inline(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            None => String::new(),
        }
    }
}

/// What became of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum TestStatus {
    NotSet = 0,
    Pass = 1,
    Fail = 2,
    Skip = 3,
    Omitted = 4,
    Fatal = 5,
    Timeout = 6,
    Unknown = 7,
    Rerun = 8,
    ListingSuccess = 9,
    ListingFailed = 10,
    InfraFailure = 11,
}

#[derive(Clone, PartialEq, Message)]
pub struct TestResult {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(enumeration = "TestStatus", tag = "2")]
    pub status: i32,
    #[prost(message, optional, tag = "5")]
    pub msg: Option<OptionalMsg>,
    #[prost(message, optional, tag = "6")]
    pub target: Option<ConfiguredTargetHandle>,
    #[prost(message, optional, tag = "7")]
    pub duration: Option<Duration>,
    #[prost(string, tag = "8")]
    pub details: String,
    #[prost(uint64, optional, tag = "9")]
    pub max_memory_used_bytes: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct OptionalMsg {
    #[prost(string, tag = "1")]
    pub msg: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct ReportTestResultRequest {
    #[prost(message, optional, tag = "1")]
    pub result: Option<TestResult>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ReportTestsDiscoveredRequest {
    #[prost(message, optional, tag = "1")]
    pub target: Option<ConfiguredTargetHandle>,
    #[prost(message, optional, tag = "3")]
    pub testing: Option<Testing>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct EndOfTestResultsRequest {
    #[prost(int32, tag = "1")]
    pub exit_code: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct AttachInfoMessageRequest {
    #[prost(string, tag = "1")]
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that these fields have on the wire, written out by hand.
    #[test]
    fn fields_have_the_protocol_s_numbers() {
        let check = |message: Vec<u8>, expected: &[u8]| assert_eq!(message, expected);
        let handle = Some(ConfiguredTargetHandle { id: 7 });
        let result = TestResult {
            name: "a".to_owned(),
            status: TestStatus::Timeout.into(),
            msg: Some(OptionalMsg {
                msg: "m".to_owned(),
            }),
            target: handle,
            duration: Some(Duration {
                seconds: 2,
                nanos: 3,
            }),
            details: "d".to_owned(),
            max_memory_used_bytes: Some(9),
        };
        check(
            result.encode_to_vec(),
            b"\x0a\x01a\x10\x06\x2a\x03\x0a\x01m\x32\x02\x08\x07\x3a\x04\x08\x02\x10\x03\x42\x01d\x48\x09",
        );
        let request = ExecuteRequest2 {
            timeout: None,
            host_sharing_requirements: Some(HostSharingRequirements::one()),
            test_executable: Some(TestExecutable {
                stage: None,
                target: handle,
                cmd: vec![ArgValue::verbatim("x")],
                env: Vec::new(),
            }),
        };
        check(
            request.encode_to_vec(),
            b"\x32\x06\x22\x04\x0a\x02\x08\x01\x42\x0d\x12\x02\x08\x07\x1a\x07\x0a\x05\x0a\x03\x0a\x01x",
        );
        let testing = Testing {
            suite: "s".to_owned(),
            testcases: vec!["c".to_owned()],
        };
        let discovered = ReportTestsDiscoveredRequest {
            target: handle,
            testing: Some(testing),
        };
        check(
            discovered.encode_to_vec(),
            b"\x0a\x02\x08\x07\x1a\x06\x0a\x01s\x12\x01c",
        );
        check(
            EndOfTestResultsRequest { exit_code: 32 }.encode_to_vec(),
            b"\x08\x20",
        );
        let response = ExecuteResponse2::decode(&b"\x0a\x08\x0a\x02\x08\x05\x12\x02\x0a\x00"[..]);
        let Some(Response::Result(result)) = response.unwrap().response else {
            panic!("no result");
        };
        assert_eq!(result.status.unwrap().status, Some(Status::Finished(5)));
        assert_eq!(
            result.stdout.unwrap().item,
            Some(Stream::Inline(Vec::new()))
        );
    }
}
