//! What the files of the repository have to say, and must not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::support::repository;

#[test]
fn the_readme_has_the_two_commands_and_ci_runs_the_second() {
    let readme = fs::read_to_string(repository().join("README.md"))
        .expect("README.md is missing: it is where people start");
    for command in ["cargo fastest examples/quickstart", "cargo xtask test"] {
        assert!(
            readme.contains(command),
            "README.md does not name `{command}`"
        );
    }
    let ci = fs::read_to_string(repository().join(".ci/run")).unwrap();
    assert!(
        ci.lines().any(|line| line == "cargo xtask test"),
        ".ci/run has to call exactly `cargo xtask test`, as README.md tells people to"
    );
}

#[test]
fn links_between_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^()\s]+)\)").unwrap();
    let mut broken = Vec::new();
    for (path, text) in texts() {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let folder = path.parent().unwrap_or(&path);
        for found in link.captures_iter(&text) {
            let target = found[1].split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !target.is_empty() && !elsewhere && !folder.join(target).exists() {
                broken.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "links to files that do not exist, from the folder of the document:\n{}",
        broken.join("\n")
    );
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let found: Vec<_> = texts()
        .iter()
        .flat_map(|(path, text)| {
            let lines = text.lines().enumerate();
            let bad = lines.filter(|(_, line)| is_tied_to_a_machine(line));
            bad.map(|(n, line)| format!("{}:{}: {}", shown(path), n + 1, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        found.is_empty(),
        "paths of one machine, or hosts of a package registry; use relative paths, a temporary \
         folder or the registry's ordinary client instead:\n{}",
        found.join("\n")
    );
}

#[test]
fn paths_of_a_machine_are_told_from_others() {
    let check = |text: String, tied| assert_eq!(is_tied_to_a_machine(&text), tied, "{text}");
    // Put together here, or this file would hold them.
    for folder in ["root/.cache", "home/ann/src", "work/repo", "Users/ann/src"] {
        check(format!("see /{folder}"), true);
        check(format!("path = \"/{folder}\""), true);
        check(format!("bazel-out/{folder}"), false);
    }
    check(format!("files.python{}.org", "hosted"), true);
    check("/usr/bin/env".to_owned(), false);
    check("frame/work/shop".to_owned(), false);
}

fn is_tied_to_a_machine(line: &str) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let path = r"(^|[^\w.~/*-])/((root|home|work|Users)/[\w.]|tmp/target\b)";
        // In parts, or this file would name them.
        let hosts = [
            ("py", "pi.org"),
            ("python", "hosted.org"),
            ("index.crates", ".io"),
        ];
        let hosts = hosts.map(|(start, end)| regex::escape(&format!("{start}{end}")));
        Regex::new(&format!("{path}|\\b({})\\b", hosts.join("|"))).unwrap()
    });
    PATTERN.is_match(line)
}

/// Every text file that version control holds, or would.
fn texts() -> Vec<(PathBuf, String)> {
    let generated = |path: &Path| path.file_name().is_some_and(|name| name == "Cargo.lock");
    ignore::WalkBuilder::new(repository())
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && !generated(path))
        .filter_map(|path| {
            let text = fs::read_to_string(&path).ok()?;
            Some((path, text))
        })
        .collect()
}

fn shown(path: &Path) -> String {
    let relative = path.strip_prefix(repository()).unwrap_or(path);
    relative.display().to_string()
}
