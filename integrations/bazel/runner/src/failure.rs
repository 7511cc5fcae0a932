/// Why a target cannot run, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct Failure {
    /// What happened, and what to do about it.
    pub message: String,
    /// Whether the machine is to blame, or the configuration of the build, and not the target.
    pub infrastructure: bool,
    /// The exit code, pytest's.
    pub code: u8,
}

impl Failure {
    /// The machine or the build is not as it has to be.
    pub fn infrastructure(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            infrastructure: true,
            code: 3,
        }
    }

    /// The target asks for something that makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            infrastructure: false,
            code: 4,
        }
    }

    /// A file or folder cannot be used.
    pub fn io(what: &std::path::Path, error: &std::io::Error) -> Self {
        Self::infrastructure(format!("{}: {error}", what.display()))
    }
}

impl From<fastest_lib::Error> for Failure {
    fn from(error: fastest_lib::Error) -> Self {
        use fastest_lib::ErrorKind::{Config, Usage};

        let help = error.help().map(|help| format!("\nhelp: {help}"));
        let message = format!("{error}{}", help.unwrap_or_default());
        match error.kind() {
            Usage | Config => Self::usage(message),
            _ => Self::infrastructure(message),
        }
    }
}
