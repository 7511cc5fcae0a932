//! What was measured of each program on one corpus, and what is concluded from it.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::measure::Spread;
use super::corpora::Name;
use crate::listing::function;
use crate::measured::Usage;
use crate::report::time;

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
    pub(super) samples: Vec<Usage>,
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

/// What is compared of two programs.
#[derive(Clone, Copy)]
enum Figure {
    Wall,
    Cpu,
}

impl Row {
    fn wall(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.wall))
    }

    fn cpu(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.cpu))
    }

    fn peak_rss(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.peak_rss as f64))
    }

    fn median(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Wall => self.wall().median,
            Figure::Cpu => self.cpu().median,
        }
    }

    /// The line of the table.
    pub(super) fn line(&self) -> String {
        let times = |spread: Spread| {
            let [min, median, max] = [spread.min, spread.median, spread.max]
                .map(|seconds| time(Duration::from_secs_f64(seconds)));
            format!("{min} / {median} / {max}")
        };
        let ids = match &self.ids {
            Some(ids) => ids.to_string(),
            None => format!("{} ids", self.printed),
        };
        let rss = self.peak_rss();
        let [min, median, max] = [rss.min, rss.median, rss.max].map(|bytes| bytes / 1e6);
        format!(
            "{:<20} wall {:<32} cpu {:<32} MB {min:.1} / {median:.1} / {max:.1}; n {}; {ids}",
            self.name,
            times(self.wall()),
            times(self.cpu()),
            self.samples.len(),
        )
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
        json!({
            "wall": self.wall().json(),
            "cpu": self.cpu().json(),
            "peak_rss": self.peak_rss().json(),
            "runs": self.samples.len(),
            "printed": self.printed,
            "ids": ids,
        })
    }
}

/// Something measured, and the limit that the project has set itself for it.
pub(super) struct Verdict {
    what: String,
    measured: f64,
    limit: Option<f64>,
}

impl Verdict {
    fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.measured > limit)
    }

    pub(super) fn line(&self) -> String {
        let word = match self.limit {
            Some(limit) if self.is_over() => format!(" (limit {limit:.3}): over the limit"),
            Some(limit) => format!(" (limit {limit:.3}): within the limit"),
            None => String::new(),
        };
        format!("{}: {:.4}{word}", self.what, self.measured)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "what": self.what,
            "measured": self.measured,
            "limit": self.limit,
            "over_the_limit": self.is_over(),
        })
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
        let against = |of: &str, other: &Row, figure: Figure, limit| {
            let word = match figure {
                Figure::Wall => "wall",
                Figure::Cpu => "cpu",
            };
            Verdict {
                what: format!("{} / {of}, {word}", row.name),
                measured: row.median(figure) / other.median(figure),
                limit,
            }
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
            measured: row.peak_rss().max / 1e6,
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
    peers.min_by(|a, b| a.wall().median.total_cmp(&b.wall().median))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        };
        Row {
            name: name.to_owned(),
            role,
            samples: vec![sample],
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
        heavy[2].samples[0].peak_rss = 61_000_000;
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
