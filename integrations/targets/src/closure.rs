//! What a test has, all told: two that have the same need not run again.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::owners::Owners;
use crate::system::Kind;

/// Everything that a target reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Has {
    /// Files, with their packages where these are part of their names.
    files: BTreeSet<String>,
    imports: BTreeSet<String>,
    distributions: BTreeSet<String>,
    /// What else has a say.
    rest: BTreeSet<String>,
}

pub(crate) struct Closures<'o> {
    owners: &'o Owners,
    kind: Kind,
    known: HashMap<usize, Rc<Has>>,
}

impl<'o> Closures<'o> {
    pub(crate) fn new(owners: &'o Owners, kind: Kind) -> Self {
        Self {
            owners,
            kind,
            known: HashMap::new(),
        }
    }

    pub(crate) fn of(&mut self, at: usize) -> Rc<Has> {
        if let Some(known) = self.known.get(&at) {
            return Rc::clone(known);
        }
        let mut has = Has::default();
        let label = &self.owners.targets[at].label;
        for at in self.owners.reach(label) {
            let target = &self.owners.targets[at];
            let package = match self.kind {
                Kind::Bazel => target.label.package.as_str(),
                Kind::Buck2 => "",
            };
            let files = target.files.iter();
            has.files
                .extend(files.map(|file| format!("{package}:{file}")));
            has.imports
                .extend(target.imports.iter().map(|root| tidy(root)));
            has.distributions
                .extend(target.distributions.iter().cloned());
            for glob in &target.globs {
                has.rest.insert(format!("{package} {glob:?}"));
            }
            if target.rule.is_none() {
                has.rest
                    .insert(format!("{:?} {}", target.label, target.rest));
            }
        }
        let has = Rc::new(has);
        self.known.insert(at, Rc::clone(&has));
        has
    }
}

/// A path without `.` and `..`.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
