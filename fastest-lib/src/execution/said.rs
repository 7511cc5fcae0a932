//! What is told once a run, whichever worker says it.

use super::event::Warning;

/// The key of a warning that is told once; none for one of a test, which is told each time.
pub(crate) fn of_warning(warning: &Warning) -> Option<String> {
    // Every worker imports every file, and hears its warnings.
    (warning.when != "runtest").then(|| {
        format!(
            "warning {} {} {} {}",
            warning.path, warning.line, warning.category, warning.message
        )
    })
}

/// The key of what a test says of the whole run, for the n-th time in its process.
pub(crate) fn of_property(name: &str, value: &str, times: usize) -> String {
    format!("property {times} {name}={value}")
}
