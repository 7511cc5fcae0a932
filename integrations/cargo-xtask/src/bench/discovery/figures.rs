//! What was measured of each program on one corpus, and what is concluded from it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::super::cost::{Costs, Figure, Verdict};
use super::Name;
use crate::listing::function;

/// What a program stands for in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Pytest,
    /// Another program; one with a filled cache is compared with a warm fastest only.
    Peer {
        warm: bool,
    },
    Fastest(Mode),
}

/// The state of fastest's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// None is used.
    Cold,
    /// An empty one, which the run fills.
    Filling,
    /// One that an earlier run filled.
    Warm,
    /// The same, with `--exact`.
    ExactWarm,
}

/// One program's figures.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) costs: Costs,
    /// How many ids it printed.
    pub(super) printed: usize,
    /// Its ids beside pytest's, where pytest can collect.
    pub(super) ids: Option<Match>,
}

/// A program's ids beside pytest's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) pytest: usize,
    /// Ids that are pytest's.
    pub(super) exact: usize,
    /// Ids of functions that pytest lists with parameters, printed without them.
    pub(super) bare: usize,
    /// Ids that pytest has not.
    pub(super) other: usize,
}

impl Match {
    pub(super) fn of(pytest: &[String], printed: &[String]) -> Self {
        let all: HashSet<&str> = pytest.iter().map(String::as_str).collect();
        let functions: HashSet<&str> = pytest.iter().map(|id| function(id)).collect();
        let printed: HashSet<&str> = printed.iter().map(String::as_str).collect();
        let mut found = Self {
            pytest: all.len(),
            ..Self::default()
        };
        for id in printed {
            let parameters = &id[function(id).len()..];
            if all.contains(id) {
                found.exact += 1;
            } else if matches!(parameters, "" | "[?]" | "[...]") && functions.contains(function(id))
            {
                found.bare += 1;
            } else {
                found.other += 1;
            }
        }
        found
    }

    pub(super) fn is_equal(&self) -> bool {
        self.exact == self.pytest && self.bare == 0 && self.other == 0
    }
}

impl std::fmt::Display for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            pytest,
            exact,
            bare,
            other,
        } = self;
        if self.is_equal() {
            return write!(f, "equal ids");
        }
        write!(
            f,
            "{exact} of {pytest} ids, {bare} bare, {other} not pytest's"
        )
    }
}

impl Row {
    /// The line of the table.
    pub(super) fn line(&self) -> String {
        let ids = match &self.ids {
            Some(ids) => ids.to_string(),
            None => format!("{} ids", self.printed),
        };
        self.costs.line(&self.name, &ids)
    }

    pub(super) fn json(&self) -> Value {
        let ids = self.ids.map(|ids| {
            json!({
                "equal": ids.is_equal(),
                "exact": ids.exact,
                "bare": ids.bare,
                "other": ids.other,
            })
        });
        let mut document = self.costs.json();
        document.insert("printed".to_owned(), json!(self.printed));
        document.insert("ids".to_owned(), json!(ids));
        Value::Object(document)
    }
}

/// The most memory on the generated corpus, in MB.
const MEMORY: f64 = 60.0;

/// fastest beside pytest, beside cito and beside the fastest peers, ratios of medians.
pub(super) fn verdicts(corpus: Name, rows: &[Row]) -> Vec<Verdict> {
    let mut found = Vec::new();
    for row in rows {
        let Role::Fastest(mode) = row.role else {
            continue;
        };
        let against = |of: &str, other: &Row, figure: Figure, limit| Verdict {
            what: format!("{} / {of}, {}", row.name, figure.word()),
            measured: row.costs.median(figure) / other.costs.median(figure),
            limit,
        };
        let mut others: Vec<(String, &Row, [Option<f64>; 2])> = Vec::new();
        let is_static = mode != Mode::ExactWarm;
        let limit = |on: Name, limit: f64| (corpus == on && is_static).then_some(limit);
        for other in rows {
            if other.role == Role::Pytest {
                others.push((
                    "pytest".to_owned(),
                    other,
                    [limit(Name::Pandas, 0.01), None],
                ));
            } else if other.name == "cito" {
                let cpu = match mode {
                    Mode::Cold => limit(Name::Many, 1.0),
                    Mode::Warm => limit(Name::Many, 0.5),
                    Mode::Filling | Mode::ExactWarm => None,
                };
                others.push(("cito".to_owned(), other, [None, cpu]));
            }
        }
        let is_equal = |row: &Row| row.ids.is_some_and(|ids| ids.is_equal());
        if let Some(peer) = fastest_peer(rows, mode, |_| true) {
            let name = format!("the fastest peer ({})", peer.name);
            others.push((name, peer, [None, None]));
        }
        if let Some(peer) = fastest_peer(rows, mode, is_equal) {
            let name = format!("the fastest peer with equal ids ({})", peer.name);
            others.push((name, peer, [limit(Name::Pandas, 1.0 / 3.0), None]));
        }
        for (name, other, [wall, cpu]) in others {
            found.push(against(&name, other, Figure::Wall, wall));
            found.push(against(&name, other, Figure::Cpu, cpu));
        }
        found.push(Verdict {
            what: format!("{}, peak MB", row.name),
            measured: row.costs.peak_rss().max / 1e6,
            limit: limit(Name::Many, MEMORY),
        });
    }
    found
}

/// The peer with the least wall time among those that `mode` is compared with.
fn fastest_peer(rows: &[Row], mode: Mode, is_meant: impl Fn(&Row) -> bool) -> Option<&Row> {
    let is_cold = matches!(mode, Mode::Cold | Mode::Filling);
    let peers = rows.iter().filter(|row| match row.role {
        Role::Peer { warm } => !(warm && is_cold) && is_meant(row),
        _ => false,
    });
    peers.min_by(|a, b| a.costs.wall().median.total_cmp(&b.costs.wall().median))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Usage;

    fn ids(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn ids_are_counted_as_equal_bare_and_different() {
        let pytest = ids("a.py::x[1] a.py::x[2] a.py::y");
        let check = |printed, exact, bare, other| {
            let found = Match::of(&pytest, &ids(printed));
            let counts = (found.exact, found.bare, found.other);
            assert_eq!(counts, (exact, bare, other), "{printed}");
            found.is_equal()
        };
        assert!(check("a.py::x[1] a.py::x[2] a.py::y", 3, 0, 0));
        assert!(check("a.py::y a.py::x[2] a.py::x[1]", 3, 0, 0));
        assert!(!check("a.py::x[1] a.py::x[2]", 2, 0, 0));
        assert!(!check("a.py::x a.py::y", 1, 1, 0));
        assert!(!check("a.py::x[?] a.py::y", 1, 1, 0));
        assert!(!check("a.py::x[...] a.py::z a.py::x[3]", 0, 1, 2));
        assert!(!check("a.py::x[1] a.py::x[2] a.py::y a.py::z", 3, 0, 1));
    }

    fn row(name: &str, role: Role, wall: f64, is_equal: bool) -> Row {
        let ids = Match {
            pytest: 1,
            exact: usize::from(is_equal),
            ..Match::default()
        };
        let sample = Usage {
            code: 0,
            timed_out: false,
            wall,
            cpu: wall,
            peak_rss: 50_000_000,
            peak_together: 0,
        };
        Row {
            name: name.to_owned(),
            role,
            costs: Costs(vec![sample]),
            printed: 1,
            ids: Some(ids),
        }
    }

    fn over(corpus: Name, rows: &[Row]) -> Vec<String> {
        let verdicts = verdicts(corpus, rows);
        let over = verdicts.iter().filter(|verdict| verdict.is_over());
        over.map(|verdict| verdict.what.clone()).collect()
    }

    #[test]
    fn limits_hold_on_the_corpus_they_are_set_for() {
        let rows = |cold, warm| {
            [
                row("pytest", Role::Pytest, 10.0, true),
                row("cito", Role::Peer { warm: false }, 1.0, false),
                row("fastest cold", Role::Fastest(Mode::Cold), cold, true),
                row("fastest warm", Role::Fastest(Mode::Warm), warm, true),
            ]
        };
        let none: [&str; 0] = [];
        assert_eq!(over(Name::Many, &rows(0.9, 0.4)), none);
        assert_eq!(
            over(Name::Many, &rows(1.1, 0.4)),
            ["fastest cold / cito, cpu"]
        );
        assert_eq!(
            over(Name::Many, &rows(0.9, 0.6)),
            ["fastest warm / cito, cpu"]
        );
        assert_eq!(over(Name::Pandas, &rows(0.09, 0.09)), none);
        let pandas = ["fastest cold / pytest, wall"];
        assert_eq!(over(Name::Pandas, &rows(0.11, 0.09)), pandas);
        assert_eq!(over(Name::Tree, &rows(9.0, 9.0)), none);
        let mut heavy = rows(0.9, 0.4);
        heavy[2].costs.0[0].peak_rss = 61_000_000;
        assert_eq!(over(Name::Many, &heavy), ["fastest cold, peak MB"]);
    }

    #[test]
    fn the_fastest_peer_may_have_other_ids_or_a_cache() {
        let rows = [
            row("bare", Role::Peer { warm: false }, 1.0, false),
            row("equal", Role::Peer { warm: false }, 2.0, true),
            row("cached", Role::Peer { warm: true }, 0.5, true),
        ];
        let check = |mode, is_meant: &dyn Fn(&Row) -> bool, name| {
            assert_eq!(fastest_peer(&rows, mode, is_meant).unwrap().name, name);
        };
        let is_equal = |row: &Row| row.ids.unwrap().is_equal();
        check(Mode::Cold, &|_| true, "bare");
        check(Mode::Cold, &is_equal, "equal");
        check(Mode::Warm, &|_| true, "cached");
        check(Mode::Warm, &is_equal, "cached");
        assert!(fastest_peer(&rows, Mode::Cold, |_| false).is_none());
    }
}
