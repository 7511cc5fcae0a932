//! The commands of the example's README, as they stand there.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use fastest_bazel_e2e::{Answer, Bazel, fastest, repository, runner};

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let Some(mut bazel) = Bazel::start_in("examples/bazel") else {
        return;
    };
    let of = |path: &str| repository().join(path);
    bazel.copy(&of("examples/bazel"), "");
    bazel.copy(
        &of("integrations/bazel/rules"),
        "../../integrations/bazel/rules",
    );
    // What the README has built is there already.
    let program = bazel.workspace().join("tools/fastest-bazel-runner");
    fs::copy(runner(), program).unwrap();
    let readme = fs::read_to_string(of("examples/bazel/README.md")).unwrap();
    let commands: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("    $ "))
        .collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    for command in commands {
        let words = words(command);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.split_first() {
            Some((&"bazel", arguments)) => {
                let answer = bazel.call(arguments);
                answer.expect(0);
                check(&mut bazel, command, &answer);
            }
            Some((&"fastest", arguments)) => affected(&bazel, arguments),
            _ => panic!("no such program: {command}"),
        }
    }
}

const TARGETS: [&str; 4] = [
    "//invoices/tests:test_invoice",
    "//money/tests:test_convert",
    "//shop/tests:test_cart",
    "//shop/tests:test_discounts",
];

fn check(bazel: &mut Bazel, command: &str, answer: &Answer) {
    let summaries = &answer.events.summaries;
    assert_eq!(
        summaries.keys().collect::<Vec<_>>(),
        TARGETS.each_ref(),
        "{command}"
    );
    if command.ends_with("//...") && command.starts_with("bazel test") {
        let again = bazel.call(&["test", "//..."]);
        assert_eq!(again.expect(0).events.executed(), [""; 0]);
    }
    if command.starts_with("bazel coverage") {
        let report = bazel
            .workspace()
            .join("bazel-out/_coverage/_coverage_report.dat");
        let report = fs::read_to_string(&report).unwrap();
        let sources: BTreeSet<&str> = report
            .lines()
            .filter_map(|line| line.strip_prefix("SF:"))
            .collect();
        for source in [
            "invoices/invoice.py",
            "money/convert.py",
            "shop/discounts.py",
        ] {
            assert!(sources.contains(source), "{source}: {report}");
        }
    }
}

/// The labels are those that Bazel would run again.
fn affected(bazel: &Bazel, arguments: &[&str]) {
    let output = Command::new(fastest())
        .args(arguments)
        .current_dir(bazel.workspace())
        .env("FASTEST_CACHE_DIR", bazel.workspace().join("cache"))
        .output()
        .unwrap();
    let labels = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(labels.lines().collect::<Vec<_>>(), TARGETS, "{output:?}");
}

/// The words of a command line, in which quotes keep some together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}
