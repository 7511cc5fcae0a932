//! What one edit affects, asked with a filled cache.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::super::Bench;
use super::super::cost::{Figure, Verdict};
use super::super::name::Name;
use super::answers::{Edges, files};
use super::peers::{Grimp, Peers};
use super::programs::Ground;
use super::{Found, corpora};
use crate::conformance::empty;
use crate::process::succeed;
use crate::report::count;

const FASTEST: &str = "fastest, affected";
const GRIMP: &str = "grimp, warm";
const GIT: &str = "git status";

const LIMIT: Duration = Duration::from_secs(900);

/// Of fastest's CPU and wall time to grimp's, on sympy.
const RATIO: f64 = 1.0 / 20.0;
/// Of the CPU time on the tree, in milliseconds.
const MILLISECONDS: f64 = 100.0;

/// The file that is edited, in the middle of the graph, and its name as a module.
fn edited(name: Name) -> (&'static str, &'static str) {
    match name {
        Name::Tree => ("pandas/pandas/core/frame.py", "pandas.core.frame"),
        _ => ("sympy/core/expr.py", "sympy.core.expr"),
    }
}

pub(super) fn run(bench: &Bench, peers: &Peers, name: Name, root: &Path) -> Result<Found> {
    let mut ground = Ground::new(bench, root, &format!("{}-affected", name.as_str()))?;
    let (file, module) = edited(name);
    let roots = match name {
        Name::Tree => corpora::projects(root)?,
        _ => vec![root.to_owned()],
    };
    let packages = peers.packages(&roots, bench.printer)?;
    let tests = listed(&ground, root)?;
    let expected = expected(peers, root, file, &tests)?;
    bench.printer.line(format!(
        "  an edit of {file}: ruff's edges lead to {} of {}",
        expected.len(),
        count(tests.len(), "test file"),
    ));
    // Outputs of fastest that are no measurement: the cache is filled, and nothing is edited.
    let nothing = answer(&ground, root)?;
    let nothing: Vec<String> = nothing.into_iter().collect();
    ground.must_be_empty("affected without an edit", &nothing);

    let edit = Edit::of(root.join(file))?;
    edit.again()?;
    let mut status = Command::new("git");
    status.args(["status", "--porcelain"]);
    ground.add(GIT, status)?;
    let cache = ground.cache("grimp");
    empty(&cache)?;
    let grimp = peers.grimp(&packages, Some(&cache), Some(module))?;
    if let Some(printed) = ground.add(GRIMP, grimp)? {
        let downstream = Grimp::read(&printed)?.downstream;
        ground.note(count(downstream, "dependent module"));
    }
    let affected = affected(&ground);
    if let Some(printed) = ground.add(FASTEST, affected)? {
        let affected = files(&printed);
        ground.note(count(affected.len(), "test file"));
        let missing: Vec<String> = expected.difference(&affected).cloned().collect();
        ground.must_be_empty("test files that fastest has not", &missing);
    }
    ground.measure(&|| edit.again())?;
    drop(edit);
    let verdicts = verdicts(&ground, name);
    Ok(ground.finish(&verdicts))
}

fn affected(ground: &Ground<'_>) -> Command {
    ground.fastest(&["affected", "--since", "HEAD", "--output", "files"])
}

fn answer(ground: &Ground<'_>, root: &Path) -> Result<BTreeSet<String>> {
    let mut fill = ground.fastest(&["graph", "--stats"]);
    succeed(fill.current_dir(root), LIMIT).context("cannot fill the cache")?;
    let finished = succeed(affected(ground).current_dir(root), LIMIT)?;
    Ok(files(&finished.stdout))
}

/// The files that fastest lists tests of.
fn listed(ground: &Ground<'_>, root: &Path) -> Result<BTreeSet<String>> {
    let mut discover = ground.fastest(&["discover", "--output", "ids"]);
    let finished = succeed(discover.current_dir(root), LIMIT)?;
    Ok(files(&finished.stdout))
}

/// The test files that come to import `file` by ruff's edges, which are no more than the least.
fn expected(
    peers: &Peers,
    root: &Path,
    file: &str,
    tests: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let finished = succeed(peers.ruff().current_dir(root), LIMIT)?;
    let edges = Edges::of_ruff(&finished.stdout)?;
    let dependents = edges.dependents(file).into_iter();
    let is_test = |file: &&str| tests.contains(*file);
    Ok(dependents.filter(is_test).map(str::to_owned).collect())
}

/// A file that has a new comment whenever it is asked for, and none in the end.
struct Edit {
    path: PathBuf,
    original: Vec<u8>,
    n: Cell<usize>,
}

impl Edit {
    fn of(path: PathBuf) -> Result<Self> {
        let original = fs::read(&path);
        Ok(Self {
            original: original.with_context(|| format!("cannot read {}", path.display()))?,
            path,
            n: Cell::new(0),
        })
    }

    fn again(&self) -> Result<()> {
        self.n.set(self.n.get() + 1);
        let comment = format!("\n# edit {}\n", self.n.get());
        fs::write(&self.path, [&self.original, comment.as_bytes()].concat())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        // The next run brings the repository back to its commit should this fail.
        let _ = fs::write(&self.path, &self.original);
    }
}

fn verdicts(ground: &Ground<'_>, name: Name) -> Vec<Verdict> {
    let Some(fastest) = ground.costs(FASTEST) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for peer in [GRIMP, GIT] {
        let Some(costs) = ground.costs(peer) else {
            continue;
        };
        for figure in [Figure::Cpu, Figure::Wall] {
            found.push(Verdict {
                what: format!("{FASTEST} / {peer}, {}", figure.word()),
                measured: fastest.median(figure) / costs.median(figure),
                limit: (name == Name::Sympy && peer == GRIMP).then_some(RATIO),
            });
        }
    }
    let on_tree = (name == Name::Tree).then_some(MILLISECONDS);
    for (figure, limit) in [(Figure::Cpu, on_tree), (Figure::Wall, None)] {
        found.push(Verdict {
            what: format!("{FASTEST}, {} in ms", figure.word()),
            measured: fastest.median(figure) * 1e3,
            limit,
        });
    }
    found.push(Verdict {
        what: format!("{FASTEST}, peak MB"),
        measured: fastest.peak_rss().max / 1e6,
        limit: None,
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_is_another_and_none_stays() {
        let name = format!("xtask-edit-{}.py", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, "x = 1\n").unwrap();
        let read = || fs::read_to_string(&path).unwrap();
        let edit = Edit::of(path.clone()).unwrap();
        edit.again().unwrap();
        let first = read();
        edit.again().unwrap();
        assert!(first.starts_with("x = 1\n") && read() != first);
        drop(edit);
        assert_eq!(read(), "x = 1\n");
        fs::remove_file(&path).unwrap();
    }
}
