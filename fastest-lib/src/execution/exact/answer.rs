//! What a collector says, and what is kept of it.

use std::collections::HashMap;

use serde::de::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tests of one file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct FileAnswer {
    /// Whether pytest leaves the file out.
    #[serde(default)]
    pub(super) is_ignored: bool,
    /// The file part of its node ids.
    pub(super) node: String,
    /// The file that was collected before it, absolute.
    #[serde(default)]
    pub(super) after: Option<String>,
    /// What tests have in common; most often those of one function.
    pub(super) groups: Vec<Group>,
    /// The group, the node id and the parameters of each test, in the session's order. An id that is
    /// made of the file's, the classes, the function and the parameters is left out.
    pub(super) tests: Vec<(usize, Option<String>, Option<String>)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) classes: Vec<String>,
    pub(super) function: String,
    pub(super) line: u32,
    pub(super) parametrized: Vec<String>,
    pub(super) marks: Vec<Mark>,
    pub(super) fixtures: Vec<String>,
    pub(super) keywords: Vec<String>,
}

/// A mark's name and its keyword arguments: a list of one scalar, or of none for other values.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Mark(pub(super) String, pub(super) Vec<(String, Vec<Value>)>);

/// Tests of a file that follow each other in the session and in the file: the file, the position of the
/// first one among its tests, and how many they are.
pub(super) type OrderedRun = (String, usize, usize);

/// What holds for a session as a whole.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SessionAnswer {
    /// The session's order.
    pub(super) order: Vec<OrderedRun>,
    /// The node ids of collectors that failed, and why.
    pub(super) errors: Vec<(String, String)>,
    /// Why the tests of one file may depend on the others.
    pub(super) wide: Option<String>,
    /// Files that were imported before it was their turn.
    pub(super) entangled: Vec<String>,
    pub(super) inputs: Inputs,
}

/// What a collection read; paths are absolute.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Inputs {
    pub(super) files: Vec<String>,
    pub(super) folders: Vec<String>,
    /// Paths that were not there.
    pub(super) probes: Vec<String>,
    pub(super) variables: Vec<String>,
    pub(super) all_variables: bool,
    /// Why it depends on more than can be looked at again.
    pub(super) opaque: Option<String>,
    /// The folders of installed modules.
    pub(super) libraries: Vec<String>,
}

/// The answer of a collection: files by their absolute paths, in the order of collection.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) paths: Vec<String>,
    pub(super) files: HashMap<String, FileAnswer>,
    pub(super) session: SessionAnswer,
}

/// A frame of a collector.
#[derive(Debug)]
pub(super) enum Frame {
    Loading(String),
    File(String, FileAnswer),
    Session(SessionAnswer),
    /// Files cannot be passed over.
    Wide,
    /// pytest is not there, or too old.
    Missing(String),
    Usage(String),
    Interrupted(String),
    Error(String),
}

impl Frame {
    pub(super) fn decode(body: &[u8]) -> serde_json::Result<Self> {
        let mut frame: Vec<Value> = serde_json::from_slice(body)?;
        let mut take = |at: usize| frame.get_mut(at).map(Value::take).unwrap_or_default();
        let tag = take(0);
        let text = |value: Value| serde_json::from_value::<String>(value);
        Ok(match tag.as_str().unwrap_or_default() {
            "loading" => Self::Loading(text(take(1))?),
            "file" => Self::File(text(take(1))?, serde_json::from_value(take(2))?),
            "session" => Self::Session(serde_json::from_value(take(1))?),
            "wide" => Self::Wide,
            "missing" => Self::Missing(text(take(1))?),
            "usage" => Self::Usage(text(take(1))?),
            "interrupted" => Self::Interrupted(text(take(1))?),
            "error" => Self::Error(text(take(1))?),
            tag => return Err(Error::custom(format!("unknown frame {tag:?}"))),
        })
    }
}
