//! Alternating measurements and what is said of them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::process::capture;
use crate::report::{Printer, count, time};

const LIMIT: Duration = Duration::from_secs(900);

/// A program under measurement: its name and how to make its command, anew for each run.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) command: &'a dyn Fn() -> Command,
    /// The exit code that its runs must have.
    pub(crate) exit_code: i32,
}

/// What is measured, against which limit.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) root: PathBuf,
    pub(crate) limit: Option<Limit>,
}

/// The limit that the project has set itself.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// Of the second program's wall time to the first's.
    Ratio(f64),
    /// Of the wall time itself.
    Time(Duration),
}

struct Sample {
    wall: Duration,
    cpu: Duration,
}

/// Run the contenders in turn, A B A B, `runs` times each after one unmeasured run each, print the
/// figures and give them as JSON.
pub(crate) fn alternate(
    scenario: &Scenario,
    contenders: &[Contender<'_>],
    runs: usize,
    printer: Printer,
) -> Result<Value> {
    let mut samples: Vec<Vec<Sample>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..=runs {
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            let mut command = (contender.command)();
            let finished = capture(command.current_dir(&scenario.root), LIMIT)?;
            anyhow::ensure!(
                finished.code() == contender.exit_code,
                "{} ended with exit code {} and not {}:\n{}",
                contender.name,
                finished.code(),
                contender.exit_code,
                finished.tail()
            );
            let (wall, cpu) = (finished.wall, finished.cpu);
            if round > 0 {
                samples.push(Sample { wall, cpu });
            }
        }
    }
    printer.line(format!("{} ({})", scenario.name, count(runs, "run")));
    let mut document = serde_json::Map::new();
    for (contender, samples) in contenders.iter().zip(&samples) {
        let wall = Spread::of(samples.iter().map(|sample| sample.wall.as_secs_f64()));
        let cpu = Spread::of(samples.iter().map(|sample| sample.cpu.as_secs_f64()));
        let name = contender.name;
        printer.line(format!(
            "  {name:<8} wall {}   cpu {}",
            wall.times(),
            cpu.times()
        ));
        let figures = json!({"wall": wall.json(), "cpu": cpu.json()});
        document.insert(name.to_owned(), figures);
    }
    let (measured, limit) = verdict(scenario, &samples, printer, &mut document);
    if let Some(limit) = limit {
        document.insert("limit".to_owned(), json!(limit));
        document.insert("over_the_limit".to_owned(), json!(measured > limit));
    }
    Ok(Value::Object(document))
}

/// Prints the ratio of the pairs, or the time of a single contender, beside the limit. Gives the
/// figure that the limit holds for and the limit.
fn verdict(
    scenario: &Scenario,
    samples: &[Vec<Sample>],
    printer: Printer,
    document: &mut serde_json::Map<String, Value>,
) -> (f64, Option<f64>) {
    let seconds = |sample: &Sample| sample.wall.as_secs_f64();
    let limit = match scenario.limit {
        Some(Limit::Ratio(limit)) => Some(limit),
        Some(Limit::Time(limit)) => Some(limit.as_secs_f64()),
        None => None,
    };
    let word = |measured: f64, shown: &dyn Fn(f64) -> String| match limit {
        Some(limit) if measured > limit => format!(" (limit {}): over the limit", shown(limit)),
        Some(limit) => format!(" (limit {}): within the limit", shown(limit)),
        None => String::new(),
    };
    if let [first, second] = samples {
        let pairs = first.iter().zip(second);
        let ratio = Spread::of(pairs.map(|(a, b)| seconds(b) / seconds(a)));
        let Spread { median, min, max } = ratio;
        let word = word(median, &|limit| format!("{limit}"));
        printer.line(format!(
            "  ratio    {median:.3} ({min:.3} to {max:.3}){word}"
        ));
        document.insert("ratio".to_owned(), ratio.json());
        return (median, limit);
    }
    let median = Spread::of(samples.iter().flatten().map(seconds)).median;
    if limit.is_some() {
        let shown = |seconds: f64| time(Duration::from_secs_f64(seconds));
        printer.line(format!(
            "  median   {}{}",
            shown(median),
            word(median, &shown)
        ));
    }
    (median, limit)
}

/// The middle and the ends of some figures.
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let n = values.len();
        Self {
            median: (at(n.saturating_sub(1) / 2) + at(n / 2)) / 2.0,
            min: at(0),
            max: at(n.saturating_sub(1)),
        }
    }

    fn times(&self) -> String {
        let shown = |seconds: f64| time(Duration::from_secs_f64(seconds));
        let (min, max) = (shown(self.min), shown(self.max));
        format!("{:>9} ({min} to {max})", shown(self.median))
    }

    pub(super) fn json(&self) -> Value {
        json!({"median": self.median, "min": self.min, "max": self.max})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let check = |values: &[f64], median| {
            let spread = Spread::of(values.iter().copied());
            assert_eq!(spread.median, median, "{values:?}");
        };
        check(&[3.0], 3.0);
        check(&[3.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 3.0, 2.0], 2.5);
    }
}
