//! `cargo xtask bench graph`: fastest beside other programs that follow imports.
//!
//! Cold graphs of large trees, build files made of one, and the answer to one edit with a filled cache. Only fastest's own
//! answers must be right: its edges hold ruff's on homeassistant and the generated ones on the
//! monorepo, its affected files those that ruff's edges lead to.

mod answers;
mod cold;
mod corpora;
mod monorepo;
mod peers;
mod programs;
mod targets;
mod warm;

use anyhow::Result;
use serde_json::{Map, Value};

use super::Bench;
use super::name::Name;

use peers::Peers;

/// The trees that graphs are built of.
pub(super) const CORPORA: &[Name] = &[Name::Homeassistant, Name::Tree, Name::Sympy, Name::Monorepo];

pub(super) struct Options<'o> {
    pub(super) corpora: &'o [Name],
    pub(super) python: &'o str,
    /// How many Python files the monorepo has, each in its turn.
    pub(super) files: &'o [usize],
}

/// What a benchmark of one corpus gives: its figures, and what is wrong.
type Found = (Value, Vec<String>);

pub(super) fn run(bench: &Bench, options: &Options<'_>) -> Result<Found> {
    let peers = Peers::install(options.python, bench.printer)?;
    let mut documents = Map::new();
    let mut found = Vec::new();
    for &name in options.corpora {
        let mut keep = |(document, wrong): Found, what: &str| {
            let label = format!("{} {what}", name.as_str());
            found.extend(wrong.into_iter().map(|line| format!("{label}: {line}")));
            documents.insert(label, document);
        };
        let (python, printer) = (options.python, bench.printer);
        match name {
            Name::Homeassistant => {
                let root = corpora::homeassistant(python, printer)?;
                keep(cold::run(bench, &peers, name, &root)?, "cold");
                keep(targets::run(bench, &peers, &root)?, "targets");
            }
            Name::Tree => {
                let tree = corpora::tree(python, printer)?;
                keep(cold::run(bench, &peers, name, &tree)?, "cold");
                let root = corpora::tree_repository(&tree, printer)?;
                keep(warm::run(bench, &peers, name, &root)?, "affected");
            }
            Name::Sympy => {
                let root = corpora::sympy(python, printer)?;
                keep(warm::run(bench, &peers, name, &root)?, "affected");
            }
            Name::Monorepo => {
                keep(cold::monorepo(bench, &peers, options.files)?, "cold");
            }
            Name::Many | Name::Pandas => {}
        }
    }
    Ok((Value::Object(documents), found))
}
