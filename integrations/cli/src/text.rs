//! Colours and widths.

use anstyle::{AnsiColor, Style};
use fastest_lib::execution::Outcome;

/// Wraps `text` in the codes of `style`; streams that are no terminals take them out again.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub(crate) fn colour_of(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Passed => AnsiColor::Green.on_default(),
        Outcome::Skipped | Outcome::Xfailed | Outcome::Xpassed => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default(),
    }
}

/// The width of rules; as pytest, 80 where there is no terminal.
pub(crate) fn terminal_width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    columns.unwrap_or_else(|| {
        usize::from(
            console::Term::stdout()
                .size_checked()
                .map_or(80, |(_, columns)| columns),
        )
    })
}
