//! Two runs beside each other.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Record, Run};

/// The node ids that pytest itself does not report alike twice, with what it reported.
pub(crate) fn unstable(first: &Run, second: &Run) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for id in ids(first, second) {
        let (one, two) = (first.records.get(id), second.records.get(id));
        if one != two {
            let text = format!("{}, then {}", shown(one), shown(two));
            found.insert(id.clone(), text);
        }
    }
    found
}

/// Every difference between pytest's run and fastest's, a line each; `aside` are not compared.
pub(crate) fn differences(
    pytest: &Run,
    fastest: &Run,
    aside: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for id in ids(pytest, fastest) {
        let (expected, got) = (pytest.records.get(id), fastest.records.get(id));
        if expected != got && !aside.contains_key(id) {
            found.push(format!(
                "{id}\n    pytest:  {}\n    fastest: {}",
                shown(expected),
                shown(got)
            ));
        }
    }
    // What is set apart may be what decides the exit code.
    if pytest.exit_code != fastest.exit_code && aside.is_empty() {
        let (expected, got) = (pytest.exit_code, fastest.exit_code);
        found.push(format!(
            "exit code\n    pytest:  {expected}\n    fastest: {got}"
        ));
    }
    found
}

pub(super) fn ids<'r>(one: &'r Run, two: &'r Run) -> BTreeSet<&'r String> {
    one.records.keys().chain(two.records.keys()).collect()
}

pub(super) fn shown(record: Option<&Record>) -> String {
    record.map_or_else(|| "(not reported)".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::super::record::Volatile;
    use super::*;

    fn run(lines: &[(&str, &str)], exit_code: i32) -> Run {
        let line = |(id, outcome): &(&str, &str)| {
            format!(
                r#"{{"kind":"test","nodeid":"{id}","when":"call","outcome":"{outcome}","wasxfail":false,"reason":null}}"#
            )
        };
        let lines: Vec<String> = lines.iter().map(line).collect();
        Run {
            exit_code,
            ..Run::from_pytest(&lines.join("\n"), &Volatile::new(&[]).unwrap()).unwrap()
        }
    }

    #[test]
    fn every_kind_of_difference_is_found() {
        let pytest = run(&[("a", "passed"), ("b", "passed"), ("c", "failed")], 1);
        let fastest = run(&[("a", "passed"), ("c", "passed"), ("d", "passed")], 0);
        let found = differences(&pytest, &fastest, &BTreeMap::new());
        let first: Vec<_> = found.iter().map(|line| line.lines().next()).collect();
        assert_eq!(first, [Some("b"), Some("c"), Some("d"), Some("exit code")]);
        assert!(differences(&pytest, &pytest, &BTreeMap::new()).is_empty());
    }

    #[test]
    fn what_pytest_does_not_repeat_is_set_apart() {
        let first = run(&[("a", "passed"), ("b", "passed")], 0);
        let second = run(&[("a", "failed"), ("b", "passed")], 1);
        let aside = unstable(&first, &second);
        assert_eq!(aside.keys().collect::<Vec<_>>(), ["a"]);
        assert!(differences(&first, &second, &aside).is_empty());
    }
}
