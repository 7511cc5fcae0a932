//! What tests were seen to load and read, beside what the import graph says that they can.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::workspace::Record;

/// One test file's comparison. Only files below the rootdir count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Audit {
    /// The test file.
    pub test: String,
    /// Files that its tests executed or read, and that the graph does not lead to: a fault of the
    /// graph, or something loaded by a name that only a run can know.
    pub missed: Vec<String>,
    /// How many files its tests executed or read.
    pub observed: usize,
    /// How many files the graph leads to.
    pub given: usize,
    /// How many of those its tests did not touch.
    pub untouched: usize,
}

/// Holds the record of `test` against the `given` files, which are relative to the rootdir.
pub fn audit(test: &str, record: &Record, given: &BTreeSet<String>) -> Audit {
    let seen = record.executed.iter().chain(&record.opened);
    // Absolute paths are those outside of the rootdir.
    let observed: BTreeSet<&String> = seen.filter(|path| Path::new(path).is_relative()).collect();
    let missed = observed.iter().filter(|path| !given.contains(**path));
    let missed: Vec<String> = missed.map(|path| (*path).clone()).collect();
    Audit {
        test: test.to_owned(),
        observed: observed.len(),
        given: given.len(),
        untouched: given.len() - (observed.len() - missed.len()),
        missed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_of_them_has_is_told() {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect();
        let check = |executed: &str, opened: &str, given: &str, missed: &str, untouched: usize| {
            let record = Record {
                executed: words(executed),
                opened: words(opened),
                ..Record::default()
            };
            let given: BTreeSet<String> = given.split_whitespace().map(Into::into).collect();
            let found = audit("t.py", &record, &given);
            assert_eq!(found.missed.join(" "), missed, "{executed}; {opened}");
            assert_eq!(found.untouched, untouched, "{executed}; {opened}");
            assert_eq!(found.given, given.len());
        };
        check("t.py", "", "t.py", "", 0);
        check("t.py a.py", "", "t.py b.py c.py", "a.py", 2);
        check("t.py", "data.txt", "t.py", "data.txt", 0);
        check("t.py", "data.txt", "data.txt t.py", "", 0);
        check("t.py /elsewhere/b.py", "/etc/hosts", "t.py", "", 0);
        check("t.py", "", "", "t.py", 0);
        check("", "", "t.py", "", 1);
    }
}
