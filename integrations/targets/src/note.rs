/// Something that people should know of, about a file of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The file, relative to the root of the workspace.
    pub path: String,
    /// The line, counted from 1, where it speaks of one.
    pub line: Option<u32>,
    /// What happened, and what to do.
    pub message: String,
    /// Whether something was not done for it.
    pub is_error: bool,
}

impl Note {
    pub(crate) fn new(
        path: impl Into<String>,
        line: Option<u32>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            line,
            message: message.into(),
            is_error: false,
        }
    }

    pub(crate) fn error(self) -> Self {
        Self {
            is_error: true,
            ..self
        }
    }
}
