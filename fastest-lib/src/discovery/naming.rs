//! pytest's `python_classes` and `python_functions`: prefixes or globs.

use crate::workspace::Fnmatch;

/// One of the two settings, ready to match.
pub(super) struct Naming {
    prefixes: Vec<String>,
    globs: Vec<Fnmatch>,
}

impl Naming {
    pub(super) fn new(patterns: &[String]) -> Self {
        let globs = patterns
            .iter()
            .filter(|pattern| pattern.contains(['*', '?', '[']));
        Self {
            prefixes: patterns.to_vec(),
            globs: globs.map(|pattern| Fnmatch::new(pattern)).collect(),
        }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        // pytest skips what every module and class has, which is all of this shape.
        if name.starts_with("__") && name.ends_with("__") {
            return false;
        }
        self.prefixes
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
            || self.globs.iter().any(|glob| glob.matches(name))
    }
}
