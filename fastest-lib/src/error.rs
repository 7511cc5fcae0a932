use std::fmt;
use std::path::{Path, PathBuf};

/// The result of a library call that can fail as a whole.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed as a whole. Partial failures are [`Problem`](crate::Problem)s instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that does not exist or makes no sense
    /// (an unknown path or node id, a malformed `-k` expression).
    Usage,
    /// A configuration file or value cannot be used.
    Config,
    /// No usable Python interpreter, or it failed to start.
    Interpreter,
    /// The operating system refused to read or write something.
    Io,
    /// The execution engine failed in a way that no test is to blame for.
    Execution,
}

/// An error of the library: its kind, what happened, the path it speaks of and what to do next.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    path: Option<PathBuf>,
    help: Option<String>,
    #[source]
    source: Option<std::io::Error>,
}

impl Error {
    /// An error of `kind` that says `message`, a fragment in lower case.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            path: None,
            help: None,
            source: None,
        }
    }

    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self {
            source: Some(source),
            ..Self::new(ErrorKind::Io, "cannot be read or written")
        }
        .with_path(path)
    }

    pub(crate) fn with_path(mut self, path: &Path) -> Self {
        self.path = Some(path.to_path_buf());
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What kind of failure it is; front ends map it to their exit codes.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file or folder that the error speaks of.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What the user can do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}
