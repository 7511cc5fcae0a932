use serde::{Deserialize, Serialize};

/// What a [`Problem`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A file that is not valid Python; what could be read of it is still used.
    Syntax,
    /// A file or folder that cannot be read.
    Io,
    /// A file whose bytes do not match its declared encoding.
    Encoding,
    /// A configuration value that is unknown or was not used.
    Config,
    /// Discovery without Python differs, or may differ, from what pytest collects.
    Discovery,
    /// What a file imports cannot be found, or cannot be told apart.
    Graph,
    /// A worker process ended in a way that no test is to blame for.
    Worker,
}

/// Something wrong with the input that did not stop the call: broken input is data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// What the problem is about.
    pub kind: ProblemKind,
    /// The file, relative to the rootdir with `/`, when it speaks of one.
    pub path: Option<String>,
    /// The line, counted from 1, when it speaks of one.
    pub line: Option<u32>,
    /// What happened and what it means for the answer.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            path: None,
            line: None,
            message: message.into(),
        }
    }

    pub(crate) fn at(mut self, path: impl Into<String>, line: Option<u32>) -> Self {
        self.path = Some(path.into());
        self.line = line;
        self
    }
}
