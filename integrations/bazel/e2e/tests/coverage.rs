//! `bazel coverage`: what each test covers, and all together; also of tests that fail.

use std::collections::BTreeMap;
use std::fs;

use crate::support::workspace;

/// The lines of each source that were executed, and those that were not.
type Lines = BTreeMap<String, (Vec<u32>, Vec<u32>)>;

fn lines(lcov: &str) -> Lines {
    let mut files = Lines::new();
    let mut current = String::new();
    for line in lcov.lines() {
        match line.split_once(':') {
            Some(("SF", name)) => name.clone_into(&mut current),
            Some(("DA", value)) => {
                let mut numbers = value.split(',');
                let mut next = || numbers.next().and_then(|text| text.parse().ok());
                let (Some(line), Some(count)) = (next(), next()) else {
                    panic!("{value}");
                };
                let (hit, missed) = files.entry(current.clone()).or_default();
                if count > 0 { hit } else { missed }.push(line);
            }
            _ => {}
        }
    }
    files
}

#[test]
fn what_tests_cover_is_told_in_bazel_s_terms() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let answer = bazel.call(&[
        "coverage",
        "-k",
        "--combined_report=lcov",
        "--instrumentation_filter=^//lib",
        "//contract:money",
        "//contract:cart",
        "//contract:fails",
        "//contract:idle",
    ]);
    answer.expect(3);
    let of = |target: &str| {
        let text = bazel.test_file(target, "coverage.dat");
        lines(&text.unwrap_or_else(|| panic!("{target} has no coverage.dat\n{}", answer.stderr)))
    };
    let source = |hit: &[u32], missed: &[u32]| (hit.to_vec(), missed.to_vec());
    let money = ("lib/money.py".to_owned(), source(&[1, 3, 6, 7, 9], &[8]));
    let cart = ("lib/cart.py".to_owned(), source(&[1, 4, 5], &[]));
    assert_eq!(of("//contract:money"), Lines::from([money.clone()]));
    assert_eq!(
        of("//contract:cart"),
        Lines::from([cart.clone(), money.clone()])
    );
    // A source that is declared is told also where nothing of it is executed.
    let idle = ("lib/idle.py".to_owned(), source(&[], &[1, 2]));
    assert_eq!(of("//contract:idle"), Lines::from([idle.clone()]));
    // Bazel's own script forgets what a failing test covers.
    assert_eq!(answer.events.summaries["//contract:fails"], "FAILED");
    assert_eq!(
        of("//contract:fails"),
        Lines::from([idle.clone(), money.clone()])
    );
    let output = bazel.call(&["info", "output_path"]);
    let output = output.expect(0).stdout.trim();
    let all = fs::read_to_string(format!("{output}/_coverage/_coverage_report.dat")).unwrap();
    assert_eq!(lines(&all), Lines::from([cart, idle, money]));
}
