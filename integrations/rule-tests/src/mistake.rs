//! Mistakes that are made on purpose, to see that they are rejected.

use crate::World;

/// A slip of the hand in one file.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    /// The file's cell; the project's has no name.
    pub cell: &'static str,
    /// The file.
    pub path: &'static str,
    /// A piece of it.
    pub from: &'static str,
    /// What the slip makes of that.
    pub to: &'static str,
    /// What the error has to say.
    pub named: &'static str,
}

impl World {
    /// Makes each of the mistakes by itself; gives those that are accepted, or named otherwise.
    #[must_use]
    pub fn unnoticed(&self, mistakes: &[Mistake]) -> Vec<String> {
        let wrong = |mistake: &Mistake| {
            let Mistake {
                path, to, named, ..
            } = mistake;
            let made = self
                .clone()
                .replace(mistake.cell, path, mistake.from, to)
                .unwrap_or_else(|error| panic!("{}: {error:#}", mistake.from));
            match made.analyse() {
                Ok(_) => Some(format!("{path}: {to}: accepted")),
                Err(error) if format!("{error:#}").contains(named) => None,
                Err(error) => Some(format!("{path}: {to}: named otherwise: {error:#}")),
            }
        };
        mistakes.iter().filter_map(wrong).collect()
    }
}
