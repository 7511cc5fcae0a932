//! What programs cost, and what is concluded from it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::measure::Spread;
use crate::measured::Usage;
use crate::report::time;

/// What is compared of two programs.
#[derive(Clone, Copy)]
pub(super) enum Figure {
    Wall,
    Cpu,
}

impl Figure {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Cpu => "cpu",
        }
    }
}

/// The measured runs of one program.
pub(super) struct Costs(pub(super) Vec<Usage>);

impl Costs {
    pub(super) fn wall(&self) -> Spread {
        Spread::of(self.0.iter().map(|sample| sample.wall))
    }

    pub(super) fn cpu(&self) -> Spread {
        Spread::of(self.0.iter().map(|sample| sample.cpu))
    }

    pub(super) fn peak_rss(&self) -> Spread {
        Spread::of(self.0.iter().map(|sample| sample.peak_rss as f64))
    }

    pub(super) fn median(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Wall => self.wall().median,
            Figure::Cpu => self.cpu().median,
        }
    }

    /// The middle of what each run took in parts of the run of `other` beside it.
    pub(super) fn ratio_to(&self, other: &Self, figure: Figure) -> f64 {
        let value = |usage: &Usage| match figure {
            Figure::Wall => usage.wall,
            Figure::Cpu => usage.cpu,
        };
        let pairs = self.0.iter().zip(&other.0);
        Spread::of(pairs.map(|(own, other)| value(own) / value(other))).median
    }

    /// The line of the table, with a note at its end.
    pub(super) fn line(&self, name: &str, note: &str) -> String {
        let times = |spread: Spread| {
            let [min, median, max] = [spread.min, spread.median, spread.max]
                .map(|seconds| time(Duration::from_secs_f64(seconds)));
            format!("{min} / {median} / {max}")
        };
        let rss = self.peak_rss();
        let [min, median, max] = [rss.min, rss.median, rss.max].map(|bytes| bytes / 1e6);
        format!(
            "{name:<20} wall {:<32} cpu {:<32} MB {min:.1} / {median:.1} / {max:.1}; n {}; {note}",
            times(self.wall()),
            times(self.cpu()),
            self.0.len(),
        )
    }

    pub(super) fn json(&self) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("wall".to_owned(), self.wall().json());
        document.insert("cpu".to_owned(), self.cpu().json());
        document.insert("peak_rss".to_owned(), self.peak_rss().json());
        document.insert("runs".to_owned(), json!(self.0.len()));
        document
    }
}

/// Something measured, and the limit that the project has set itself for it.
pub(super) struct Verdict {
    pub(super) what: String,
    pub(super) measured: f64,
    pub(super) limit: Option<f64>,
}

impl Verdict {
    pub(super) fn is_over(&self) -> bool {
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
