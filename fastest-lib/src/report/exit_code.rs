/// pytest's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExitCode {
    /// All tests passed.
    Ok,
    /// Some tests failed.
    TestsFailed,
    /// The user, or `pytest.exit()`, ended the run.
    Interrupted,
    /// Something went wrong that no test is to blame for.
    InternalError,
    /// The command line or the configuration makes no sense.
    UsageError,
    /// No test was found, or none was left after deselection.
    NoTestsCollected,
    /// What a test gave to `pytest.exit(returncode=…)`.
    Custom(u8),
}

impl ExitCode {
    /// The number that a process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::TestsFailed => 1,
            Self::Interrupted => 2,
            Self::InternalError => 3,
            Self::UsageError => 4,
            Self::NoTestsCollected => 5,
            Self::Custom(code) => code,
        }
    }

    /// The exit code of an error that kept a call from giving any result.
    pub fn of_error(error: &crate::Error) -> Self {
        match error.kind() {
            crate::ErrorKind::Usage | crate::ErrorKind::Config | crate::ErrorKind::Interpreter => {
                Self::UsageError
            }
            crate::ErrorKind::Io | crate::ErrorKind::Execution => Self::InternalError,
        }
    }
}
