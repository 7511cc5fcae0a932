//! The graph of a whole tree, without a cache.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Map, Value};

use super::super::Bench;
use super::super::cost::{Figure, Verdict};
use super::super::name::Name;
use super::answers::Edges;
use super::peers::{Grimp, Peers};
use super::programs::Ground;
use super::{Found, corpora, monorepo};
use crate::report::count;

const FASTEST: &str = "fastest, cold";
const RUFF: &str = "ruff";
const GRIMP: &str = "grimp";

/// Of fastest's CPU time to that of each of the others.
const CPU: f64 = 1.0 / 3.0;
/// The most memory on homeassistant and on the monorepo, in MB.
const MEMORY: f64 = 150.0;
const MEMORY_OF_MANY: f64 = 1000.0;
/// Of the CPU time for one file of the largest monorepo to that of the smallest: what is linear but
/// for the noise of a shared machine.
const GROWTH: f64 = 1.2;

pub(super) fn run(bench: &Bench, peers: &Peers, name: Name, root: &Path) -> Result<Found> {
    let mut ground = Ground::new(bench, root, name.as_str())?;
    let ruff = ruff(&mut ground, peers)?;
    let roots: Vec<PathBuf> = match name {
        Name::Tree => corpora::projects(root)?,
        _ => vec![root.to_owned()],
    };
    let packages = peers.packages(&roots, bench.printer)?;
    if let Some(printed) = ground.add(GRIMP, peers.grimp(&packages, None, None)?)? {
        let Grimp {
            modules, imports, ..
        } = Grimp::read(&printed)?;
        ground.note(format!("{modules} modules, {}", count(imports, "edge")));
    }
    let fastest = fastest(&mut ground)?;
    if let (Some(ruff), Some(fastest)) = (&ruff, &fastest) {
        let missing = lines(ruff, fastest);
        if name == Name::Homeassistant {
            ground.must_be_empty("ruff's edges that fastest has not", &missing);
        } else {
            // Which of the projects see each other is a matter of opinion.
            bench.printer.line(format!(
                "  ruff's edges that fastest has not: {}, {}",
                missing.len(),
                missing.first().map_or("", |first| first)
            ));
        }
    }
    ground.measure(&|| Ok(()))?;
    let memory = (name == Name::Homeassistant).then_some(MEMORY);
    let verdicts = verdicts(&ground, Some(CPU), memory);
    Ok(ground.finish(&verdicts))
}

/// The same at several sizes, and how the cost grows.
pub(super) fn monorepo(bench: &Bench, peers: &Peers, sizes: &[usize]) -> Result<Found> {
    let mut documents = Map::new();
    let mut wrong = Vec::new();
    let mut per_file: Vec<(usize, f64)> = Vec::new();
    for &files in sizes {
        let root = monorepo::write(&corpora::dir(), files, bench.printer)?;
        let name = format!("monorepo-{files}");
        let mut ground = Ground::new(bench, &root, &name)?;
        ruff(&mut ground, peers)?;
        if let Some(fastest) = fastest(&mut ground)? {
            let missing = lines(&monorepo::edges(files)?, &fastest);
            ground.must_be_empty("imports that fastest has not", &missing);
        }
        ground.measure(&|| Ok(()))?;
        if let Some(costs) = ground.costs(FASTEST) {
            per_file.push((files, costs.median(Figure::Cpu) / files as f64));
        }
        let verdicts = verdicts(&ground, None, Some(MEMORY_OF_MANY));
        let (document, found) = ground.finish(&verdicts);
        documents.insert(name, document);
        wrong.extend(found.into_iter().map(|line| format!("{files}: {line}")));
    }
    per_file.sort_by_key(|&(files, _)| files);
    if let [(small, least), .., (large, most)] = per_file[..] {
        let verdict = Verdict {
            what: format!("{FASTEST}, cpu of one file at {large} files / at {small}"),
            measured: most / least,
            limit: Some(GROWTH),
        };
        bench.printer.line(format!("  {}", verdict.line()));
        documents.insert("growth".to_owned(), verdict.json());
    }
    Ok((Value::Object(documents), wrong))
}

fn ruff(ground: &mut Ground<'_>, peers: &Peers) -> Result<Option<Edges>> {
    let Some(printed) = ground.add(RUFF, peers.ruff())? else {
        return Ok(None);
    };
    let edges = Edges::of_ruff(&printed)?;
    ground.note(format!("{} between modules", count(edges.len(), "edge")));
    Ok(Some(edges))
}

/// What it takes to build the graph; what it takes to print it as well has no limit.
fn fastest(ground: &mut Ground<'_>) -> Result<Option<Edges>> {
    let cold = ground.fastest(&["graph", "--no-cache", "--stats"]);
    ground.add(FASTEST, cold)?;
    let json = ground.fastest(&["graph", "--no-cache", "--output", "json"]);
    let Some(printed) = ground.add("fastest, cold, json", json)? else {
        return Ok(None);
    };
    match Edges::of_fastest(&printed) {
        Ok(edges) => {
            ground.note(count(edges.len(), "edge"));
            Ok(Some(edges))
        }
        Err(error) => {
            ground.wrong.push(format!("{error:#}"));
            Ok(None)
        }
    }
}

fn lines(expected: &Edges, got: &Edges) -> Vec<String> {
    let missing = expected.missing_in(got);
    let line = |(from, to): &(String, String)| format!("{from} -> {to}");
    missing.into_iter().map(line).collect()
}

fn verdicts(ground: &Ground<'_>, cpu: Option<f64>, memory: Option<f64>) -> Vec<Verdict> {
    let Some(fastest) = ground.costs(FASTEST) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for name in [RUFF, GRIMP] {
        let Some(peer) = ground.costs(name) else {
            continue;
        };
        for (figure, limit) in [(Figure::Cpu, cpu), (Figure::Wall, None)] {
            found.push(Verdict {
                what: format!("{FASTEST} / {name}, {}", figure.word()),
                measured: fastest.median(figure) / peer.median(figure),
                limit,
            });
        }
        found.push(Verdict {
            what: format!("{FASTEST} / {name}, peak memory"),
            measured: fastest.peak_rss().median / peer.peak_rss().median,
            limit: None,
        });
    }
    found.push(Verdict {
        what: format!("{FASTEST}, peak MB"),
        measured: fastest.peak_rss().max / 1e6,
        limit: memory,
    });
    found
}
