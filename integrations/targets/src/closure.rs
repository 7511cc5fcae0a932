//! What a test has, all told: two that have the same need not run again.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::owners::{Owners, Target};
use crate::system::Kind;

/// Says of targets whether they reach the same files by the same ways, in the same order: rules hand their
/// files on in an order that depends on the way, and on the names of the targets along it.
pub(crate) struct Closures<'o> {
    owners: &'o Owners,
    kind: Kind,
    known: HashMap<usize, u64>,
}

impl<'o> Closures<'o> {
    pub(crate) fn new(owners: &'o Owners, kind: Kind) -> Self {
        Self {
            owners,
            kind,
            known: HashMap::new(),
        }
    }

    /// A number that stands for all that a target has.
    pub(crate) fn of(&mut self, target: usize) -> u64 {
        let mut rest = vec![(target, false)];
        // Targets that are being looked at: a cycle ends there.
        let mut open: HashSet<usize> = HashSet::new();
        while let Some((at, is_ready)) = rest.pop() {
            if self.known.contains_key(&at) {
                continue;
            }
            if is_ready {
                let number = self.number(at);
                self.known.insert(at, number);
                continue;
            }
            if !open.insert(at) {
                continue;
            }
            rest.push((at, true));
            rest.extend(self.owners.deps(at).map(|dep| (dep, false)));
        }
        self.known.get(&target).copied().unwrap_or_default()
    }

    fn number(&self, at: usize) -> u64 {
        let Target {
            label,
            rule,
            files,
            globs,
            imports,
            distributions,
            rest,
            ..
        } = &self.owners.targets[at];
        let mut hasher = DefaultHasher::new();
        if self.kind == Kind::Bazel {
            label.package.hash(&mut hasher);
        }
        files.hash(&mut hasher);
        format!("{globs:?}").hash(&mut hasher);
        for root in imports {
            tidy(root).hash(&mut hasher);
        }
        distributions.hash(&mut hasher);
        if rule.is_none() {
            (label, rest).hash(&mut hasher);
        }
        for dep in self.owners.deps(at) {
            self.known.get(&dep).hash(&mut hasher);
        }
        hasher.finish()
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
