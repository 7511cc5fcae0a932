//! `cargo xtask replay`: does `fastest affected` name every test file that a change reaches?
//!
//! Successive releases of a project are replayed file by file: every changed file becomes a commit
//! of its own on top of the older release, and so do random edits of a line. A test file is reached
//! when, run by itself under the audit hook of `cargo xtask soundness`, it executes or opens the
//! file that the commit changes, or when its outcomes are others than before. One that is reached
//! and not named is missed; that fails the run. How much is not run is printed beside it.

mod commits;
mod truth;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::conformance::{Release, Source};
use crate::process::capture;
use crate::report::{Printer, count, time};
use crate::venv::Venv;
use crate::{fastest, repo};

use commits::{Commit, Kind, Tree};
use truth::{Bench, Truth};

const PROJECTS: &str = include_str!("../../replay.toml");
const LIMIT: Duration = Duration::from_secs(60);

/// The options of `cargo xtask replay`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The projects to replay; all without any.
    projects: Vec<String>,
    /// At most so many changed files of each release.
    #[arg(long, default_value_t = 12, value_name = "N")]
    sample: usize,
    /// So many edits of each release.
    #[arg(long, default_value_t = 5, value_name = "N")]
    edits: usize,
    /// A few changes between the last releases of one small project.
    #[arg(long, conflicts_with_all = ["projects", "sample", "edits"])]
    quick: bool,
    /// Print one JSON document on standard output.
    #[arg(long)]
    json: bool,
    /// The interpreter that the projects' environments are made from.
    #[arg(long, default_value = "python3", value_name = "EXE")]
    python: String,
    /// A fastest executable, in place of this checkout's release build.
    #[arg(long, value_name = "EXE")]
    fastest: Option<PathBuf>,
}

/// What `--quick` takes: so many changed files and edits, of that project.
const QUICK: (&str, usize, usize) = ("toolz", 3, 2);

/// One project of `replay.toml`, where the fields are explained.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    name: String,
    pytest: String,
    #[serde(default)]
    requirements: Vec<String>,
    tests: Vec<String>,
    pythonpath: PathBuf,
    releases: Vec<Pin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    version: String,
    sha256: String,
}

/// What came of the commits of a project.
#[derive(Default)]
pub(crate) struct Tally {
    commits: usize,
    /// Pairs of a commit and a test file.
    pairs: usize,
    /// Those of them that fastest names.
    affected: usize,
    pub(crate) reached: usize,
    pub(crate) missed: Vec<String>,
}

impl Tally {
    /// How many percent of the pairs need not run.
    fn skipped(&self) -> f64 {
        100.0 * (self.pairs - self.affected) as f64 / self.pairs.max(1) as f64
    }
}

pub(crate) fn run(options: &Options) -> Result<bool> {
    let (tallies, documents) = replay_all(options)?;
    if options.json {
        println!("{}", json!({"schema": 1, "projects": documents}));
    }
    Ok(tallies.iter().all(|tally| tally.missed.is_empty()))
}

/// Replay what is part of `cargo xtask test`.
pub(crate) fn run_quick(python: &str) -> Result<Tally> {
    let (_, sample, edits) = QUICK;
    let options = Options {
        projects: Vec::new(),
        sample,
        edits,
        quick: true,
        json: false,
        python: python.to_owned(),
        fastest: None,
    };
    let (tallies, _) = replay_all(&options)?;
    tallies.into_iter().next().context("no project to replay")
}

fn replay_all(options: &Options) -> Result<(Vec<Tally>, Vec<Value>)> {
    let printer = Printer { json: options.json };
    let fastest = fastest::executable(options.fastest.as_deref())?;
    let mut documents = Vec::new();
    let mut tallies = Vec::new();
    for project in chosen(options)? {
        let start = Instant::now();
        let tally = replay(&project, &fastest, options, printer)
            .with_context(|| format!("replaying {}", project.name))?;
        printer.line(format!(
            "{}: {}, {} test files × commits, {} reached, {:.1} % skipped, {} missed; {}",
            project.name,
            count(tally.commits, "commit"),
            tally.pairs,
            tally.reached,
            tally.skipped(),
            tally.missed.len(),
            time(start.elapsed())
        ));
        for line in &tally.missed {
            printer.line(format!("  missed: {line}"));
        }
        documents.push(json!({
            "name": project.name,
            "commits": tally.commits,
            "pairs": tally.pairs,
            "reached": tally.reached,
            "skipped_percent": tally.skipped(),
            "missed": tally.missed,
            "seconds": start.elapsed().as_secs_f64(),
        }));
        tallies.push(tally);
    }
    Ok((tallies, documents))
}

fn load() -> Result<Vec<Project>> {
    #[derive(Deserialize)]
    struct File {
        project: Vec<Project>,
    }
    let file: File = toml::from_str(PROJECTS).context("replay.toml")?;
    Ok(file.project)
}

fn chosen(options: &Options) -> Result<Vec<Project>> {
    let mut projects = load()?;
    if options.quick {
        projects.retain(|project| project.name == QUICK.0);
        for project in &mut projects {
            let older = project.releases.len().saturating_sub(2);
            project.releases.drain(..older);
        }
        return Ok(projects);
    }
    let names = &options.projects;
    for name in names {
        if !projects.iter().any(|project| project.name == *name) {
            let known: Vec<&str> = projects.iter().map(|p| p.name.as_str()).collect();
            bail!("there is no project {name}; there are {}", known.join(", "));
        }
    }
    let wanted = |project: &Project| names.is_empty() || names.contains(&project.name);
    Ok(projects.into_iter().filter(wanted).collect())
}

fn replay(
    project: &Project,
    fastest: &std::path::Path,
    options: &Options,
    printer: Printer,
) -> Result<Tally> {
    let scratch = repo::scratch();
    std::fs::create_dir_all(&scratch)?;
    let dir = scratch.canonicalize()?.join("replay").join(&project.name);
    let loader = Venv::ensure(
        &scratch.join("suites/loader"),
        &options.python,
        &[],
        printer,
    )?;
    let mut requirements = vec![format!("pytest=={}", project.pytest)];
    requirements.extend_from_slice(&project.requirements);
    let venv = Venv::ensure(&dir.join("venv"), &options.python, &requirements, printer)?;
    let mut sources = Vec::new();
    for pin in &project.releases {
        let release = Release {
            name: &project.name,
            version: &pin.version,
            source: Source::Sdist,
            sha256: vec![&pin.sha256],
        };
        let folder = dir.join(&pin.version);
        let archive = release.download(&folder, &loader)?;
        let unpacked = release.unpack(&folder, &archive, &loader)?;
        sources.push(commits::files_of(&unpacked)?);
    }
    let tree = Tree::create(&dir.join("tree"))?;
    let bench = Bench::new(&tree, &venv, &dir, project)?;
    let mut tally = Tally::default();
    for (at, pair) in sources.windows(2).enumerate() {
        let [old, new] = pair else { continue };
        let from = &project.releases[at].version;
        let to = &project.releases[at + 1].version;
        tree.replace(old)?;
        let base = tree.commit(from)?;
        let truth = Truth::of(&bench, tree.files())?;
        printer.line(format!(
            "{} {from} → {to}: {}",
            project.name,
            count(truth.tests().len(), "test file")
        ));
        let (sample, edits) = match options.quick {
            true => (QUICK.1, QUICK.2),
            false => (options.sample, options.edits),
        };
        let mut commits = commits::between(old, new, sample);
        // Of what tests read, since an edit elsewhere reaches none.
        commits.extend(commits::edits(old, &truth.read_files(), edits, at));
        for commit in &commits {
            tree.apply(commit)?;
            tree.commit(&commit.to_string())?;
            let said = affected(&bench, fastest)?;
            check(commit, &truth, &bench, &said, &mut tally)?;
            tree.reset(&base)?;
        }
    }
    Ok(tally)
}

/// Compare what fastest says of one commit with what the tests show.
fn check(
    commit: &Commit,
    before: &Truth,
    bench: &Bench<'_>,
    said: &BTreeSet<String>,
    tally: &mut Tally,
) -> Result<()> {
    let now = bench.outcomes()?;
    let mut tests = before.tests();
    if commit.kind == Kind::Added && now.ran(&commit.path) {
        tests.insert(commit.path.clone());
    }
    if commit.kind == Kind::Deleted {
        tests.remove(&commit.path);
    }
    let mut reached = match commit.kind {
        // Nothing could read it before.
        Kind::Added => bench.readers(&commit.path, &tests)?,
        Kind::Modified | Kind::Deleted => before.readers(&commit.path),
    };
    reached.extend(before.changed(&now));
    tally.commits += 1;
    tally.pairs += tests.len();
    tally.affected += tests.intersection(said).count();
    for test in reached.intersection(&tests) {
        tally.reached += 1;
        if !said.contains(test) {
            tally.missed.push(format!("{test} by {commit}"));
        }
    }
    Ok(())
}

/// Ask fastest, as one would in a checkout with the environment activated.
fn affected(bench: &Bench<'_>, fastest: &std::path::Path) -> Result<BTreeSet<String>> {
    let mut command = Command::new(fastest);
    command.args(["affected", "--since", "HEAD~1", "--output", "files"]);
    bench.surround(&mut command);
    let finished = capture(&mut command, LIMIT)?;
    // 5: no test is affected.
    ensure!(
        matches!(finished.code(), 0 | 5),
        "fastest affected ended with exit code {}:\n{}",
        finished.code(),
        finished.tail()
    );
    Ok(finished.stdout.lines().map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_and_requirement_is_pinned() {
        for project in load().unwrap() {
            assert!(project.releases.len() > 2, "{}", project.name);
            assert!(project.requirements.iter().all(|text| text.contains("==")));
            assert!(project.releases.iter().all(|pin| pin.sha256.len() == 64));
        }
        let chosen = |words: &[&str]| {
            #[derive(clap::Parser)]
            struct Task {
                #[command(flatten)]
                options: Options,
            }
            let words = ["replay"].iter().chain(words);
            chosen(&<Task as clap::Parser>::parse_from(words).options)
        };
        assert!(chosen(&["tolz"]).is_err());
        let [quick] = &chosen(&["--quick"]).unwrap()[..] else {
            panic!("more than one project");
        };
        assert_eq!(quick.releases.len(), 2);
    }
}
