//! `cargo xtask bench discovery`: fastest beside pytest and beside other programs that list tests.
//!
//! All programs list the same tree, in turn. Their ids are held against pytest's where pytest can
//! collect the tree; only fastest's own must be right.

mod corpora;
mod figures;
mod peers;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use super::Bench;
use super::cost::{Costs, Verdict};
use super::name::Name;
use crate::conformance::{Volatile, empty, pytest_command};
use crate::fastest;
use crate::listing::{Collected, Openness, differences};
use crate::measured::{self, Files, Usage};
use crate::process::{capture, shown};
use crate::report::count;

use corpora::Corpus;
pub(super) use corpora::{python_files, tree};
use figures::{Match, Mode, Role, Row, verdicts};
use peers::{Installed, Peer};

const LIMIT: Duration = Duration::from_secs(900);

/// A program that takes longer than this is measured [`SLOW_RUNS`] times at most.
const SLOW: f64 = 20.0;
const SLOW_RUNS: usize = 2;

/// Said where there is no list of pytest's.
const NO_PYTEST: &str = "pytest cannot collect this tree, most of it is not installed: \
                         its ids are not compared";

/// A program under measurement.
struct Program {
    name: String,
    role: Role,
    command: Command,
    /// The cache that has to be empty before each run.
    fills: Option<PathBuf>,
    /// Who knows how to read its ids; they are plain lines without one.
    peer: Option<&'static Peer>,
}

/// The trees that tests are listed of.
pub(super) const CORPORA: &[Name] = &[Name::Many, Name::Pandas, Name::Tree];

pub(super) struct Options<'o> {
    pub(super) corpora: &'o [Name],
    pub(super) python: &'o str,
    pub(super) peer_python: Option<&'o str>,
}

pub(super) fn run(bench: &Bench, options: &Options<'_>) -> Result<(Value, Vec<String>)> {
    let asked: Vec<&str> = options.peer_python.into_iter().collect();
    let pythons = peers::pythons(&[&[options.python][..], &asked].concat());
    let peers = peers::install(&pythons, bench.printer);
    let mut documents = Map::new();
    let mut found = Vec::new();
    for &name in options.corpora {
        let corpus = corpora::prepare(name, options.python, bench.printer)?;
        let listing = Listing {
            bench,
            corpus: &corpus,
            peers: &peers,
            dir: peers::records(name.as_str()),
        };
        let (document, differences) = listing.run()?;
        documents.insert(name.as_str().to_owned(), document);
        let label = |line| format!("{}: {line}", name.as_str());
        found.extend(differences.into_iter().map(label));
    }
    Ok((Value::Object(documents), found))
}

/// One corpus and everything that lists it.
struct Listing<'a> {
    bench: &'a Bench,
    corpus: &'a Corpus,
    peers: &'a [Installed],
    /// For the records and the caches.
    dir: PathBuf,
}

impl Listing<'_> {
    fn run(&self) -> Result<(Value, Vec<String>)> {
        let printer = self.bench.printer;
        empty(&self.dir)?;
        let size = corpora::size(self.corpus)?;
        printer.line(format!("discovery, {}: {size}", self.corpus.name.as_str()));
        let pytest = self.collected()?;
        match &pytest {
            Some(ids) => printer.line(format!("  pytest collects {}", count(ids.len(), "test"))),
            None => printer.line(format!("  {NO_PYTEST}")),
        }
        let mut found = Vec::new();
        if let Some(ids) = &pytest {
            self.compare(ids, &mut found)?;
        }
        let rows = self.measure(pytest.as_deref(), &mut found)?;
        let mut programs = Map::new();
        for row in &rows {
            printer.line(format!("  {}", row.line()));
            programs.insert(row.name.clone(), row.json());
        }
        let is_equal = |row: &Row| row.ids.is_some_and(|ids| ids.is_equal());
        let is_equal_peer = |row: &Row| matches!(row.role, Role::Peer { .. }) && is_equal(row);
        if pytest.is_some() && !rows.iter().any(is_equal_peer) {
            printer.line("  no peer has equal ids");
        }
        let verdicts = verdicts(self.corpus.name, &rows);
        for verdict in &verdicts {
            printer.line(format!("  {}", verdict.line()));
        }
        let verdicts: Vec<Value> = verdicts.iter().map(Verdict::json).collect();
        let document = json!({
            "size": size,
            "tests": pytest.map(|ids| ids.len()),
            "programs": programs,
            "ratios": verdicts,
        });
        Ok((document, found))
    }

    /// pytest's list, where it can collect.
    fn collected(&self) -> Result<Option<Vec<String>>> {
        if !self.corpus.pytest {
            return Ok(None);
        }
        let record = self.dir.join("pytest.jsonl");
        let arguments = ["--collect-only", self.corpus.path].map(str::to_owned);
        let mut command = pytest_command(&self.corpus.venv, &record, &arguments);
        let finished = capture(self.at_root(&mut command), LIMIT)?;
        ensure!(
            finished.code() == 0,
            "pytest cannot collect {}:\n{}",
            self.corpus.root.display(),
            finished.tail()
        );
        let lines = fs::read_to_string(&record).context("pytest left no record")?;
        let collected = Collected::from_record(&lines, &Volatile::new(&[])?)?;
        Ok(Some(collected.ids))
    }

    /// What fastest does not mark open beside pytest's list.
    fn compare(&self, pytest: &[String], found: &mut Vec<String>) -> Result<()> {
        let volatile = Volatile::new(&[])?;
        let list = |output: &str| {
            let mut command = self.fastest(&["--output", output], "compared");
            let finished = capture(&mut command, LIMIT)?;
            ensure!(
                finished.code() == 0,
                "`{}` failed:\n{}",
                shown(&command),
                finished.tail()
            );
            Ok(finished.stdout)
        };
        let openness = Openness::from_document(&list("json")?, &volatile)?;
        let listed: Vec<String> = list("ids")?
            .lines()
            .map(|line| volatile.stable(line))
            .collect();
        let closed = openness.closed(pytest);
        let wrong = differences(&closed, &openness.closed(&listed));
        let share = 100.0 * closed.len() as f64 / pytest.len().max(1) as f64;
        self.bench.printer.line(format!(
            "  fastest: {} of {} tests closed ({share:.1} %), {}",
            closed.len(),
            pytest.len(),
            count(wrong.count, "difference"),
        ));
        found.extend(wrong.lines);
        Ok(())
    }

    /// Every program once without a measure, which tells its ids and fills its caches, then in
    /// turn.
    fn measure(&self, pytest: Option<&[String]>, found: &mut Vec<String>) -> Result<Vec<Row>> {
        let printer = self.bench.printer;
        let mut measured: Vec<(Program, Row)> = Vec::new();
        let mut fastest_ids: Option<Vec<String>> = None;
        for program in self.programs()? {
            let (usage, ids) = self.once(&program)?;
            let (name, code) = (&program.name, usage.code);
            printer.line(format!("  {name}: {}", shown(&program.command)));
            if usage.timed_out || ids.is_empty() {
                let end = match usage.timed_out {
                    true => format!("it still ran after {LIMIT:?}"),
                    false => format!("it printed no ids, exit code {code}"),
                };
                printer.line(format!("    not measured: {end}: {}", self.last_word(name)));
                if matches!(program.role, Role::Fastest(_)) {
                    found.push(format!("{name}: {end}"));
                }
                continue;
            }
            if code != 0 {
                printer.line(format!("    exit code {code}: {}", self.last_word(name)));
            }
            match (program.role, pytest) {
                (Role::Fastest(Mode::ExactWarm), Some(pytest)) => {
                    Self::same("--exact", pytest, &ids, found);
                }
                (Role::Fastest(Mode::ExactWarm), None) => {}
                (Role::Fastest(_), _) => match &fastest_ids {
                    Some(cold) => Self::same(name, cold, &ids, found),
                    None => fastest_ids = Some(ids.clone()),
                },
                _ => {}
            }
            let row = Row {
                name: name.clone(),
                role: program.role,
                costs: Costs(Vec::new()),
                printed: ids.len(),
                ids: pytest.map(|pytest| Match::of(pytest, &ids)),
            };
            measured.push((program, row));
        }
        for round in 0..self.bench.runs {
            for (program, row) in &mut measured {
                let is_slow = row.costs.0.iter().any(|sample| sample.wall > SLOW);
                if round >= SLOW_RUNS && is_slow {
                    continue;
                }
                row.costs.0.push(self.once(program)?.0);
            }
        }
        Ok(measured.into_iter().map(|(_, row)| row).collect())
    }

    fn same(what: &str, expected: &[String], got: &[String], found: &mut Vec<String>) {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let got: Vec<&str> = got.iter().map(String::as_str).collect();
        let lines = differences(&expected, &got).lines;
        found.extend(lines.into_iter().map(|line| format!("{what}: {line}")));
    }

    fn once(&self, program: &Program) -> Result<(Usage, Vec<String>)> {
        if let Some(cache) = &program.fills {
            empty(cache)?;
        }
        let dir = self.output(&program.name);
        let usage = measured::measure(&program.command, &dir, LIMIT)?;
        let stdout = fs::read(Files::at(&dir).stdout())?;
        let stdout = String::from_utf8_lossy(&stdout);
        let ids = match program.peer {
            Some(peer) => peer.ids(&stdout, self.corpus.path),
            None => stdout
                .lines()
                .filter(|line| line.contains("::"))
                .map(str::to_owned)
                .collect(),
        };
        Ok((usage, ids))
    }

    fn output(&self, name: &str) -> PathBuf {
        self.dir.join(name.replace([' ', ','], "-"))
    }

    /// The last line that a program wrote for people.
    fn last_word(&self, name: &str) -> String {
        let stderr = fs::read(Files::at(&self.output(name)).stderr()).unwrap_or_default();
        let stderr = String::from_utf8_lossy(&stderr);
        stderr
            .trim_end()
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    }

    fn programs(&self) -> Result<Vec<Program>> {
        let path = self.corpus.path;
        let mut programs = Vec::new();
        let program = |name: &str, role, command, fills| Program {
            name: name.to_owned(),
            role,
            command,
            fills,
            peer: None,
        };
        if self.corpus.pytest {
            let mut command = Command::new(self.corpus.venv.program("pytest"));
            self.corpus
                .venv
                .activate(command.args(["--collect-only", "-q", path]));
            self.at_root(&mut command);
            programs.push(program("pytest", Role::Pytest, command, None));
        }
        for installed in self.peers {
            let mut command = installed.command(path);
            self.at_root(&mut command);
            let peer = installed.peer;
            programs.push(Program {
                name: peer.name.to_owned(),
                role: Role::Peer { warm: peer.warm },
                command,
                fills: None,
                peer: Some(peer),
            });
        }
        let printer = self.bench.printer;
        let has = |option| fastest::discover_has(&self.bench.fastest, option);
        let fastest = |name, mode, options: &[&str], cache, fills: bool| {
            let command = self.fastest(options, cache);
            let fills = fills.then(|| self.cache(cache));
            program(name, Role::Fastest(mode), command, fills)
        };
        if has("--no-cache")? {
            let cold = ["--no-cache"];
            programs.push(fastest("fastest, cold", Mode::Cold, &cold, "none", false));
            programs.push(fastest(
                "fastest, filling",
                Mode::Filling,
                &[],
                "filling",
                true,
            ));
            programs.push(fastest("fastest, warm", Mode::Warm, &[], "warm", false));
        } else {
            printer.line("  this fastest has no --no-cache: every run of it is a cold one");
            programs.push(fastest("fastest, cold", Mode::Cold, &[], "none", false));
        }
        if !has("--exact")? {
            printer.line("  this fastest has no --exact: that is not measured");
        } else if self.corpus.pytest {
            let exact = ["--exact"];
            programs.push(fastest(
                "fastest, exact warm",
                Mode::ExactWarm,
                &exact,
                "exact",
                false,
            ));
        }
        Ok(programs)
    }

    fn fastest(&self, options: &[&str], cache: &str) -> Command {
        let mut command = Command::new(&self.bench.fastest);
        command.arg("discover").args(options).arg(self.corpus.path);
        self.corpus.venv.activate(&mut command);
        self.at_root(&mut command);
        command.env("FASTEST_CACHE_DIR", self.cache(cache));
        command
    }

    fn cache(&self, name: &str) -> PathBuf {
        self.dir.join("cache").join(name)
    }

    fn at_root<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        // Tests that are parametrized with a set would come in another order in each process.
        command
            .current_dir(&self.corpus.root)
            .env("PYTHONHASHSEED", "0")
    }
}
