//! Changes of a build file's text.

use std::ops::Range;

use super::file::{BuildFile, Statement, StatementKind};
use super::order::loads_before;

/// Changes that are gathered, and made at once.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// What is put in the place of what; in the order in which they were asked for.
    replaced: Vec<(Range<usize>, String)>,
    /// Where what is put; in the order in which it was asked for.
    inserted: Vec<(usize, String)>,
    removed: Vec<Range<usize>>,
    appended: Vec<String>,
}

impl Edits {
    pub(crate) fn is_empty(&self) -> bool {
        self.replaced.is_empty()
            && self.inserted.is_empty()
            && self.removed.is_empty()
            && self.appended.is_empty()
    }

    pub(crate) fn replace(&mut self, statement: &Statement, text: String) {
        self.replaced.push((statement.at.clone(), text));
    }

    /// Takes a statement out, with the comments that belong to it.
    pub(crate) fn remove(&mut self, file: &BuildFile, statement: &Statement) {
        self.removed.push(whole(file, statement));
    }

    /// Puts a statement behind another one, with an empty line between them.
    pub(crate) fn insert_after(&mut self, file: &BuildFile, statement: &Statement, text: &str) {
        let end = whole(file, statement).end;
        self.inserted.push((end, format!("\n{text}\n")));
    }

    /// Puts a statement before another one, with an empty line between them.
    pub(crate) fn insert_before(&mut self, file: &BuildFile, statement: &Statement, text: &str) {
        let start = whole(file, statement).start;
        self.inserted.push((start, format!("{text}\n\n")));
    }

    /// Puts a statement at the end.
    pub(crate) fn append(&mut self, text: &str) {
        self.appended.push(text.to_owned());
    }

    /// Puts a `load` where the loads are.
    pub(crate) fn insert_load(&mut self, file: &BuildFile, label: &str, text: &str) {
        let mut loads = file.loads();
        let next = loads.find(|(_, load)| loads_before(label, &load.label));
        let last = file.loads().last();
        if let Some((at, _)) = next {
            let start = whole(file, &file.statements[at]).start;
            self.inserted.push((start, format!("{text}\n")));
        } else if let Some((at, _)) = last {
            let end = whole(file, &file.statements[at]).end;
            self.inserted.push((end, format!("{text}\n")));
        } else {
            let mut statements = file.statements.iter();
            // A text that stands first is a description.
            let first = statements.find(|statement| {
                let is_text = file.text[statement.at.clone()].starts_with(['"', '\'']);
                !(is_text && matches!(statement.kind, StatementKind::Other))
            });
            match first {
                Some(statement) => self.insert_before(file, statement, text),
                None => self.append(text),
            }
        }
    }

    /// The text with all changes made.
    pub(crate) fn apply(self, file: &BuildFile) -> String {
        let text = &file.text;
        let mut ends_line = text.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            ends_line.push('\n');
        }
        let mut pieces: Vec<(Range<usize>, String)> = self.replaced;
        for mut range in self.removed {
            // Of the empty lines around it those above go.
            let kept = ends_line[..range.start].trim_end_matches(['\n', '\r', ' ', '\t']);
            if kept.is_empty() {
                let rest = &ends_line[range.end.min(ends_line.len())..];
                range.end += rest.len() - rest.trim_start_matches(['\n', '\r']).len();
                range.start = 0;
            } else if ends_line[..range.start].ends_with("\n\n") {
                let line_end =
                    kept.len() + ends_line[kept.len()..].find('\n').map_or(0, |at| at + 1);
                range.start = line_end;
            }
            pieces.push((range, String::new()));
        }
        let inserted = self.inserted.into_iter();
        pieces.extend(inserted.map(|(at, text)| {
            let at = if at >= file.text.len() {
                ends_line.len()
            } else {
                at
            };
            (at..at, text)
        }));
        pieces.sort_by_key(|(range, text)| (range.start, range.end, text.is_empty()));
        let mut made = String::with_capacity(ends_line.len());
        let mut at = 0;
        for (range, text) in pieces {
            if range.start > at {
                made.push_str(&ends_line[at..range.start]);
            }
            made.push_str(&text);
            at = at.max(range.end);
        }
        made.push_str(ends_line.get(at..).unwrap_or_default());
        let mut made = tidy(made);
        for text in self.appended {
            if !made.is_empty() {
                made.push('\n');
            }
            made.push_str(&text);
            made.push('\n');
        }
        made
    }
}

/// A file neither begins with empty lines nor ends with them.
fn tidy(text: String) -> String {
    let trimmed = text.trim_start_matches('\n');
    let end = trimmed.trim_end_matches('\n');
    if end.is_empty() {
        return String::new();
    }
    format!("{end}\n")
}

/// The lines of a statement, with the comments directly above it and behind it.
fn whole(file: &BuildFile, statement: &Statement) -> Range<usize> {
    let text = &file.text;
    let mut start = text[..statement.at.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    for _ in &statement.above {
        start = text[..start.saturating_sub(1)]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
    }
    let rest = &text[statement.at.end..];
    let end = rest
        .find('\n')
        .map_or(text.len(), |newline| statement.at.end + newline + 1);
    start..end
}
