//! The labels of affected tests, beside what Bazel itself would run again.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use fastest_bazel_e2e::{Bazel, fastest, python, repository};

use crate::edits::{Random, edit};

/// How many times each workspace is edited.
const ROUNDS: u64 = 55;

/// Stands for the runner: which tests run is asked, and not what comes of them.
const RUNNER: &str = "#!/bin/sh\ntest \"$1\" != --prepare || cp \"$0\" \"$2\"\n";

struct Edited {
    bazel: Bazel,
    cache: tempfile::TempDir,
}

impl Edited {
    /// A workspace with sources: everything is built, and nothing has changed since.
    fn new(bazel: Bazel) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let runner = cache.path().join("runner");
        fs::write(&runner, RUNNER).unwrap();
        fs::set_permissions(&runner, fs::Permissions::from_mode(0o755)).unwrap();
        bazel.add_rules_with(&runner);
        bazel.write("WORKSPACE", "");
        bazel.write(".gitignore", "bazel-*\n");
        let mut edited = Self { bazel, cache };
        edited.targets();
        edited.git(&["init", "--quiet"]);
        edited.git(&["add", "."]);
        edited.git(&["commit", "--quiet", "--message", "As it is"]);
        edited.bazel.call(&["test", "//..."]).expect(0);
        edited
    }

    fn root(&self) -> &Path {
        self.bazel.workspace()
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args([
            "-c",
            "user.name=Tests",
            "-c",
            "user.email=tests@example.org",
        ]);
        let output = git
            .args(arguments)
            .current_dir(self.root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn fastest(&self, arguments: &[&str]) -> (String, String) {
        let mut command = Command::new(fastest());
        command.args(arguments).current_dir(self.root());
        command.env("FASTEST_CACHE_DIR", self.cache.path());
        let interpreter = python();
        command.env(
            "VIRTUAL_ENV",
            interpreter.parent().and_then(Path::parent).unwrap(),
        );
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        (text(&output.stdout), text(&output.stderr))
    }

    fn targets(&self) {
        self.fastest(&["targets", "bazel"]);
    }

    fn affected(&self) -> BTreeSet<String> {
        let (labels, _) = self.fastest(&["affected", "--since", "HEAD", "--output", "bazel"]);
        labels.lines().map(str::to_owned).collect()
    }

    /// The tests of which Bazel has no result for what there is now.
    fn without_status(&mut self) -> Result<BTreeSet<String>, String> {
        let answer = self.bazel.call(&[
            "test",
            "//...",
            "--check_tests_up_to_date",
            "--keep_going",
            "--test_summary=short",
        ]);
        let said = format!("{}\n{}", answer.stdout, answer.stderr);
        if said.contains("ERROR: ") && !said.contains("not up-to-date") {
            return Err(said);
        }
        let lines = said.lines().filter(|line| line.contains("NO STATUS"));
        let labels = lines.filter_map(|line| line.split_whitespace().next());
        Ok(labels.map(str::to_owned).collect())
    }

    fn restore(&self) {
        self.git(&["checkout", "--quiet", "."]);
        self.git(&["clean", "--quiet", "--force", "-d"]);
    }
}

fn check(bazel: Option<Bazel>, first_seed: u64) {
    let Some(bazel) = bazel else {
        return;
    };
    let mut edited = Edited::new(bazel);
    let mut differences = Vec::new();
    let (mut affected, mut all) = (0, 0);
    for seed in first_seed..first_seed + ROUNDS {
        let mut random = Random::new(seed);
        let edits = 1 + random.below(2);
        let edits: Vec<String> = (0..edits)
            .map(|_| edit(edited.root(), &mut random))
            .collect();
        edited.targets();
        let ours = edited.affected();
        let theirs = edited.without_status();
        let is_clean = theirs.as_ref().is_ok_and(BTreeSet::is_empty);
        match theirs {
            Ok(theirs) if theirs == ours => {
                affected += ours.len();
                all += 1;
            }
            Ok(theirs) => differences.push(format!(
                "seed {seed}: {edits:#?}\nonly Bazel: {:?}\nonly fastest: {:?}",
                theirs.difference(&ours).collect::<Vec<_>>(),
                ours.difference(&theirs).collect::<Vec<_>>()
            )),
            Err(said) => differences.push(format!("seed {seed}: {edits:#?}\n{said}")),
        }
        edited.restore();
        if !is_clean {
            // Bazel forgets the results of tests that it was asked about and that are not up to date.
            edited.bazel.call(&["test", "//..."]).expect(0);
        }
    }
    println!("{all} rounds of edits, {affected} labels: equal to Bazel's");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(affected > 60, "the edits concern too little: {affected}");
}

#[test]
fn affected_labels_of_the_example_are_those_that_bazel_would_run() {
    let bazel = Bazel::start();
    if let Some(bazel) = &bazel {
        bazel.copy(&repository().join("examples/bazel"), "");
        let pyproject = "[tool.pytest.ini_options]\ntestpaths = [\"money\", \"shop\", \
                         \"invoices\"]\n\n[tool.fastest.bazel]\nrules = \
                         \"//tools/fastest:defs.bzl\"\n";
        bazel.write("pyproject.toml", pyproject);
        bazel.remove_named("BUILD.bazel");
    }
    check(bazel, 1000);
}

#[test]
fn affected_labels_of_a_tangle_are_those_that_bazel_would_run() {
    let bazel = Bazel::start();
    if let Some(bazel) = &bazel {
        bazel.copy(&repository().join("integrations/bazel/e2e/tangle"), "");
        // Into a package of ours, into somebody else's, and to data that are in none of their own.
        bazel.link("apps/walked", "../src/walk");
        bazel.link("tests/files/schemas", "../../data");
        bazel.link("apps/cases", "../tests/files/cases");
        bazel.write(
            "tests/files/test_links.py",
            "from pathlib import Path\n\nfrom apps.walked import one\n\n\ndef test_links():\n    \
             assert (Path(__file__).parent / \"schemas\" / \"schema.sql\").read_text()\n    \
             assert Path(\"apps/cases/one.txt\").read_text()\n",
        );
    }
    check(bazel, 2000);
}
