//! Python files on disk, read into facts.

use std::io;
use std::path::Path;

use super::facts::FileFacts;
use super::parse::parse_with;
use super::parser::ParserKind;

/// Gives the facts of files, by one parser.
#[derive(Debug, Default)]
pub struct Sources {
    parser: ParserKind,
}

impl Sources {
    /// Reads files with that parser, each time anew.
    pub fn new(parser: ParserKind) -> Self {
        Self { parser }
    }

    /// The facts of a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read. One that is not valid Python has facts that say so.
    pub fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        Ok(parse_with(&std::fs::read(path)?, self.parser))
    }
}
