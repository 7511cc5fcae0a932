//! Every rule by itself: what it makes, what it must not make, and that it can be switched off.

mod loading;
mod reading;

use fastest_lib::graph::Rule;

use crate::case::{Case, Files, Tree, check, edges};

struct RuleCase {
    rule: Rule,
    files: Files<'static>,
    edges: &'static [&'static str],
    absent: &'static [&'static str],
}

fn cases() -> impl Iterator<Item = &'static RuleCase> {
    loading::CASES.iter().chain(reading::CASES)
}

/// Rules whose edges do not come from the files of the tree.
const FROM_ELSEWHERE: &[Rule] = &[Rule::Recorded];

#[test]
fn every_rule_has_a_case() {
    for rule in Rule::ALL {
        let has = cases().any(|case| case.rule == *rule);
        assert_ne!(has, FROM_ELSEWHERE.contains(rule), "{}", rule.name());
    }
}

#[test]
fn every_rule_makes_its_edges_and_no_others() {
    for case in cases() {
        // The last word of an edge is the rule; places that are not known have the rule of the site.
        if case.rule != Rule::Unresolved {
            assert!(
                case.edges
                    .iter()
                    .all(|edge| edge.ends_with(case.rule.name()))
            );
        }
        check(Case {
            files: case.files,
            edges: case.edges,
            absent: case.absent,
            ..Case::default()
        });
    }
}

#[test]
fn every_rule_can_be_switched_off() {
    for case in cases().filter(|case| case.rule != Rule::Folder) {
        let name = case.rule.name();
        let mut files = case.files.to_vec();
        let setting = format!("[tool.fastest.graph]\ndisable = ['{name}']\n");
        let text = match files.iter().find(|(path, _)| *path == "pyproject.toml") {
            Some((_, text)) if text.contains("[tool.fastest.graph]") => {
                text.replace("[tool.fastest.graph]\n", &setting)
            }
            Some((_, text)) => format!("{text}{setting}"),
            None => setting,
        };
        files.retain(|(path, _)| *path != "pyproject.toml");
        files.push(("pyproject.toml", &text));
        let all = edges(&Tree::new(&files).graph());
        for edge in case.edges {
            assert!(
                !all.iter().any(|one| one == edge),
                "{edge} in spite of\n{text}"
            );
        }
    }
}
