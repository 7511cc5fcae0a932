//! Build files for a whole tree, without a cache.

use std::path::Path;

use anyhow::Result;

use super::super::Bench;
use super::super::cost::{Figure, Verdict};
use super::peers::{Grimp, Peers};
use super::programs::Ground;
use super::{Found, corpora};
use crate::report::count;

const FASTEST: &str = "fastest, targets";
const RUFF: &str = "ruff";
const GRIMP: &str = "grimp";

/// The most CPU seconds.
const SECONDS: f64 = 3.0;

/// Writes all build files anew, beside programs that make a graph of the same tree and write nothing.
pub(super) fn run(bench: &Bench, peers: &Peers, root: &Path) -> Result<Found> {
    let root = corpora::copy_of(root, "targets")?;
    let mut ground = Ground::new(bench, &root, "targets")?;
    ground.add(RUFF, peers.ruff())?;
    let packages = peers.packages(std::slice::from_ref(&root), bench.printer)?;
    if let Some(printed) = ground.add(GRIMP, peers.grimp(&packages, None, None)?)? {
        ground.note(format!("{} modules", Grimp::read(&printed)?.modules));
    }
    let command = ground.fastest(&["targets", "bazel", "--no-cache"]);
    if let Some(printed) = ground.add(FASTEST, command)? {
        let written = printed.lines().count();
        ground.note(count(written, "build file"));
        if written < 1000 {
            let wrong = format!("only {written} build files are written");
            ground.wrong.push(wrong);
        }
    }
    ground.measure(&|| corpora::remove_named(&root, "BUILD.bazel"))?;
    let mut verdicts = Vec::new();
    if let Some(fastest) = ground.costs(FASTEST) {
        let seconds = fastest.median(Figure::Cpu);
        verdicts.push(Verdict {
            what: format!("{FASTEST}, cpu seconds"),
            measured: seconds,
            limit: Some(SECONDS),
        });
        for name in [RUFF, GRIMP] {
            if let Some(peer) = ground.costs(name) {
                verdicts.push(Verdict {
                    what: format!("{FASTEST} / {name}, cpu"),
                    measured: seconds / peer.median(Figure::Cpu),
                    limit: None,
                });
            }
        }
    }
    Ok(ground.finish(&verdicts))
}
